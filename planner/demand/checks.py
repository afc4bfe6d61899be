"""What must hold of a workload's demand before anything is computed; every message names the field and what would be right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.demand.spec import DemandKind, DemandOptions, Horizon, WorkloadDemand
from planner.errors import InputError, Problem

MOST_PERIODS = 240
MOST_CLASSES = 192
MOST_BLOCKS = 48
LONGEST_TOKENS = 1e8


def check_demand(workloads: Sequence[WorkloadDemand], horizon: Horizon, options: DemandOptions) -> None:
    """Raise `InputError` with every problem of the workloads, the horizon and the options."""
    problems = [*_horizon_problems(horizon), *_option_problems(options)]
    if not workloads:
        problems.append(Problem("workloads", "empty; a plan needs at least one workload"))
    ids = [w.id for w in workloads]
    problems += [
        Problem("workloads", f"the id {i!r} is given {ids.count(i)} times; ids must differ")
        for i in sorted(set(ids))
        if ids.count(i) > 1
    ]
    for workload in workloads:
        problems += [Problem(f"workloads.{workload.id}.{p.field}", p.message) for p in _workload_problems(workload)]
    if problems:
        raise InputError(problems)


def _workload_problems(w: WorkloadDemand) -> list[Problem]:
    return [*_source_problems(w), *_number_problems(w), *_batch_problems(w)]


def _source_problems(w: WorkloadDemand) -> list[Problem]:
    problems = []
    if not w.id or "/" in w.id:
        problems.append(Problem("id", "a name without '/' is right"))
    fixed = w.isl_tokens is not None and w.osl_tokens is not None
    if w.profile is None and w.trace is None and not fixed:
        problems.append(Problem("profile", "missing; give a profile, a trace, or isl_tokens and osl_tokens"))
    if w.trace is None and w.rate is None:
        problems.append(Problem("rate", "missing; only a trace brings its own rate"))
    if w.alternate is not None and (w.profile is None or w.trace is not None):
        problems.append(Problem("alternate", "picks a length table of a profile; give a profile and no trace"))
    return problems


def _number_problems(w: WorkloadDemand) -> list[Problem]:
    positive = {name: getattr(w, name) for name in ("isl_scale", "osl_scale", "isl_tokens", "osl_tokens", "fano_1min", "iat_cv")}
    problems = [
        Problem(name, f"{value:g}; a finite number above 0 is right")
        for name, value in positive.items()
        if value is not None and not (math.isfinite(value) and value > 0)
    ]
    for name in ("isl_tokens", "osl_tokens"):
        value = positive[name]
        if value is not None and (value < 1 or value > LONGEST_TOKENS):
            problems.append(Problem(name, f"{value:g} tokens; from 1 to {LONGEST_TOKENS:.0e} is right"))
    if w.prefix_cache_hit is not None and not 0.0 <= w.prefix_cache_hit < 1.0:
        problems.append(Problem("prefix_cache_hit", f"{w.prefix_cache_hit:g}; a share of input tokens, 0 <= share < 1, is right"))
    if not math.isfinite(w.time_shift_h) or abs(w.time_shift_h) > 24:
        problems.append(Problem("time_shift_h", f"{w.time_shift_h:g} h; from -24 to 24 is right"))
    if not 1 <= w.max_classes <= MOST_CLASSES:
        problems.append(Problem("max_classes", f"{w.max_classes}; from 1 to {MOST_CLASSES} is right"))
    return problems


def _batch_problems(w: WorkloadDemand) -> list[Problem]:
    if w.kind is not DemandKind.BATCH:
        given = [name for name in ("deadline_h", "arrival_hour") if getattr(w, name) is not None]
        return [Problem(name, f"only batch work has one; kind is {w.kind}") for name in given]
    problems = []
    if w.deadline_h is not None and not 0 < w.deadline_h <= 168:
        problems.append(Problem("deadline_h", f"{w.deadline_h:g} h; above 0 and at most 168 (one week) is right"))
    if w.arrival_hour is not None and not 0 <= w.arrival_hour < 24:
        problems.append(Problem("arrival_hour", f"{w.arrival_hour:g}; an hour of the day, 0 <= hour < 24, is right"))
    if w.days not in {5, 7}:
        problems.append(Problem("days", f"{w.days}; 7 (every day) or 5 (weekdays) is right"))
    return problems


def _horizon_problems(horizon: Horizon) -> list[Problem]:
    problems = []
    if not 1 <= horizon.periods <= MOST_PERIODS:
        problems.append(Problem("horizon.periods", f"{horizon.periods}; from 1 to {MOST_PERIODS} is right"))
    if not (math.isfinite(horizon.period_years) and 0 < horizon.period_years <= 10):
        problems.append(Problem("horizon.period_years", f"{horizon.period_years:g}; above 0 and at most 10 years is right"))
    if not 1 <= horizon.first_month <= 12:
        problems.append(Problem("horizon.first_month", f"{horizon.first_month}; 1 (January) to 12 is right"))
    return problems


def _option_problems(options: DemandOptions) -> list[Problem]:
    problems = []
    if not 1 <= options.max_blocks <= MOST_BLOCKS:
        problems.append(Problem("max_blocks", f"{options.max_blocks}; from 1 to {MOST_BLOCKS} is right"))
    if not 0 < options.peak_hour_percentile <= 100:
        problems.append(Problem("peak_hour_percentile", f"{options.peak_hour_percentile:g}; above 0 and at most 100 is right"))
    if not (math.isfinite(options.burst_z) and 0 <= options.burst_z <= 10):
        problems.append(Problem("burst_z", f"{options.burst_z:g}; from 0 to 10 is right"))
    if not (math.isfinite(options.length_step) and 0 <= options.length_step <= 10):
        problems.append(Problem("length_step", f"{options.length_step:g}; from 0 to 10 is right"))
    return problems
