"""The solver's outcome in words that mean something."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from planner.errors import SolverError
from planner.program import adapter
from planner.program.adapter import SEARCHES, SMALL_NONZEROS, Request, conflict, solve
from planner.program.build import build
from planner.program.matrix import from_problem
from planner.program.prune import prune
from planner.program.sets import prepare
from planner.program.solution import Outcome
from tests.program.models import tiny
from tests.program.rich import rich

INF = np.inf


def hard(size: int = 30, rows: int = 6, seed: int = 1):
    """Return a market-split program: equations in binaries that branch and bound cannot finish."""
    random = Random(seed)
    equations = [[float(random.randint(0, 99)) for _ in range(size)] for _ in range(rows)]
    slack = [[0.0] * (2 * rows) for _ in range(rows)]
    for i in range(rows):
        slack[i][2 * i], slack[i][2 * i + 1] = 1.0, -1.0
    lines = [(e + slack[i], sum(e) // 2, sum(e) // 2) for i, e in enumerate(equations)]
    return tiny(
        cost=[0.0] * size + [1.0] * (2 * rows),
        rows=lines,
        integer=[True] * size + [False] * (2 * rows),
        upper=[1.0] * size + [INF] * (2 * rows),
    )


def test_optimal_carries_bound_and_whole_numbers():
    """Min 3x + 2y, x + y >= 3.5, x <= 2, whole: y = 4 costs 8."""
    answer = solve(tiny(cost=[3.0, 2.0], rows=[([1.0, 1.0], 3.5, INF)], integer=[True, True], upper=[2.0, 9.0]), Request())
    assert answer.outcome is Outcome.OPTIMAL
    assert answer.objective == pytest.approx(8.0)
    assert answer.bound == pytest.approx(8.0)
    assert answer.values.tolist() == [0.0, 4.0]


def test_infeasible_unbounded_and_empty_have_their_own_words():
    assert solve(tiny(cost=[1.0], rows=[([1.0], 5.0, INF)], integer=[True], upper=[4.0]), Request()).outcome is Outcome.INFEASIBLE
    assert (
        solve(tiny(cost=[-1.0], rows=[([1.0], 0.0, INF)], integer=[False], upper=[INF]), Request()).outcome is Outcome.UNBOUNDED
    )
    assert solve(tiny(cost=[-1.0], rows=[([1.0], 0.0, INF)], integer=[True], upper=[INF]), Request()).outcome is Outcome.UNBOUNDED


def test_a_time_limit_gives_an_incumbent_with_its_gap_or_nothing_never_optimal():
    began = time.perf_counter()
    answer = solve(hard(), Request(time_limit_s=2.0, gap=1e-9))
    assert time.perf_counter() - began < 2.0 * 1.1 + 1.0
    assert answer.outcome is Outcome.FEASIBLE
    assert answer.gap > 0
    assert answer.bound <= answer.objective
    none = solve(hard(), Request(time_limit_s=0.0))
    assert none.outcome in {Outcome.NO_SOLUTION, Outcome.FEASIBLE}
    assert (none.values is None) == (none.outcome is Outcome.NO_SOLUTION)


def test_a_stopped_linear_program_gives_no_values():
    random = np.random.default_rng(0)
    rows = [(random.uniform(0, 1, 300).tolist(), 5.0, INF) for _ in range(300)]
    answer = solve(
        tiny(cost=random.uniform(1, 2, 300).tolist(), rows=rows, integer=[False] * 300, upper=[1.0] * 300),
        Request(time_limit_s=0.0),
    )
    assert answer.outcome is Outcome.OPTIMAL or answer.values is None


def test_a_change_of_thread_count_between_solves_is_harmless():
    matrix = tiny(cost=[1.0], rows=[([1.0], 1.5, INF)], integer=[True], upper=[9.0])
    assert [solve(matrix, Request(threads=n)).objective for n in (1, 2, 1)] == [2.0, 2.0, 2.0]


def test_numbers_that_are_none_are_refused():
    with pytest.raises(SolverError):
        solve(tiny(cost=[1.0], rows=[([np.nan], 1.0, INF)], integer=[True], upper=[9.0]), Request())


def test_a_start_is_taken_and_progress_is_told():
    told = []
    matrix = hard(20, 2)
    first = solve(matrix, Request(time_limit_s=3.0, report=told.append))
    again = solve(matrix, Request(time_limit_s=3.0, start=first.values))
    assert again.objective <= first.objective + 1e-6
    assert all(p.stage == "solve" and p.bound <= p.incumbent + 1e-6 for p in told)


def test_a_conflict_names_the_rows_that_clash():
    matrix = tiny(
        cost=[1.0, 1.0],
        rows=[([1.0, 0.0], 5.0, INF), ([1.0, 0.0], -INF, 4.0), ([0.0, 1.0], 1.0, INF)],
        integer=[True, True],
        upper=[99.0, 99.0],
    )
    assert conflict(matrix) == ("r0", "r1")


def test_linear_duals_are_the_worth_of_a_row():
    """Min 2x + 3y with x + y >= 10, x <= 6: one more request costs 3."""
    matrix = tiny(cost=[2.0, 3.0], rows=[([1.0, 1.0], 10.0, INF)], integer=[False, False], upper=[6.0, INF])
    assert solve(matrix, Request()).row_duals[0] == pytest.approx(3.0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("presolve", [True, False])
@pytest.mark.parametrize("searching", [True, False])
def test_below_a_ceiling_there_is_a_plan_if_and_only_if_the_optimum_lies_there(seed, presolve, searching):
    model = build(prepare(prune(rich(seed))[0]))
    matrix = from_problem(model.problem)
    best = solve(matrix, Request(gap=1e-8, presolve=False))
    if best.outcome is not Outcome.OPTIMAL:
        pytest.skip("no plan")
    request = Request(gap=1e-9, presolve=presolve, searching=searching, seed=seed)
    for part, there in ((-0.1, False), (-1e-4, False), (1e-4, True), (0.1, True)):
        ceiling = best.objective + part * abs(best.objective)
        answer = solve(matrix, replace(request, ceiling=ceiling))
        found = answer.values is not None and answer.objective <= ceiling * (1 + 1e-9)
        assert found is there, (part, answer.outcome, answer.objective)
        assert there or answer.outcome in {Outcome.INFEASIBLE, Outcome.OPTIMAL}


@pytest.mark.parametrize(("height", "gap", "alone"), [(1, 1e-6, True), (1, 1e-2, False), (SMALL_NONZEROS // 2 + 1, 1e-6, False)])
def test_a_small_program_asked_for_its_optimum_is_searched_by_its_tree_alone(height, gap, alone, monkeypatch):
    """Searches solve other programs beside it; a large one needs them, and where a gap is allowed they end the tree early."""
    used = []
    plain = adapter.loaded
    monkeypatch.setattr(adapter, "loaded", lambda matrix: used.append(plain(matrix)) or used[-1])
    rows = [([2.0, 3.0], 7.0, INF)] * height
    answer = solve(tiny(cost=[2.0, 3.1], rows=rows, integer=[True, True], upper=[9.0, 9.0]), Request(gap=gap))
    assert answer.objective == pytest.approx(7.1)
    assert {used[0].getOptionValue(search)[1] for search in SEARCHES} == {not alone}
    assert used[0].getOptionValue("mip_allow_restart")[1] is not alone


@pytest.mark.parametrize("seed", range(8))
def test_the_tree_alone_finds_the_optimum_that_searches_find(seed, monkeypatch):
    matrix = from_problem(build(prepare(prune(rich(seed))[0])).problem)
    assert matrix.values.size <= SMALL_NONZEROS
    alone = solve(matrix, Request(time_limit_s=20.0))
    monkeypatch.setattr(adapter, "BY_TREE_ALONE", {})
    searched = solve(matrix, Request(time_limit_s=20.0))
    assert alone.outcome is searched.outcome
    if alone.outcome is Outcome.OPTIMAL:
        assert alone.objective == pytest.approx(searched.objective, rel=3e-6)
