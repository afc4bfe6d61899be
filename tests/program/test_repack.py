"""Whole replicas for plans whose pools were fractions, and rows that cut fractions but no plan."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.program_instances import Shape, make
from planner.program.adapter import Request, solve
from planner.program.build import build
from planner.program.extract import Values, fits
from planner.program.instance import Instance, Option, Period, Placement, Role, Site, System, WorkKind, Workload
from planner.program.matrix import from_problem
from planner.program.relaxation import relax
from planner.program.repack import repack
from planner.program.rounding import rounded
from planner.program.run import Objective, Run
from planner.program.sets import prepare
from planner.program.solution import Outcome, Solution
from planner.program.solve import _challenged, _laid, _renamed, _reported, solve_instance
from tests.program.brute_force import KINDS
from tests.program.instances import one_period, quick, system
from tests.program.plain import plain
from tests.program.rich import rich

SHARED = Shape(systems=3, options_per_role=1, workloads=2, classes=2, sites=1, periods=2, blocks=2, rate_rps=8.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_packed_plan_is_certified_and_not_far_above_its_bound(seed):
    instance = quick(make(SHARED, seed, gap=0.01, time_limit_s=30.0), integer_pools=False)
    solution = solve_instance(instance)
    assert solution.outcome in {Outcome.OPTIMAL, Outcome.FEASIBLE}
    assert solution.certificate.valid, solution.certificate.violations
    assert solution.bound <= solution.objective_usd * (1 + 1e-9)
    whole = solve_instance(quick(make(SHARED, seed, gap=0.01, time_limit_s=30.0), integer_pools=True))
    assert solution.bound <= whole.objective_usd * (1 + 1e-6), "a bound of the looser program bounds the stricter one"
    assert solution.objective_usd >= whole.bound * (1 - 1e-6)
    assert solution.objective_usd <= 1.25 * whole.objective_usd


@pytest.mark.parametrize("kind", ["valley", "phases"])
def test_packing_finds_what_whole_pools_cost_or_says_that_it_did_not(kind):
    """Packed plans may cost more than the optimum, never less, and are called optimal only if they are."""
    for seed in range(12):
        case = KINDS[kind](seed)
        solution = solve_instance(quick(case.instance, integer_pools=False))
        if case.cost is None:
            assert solution.objective_usd is None
        elif solution.objective_usd is not None:
            assert solution.objective_usd >= case.cost * (1 - 1e-6)
            assert solution.certificate.valid
            if solution.outcome is Outcome.OPTIMAL:
                assert solution.objective_usd == pytest.approx(case.cost, rel=1e-5), (kind, seed)


def program(instance):
    """Return an instance's model and arrays."""
    model = build(prepare(instance))
    return model, from_problem(model.problem)


@pytest.mark.parametrize("seed", range(25))
def test_rounding_rows_cut_no_plan(seed):
    """The optimum with them is the optimum without, and the optimum itself keeps every one."""
    for instance in (plain(seed), KINDS["growing"](seed).instance, KINDS["valley"](seed).instance):
        model, matrix = program(instance)
        tighter = rounded(model, matrix, Request())
        plan, again = solve(matrix, Request(presolve=False)), solve(tighter, Request(presolve=False))
        assert plan.outcome is again.outcome
        if plan.values is not None:
            assert again.objective == pytest.approx(plan.objective, rel=1e-6, abs=1e-9)
            assert tighter.violation(plan.values) <= 1e-6


def test_rounding_rows_lift_the_relaxation():
    """A demand of 2.5 units at 100 USD: the relaxation pays 250, rounded 300."""
    model, matrix = program(one_period({"y": 100.0}, {"y": {"b": 2.0}}, {"b": 5.0}))
    before, after = (solve(m.relaxed(), Request()).objective * model.scale for m in (matrix, rounded(model, matrix, Request())))
    assert before == pytest.approx(250.0)
    assert after == pytest.approx(300.0)


def test_rounding_lifts_the_bound_of_a_fleet_and_never_above_its_optimum():
    instance = replace(make(SHARED, 1), offers=())
    model, matrix = program(quick(instance, integer_pools=False))
    tighter = rounded(model, matrix, Request())
    loose, tight = relax(matrix, Request()).bound, relax(tighter, Request()).bound
    best = solve(matrix, Request(gap=1e-4, time_limit_s=30.0))
    assert loose <= tight * (1 + 1e-9)
    assert tight <= best.objective * (1 + 1e-6)
    assert np.isfinite(tight)


def test_where_packing_is_far_off_the_exact_program_is_asked():
    """Three services of 4.6 replicas each. A rack of 14 replicas for 100 USD holds the 13.8, but not 5 + 5 + 5: two cost 200.

    Servers of one replica cost 9 USD: the rack and one server hold the 15 for 109 USD, which the loose program never thinks of.
    """
    names = ("a", "b", "c")
    systems = {"rack": (70, 5, 100.0), "server": (5, 5, 9.0)}
    instance = Instance(
        periods=(Period("t", (1.0,)),),
        blocks=("h",),
        sites=(Site("s", (None,), (None,), ((0.0,),)),),
        systems=tuple(System(name, "v", chips, 700.0) for name, (chips, _, _) in systems.items()),
        placements=tuple(Placement(name, "s", buy_usd=(usd,)) for name, (_, _, usd) in systems.items()),
        workloads=tuple(Workload(name, WorkKind.REALTIME, {"all": ((4.6,),)}) for name in names),
        options=tuple(
            Option(f"{name}@{system}", name, system, Role.AGGREGATED, chips, {"all": 1.0})
            for name in names
            for system, (_, chips, _) in systems.items()
        ),
    )
    solution = solve_instance(quick(instance, integer_pools=False))
    assert solution.objective_usd == pytest.approx(109.0)
    assert solution.certificate.valid


def running(instance: Instance) -> Run:
    """Return an instance's run, with half a minute to go."""
    sets = prepare(instance)
    return Run(sets, build(sets), time.perf_counter() + 30.0, None)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("whole", [True, False])
def test_a_challenged_plan_is_within_the_gap_or_says_that_it_is_not(seed, whole):
    """The bound never passes what whole pools cost; the plan is never dearer than the one that was challenged."""
    instance = quick(make(SHARED, seed, gap=0.02), integer_pools=False)
    run = running(instance)
    relaxed = run.relaxed_whole(0.5)
    fleet = Values(dict(zip(run.matrix(Objective.SCORE).columns, map(float, relaxed.values), strict=True)))
    plan = _laid(run, Solution(Outcome.FEASIBLE, bound=relaxed.bound * run.model.scale), fleet, 10.0)
    judged = _challenged(running(quick(instance, integer_pools=True)) if whole else run, plan)
    best = solve_instance(quick(instance, integer_pools=True, gap=1e-4))
    assert judged.score <= plan.score
    assert judged.bound >= plan.bound * (1 - 1e-9)
    assert judged.bound <= best.objective_usd * (1 + 1e-6)
    assert (judged.outcome is Outcome.OPTIMAL) == (judged.score - judged.bound <= 0.02 * judged.score * (1 + 1e-6))
    assert judged.outcome is Outcome.OPTIMAL or not whole, "the exact program closes every gap in time"


def test_a_start_keeps_its_meaning_in_a_smaller_program():
    """Options are numbered afresh where there are fewer of them: what was routed to `b|` stays with it."""
    instance = one_period({"y": 10.0}, {}, {"b": 1.2}, hardware=[system("y", chips=8)])
    slow, fast = (Option(name, "w", "y", Role.AGGREGATED, 4, {"b": rate}) for name, rate in (("a|", 0.5), ("b|", 1.0)))
    run = running(quick(replace(instance, options=(slow, fast)), integer_pools=True))
    values = run.stage("solve", Objective.SCORE)[1]
    plan = _reported(run, Solution(Outcome.FEASIBLE), values, 10.0)
    assert {flow.option for flow in plan.flows} == {"b|"}
    small = running(quick(replace(instance, options=(fast,)), integer_pools=True))
    matrix = small.matrix(Objective.COST)
    start = _renamed(run, values, plan, small)
    assert matrix.violation(np.array([start.by_name[column] for column in matrix.columns])) <= 1e-6
    assert not math.isclose(start.total([(1.0, v) for v in small.model.family("share").values()]), 0.0)


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_a_packed_plan_of_several_futures_pays_for_the_worst_of_them(seed):
    """Its score is the expected cost and the mean of the worst quarter, half of each: those of the plan itself, not of its rows."""
    averse = replace(
        rich(seed, futures=True).settings, tail_weight=0.5, tail=0.25, gap=0.02, integer_pools=False, time_limit_s=6.0
    )
    instance = replace(rich(seed, futures=True), settings=averse)
    plan = solve_instance(instance)
    assert plan.score is not None
    assert plan.certificate is not None
    assert plan.certificate.valid
    usd = sorted((plan.cost_by_future_usd[future.id], future.probability) for future in instance.futures)
    worst = usd[-1][0]  # every future is at least as likely as the tail
    assert all(probability >= averse.tail for _, probability in usd)
    expected = sum(cost * probability for cost, probability in usd)
    assert plan.score == pytest.approx(0.5 * expected + 0.5 * worst, rel=1e-6)


def test_a_workload_that_begins_later_is_packed():
    """In the period before it begins, its pools keep a reserve that no row asks about."""
    instance = quick(make(SHARED, 0, gap=0.01, time_limit_s=20.0), integer_pools=False)
    first, *others = instance.workloads
    later = {name: (tuple(0.0 for _ in rows[0]), *rows[1:]) for name, rows in first.rate_rps.items()}
    instance = replace(instance, workloads=(replace(first, rate_rps=later, reserve_replicas=1), *others))
    run = running(instance)
    packed = repack(run, run.stage("solve", Objective.SCORE)[1])
    assert packed is not None
    assert not fits(run.sets, run.model, packed)
