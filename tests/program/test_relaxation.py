"""Bounds that need no trust, and large programs solved by a few of their columns."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.program_instances import Shape, make
from planner.program import relaxation
from planner.program.adapter import Request, solve
from planner.program.build import build
from planner.program.matrix import from_problem
from planner.program.relaxation import relax, safe_bound
from planner.program.sets import prepare
from tests.program.models import tiny

SMALL = Shape(systems=6, options_per_role=2, workloads=2, classes=2, sites=2, periods=3, blocks=2, rate_rps=40.0)


@pytest.fixture(scope="module")
def matrix():
    return from_problem(build(prepare(make(SMALL, 3))).problem)


def test_any_duals_give_a_bound_and_the_best_ones_the_optimum():
    """Min 2x + 3y, x + y >= 10, x <= 6, y <= 9: dual 3 gives 30 + (2 - 3) 6 = 24, the optimum 12 + 12; dual 2 gives 20; dual 0, 0."""
    program = tiny(cost=[2.0, 3.0], rows=[([1.0, 1.0], 10.0, np.inf)], integer=[False, False], upper=[6.0, 9.0])
    assert [safe_bound(program, np.array([y]))[0] for y in (3.0, 2.0, 0.0)] == pytest.approx([24.0, 20.0, 0.0])
    assert safe_bound(program, np.array([-5.0]))[0] == pytest.approx(0.0), "a dual of the wrong sign is not used"


def test_columns_brought_in_by_price_give_the_whole_programs_optimum(matrix, monkeypatch):
    whole = solve(matrix.relaxed(), Request())
    monkeypatch.setattr(relaxation, "LARGE_COLUMNS", 0)
    monkeypatch.setattr(relaxation, "PER_ROW", 1)
    sifted = relax(matrix, Request())
    assert sifted.values @ matrix.cost == pytest.approx(whole.objective, rel=1e-7)
    assert sifted.bound == pytest.approx(whole.objective, rel=1e-6)
    assert sifted.bound <= whole.objective * (1 + 1e-9)
    assert matrix.relaxed().violation(sifted.values) <= 1e-6


def test_the_bound_of_random_duals_never_exceeds_the_optimum(matrix):
    whole = solve(matrix.relaxed(), Request())
    random = np.random.default_rng(1)
    for size in (0.0, 0.01, 0.3):
        duals = whole.row_duals * random.uniform(1 - size, 1 + size, len(matrix.rows))
        assert safe_bound(matrix, duals)[0] <= whole.objective * (1 + 1e-9)
