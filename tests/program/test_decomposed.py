"""The relaxation of a large program, period by period: the same optimum as the whole one's, and a bound that holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.program_instances import Shape, make
from planner.program import solve as solving
from planner.program.adapter import Progress, Request, solve
from planner.program.build import build
from planner.program.decomposed.parts import period_of, split
from planner.program.decomposed.relax import relax_by_period
from planner.program.goal import rough_duals
from planner.program.instance import Instance
from planner.program.matrix import from_problem
from planner.program.relaxation import Relaxed
from planner.program.sets import prepare
from planner.program.solution import Outcome
from planner.program.solve import solve_instance

SHAPES = {
    "one site": Shape(
        systems=5, options_per_role=1, workloads=2, classes=2, sites=1, periods=4, blocks=2, rate_rps=40.0, batch=0
    ),
    "two sites, batch": Shape(systems=5, options_per_role=2, workloads=3, classes=2, sites=2, periods=3, blocks=3, rate_rps=60.0),
}


def _relaxed(instance: Instance, gap: float = 1e-3) -> tuple[Relaxed, float, float]:
    """Return the relaxation by period, the whole one's optimum, and how far the former's values break a row."""
    sets = prepare(instance)
    model = build(sets)
    matrix = from_problem(model.problem)
    rough = rough_duals(model, sets)
    guess = np.array([rough.get(row, 0.0) for row in matrix.rows])
    found = relax_by_period(model, matrix, guess, Request(gap=gap, time_limit_s=60.0))
    whole = solve(matrix.relaxed(), Request())
    broken = np.inf if found.values is None else matrix.relaxed().violation(found.values)
    return found, float(whole.objective or np.nan), float(broken)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_fleet_and_periods_agree_on_the_whole_relaxations_optimum(name, seed):
    found, optimum, broken = _relaxed(make(SHAPES[name], seed))
    assert found.outcome is Outcome.OPTIMAL
    assert found.bound <= optimum * (1 + 1e-9), "a bound is never above the optimum"
    assert found.bound >= optimum * (1 - 2e-3)
    assert broken <= 1e-6


def test_a_tight_site_and_a_peak_price_are_priced_as_well():
    """Power no more than the cheapest plan draws, and a price of the peak: rows that limit units, and rows that parts share."""
    instance = replace(make(SHAPES["one site"], 1), offers=())
    drawn = solve_instance(instance)
    watts = {system.id: system.power_w for system in instance.systems}
    most = max(sum(watts[o.system] * o.count for o in drawn.owned if o.period == t) for t in range(len(instance.periods)))
    site = instance.sites[0]
    tight = replace(site, power_w=(float(most),) * 4, headroom=0.0, peak_usd_per_w=(0.05,) * 4)
    found, optimum, broken = _relaxed(replace(instance, sites=(tight,)))
    assert found.bound == pytest.approx(optimum, rel=2e-3)
    assert found.bound <= optimum * (1 + 1e-9)
    assert broken <= 1e-6


def test_every_row_belongs_to_one_part():
    sets = prepare(make(SHAPES["two sites, batch"], 0))
    model = build(sets)
    matrix = from_problem(model.problem)
    parts = split(matrix, period_of(model, matrix))
    rows = [int(row) for part in parts.periods for row in part.rows[: len(part.rows) - part.limits]]
    assert sorted([*rows, *map(int, parts.own), *map(int, parts.shared)]) == list(range(len(matrix.rows)))
    assert len(parts.periods) == len(sets.periods)


def test_a_large_instance_is_planned_by_period_and_judged_by_a_bound_that_holds(monkeypatch):
    instance = make(SHAPES["two sites, batch"], 2, gap=0.01, time_limit_s=20.0)
    exact = solve_instance(replace(instance, settings=replace(instance.settings, gap=1e-3, time_limit_s=8.0, integer_pools=True)))
    monkeypatch.setattr(solving, "LARGE_COLUMNS", 0)
    told: list[Progress] = []
    plan = solve_instance(instance, told.append)
    assert "relax" in {progress.stage for progress in told}, "progress tells of the relaxation"
    assert plan.certificate is not None
    assert plan.certificate.valid
    assert plan.bound <= exact.objective_usd * (1 + 1e-6)
    assert plan.objective_usd >= exact.bound * (1 - 1e-6)
    assert plan.objective_usd <= 1.15 * exact.objective_usd, "packing is not careless"


def test_a_large_instance_without_a_plan_is_still_called_infeasible(monkeypatch):
    instance = make(SHAPES["one site"], 0)
    monkeypatch.setattr(solving, "LARGE_COLUMNS", 0)
    none = replace(instance, sites=tuple(replace(site, power_w=(1.0,) * len(site.power_w)) for site in instance.sites))
    assert solve_instance(none).outcome is Outcome.INFEASIBLE
