"""Rival plans: never cheaper than the plan that may do what they do and more."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from catalog.items import Catalog
from planner.answer.allowance import Allowance
from planner.answer.comparisons import Rival, _no_plan, crossing_row
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.program.check import check
from planner.program.instance import Role
from planner.program.studies import only_options
from tests.planner.conftest import small
from tests.planner.solved import solved
from tests.program.test_reference_cases import phases_of_one_gpu

AMD = "amd-mi300x/8-oam-server"
QUICK = {"gap": "0.5 %", "time_limit": "60 s"}
HARDWARE = {"include": ["nvidia-h100-sxm", "amd-mi300x"], "price_book": {AMD: {"power": "10 kW"}}}


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    return make_plan(small(solver=QUICK, hardware=HARDWARE), catalog)


def test_every_rival_that_says_something_is_there(plan: Plan):
    found = [row.id for row in plan.evidence.comparisons]
    assert found == ["aggregated", "disaggregated", "vendor:AMD", "vendor:NVIDIA", "crossing"]


def test_it_says_where_aggregated_and_disaggregated_cross(plan: Plan):
    """One of them is the cheaper over a range of demand, or one up to a multiple of it and the other from a larger one."""
    row = plan.evidence.comparisons[-1]
    assert row.outcome == "crossing"
    cheaper = "(dis)?aggregated pools are the cheaper"
    assert re.search(
        rf"{cheaper} (from [\d.]+ to [\d.]+ times|up to [\d.]+ times the demand, {cheaper} from [\d.]+ times)", row.words
    )


def test_the_crossing_is_told_from_below_to_above():
    """One GPU: aggregated (1.6 rps) wins at low demand, prefill (5.6) and decode (10) apart at high, from 3.2 rps on."""
    instance = phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=3.3)
    context = SimpleNamespace(instance=instance, scenario=small(solver=QUICK))
    (row,) = crossing_row(context, Allowance("test", 60.0))
    low, high = (float(one) for one in re.findall(r"([\d.]+) times", row.words))
    assert row.words.startswith("aggregated against disaggregated: aggregated pools are the cheaper up to")
    assert low <= 3.2 / 3.3 <= high + 0.01


def test_rivals_of_a_large_program_are_bounded_and_no_plan_of_theirs_costs_less(
    plan: Plan, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
):
    """What is solved for the small program lies above what is proved for it as if it were a large one."""
    monkeypatch.setattr("planner.answer.allowance.SMALL_COLUMNS", 0)
    bounded = make_plan(small(solver=QUICK, hardware=HARDWARE), catalog).evidence.comparisons
    solved_at = {row.id: row.net_present_cost_usd for row in plan.evidence.comparisons}
    assert {row.outcome for row in bounded} <= {"bound", "infeasible"}
    tight = [row for row in bounded if row.bound_usd is not None]
    assert tight
    for row in tight:
        assert row.net_present_cost_usd is None
        assert row.bound_usd <= solved_at[row.id] * (1 + 1e-9)
        assert "at least" in row.words


def test_a_rival_without_a_plan_names_the_workload_that_nothing_in_it_serves(catalog: Catalog):
    """Prefill without decode serves nobody."""
    context = solved(small(solver=QUICK, hardware=HARDWARE), catalog)
    apart = only_options(context.instance, lambda option: option.role is Role.PREFILL)
    assert _no_plan(context, Rival("x", "prefill only", apart)) == (
        "prefill only: no plan meets what is asked: nothing in it serves chat inside its promises"
    )


def test_no_rival_is_cheaper_than_the_bound_of_the_plan(plan: Plan):
    costs = [row.net_present_cost_usd for row in plan.evidence.comparisons if row.net_present_cost_usd is not None]
    assert costs
    assert min(costs) >= plan.solve.bound_usd * (1 - 1e-9)


def test_rivals_are_worded(plan: Plan):
    assert all(row.words.startswith(row.label) for row in plan.evidence.comparisons)


def test_owned_and_rented_are_compared_where_both_are_allowed(catalog: Catalog):
    acquisition = {"buy": True, "rent": True, "cloud_interconnect": "50 GB/s"}
    one_year = {"start": "2027-01-01", "periods": 1, "period": "year"}
    scenario = small(
        solver=QUICK,
        horizon=one_year,
        hardware={"include": ["nvidia-h100-sxm"]},
        acquisition=acquisition,
        explain={"prices": False},
    )
    found = make_plan(scenario, catalog)
    assert {"owned", "not-owned"} <= {row.id for row in found.evidence.comparisons}


def test_a_restricted_instance_names_nothing_that_it_does_not_have(catalog: Catalog):
    context = solved(small(solver=QUICK), catalog)
    for role in (Role.PREFILL, Role.DECODE, Role.AGGREGATED):
        kept = only_options(context.instance, lambda option, role=role: option.role is role)
        check(kept)
        assert {option.role for option in kept.options} == {role}


def test_a_rival_without_a_plan_names_the_limit_that_is_too_tight(catalog: Catalog):
    """With power for nothing the same pools need more of it."""
    context = solved(small(solver=QUICK, hardware=HARDWARE), catalog)
    dark = replace(
        context.instance, sites=tuple(replace(s, power_w=tuple(1e3 for _ in s.power_w)) for s in context.instance.sites)
    )
    words = _no_plan(context, Rival("x", "in the dark", dark))
    assert re.fullmatch(r"in the dark: no plan meets what is asked: power: have 1.0 kW, need at least [\d.,]+ kW at hall", words)
