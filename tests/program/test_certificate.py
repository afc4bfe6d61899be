"""The independent checker accepts every plan of the program, and none that was tampered with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program.certificate import certify
from planner.program.solve import solve_instance
from tests.program.brute_force import KINDS
from tests.program.instances import one_period, quick
from tests.program.plain import plain
from tests.program.rich import rich


@pytest.fixture(scope="module")
def plans():
    """Return instances with their plans."""
    cases = [KINDS[kind](seed).instance for kind in sorted(KINDS) for seed in range(12)] + [plain(seed) for seed in range(6)]
    solved = [(instance, solve_instance(instance)) for instance in cases]
    return [(instance, plan) for instance, plan in solved if plan.objective_usd is not None]


def test_one_unit_fewer_is_always_found(plans):
    """A plan of least cost has no unit to spare: whoever takes one away is told what is missing."""
    assert len(plans) > 20
    for instance, plan in plans:
        for number, bought in enumerate(plan.bought):
            less = [replace(bought, count=bought.count - 1)] if bought.count > 1 else []
            tampered = replace(plan, bought=(*plan.bought[:number], *less, *plan.bought[number + 1 :]))
            assert not certify(instance, tampered).valid, (bought, plan)


def test_one_request_fewer_is_always_found(plans):
    for instance, plan in plans:
        for number, flow in enumerate(plan.flows):
            tampered = replace(
                plan, flows=(*plan.flows[:number], replace(flow, rate_rps=0.99 * flow.rate_rps), *plan.flows[number + 1 :])
            )
            assert not certify(instance, tampered).valid


def test_another_cost_is_found(plans):
    for instance, plan in plans:
        assert not certify(instance, replace(plan, objective_usd=plan.objective_usd * 1.001 + 0.01)).valid


def test_fewer_replicas_and_halves_of_units_are_found(plans):
    for instance, plan in plans:
        pool = plan.pools[0]
        assert not certify(instance, replace(plan, pools=(replace(pool, replicas=0), *plan.pools[1:]))).valid
        if plan.bought:
            half = replace(plan.bought[0], count=plan.bought[0].count + 0.5)
            assert not certify(instance, replace(plan, bought=(half, *plan.bought[1:]))).valid


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_plans_that_use_everything_are_certified(seed):
    solution = solve_instance(quick(rich(seed), tie_break=False, gap=0.02, time_limit_s=30.0))
    assert solution.objective_usd is not None
    assert solution.certificate.valid, solution.certificate.violations


def test_the_exact_cost_is_the_sum_done_by_hand():
    """3 units at 7 USD for 1.1 rps at 0.4 rps each: ceil(2.75) = 3, 21 USD."""
    solution = solve_instance(one_period({"y": 7.0}, {"y": {"b": 0.4}}, {"b": 1.1}))
    assert solution.certificate.valid
    assert solution.certificate.cost_usd == 21.0
    assert solution.objective_usd == pytest.approx(21.0)


def test_a_limit_that_is_broken_is_named(plans):
    instance, plan = plans[0]
    dark = tuple(replace(site, power_w=(1.0,) * len(instance.periods)) for site in instance.sites)
    certificate = certify(replace(instance, sites=dark), plan)
    assert not certificate.valid
    assert any("W of units" in violation for violation in certificate.violations)
