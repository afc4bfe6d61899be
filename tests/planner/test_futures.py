"""Several futures: what is common to them, what each costs, what flexibility is worth, and that nothing is counted twice."""

from __future__ import annotations

import pytest

from catalog.items import Catalog
from planner.errors import InputError
from planner.pipeline import make_plan
from planner.plan import Plan
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

H100 = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"
LOW = {"id": "low", "probability": 0.4, "demand": {"chat": 0.5}, "from_period": 1}
HIGH = {"id": "high", "probability": 0.6, "demand": {"chat": 1.5}, "from_period": 1}
QUICK = {
    "solver": {"gap": "0.1 %", "time_limit": "60 s"},
    "hardware": {"include": ["nvidia-h100-sxm"]},
    "explain": {"prices": False, "comparisons": False, "futures": True},
}


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    return make_plan(small(futures=[LOW, HIGH], **QUICK), catalog)


def test_expected_cost_is_the_weighted_cost_of_the_futures(plan: Plan):
    weighted = sum(row.probability * row.net_present_cost_usd for row in plan.risk.futures)
    assert plan.risk.expected_usd == pytest.approx(weighted, rel=1e-9)
    assert {row.id for row in plan.risk.futures} == {"low", "high"}


def test_the_rows_show_the_likeliest_future_and_add_up_to_its_cost(plan: Plan):
    shown = next(row for row in plan.risk.futures if row.id == plan.risk.shown)
    assert plan.risk.shown == "high"
    assert plan.money.totals.net_present_cost_usd == pytest.approx(shown.net_present_cost_usd, rel=1e-6)
    for row in plan.demand:
        flows = [f for f in plan.flows if (f.request_class, f.period, f.block) == (row.request_class, row.period, row.block)]
        served = sum(f.rate_rps for f in flows if f.role in ("prefill", "aggregated"))
        assert served == pytest.approx(row.peak_rps, rel=1e-6)


def test_purchases_before_the_reveal_are_common_and_made_once(catalog: Catalog):
    """Period 0 is decided before the futures part: its purchases belong to no future."""
    solution = solved(small(futures=[LOW, HIGH], **QUICK), catalog).solution
    assert {row.future for row in solution.bought if row.period == 0} == {""}
    assert {row.future for row in solution.owned} == {"low", "high"}


def test_equal_futures_cost_what_one_world_costs(catalog: Catalog):
    """Two futures without a difference are the scenario itself."""
    same = [{"id": name, "probability": 0.5} for name in ("a", "b")]
    two, one = make_plan(small(futures=same, **QUICK), catalog), make_plan(small(**QUICK), catalog)
    assert two.risk.expected_usd == pytest.approx(one.money.totals.net_present_cost_usd, rel=2e-3)
    assert one.risk is None


def test_waiting_and_foresight_are_never_worth_less_than_nothing(plan: Plan):
    """Deciding now is a restriction of deciding later, that of knowing beforehand; each is proved to 0.1 %."""
    slack = 2e-3 * plan.risk.expected_usd
    assert plan.risk.waiting_value_usd >= -slack
    assert plan.risk.foresight_value_usd >= -slack


def test_no_strategy_beats_the_best_of_a_future(plan: Plan):
    for row in plan.risk.regrets:
        for regret in row.regret_by_future_usd.values():
            assert regret is None or regret >= -2e-3 * plan.risk.expected_usd


def test_factors_hold_from_their_period(catalog: Catalog):
    context = solved(small(futures=[LOW, HIGH], **QUICK), catalog)
    scales = {future.id: future.demand_scale["chat"] for future in context.instance.futures}
    assert scales == {"low": (1.0, 0.5), "high": (1.0, 1.5)}


def test_what_is_late_arrives_later(catalog: Catalog):
    late = [{"id": "on-time", "probability": 0.5}, {"id": "late", "probability": 0.5, "late": {H100: 1}}]
    site = SMALL["sites"][0]
    stock = {"include": ["nvidia-h100-sxm"], "stock": {H100: {site["id"]: 12}}}
    context = solved(small(futures=late, **(QUICK | {"hardware": stock})), catalog)
    first = {future.id: future.available_from.get(H100) for future in context.instance.futures}
    assert first == {"on-time": None, "late": 1}


def test_an_unknown_system_in_a_future_is_named(catalog: Catalog):
    cases = [{"id": "a", "probability": 1.0, "price": {"nvidia-h900": 0.5}}]
    with pytest.raises(InputError, match=r"futures\[0\]\.price: no system 'nvidia-h900'"):
        make_plan(small(futures=cases, **QUICK), catalog)


def test_what_was_ordered_is_paid_for_where_it_never_comes(catalog: Catalog):
    """One period: servers are ordered for the future that delivers them; the likelier one turns requests away, and pays for both."""
    futures = [{"id": "in-time", "probability": 0.45}, {"id": "never", "probability": 0.55, "late": {H100: 1}}]
    part = SMALL["workloads"][0] | {"unserved_usd_per_request": 0.02}
    horizon = {"start": "2027-01-01", "periods": 1, "period": "year"}
    plan = make_plan(small(futures=futures, horizon=horizon, workloads=[part], **QUICK), catalog)
    assert plan.risk.shown == "never"
    assert [check.detail for check in plan.evidence.checks if not check.passed] == []
    lines = {item.line for item in plan.money.items}
    assert {"capex.systems", "penalty.unserved"} <= lines
    assert not {line for line in lines if line.startswith("opex.")}, "what never comes is not run"
