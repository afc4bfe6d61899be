"""Time limits, sizes and repeatability."""

from __future__ import annotations

import time

from benchmarks.program_instances import MIDDLE, Shape, make
from planner.program.adapter import Request
from planner.program.proof import prove
from planner.program.size import estimate
from planner.program.solution import Outcome
from planner.program.solve import solve_instance
from tests.program.plain import plain
from tests.program.test_adapter import hard

LIMIT_S = 6.0


def test_a_hard_program_ends_at_its_limit_with_a_plan_and_an_honest_gap():
    began = time.perf_counter()
    verdict = prove(hard(), Request(time_limit_s=LIMIT_S, gap=1e-9))
    assert time.perf_counter() - began <= 1.1 * LIMIT_S + 1.0
    assert verdict.answer.outcome is Outcome.FEASIBLE
    assert verdict.answer.gap > 0


def test_the_same_question_gives_the_same_solution_again():
    assert solve_instance(plain(2)) == solve_instance(plain(2))


def test_the_estimate_is_an_upper_bound_and_close():
    shape = Shape(systems=4, options_per_role=1, workloads=2, classes=2, sites=2, periods=3, blocks=2, rate_rps=5.0)
    instance = make(shape, 0)
    columns = solve_instance(instance).columns
    assert columns <= estimate(instance).columns <= 3 * columns
    assert estimate(make(MIDDLE)).columns < 50_000
