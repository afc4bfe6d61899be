"""The examples do what their first lines promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.items import Catalog
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.scenario import Scenario
from planner.scenario.read import read_scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
QUIET = {"prices": False, "comparisons": False, "futures": False}


def example(name: str) -> Scenario:
    return read_scenario(EXAMPLES / f"{name}.yaml")


def changed(scenario: Scenario, **parts: object) -> Scenario:
    """Return a scenario with parts replaced, read again, and nothing asked beside the plan."""
    content = scenario.canonical() | {"explain": QUIET} | parts
    return Scenario.model_validate(content)


def cost(plan: Plan) -> float:
    return plan.money.totals.net_present_cost_usd


def installed_share(plan: Plan, vendor: str) -> float:
    """Return a vendor's share of the nameplate watts of all units and periods, read off the fleet alone."""
    unit_w = {row.system: row.power_w for row in plan.evidence.considered}
    watts = [(row.vendor, row.units * unit_w[row.system]) for row in plan.fleet]
    return sum(value for name, value in watts if name == vendor) / sum(value for _, value in watts)


@pytest.mark.slow
def test_a_vendor_cap_is_kept_binds_and_costs_money(catalog: Catalog):
    scenario = example("vendor-cap")
    plan = make_plan(scenario, catalog)
    shares = {row.label.rpartition(": ")[2]: row for row in plan.evidence.limits if row.family == "vendor"}
    assert shares["NVIDIA"].binding
    assert 0 < shares["NVIDIA"].used <= 60.0 + 1e-6
    assert shares["NVIDIA"].worth_usd > 0
    assert {row.vendor for row in plan.fleet} == {"AMD", "NVIDIA"}
    policy = scenario.canonical()["policy"] | {"largest_vendor_share": None}
    free = make_plan(changed(scenario, policy=policy), catalog)
    assert cost(free) < cost(plan)
    assert installed_share(free, "NVIDIA") > 0.6
    assert installed_share(plan, "NVIDIA") == pytest.approx(shares["NVIDIA"].used / 100.0)


def test_batch_work_fills_the_valley_and_cannot_where_its_deadline_is_short(catalog: Catalog):
    """With twelve hours the night job needs no server of its own; with two it needs more, and the plan is dearer."""
    scenario = example("valley")
    parts = scenario.canonical()["workloads"]
    chat_only = make_plan(changed(scenario, workloads=[one for one in parts if one["id"] == "chat"]), catalog)
    waits = make_plan(changed(scenario), catalog)
    hurried = [one | ({"deadline": "2 h"} if one["id"] == "summaries" else {}) for one in parts]
    cannot = make_plan(changed(scenario, workloads=hurried), catalog)
    held = [max(row.units for row in plan.fleet) for plan in (chat_only, waits, cannot)]
    assert held[0] <= held[1] < held[2]
    assert held[1] - held[0] < held[2] - held[1]
    assert cost(waits) < cost(cannot)


def test_the_job_is_served_outside_the_busiest_block(catalog: Catalog):
    plan = make_plan(changed(example("valley")), catalog)
    chat = {
        row.block: sum(one.peak_rps for one in plan.demand if (one.workload, one.block) == ("chat", row.block))
        for row in plan.demand
    }
    busiest = max(chat, key=lambda block: chat[block])
    used = {row.block for row in plan.flows if row.workload == "summaries"}
    assert used
    assert busiest not in used


def test_growth_is_bought_in_steps_no_faster_than_the_vendor_ships(catalog: Catalog):
    plan = make_plan(changed(example("phased")), catalog)
    arrivals = {row.period: row.arrived for row in plan.fleet if row.arrived}
    assert len(arrivals) >= 3
    assert min(arrivals) >= 1, "an order takes a quarter: nothing arrives in the first"
    assert max(arrivals.values()) == 2, "the vendor's supply binds somewhere"
    supply = next(row for row in plan.evidence.limits if row.family == "supply")
    assert supply.binding


def test_without_its_limits_the_growth_is_bought_later(catalog: Catalog):
    """Prices fall: only the supply makes anyone buy early, so lifting it is cheaper."""
    scenario = example("phased")
    hardware = scenario.canonical()["hardware"]
    book = {name: entry | {"supply_per_period": None} for name, entry in hardware["price_book"].items()}
    free = make_plan(changed(scenario, hardware=hardware | {"price_book": book}), catalog)
    assert cost(free) < cost(make_plan(changed(scenario), catalog))


@pytest.mark.slow
def test_the_best_share_of_hard_wired_chips_is_neither_none_nor_all(catalog: Catalog):
    plan = make_plan(example("stranded"), catalog)
    assert 0 < plan.risk.wired_share < 1
    assert plan.risk.wired_value_usd > 0
    assert next(row for row in plan.risk.regrets if row.strategy == "wired").cost_by_future_usd["replaced"] is None
    assert any(row.what_if and row.chosen for row in plan.evidence.considered)


@pytest.mark.slow
def test_the_likelier_the_model_is_replaced_the_less_is_wired(catalog: Catalog):
    scenario = example("stranded")
    shares = []
    for chance in (0.01, 0.99):
        cases = [
            one | {"probability": chance if one["id"] == "replaced" else 1.0 - chance} for one in scenario.canonical()["futures"]
        ]
        shares.append(make_plan(changed(scenario, futures=cases), catalog).risk.wired_share)
    assert shares[1] <= shares[0]
