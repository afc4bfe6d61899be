"""Buy, rent or API for a workload of a plan: every input has its source, and the unit is one that the planner itself would size."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.crossover import crossovers_of
from planner.answer.smallest import Load, chosen_loads, fleets, tokens_month
from planner.economics.discounting import annuity_factor
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.lines import Driver, DriverSeries
from planner.economics.templates import COST_LINES
from planner.options.table import OptionRow
from planner.plan.money import Crossover
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

H100 = {"include": ["nvidia-h100-sxm"]}
HGX = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"


def chat(rate: float, *multipliers: float, **changes: object) -> list[dict[str, object]]:
    """Return the chat workload at another rate [requests/s]."""
    part = copy.deepcopy(SMALL["workloads"][0]) | changes
    part["demand"] = {"profile": "chat_realtime", "rate": f"{rate} requests/s"}
    if multipliers:
        part["growth"] = {"multipliers": list(multipliers)}
    return [part]


@pytest.fixture(scope="module")
def context(catalog: Catalog) -> Context:
    """Return a hall that grows from a third of a server to four."""
    site = SMALL["sites"][0] | {"space_per_rack": "9000 USD/year", "rack_power": "22 kW"}
    workloads = chat(3.0, 1.0, 3.0, 10.0, serving=["aggregated"])
    horizon = {"start": "2027-01-01", "periods": 3, "period": "year"}
    return solved(small(hardware=H100, workloads=workloads, sites=[site], horizon=horizon), catalog)


@pytest.fixture(scope="module")
def found(context: Context) -> Crossover:
    (one,) = crossovers_of(context)
    return one


def starting(found: Crossover, words: str) -> str:
    """Return the finding that starts with some words."""
    return next(finding for finding in found.findings if finding.startswith(words))


def test_every_way_names_its_price_and_source(found: Crossover):
    assert list(found.usd_month) == ["token API", "rent, scaled to zero", "rent, always on", "own"]
    assert "0.59 USD/Mtok input and 0.79 output (groq-price-tbl" in starting(found, "token API: GroqCloud")
    assert re.search(r"USD per accelerator-hour \([a-z]", starting(found, "rent: 1 x"))
    assert "255,237 USD each (epoch-prices 2025-01-31)" in starting(found, "own: 1 x HGX/DGX H100")


def test_owning_costs_what_the_cost_lines_say(context: Context, found: Crossover):
    """One server from the start to the horizon: bought, run, powered idle and at its peak; levelised over three years."""
    terms, (load,) = context.costs.terms, chosen_loads(context, "chat")
    idle_kw = context.idle_w[HGX] / 1e3
    full_kw = min(context.offerings[HGX].power.value, context.idle_w[HGX] + 8 // load.row.chips * load.row.busy_w) / 1e3
    drivers = [
        *ownership_series("hall", HGX, [1.0, 0.0, 0.0]),
        DriverSeries(Driver.RACKS, (0.5,) * 3, site="hall"),
        DriverSeries(Driver.IT_KW_PEAK, (full_kw,) * 3, site="hall"),
        *(
            DriverSeries(Driver.IT_KWH, tuple(idle_kw * context.hours[:, block]), site="hall", block=name)
            for block, name in enumerate(context.instance.blocks)
        ),
    ]
    yearly = net_present_cost(evaluate(COST_LINES, drivers, terms.book, terms.clock, terms.switches)) * annuity_factor(0.1, 3.0)
    assert found.usd_month["own"][0] == pytest.approx(yearly / 12.0)


def test_each_curve_is_its_price(context: Context, found: Crossover):
    """The API's is its blend of the mix; rent always on is whole instances for 730 h."""
    tokens = tokens_month(context, "chat").sum(axis=1)
    mix = tokens / tokens.sum()
    volume = np.array(found.volume_mtok_month)
    assert found.usd_month["token API"] == pytest.approx(volume * ((mix[0] + mix[1]) * 0.59 + mix[2] * 0.79))
    hourly = float(re.search(r"at ([\d.]+) USD per", starting(found, "rent: 1 x"))[1]) * 8 * 730
    steps = np.array(found.usd_month["rent, always on"]) / hourly
    assert steps == pytest.approx(np.round(steps))
    assert steps.min() >= 1.0


def test_crossings_have_the_date_at_which_demand_gets_there(found: Crossover):
    """Own overtakes the API when demand has grown; a reader learns the day."""
    words = starting(found, "own is cheaper than token API from")
    assert re.search(r"demand is there from (2028|2029)-\d\d-\d\d", words)


@pytest.mark.parametrize(("share", "units"), [(0.97, 1), (1.03, 2)])
def test_the_capacity_of_a_unit_is_the_planners(catalog: Catalog, share: float, units: int):
    """A little less than what a server is said to carry needs one, a little more needs two: bursts are those of its own volume."""

    def at(rate: float) -> tuple[Context, float]:
        context = solved(small(hardware=H100, workloads=chat(rate, 1.0, 1.0, serving=["aggregated"])), catalog)
        (fleet,) = fleets(chosen_loads(context, "chat"), (8,), shared=True)
        return context, fleet.mtok_month / float(tokens_month(context, "chat").sum(axis=0)[0])

    rate = 6.0  # near a server's worth, so that replicas share their queue as they do there
    plan, scale = at(share * rate * at(rate)[1])
    assert scale == pytest.approx(1.0 / share, rel=0.01)
    assert {row.count for row in plan.solution.owned if row.period == 0} == {units}


def test_what_nobody_sells_is_said(catalog: Catalog):
    """No public token price of the model, no place to own: the curves that exist, and words for the others."""
    workload = chat(2.0, model="qwen2.5-72b")
    context = solved(small(hardware=H100, sites=[], acquisition={"buy": False, "rent": True}, workloads=workload), catalog)
    (found,) = crossovers_of(context)
    assert not {"token API", "own"} & set(found.usd_month)
    assert starting(found, "token API: the catalog has no public price of both input and output tokens for qwen2.5-72b")
    assert starting(found, "own: no price and place for a system of H100")


def test_a_workload_without_machines_is_compared_with_the_cheapest_that_could_serve_it(catalog: Catalog):
    """A trickle goes to the API; what a server would need to carry is shown beside it."""
    workload = chat(0.02, 1.0, 1.0)
    context = solved(small(hardware=H100, acquisition={"buy": True, "token_api": True}, workloads=workload), catalog)
    assert not context.solution.owned
    (found,) = crossovers_of(context)
    assert starting(found, "no machine of the plan serves every request of this workload; ")
    assert re.search("never (for good|stays there)", starting(found, "own is cheaper than token API"))


def load(chips: int, mtok_month: float, *, bursts: float = 0.0) -> Load:
    """Return a load of which one replica carries a volume without bursts; nothing but the chips of its row counts here."""
    row = object.__new__(OptionRow)
    object.__setattr__(row, "chips", chips)
    return Load(row, np.array([1.0, 0.5]), np.array([bursts, bursts]), np.array([365.0, 365.0]), mtok_month, 0.1)


def test_a_pair_shares_its_units_in_the_split_that_carries_most():
    """Eight chips, prefill on one at 10, decode on two at 15: four and two carry min(40, 30), two and three min(20, 45)."""
    found = {fleet.replicas: fleet for fleet in fleets((load(1, 10.0), load(2, 15.0)), (8, 8), shared=True)}
    assert {fleet.units for fleet in found.values()} == {(1, 0)}
    assert (found[4, 2].mtok_month, found[2, 3].mtok_month) == (pytest.approx(30.0), pytest.approx(20.0))
    assert max(fleet.mtok_month for fleet in found.values()) == pytest.approx(30.0)


def test_halves_that_need_whole_units_take_both():
    """Sixteen chips for prefill and eight for decode on servers of eight: three servers, one replica each."""
    (fleet,) = fleets((load(16, 10.0), load(8, 7.0)), (8, 8), shared=True)
    assert (fleet.units, fleet.replicas, fleet.mtok_month) == ((3, 0), (1, 1), pytest.approx(7.0))


def test_bursts_weigh_less_on_a_larger_fleet():
    """Hourly load s, bursts 2 sqrt(s): one replica carries (sqrt 2 - 1)^2 = 0.17 of the demand, eight carry 4; hours as blocks need."""
    bursty = load(1, 100.0, bursts=2.0)
    assert bursty.carried_mtok_month(1) == pytest.approx(100 * (2**0.5 - 1) ** 2)
    assert bursty.carried_mtok_month(8) == pytest.approx(400.0)
    # Scale 4: blocks hold 4 + 4 = 8 and 2 + 4 = 6 replicas for 365 h each; 8 replica-hours carry 8 x 400 Mtok over all of them.
    assert bursty.carried_mtok_hour(8) == pytest.approx(8 * 400 / (14 * 365))
