"""The road from a scenario to a plan: certified, cheapest, and sane when the question changes."""

from __future__ import annotations

import copy
import json

import pytest

from catalog.items import Catalog
from planner.errors import CertificateError, UnknownItem
from planner.pipeline import certified, make_plan
from planner.plan import Plan
from planner.program.solution import Certificate, Outcome, Solution
from tests.planner.conftest import SMALL, small


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    return make_plan(small(), catalog)


def cost(plan: Plan) -> float:
    """Return the net present cost, infinite where there is no plan."""
    return plan.money.totals.net_present_cost_usd if plan.money else float("inf")


def test_the_plan_is_proved_and_every_check_passes(plan: Plan):
    assert plan.solve.outcome == "optimal"
    assert plan.evidence.checks
    assert [check.name for check in plan.evidence.checks if not check.passed] == []


def test_cost_lines_add_up_to_the_total(plan: Plan):
    items = [item for item in plan.money.items if item.group.value != "carbon"]
    assert sum(sum(item.present_usd) for item in items) == pytest.approx(cost(plan), rel=1e-12)
    assert sum(plan.money.totals.present_by_group_usd.values()) == pytest.approx(cost(plan), rel=1e-12)


def test_every_number_of_a_cost_line_names_a_sourced_assumption(plan: Plan):
    known = {assumption.id: assumption for assumption in plan.money.assumptions}
    for item in plan.money.items:
        for use in item.factors:
            assert known[use.assumption_id].source
            assert len(use.positions) == len(plan.periods)


def test_all_demand_is_served(plan: Plan):
    """Every class of every block is prefilled and decoded at the rate of its busiest minute."""
    for row in plan.demand:
        flows = [f for f in plan.flows if (f.request_class, f.period, f.block) == (row.request_class, row.period, row.block)]
        for roles in (("prefill", "aggregated"), ("decode", "aggregated")):
            assert sum(f.rate_rps for f in flows if f.role in roles) == pytest.approx(row.peak_rps, rel=1e-6)


def test_the_same_question_gives_the_same_bytes(plan: Plan, catalog: Catalog):
    again = make_plan(small(), catalog)
    assert again.sha256 == plan.sha256
    assert again.to_json() == plan.to_json()


def test_the_plan_survives_json(plan: Plan):
    read = Plan.model_validate_json(plan.to_json())
    assert read.computed_sha256() == plan.sha256
    assert json.loads(plan.to_json())["sha256"] == plan.sha256


def test_one_kind_of_hardware_at_a_time_is_never_cheaper(plan: Plan, catalog: Catalog):
    for name in SMALL["hardware"]["include"]:
        alone = make_plan(small(hardware={"include": [name]}), catalog)
        assert cost(alone) >= cost(plan) * (1 - 1e-6)


def test_more_demand_is_never_cheaper(plan: Plan, catalog: Catalog):
    workload = copy.deepcopy(SMALL["workloads"][0])
    workload["demand"]["rate"] = "220 requests/s"
    assert cost(make_plan(small(workloads=[workload]), catalog)) >= cost(plan) * (1 - 1e-6)


def test_less_power_is_never_cheaper(plan: Plan, catalog: Catalog):
    """The nameplate of the cheapest plan minus a watt rules it out; what remains costs as much or more."""
    needed = max(row.nameplate_w for row in plan.power)
    site = SMALL["sites"][0] | {"power": f"{needed - 1} W"}
    assert cost(make_plan(small(sites=[site]), catalog)) >= cost(plan) * (1 - 1e-6)


def test_too_little_power_says_have_and_need(catalog: Catalog):
    site = SMALL["sites"][0] | {"power": "20 kW"}
    plan = make_plan(small(sites=[site]), catalog)
    assert plan.solve.outcome == "infeasible"
    assert plan.money is None
    changes = [change for change in plan.evidence.changes if change.family == "power"]
    assert changes
    assert all(change.have == pytest.approx(20.0) and change.need > 20.0 for change in changes)
    assert "have 20.0 kW, need" in changes[0].words


def test_a_model_may_be_named_by_an_alias(plan: Plan, catalog: Catalog):
    workload = SMALL["workloads"][0] | {"model": "llama3.3-70b"}
    assert make_plan(small(workloads=[workload]), catalog).sha256 == plan.sha256


def test_an_unknown_model_names_the_field_and_the_nearest(catalog: Catalog):
    workload = SMALL["workloads"][0] | {"model": "llama-3.3-71b"}
    with pytest.raises(UnknownItem, match=r"workloads\[0\]\.model: .*llama-3\.3-70b"):
        make_plan(small(workloads=[workload]), catalog)


def test_a_trace_of_the_user_plans_end_to_end(shared, catalog: Catalog):
    """The published Azure conversation trace, at its own rate of 5.5 requests/s."""
    workload = SMALL["workloads"][0] | {"demand": {"trace": "azure_llm_2023_conv.csv.gz"}}
    plan = make_plan(small(workloads=[workload]), catalog, folder=shared / "traces")
    assert plan.found
    assert all(check.passed for check in plan.evidence.checks)
    mean_input = sum(row.share * row.isl_mean for row in plan.classes)
    assert mean_input == pytest.approx(1154.7, rel=1e-3)


def test_a_plan_that_its_check_refutes_never_leaves():
    solution = Solution(Outcome.OPTIMAL, certificate=Certificate(False, 1.0, ("power: 5 kW used of 4 kW",)))
    with pytest.raises(CertificateError, match="5 kW used of 4 kW"):
        certified(solution)
