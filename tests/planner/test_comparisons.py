"""Rival plans: never cheaper than the plan that may do what they do and more."""

from __future__ import annotations

import pytest

from catalog.items import Catalog
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.program.check import check
from planner.program.instance import Role
from planner.program.studies import only_options
from tests.planner.conftest import small
from tests.planner.solved import solved

AMD = "amd-mi300x/8-oam-server"
QUICK = {"gap": "0.5 %", "time_limit": "60 s"}
HARDWARE = {"include": ["nvidia-h100-sxm", "amd-mi300x"], "price_book": {AMD: {"power": "10 kW"}}}


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    return make_plan(small(solver=QUICK, hardware=HARDWARE), catalog)


def test_every_rival_that_says_something_is_there(plan: Plan):
    assert [row.id for row in plan.evidence.comparisons] == ["aggregated", "disaggregated", "vendor:AMD", "vendor:NVIDIA"]


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
