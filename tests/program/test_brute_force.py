"""Every plan of a small instance tried, and the best compared with the program's."""

from __future__ import annotations

import pytest

from planner.program.solution import Outcome
from planner.program.solve import solve_instance
from tests.program.brute_force import KINDS

FAST, SLOW = 25, 1300


def agree(kind: str, seeds: range) -> None:
    """Assert that the program finds exactly what trying every plan finds, certified."""
    for seed in seeds:
        case = KINDS[kind](seed)
        solution = solve_instance(case.instance)
        if case.cost is None:
            assert solution.outcome is Outcome.INFEASIBLE, (kind, seed)
        else:
            assert solution.outcome is Outcome.OPTIMAL, (kind, seed)
            assert solution.objective_usd == pytest.approx(case.cost, rel=1e-6, abs=1e-9), (kind, seed)
            assert solution.certificate.valid, (kind, seed, solution.certificate.violations)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_small_instances_cost_what_trying_every_plan_finds(kind):
    agree(kind, range(FAST))


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_thousands_of_small_instances_cost_what_trying_every_plan_finds(kind):
    agree(kind, range(FAST, FAST + SLOW))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_most_kinds_of_case_have_feasible_and_infeasible_members(kind):
    """A comparison that never sees a plan, or always sees one, proves little."""
    costs = [KINDS[kind](seed).cost for seed in range(200)]
    assert sum(cost is not None for cost in costs) >= 60
    assert any(cost is None for cost in costs)
