"""Scenarios of an unusual shape, from the question to the plan: what they have is there, and what they lack does no harm."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest

from catalog.items import Catalog
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.scenario import parse_scenario
from tests.planner.conftest import SMALL

QUIET: dict[str, object] = {"prices": False, "comparisons": False, "futures": False}


def unusual(**changes: Any) -> dict[str, Any]:
    """Return the content of a small scenario of one period and one kind of server, explained no further."""
    content = copy.deepcopy(SMALL)
    content["horizon"] = {"start": "2027-01-01", "periods": 1, "period": "year"}
    content["hardware"] = {"include": ["nvidia-h100-sxm"]}
    content["explain"] = QUIET
    return {**content, **changes}


def workload(name: str = "chat", rate: str = "40 requests/s", **changes: Any) -> dict[str, Any]:
    """Return the small scenario's workload with parts replaced."""
    part = copy.deepcopy(SMALL["workloads"])[0]  # type: ignore[index]
    return {**part, "id": name, "demand": {"profile": "chat_realtime", "rate": rate}, **changes}


def planned(content: dict[str, Any], catalog: Catalog) -> Plan:
    """Return the plan of a scenario's content."""
    return make_plan(parse_scenario(content), catalog)


def numbers(value: object) -> Iterator[float]:
    """Yield every float inside a document."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from numbers(inside)


def test_an_end_to_end_promise_alone_is_planned(catalog: Catalog):
    content = unusual(workloads=[workload(sla={"e2e": {"limit": "40 s", "percentile": 95.0}}, serving=["aggregated"])])
    plan = planned(content, catalog)
    assert plan.found
    assert all(check.passed for check in plan.evidence.checks)


def test_a_stock_that_is_too_small_turns_requests_away_that_have_no_price(catalog: Catalog):
    """The best service of one server is not all service, and what is turned away costs nothing where nobody gave it a price."""
    content = unusual(
        workloads=[workload(rate="200 requests/s")],
        goal={"minimise": "unserved", "cost_ceiling": "400000 USD"},
        solver={"gap": 0.01, "time_limit": "60 s"},
    )
    plan = planned(content, catalog)
    asked = sum(row.peak_rps for row in plan.demand)
    served = sum(row.rate_rps for row in plan.flows if row.role != "prefill")
    assert plan.found
    assert 0.0 < served < 0.9 * asked
    assert plan.money is not None
    assert plan.money.totals.net_present_cost_usd <= 400000
    assert any(line.startswith("chat: ") and line.endswith("% of the requests are not served") for line in plan.summary)
    assert "cheapest" not in plan.decision


def test_the_best_service_of_ample_money_misses_nothing(catalog: Catalog):
    """Nothing missed is a score of zero, and a ceiling of zero must not blow the numbers of the program up."""
    content = unusual(workloads=[workload()], goal={"minimise": "unserved", "cost_ceiling": "90000000 USD"})
    plan = planned(content, catalog)
    asked = sum(row.peak_rps for row in plan.demand)
    served = sum(row.rate_rps for row in plan.flows if row.role != "prefill")
    assert plan.found
    assert served == pytest.approx(asked, rel=1e-6)
    assert not any("not served" in line for line in plan.summary)


def test_the_order_of_sites_workloads_and_hardware_does_not_change_a_byte(catalog: Catalog):
    near, far = copy.deepcopy(SMALL["sites"])[0], copy.deepcopy(SMALL["sites"])[0]  # type: ignore[index]
    near, far = {**near, "id": "near", "power": "40 kW"}, {**far, "id": "far", "pue": 1.6}
    two = [workload("chat"), workload("code", demand={"profile": "code_completion_realtime", "rate": "9 requests/s"})]
    content = unusual(sites=[near, far], workloads=two, hardware={"include": ["nvidia-h100-sxm", "nvidia-a100-sxm-80g"]})
    turned = {
        **content,
        "sites": [far, near],
        "workloads": two[::-1],
        "hardware": {"include": content["hardware"]["include"][::-1]},
    }
    assert planned(content, catalog).sha256 == planned(turned, catalog).sha256


def test_nothing_is_never_minus_nothing(catalog: Catalog):
    """What was bought in the first year is worth something at the end: less by nothing for the second year, which buys nothing."""
    content = unusual(workloads=[workload()])
    content["horizon"]["periods"] = 2
    found = list(numbers(planned(content, catalog).model_dump(mode="json")))
    assert found
    assert not [value for value in found if value == 0.0 and math.copysign(1.0, value) < 0]


def test_a_token_api_may_serve_what_a_site_could(catalog: Catalog):
    """An API stands at no site: a site beside it that holds nothing draws nothing."""
    content = unusual(
        workloads=[workload(rate="2 requests/s", model="llama-3.1-8b")], acquisition={"buy": True, "token_api": True}
    )
    plan = planned(content, catalog)
    assert {row.role for row in plan.flows} == {"api"}
    assert not plan.fleet
    assert [row.drawn_peak_w for row in plan.power] == [0.0]
    assert all(check.passed for check in plan.evidence.checks)


def test_a_future_that_is_not_among_the_worst_is_planned_for_all_the_same(catalog: Catalog):
    """Where only the worst weighs, the highest draw of the other could be anything: the plan's cost would not be its own."""
    job = workload("job", model="mistral-7b", kind="batch", deadline="8 h", arrives_at_hour=2, serving=["aggregated"])
    del job["sla"]
    content = unusual(
        horizon={"start": "2026-04-01", "periods": 1, "period": "quarter"},
        workloads=[{**job, "demand": {"profile": "batch_generation", "rate": "466200 requests/day"}}],
        sites=[
            {
                "id": "hall",
                "power": "100 kW",
                "cooling": ["air", "liquid"],
                "tariff": {"energy": "0.15 USD/kWh", "demand_charge": "12 USD/kW/month"},
            }
        ],
        hardware={},
        policy={"budget_per_period": "1130000 USD", "interval": "cautious"},
        futures=[{"id": "low", "probability": 0.5}, {"id": "high", "probability": 0.5, "demand": {"job": 2.0}}],
        risk={"tail_weight": 1.0},
        demand={"classes": 1, "blocks": 2},
        solver={"gap": 0.01, "time_limit": "60 s"},
    )
    plan = planned(content, catalog)
    assert plan.found
    assert all(check.passed for check in plan.evidence.checks)
