"""Quoted figures: each by its definition, from what is served and what the rows cost."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.figures import figures_of
from planner.answer.fleet import power_rows
from planner.answer.money import cost_items, drivers_of
from planner.answer.volume import chips_present, chips_up, served, tokens_served
from planner.economics.definitions import FIGURES
from planner.economics.discounting import Timing
from planner.plan.money import Figure
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

H100 = {"include": ["nvidia-h100-sxm"]}
HGX = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"


def workload(name: str, rate: str, **changes: object) -> dict[str, object]:
    """Return the chat workload under another name, at another rate."""
    part = copy.deepcopy(SMALL["workloads"][0]) | {"id": name} | changes
    part["demand"] = {"profile": "chat_realtime", "rate": rate} | part.pop("of", {})
    return part


CASES: dict[str, dict[str, object]] = {
    "aggregated": {"hardware": H100, "workloads": [workload("chat", "40 requests/s", serving=["aggregated"])]},
    "apart": {"hardware": H100, "workloads": [workload("chat", "40 requests/s", serving=["disaggregated"])]},
    "two workloads": {
        "hardware": H100,
        "workloads": [workload("chat", "40 requests/s"), workload("help", "10 requests/s", of={"prefix_cache_hit": "40 %"})],
    },
    "rented": {"hardware": H100, "sites": [], "acquisition": {"buy": False, "rent": True}, "workloads": [workload("chat", "20 requests/s")]},
    "priced by the token": {
        "sites": [],
        "acquisition": {"buy": False, "token_api": True},
        "workloads": [workload("chat", "2 requests/s", of={"prefix_cache_hit": "30 %"})],
    },
    "stock idle": {
        "hardware": H100 | {"stock": {HGX: {"hall": 9}}},
        "workloads": [workload("chat", "20 requests/s")],
        "policy": {"reserve_replicas": 1},
    },
    "not all served": {
        "hardware": H100,
        "sites": [SMALL["sites"][0] | {"power": "35 kW"}],
        "workloads": [workload("chat", "120 requests/s", unserved_usd_per_request=0.001)],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def solve(catalog: Catalog):
    """Return context and figures of a named case, each solved once."""
    known: dict[str, tuple[Context, tuple[Figure, ...]]] = {}

    def of(name: str) -> tuple[Context, tuple[Figure, ...]]:
        if name not in known:
            context = solved(small(**CASES[name]), catalog)
            drivers = drivers_of(context)
            known[name] = context, figures_of(context, drivers, cost_items(context, drivers))
        return known[name]

    return of


def values(figures: tuple[Figure, ...], scope: str) -> dict[str, float]:
    """Return the figures of a scope by id."""
    return {figure.id: figure.value for figure in figures if figure.scope == scope}


@pytest.mark.parametrize("name", CASES)
def test_a_levelised_figure_is_its_shares_over_its_volume(solve, name: str):
    """So that a workbook can compute it anew from its rows."""
    context, figures = solve(name)
    items = cost_items(context, drivers_of(context))
    factors = np.asarray(context.costs.terms.clock.factors(Timing.OPERATING))
    levelised = [figure for figure in figures if figure.shares]
    assert any(figure.id == "usd_per_mtok" for figure in levelised)
    for figure in levelised:
        usd = sum(figure.shares.get(item.id, 0.0) * item.total_present_usd for item in items)
        assert figure.value == pytest.approx(usd / (np.asarray(figure.divisor_by_period) @ factors), rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_every_figure_has_its_one_definition(solve, name: str):
    """Words, unit and label come from one table."""
    for figure in solve(name)[1]:
        known = FIGURES[figure.id]
        assert (figure.definition, figure.unit) == (known.words, known.unit)
        assert figure.label.startswith(known.label)


@pytest.mark.parametrize("name", CASES)
def test_kinds_times_their_volumes_are_the_whole_cost(solve, name: str):
    """All workloads together, but for what is not served."""
    context, figures = solve(name)
    items = [item for item in cost_items(context, drivers_of(context)) if item.group.value != "penalty"]
    factors = np.asarray(context.costs.terms.clock.factors(Timing.OPERATING))
    whole = sum(item.total_present_usd for item in items)
    for ids in (("usd_per_mtok",), ("usd_per_mtok_input", "usd_per_mtok_cached", "usd_per_mtok_output")):
        usd = sum(
            figure.value * float(np.asarray(figure.divisor_by_period) @ factors)
            for figure in figures
            if figure.id in ids and figure.scope != "plan"
        )
        assert usd == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("name", ["aggregated", "apart", "two workloads", "rented", "priced by the token"])
def test_tokens_are_those_of_the_mean_rates(solve, name: str):
    """What demand asks for, served once: not the busiest minute, not prefill and decode twice."""
    context, _ = solve(name)
    demand = context.demand
    for load in demand.workloads:
        asked = sum(
            (demand.rates_rps[row] * context.hours * 3600.0).sum()
            * (demand.classes[row].isl_tokens + demand.classes[row].osl_tokens)
            for row in demand.rows_of(load.id)
        )
        assert tokens_served(served(context), load.id).sum() == pytest.approx(asked, rel=1e-6)


def test_what_is_not_served_is_no_token(solve):
    """The cost is over what was served, and the price of turning requests away is not in it."""
    context, figures = solve("not all served")
    demand = context.demand
    asked = sum(
        (demand.rates_rps[row] * context.hours * 3600.0).sum() * demand.classes[row].osl_tokens for row in demand.rows_of("chat")
    )
    assert 0.0 < tokens_served(served(context), "chat")[2].sum() < asked * 0.999
    shares = next(figure.shares for figure in figures if figure.id == "usd_per_mtok")
    assert not any("penalty" in row for row in shares)


def test_pools_apart_bear_their_own_tokens(solve):
    """The server is shared by the chip-hours of the prefill and the decode pools; input and output bear one each."""
    context, figures = solve("apart")
    hours = {"prefill": 0.0, "decode": 0.0}
    for part in served(context):
        hours[str(context.rows[part.option].role)] += float(part.chip_hours.sum())
    whole = sum(hours.values())
    by_id = {figure.id: figure for figure in figures if figure.scope == "chat"}
    (row,) = [name for name in by_id["usd_per_mtok"].shares if name.startswith("capex.systems")]
    assert by_id["usd_per_mtok_input"].shares[row] == pytest.approx(hours["prefill"] / whole)
    assert by_id["usd_per_mtok_output"].shares[row] == pytest.approx(hours["decode"] / whole)


def test_api_fees_fall_on_the_tokens_that_they_are_paid_for(solve):
    """Cached input costs what input costs where the provider has no other price: present USD over present tokens, index 1."""
    context, figures = solve("priced by the token")
    found = values(figures, "chat")
    (item,) = {
        option.id.split("|", 2)[2]
        for option in context.instance.options
        if option.id in {f.option for f in context.solution.flows}
    }
    offer = context.costs.apis[item]
    assert found["usd_per_mtok_input"] == pytest.approx(offer.usd_per_m_input.value)
    assert found["usd_per_mtok_cached"] == pytest.approx(offer.usd_per_m_input.value)
    assert found["usd_per_mtok_output"] == pytest.approx(offer.usd_per_m_output.value)


def test_energy_of_a_token_is_the_bill_over_the_tokens(solve):
    """Facility kWh x 3.6e6 over all tokens; tokens/s/MW is of the nameplate with cooling, and the reciprocal of its own J/token."""
    context, figures = solve("aggregated")
    found = values(figures, "plan")
    rows = power_rows(context)
    tokens = tokens_served(served(context)).sum()
    assert found["joules_per_token"] == pytest.approx(sum(row.energy_kwh for row in rows) * 1.3 * 3.6e6 / tokens)
    nameplate_mw = np.mean([row.nameplate_w for row in rows]) * 1.3 / 1e6
    assert found["tokens_s_per_mw"] == pytest.approx(tokens / (2 * 8760 * 3600) / nameplate_mw)
    assert found["provisioned_joules_per_token"] == pytest.approx(1e6 / found["tokens_s_per_mw"])
    assert found["provisioned_joules_per_token"] > found["joules_per_token"]


def test_carbon_of_tokens_is_energy_and_a_share_of_the_making(solve):
    """Energy [kWh] x PUE x 350 g, and 2,200 kg a server over four years."""
    context, figures = solve("aggregated")
    units = np.array([sum(row.count for row in context.solution.owned if row.period == t) for t in range(2)])
    grams = sum(row.energy_kwh for row in power_rows(context)) * 1.3 * 350 + units.sum() * 2_200_000 / 4
    mtok = tokens_served(served(context)).sum() / 1e6
    assert values(figures, "plan")["g_co2e_per_mtok"] == pytest.approx(grams / mtok)


def test_rented_machines_have_no_watts_of_ours(solve):
    """No energy per token, no carbon; cost and utilisation there are."""
    found = values(solve("rented")[1], "plan")
    assert not {"joules_per_token", "tokens_s_per_mw", "g_co2e_per_mtok"} & set(found)
    assert {"usd_per_accelerator_hour", "utilisation_of_nameplate"} <= set(found)


def test_a_rented_accelerator_hour_costs_what_the_offer_says(solve):
    """Every hour that is held is paid: the price of the offer."""
    context, figures = solve("rented")
    (price,) = {
        rental.usd_chip_hour.value
        for rental in context.costs.rentals
        if rental.item in {row.offer.rpartition("|")[0] for row in context.solution.rented}
    }
    assert values(figures, "plan")["usd_per_accelerator_hour"] == pytest.approx(price)


@pytest.mark.parametrize("name", ["aggregated", "apart", "two workloads", "rented", "stock idle"])
def test_the_denominators_of_utilisation_are_in_order(solve, name: str):
    """Busy within what is up within what is there; a token is dearest where least of the machine is used."""
    context, figures = solve(name)
    found = values(figures, "plan")
    busy = sum(part.chip_hours.sum() for part in served(context))
    assert busy <= chips_up(context).sum() * (1 + 1e-9)
    assert chips_up(context).sum() <= chips_present(context).sum() * (1 + 1e-9)
    assert found["utilisation_of_sla_feasible"] == pytest.approx(busy / chips_up(context).sum())
    assert found["utilisation_of_nameplate"] == pytest.approx(busy / chips_present(context).sum())
    gap = found["usd_per_mtok_at_sla_feasible"] - found["usd_per_mtok_at_nameplate"]
    assert gap * found["usd_per_mtok_at_nameplate"] >= 0.0  # the sale of a stock may earn more than the rest costs


def test_users_grow_with_their_requests(catalog: Catalog):
    """A million users at 2 requests a day cost the plan over their months: 12 a year, a third more users in the second year."""
    users = {"count": 1_000_000, "requests_per_day": 2.0}
    part = copy.deepcopy(SMALL["workloads"][0]) | {
        "demand": {"profile": "chat_realtime", "users": users},
        "growth": {"multipliers": [1.0, 1.5]},
    }
    context = solved(small(hardware=H100, workloads=[part]), catalog)
    drivers = drivers_of(context)
    items = cost_items(context, drivers)
    (figure,) = [one for one in figures_of(context, drivers, items) if one.id == "usd_per_user_month"]
    assert figure.divisor_by_period == pytest.approx((12e6, 18e6))
    months = 12e6 * 1.1**-0.5 + 18e6 * 1.1**-1.5
    assert figure.value == pytest.approx(sum(item.total_present_usd for item in items) / months)
