"""Where one workload's lengths, burstiness and shape come from, once profile, trace and overrides are put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.demand.lengths import LengthDistribution
from planner.demand.population import Population, population_of_lengths
from planner.demand.profiles import DefaultTarget, DemandProfile, find_profile, profile_week
from planner.demand.spec import DemandKind, WorkloadDemand
from planner.demand.trace import Trace, read_trace
from planner.demand.weeks import shift_week, week_of
from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]
Profiles = Mapping[str, Mapping[str, object]]

POISSON = 1.0


@dataclass(frozen=True, slots=True)
class DemandSource:
    """A workload's requests, its week (168 multipliers, mean 1, on the plan's clock) and burstiness, before volume and growth.

    `peak_uplift` lifts a shape that is a mean of days to the published busiest hour; `rate_rps` is a trace's own mean rate.
    """

    population: Population
    week: FloatArray
    peak_uplift: float
    iat_cv: float
    fano_1min: float | None
    profile: DemandProfile | None
    trace: Trace | None
    target: DefaultTarget | None
    rate_rps: float | None
    described: tuple[str, ...]

    def fano_at(self, rate_rps: float) -> float:
        """Return Var/mean of counts per minute at a mean rate: the given or measured one, else the profile's, else Poisson."""
        if self.fano_1min is not None:
            return self.fano_1min
        published = self.profile.arrival.fano_at(rate_rps) if self.profile is not None else None
        return POISSON if published is None else published

    @property
    def peak_hour_factor(self) -> float:
        """Return the busiest hour over the mean of the week."""
        return float(self.week.max()) * self.peak_uplift


def resolve_source(workload: WorkloadDemand, profiles: Profiles) -> DemandSource:
    """Return the workload's source.

    Raises `InputError` for an unknown profile or alternate, a trace that cannot be read, or a shape of the wrong length.
    """
    field = f"workloads.{workload.id}"
    profile = None if workload.profile is None else find_profile(profiles, workload.profile, field_name=f"{field}.profile")
    trace = None
    if workload.trace is not None:
        trace = read_trace(workload.trace.path, columns=workload.trace.columns, time_unit=workload.trace.time_unit)
    week, uplift, said = _week(workload, profiles, profile, trace)
    lengths, length_said = _population(workload, profile, trace)
    cv = _first(workload.iat_cv, trace.iat_cv() if trace else None, profile.arrival.iat_cv if profile else None)
    return DemandSource(
        population=lengths,
        week=shift_week(week, workload.time_shift_h),
        peak_uplift=uplift,
        iat_cv=POISSON if cv is None else cv,
        fano_1min=_first(workload.fano_1min, trace.fano_1min() if trace else None),
        profile=profile,
        trace=trace,
        target=profile.default_target if profile else None,
        rate_rps=trace.mean_rps() if trace else None,
        described=(*length_said, *said),
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None and math.isfinite(value)), None)


def _population(workload: WorkloadDemand, profile: DemandProfile | None, trace: Trace | None) -> tuple[Population, list[str]]:
    base, said = _base_population(workload, profile, trace)
    base = base.fixed(workload.isl_tokens, workload.osl_tokens).stretched(workload.isl_scale, workload.osl_scale)
    hit = workload.prefix_cache_hit
    if hit is None and profile is not None and not (trace is not None and trace.cached_tokens is not None):
        hit = profile.prefix_cache.hit_rate
    if hit is None:
        return base, said
    where = "given" if workload.prefix_cache_hit is not None else "profile"
    return base.with_hit_rate(hit), [*said, f"prefix-cache hit {hit:.3f} of input tokens ({where})"]


def _base_population(
    workload: WorkloadDemand, profile: DemandProfile | None, trace: Trace | None
) -> tuple[Population, list[str]]:
    if trace is not None:
        left_out = f", {trace.skipped} rows without tokens left out" if trace.skipped else ""
        return trace.population(), [f"lengths of {trace.rows} requests of {trace.name}{left_out}"]
    if profile is None:
        one = np.ones(1)
        return Population.of(one, one, np.zeros(1)), ["fixed lengths"]
    tables = zip(("input_tokens", "output_tokens"), profile.lengths(workload.alternate), strict=True)
    inputs, outputs = (LengthDistribution.from_table(t, field=f"profile {profile.id}: {n}") for n, t in tables)
    cites = profile.sources.get(profile.input_tokens.source, profile.input_tokens.source)
    said = f"lengths of profile {profile.id}" + (f", alternate {workload.alternate}" if workload.alternate else f": {cites}")
    return population_of_lengths(inputs, outputs, profile.prefix_cache.bins()), [said]


def _week(
    workload: WorkloadDemand, profiles: Profiles, profile: DemandProfile | None, trace: Trace | None
) -> tuple[FloatArray, float, list[str]]:
    if workload.shape:
        return week_of(workload.shape, field=f"workloads.{workload.id}.shape"), 1.0, ["shape of the week given"]
    measured = trace.week() if trace is not None else None
    if trace is not None and measured is not None:
        return measured, 1.0, [f"shape of the week measured in {trace.name}"]
    if profile is not None and workload.kind is not DemandKind.BATCH:
        week = profile_week(profiles, profile)
        published = profile.arrival.peak_hour_to_mean
        uplift = 1.0 if published is None else max(1.0, published / float(week.max()))
        return week, uplift, [f"shape of the week of profile {profile.id}"]
    return np.ones(168), 1.0, ["flat week (no shape known)"] if workload.kind is not DemandKind.BATCH else []


def native_rate(source: DemandSource, field: str) -> float:
    """Return the trace's own mean rate [requests/s]; `InputError` where the trace has no arrival times."""
    if source.rate_rps is None:
        raise InputError.at(f"{field}.rate", "missing; the trace has no arrival times, so it brings no rate of its own")
    return source.rate_rps
