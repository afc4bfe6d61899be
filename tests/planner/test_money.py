"""Cost lines of solved scenarios: they add up to what the program minimised, and each is a sum that can be done by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.fleet import fleet_rows, power_rows
from planner.answer.money import cost_items, drivers_of, money_of
from planner.economics.discounting import Timing
from planner.economics.evaluation import net_present_cost
from planner.economics.lines import Driver, LineItem
from planner.errors import InputError
from planner.plan.money import Money
from planner.scenario import read_scenario
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HGX = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"
H100 = {"include": ["nvidia-h100-sxm"]}
YEARS = {"start": "2027-01-01", "periods": 3, "period": "year"}


def workload(rate: float, *multipliers: float) -> list[dict[str, object]]:
    """Return the chat workload at another rate [requests/s], its volume multiplied by period."""
    part = copy.deepcopy(SMALL["workloads"][0])
    part["demand"]["rate"] = f"{rate} requests/s"
    if multipliers:
        part["growth"] = {"multipliers": list(multipliers)}
    return [part]


def hall(**changes: object) -> list[dict[str, object]]:
    """Return the one site with parts replaced."""
    return [SMALL["sites"][0] | changes]


CASES: dict[str, dict[str, object]] = {
    "owned": {"hardware": H100, "workloads": workload(40)},
    "life shorter than the horizon": {
        "hardware": H100,
        "horizon": YEARS | {"periods": 4},
        "workloads": workload(40),
        "economics": {"economic_life_years": 2.0, "residual_fraction": 0.1},
    },
    "a life that ends inside a period": {
        "hardware": H100,
        "horizon": YEARS | {"periods": 4},
        "workloads": workload(30),
        "economics": {"economic_life_years": 2.5},
    },
    "stock": {"hardware": H100 | {"stock": {HGX: {"hall": 3}}}, "horizon": YEARS, "workloads": workload(40)},
    "stock that is sold": {
        "hardware": H100 | {"stock": {HGX: {"hall": 9}}},
        "horizon": YEARS,
        "workloads": workload(40, 1, 1, 0.2),
        "economics": {"assumptions": {"resale_share": "90 %", "stock_age_years": "1 years"}},
    },
    "new machines sold in mid-life": {
        "hardware": H100,
        "horizon": YEARS,
        "workloads": workload(40, 1, 0.3, 0.3),
        "economics": {"assumptions": {"resale_share": "100 %"}},
    },
    "a loan": {
        "hardware": H100,
        "workloads": workload(20),
        "economics": {"assumptions": {"financed_share": "60 %", "loan_rate": "9 %/year", "loan_term_years": "3 years"}},
    },
    "rent on demand": {
        "hardware": H100,
        "sites": [],
        "acquisition": {"buy": False, "rent": True},
        "workloads": workload(40),
    },
    "rent reserved beyond the horizon": {
        "hardware": H100,
        "sites": [],
        "acquisition": {"buy": False, "quotes": [{"system": HGX, "price_per_chip": "1.50 USD/h", "term": "26280 h"}]},
        "workloads": workload(40, 1, 2),
    },
    "rent reserved for a part": {
        "hardware": H100,
        "sites": [],
        "horizon": YEARS,
        "acquisition": {"buy": False, "quotes": [{"system": HGX, "price_per_chip": "1.50 USD/h", "term": "17520 h"}]},
        "workloads": workload(40, 1, 1.5, 0.4),
    },
    "colocation, energy by the meter": {
        "hardware": H100,
        "workloads": workload(20),
        "sites": hall(colocation={"rate": "150 USD/kW/month"}, space_per_rack="9000 USD/year", racks=20, rack_power="22 kW"),
    },
    "colocation, all in": {
        "hardware": H100,
        "workloads": workload(20),
        "sites": hall(colocation={"rate": "190 USD/kW/month", "includes_energy": True}),
        "policy": {"carbon_price_usd_per_t": 50.0},
    },
    "by the hour of the day": {
        "hardware": H100,
        "workloads": workload(20),
        "sites": hall(
            tariff={"energy": "0.08 USD/kWh", "time_of_use": [{"hours": "16-21", "energy": "0.25 USD/kWh"}], "demand_charge": "15 USD/kW/month"},
            space_per_rack="9000 USD/year",
            rack_power="22 kW",
        ),
    },
    "three equal halls": {"hardware": H100, "workloads": workload(60), "sites": hall(count=3)},
}  # fmt: skip


@pytest.fixture(scope="module")
def solve(catalog: Catalog):
    """Return the solved context of a named case, each solved once."""
    known: dict[str, Context] = {}

    def of(name: str) -> Context:
        if name not in known:
            known[name] = solved(small(**CASES[name]), catalog)
        return known[name]

    return of


def money(context: Context) -> Money:
    """Return the money of a solution, without figures."""
    return money_of(context, drivers_of(context), ())


def line(context: Context, name: str) -> list[LineItem]:
    """Return the rows of one cost line."""
    return [item for item in cost_items(context, drivers_of(context)) if item.line == name]


def usd(context: Context, name: str) -> np.ndarray:
    """Return the undiscounted cost of one line by period."""
    return np.sum([item.usd for item in line(context, name)], axis=0)


@pytest.mark.parametrize("name", CASES)
def test_cost_lines_add_up_to_what_the_program_minimised(solve, name: str):
    """To 1e-9 relative; the certificate's exact cost likewise."""
    context = solve(name)
    total = net_present_cost(cost_items(context, drivers_of(context)))
    assert context.solution.certificate is not None
    assert context.solution.certificate.valid
    assert total == pytest.approx(context.solution.objective_usd, rel=1e-9)
    assert total == pytest.approx(context.solution.certificate.cost_usd, rel=1e-9)


def test_cost_lines_of_the_edge_add_up(catalog: Catalog):
    """Four hundred equal shops."""
    context = solved(read_scenario(EXAMPLES / "edge.yaml"), catalog)
    total = net_present_cost(cost_items(context, drivers_of(context)))
    assert total == pytest.approx(context.solution.objective_usd, rel=1e-9)


def test_a_unit_is_gone_when_its_life_ends(solve):
    """Bought at the start of year 0 with a life of two years, it is sold for a tenth of its price at the start of year 2."""
    context = solve("life shorter than the horizon")
    rows = {row.period: row for row in fleet_rows(context)}
    assert rows[2].left == rows[0].arrived > 0
    assert rows[3].left == rows[1].arrived
    sold = usd(context, "terminal.resale")
    price = context.costs.terms.book.resolve("purchase_usd", (HGX,)).values[0]
    assert sold.tolist() == pytest.approx([0, 0, -0.1 * price * rows[2].left, -0.1 * price * rows[3].left])


def test_a_life_that_ends_inside_a_period_ends_at_its_start(solve):
    """Two and a half years serve two yearly periods; the fifth of its value that is left is sold then."""
    context = solve("a life that ends inside a period")
    rows = {row.period: row for row in fleet_rows(context)}
    assert rows[2].left == rows[0].arrived > 0
    price = context.costs.terms.book.resolve("purchase_usd", (HGX,)).values[0]
    assert usd(context, "terminal.resale")[2] == pytest.approx(-0.2 * price * rows[2].left)


def test_stock_serves_the_rest_of_its_life(solve):
    """Nobody says how old it is: halfway through four years, so gone after two; the book says so."""
    context = solve("stock")
    left = {row.period: row.left for row in fleet_rows(context)}
    assert left == {0: 0, 1: 0, 2: 3}
    stated = {one.id: one for one in money(context).assumptions}["stock_age_years"]
    assert stated.values == (2.0,)
    assert "halfway" in stated.note


def test_what_a_stock_is_worth_anyway_is_no_result_of_the_plan(solve):
    """Stock left alone brings no credit; sold, it brings its price at its age less what it would have been worth in the end."""
    assert not [item for item in line(solve("stock"), "terminal.residual") if (item.cohort or 0) < 0]
    context = solve("stock that is sold")
    price = context.costs.terms.book.resolve("purchase_usd", (HGX,)).values[0]
    left = np.array([0, 0, 0])
    for row in fleet_rows(context):
        left[row.period] = row.left
    assert left.sum() > 0
    # One year old at the start, worth 3/4 then; sold after one year at 1/2, after two at 1/4, each at 90 %.
    assert usd(context, "terminal.resale").tolist() == pytest.approx((-0.9 * price * left * [0.75, 0.5, 0.25]).tolist())


def test_a_commitment_is_paid_while_it_runs_and_cut_at_the_horizon(solve):
    """Units held in a period x 8 chips x 1.50 USD/h x 8,760 h; what is signed in the second year of two runs one year of three."""
    for name in ("rent reserved beyond the horizon", "rent reserved for a part"):
        context = solve(name)
        held = np.zeros(context.periods)
        for row in fleet_rows(context):
            held[row.period] += row.units
        assert usd(context, "rent.reserved").tolist() == pytest.approx((held * 8 * 1.5 * 8760).tolist())
    drivers = drivers_of(solve("rent reserved for a part"))
    signed = next(series for series in drivers if series.driver is Driver.UNITS_COMMITTED)
    running = next(series for series in drivers if series.driver is Driver.UNITS_RESERVED)
    assert running.quantity[1] == signed.quantity[0] + signed.quantity[1]
    assert running.quantity[2] == signed.quantity[1] + signed.quantity[2]


def test_a_kilowatt_hour_is_billed_by_the_tariff_of_its_block(solve):
    """Energy of the block [kWh] x PUE 1.3 x the mean of the block's hours: 0.25 from 16 to 21, else 0.08."""
    context = solve("by the hour of the day")
    blocks = context.demand.block_set.hour_of_week_blocks()
    hour = np.arange(168) % 24
    price = np.where((hour >= 16) & (hour < 21), 0.25, 0.08)
    mean = np.array([price[blocks == block].mean() for block in range(context.blocks)])
    kwh = np.array([row.drawn_w_by_block for row in power_rows(context)]) / 1e3 * context.hours
    assert usd(context, "opex.energy").tolist() == pytest.approx((kwh @ mean * 1.3).tolist())


def test_the_demand_charge_is_on_the_highest_draw_with_cooling(solve):
    """Facility kW x 15 USD x 12 months, in the middle of the year at 10 %."""
    context = solve("by the hour of the day")
    peak = np.array([row.facility_peak_w for row in power_rows(context)]) / 1e3
    assert usd(context, "opex.demand_charge").tolist() == pytest.approx((peak * 15 * 12).tolist())
    (item,) = line(context, "opex.demand_charge")
    assert item.present_usd == pytest.approx(tuple(peak * 15 * 12 * 1.1 ** -np.array([0.5, 1.5])))


def test_space_is_paid_by_the_rack_position(solve):
    """A server of 10.2 kW and two to a rack of 22 kW: half a rack each at 9,000 USD a year."""
    context = solve("by the hour of the day")
    units = np.array([row.units for row in fleet_rows(context)])
    assert usd(context, "opex.space").tolist() == pytest.approx((units * 0.5 * 9000).tolist())


def test_colocation_is_paid_for_the_nameplate_of_what_stands_there(solve):
    """Nameplate [kW] x 150 USD x 12 months; space is in the fee, energy is not and stays on the meter."""
    context = solve("colocation, energy by the meter")
    nameplate = np.array([row.nameplate_w for row in power_rows(context)]) / 1e3
    assert usd(context, "opex.colocation").tolist() == pytest.approx((nameplate * 150 * 12).tolist())
    kwh = np.array([row.energy_kwh for row in power_rows(context)])
    assert usd(context, "opex.energy").tolist() == pytest.approx((kwh * 1.3 * 0.08).tolist())
    assert not line(context, "opex.space")


def test_an_all_in_fee_bills_no_kilowatt_hour_again(solve):
    """No energy, no demand charge: they are in the 190 USD; the price of carbon is not."""
    context = solve("colocation, all in")
    assert not line(context, "opex.energy")
    assert not line(context, "opex.demand_charge")
    nameplate = np.array([row.nameplate_w for row in power_rows(context)]) / 1e3
    assert usd(context, "opex.colocation").tolist() == pytest.approx((nameplate * 190 * 12).tolist())
    left_out = {(one.line, one.site): one.why for one in money(context).excluded}
    assert "all-in" in left_out["opex.energy", "hall"]


def test_a_price_of_carbon_is_paid_on_what_the_energy_emits(solve):
    """Energy [kWh] x PUE 1.3 x 0.35 kg x 0.05 USD."""
    context = solve("colocation, all in")
    kwh = np.array([row.energy_kwh for row in power_rows(context)])
    assert usd(context, "opex.carbon_price").tolist() == pytest.approx((kwh * 1.3 * 0.35 * 0.05).tolist())


def test_figures_of_equal_sites_are_of_all_of_them(solve):
    """Three halls draw three times what one draws."""
    context = solve("three equal halls")
    kwh = np.array([row.energy_kwh for row in power_rows(context)])
    assert usd(context, "opex.energy").tolist() == pytest.approx((3 * kwh * 1.3 * 0.08).tolist())


def test_the_reader_learns_what_is_not_counted(solve, catalog: Catalog):
    """Off by default, zero because nothing is stated, never counted – each with its reason."""
    found = {one.line or one.label: one.why for one in money(solve("owned")).excluded}
    assert "state the licence" in found["opex.software"]
    assert found["income tax and the tax shield of depreciation"] == "never counted"
    free = money(solved(small(hardware=H100, workloads=workload(20), sites=hall(tariff={"energy": "0 USD/kWh"})), catalog))
    assert {one.line: one.why for one in free.excluded}["opex.energy"].startswith("counted at zero: tariff_usd_kwh")
    stated = small(hardware=H100, workloads=workload(20), economics={"assumptions": {"fte_usd_year": "150000 USD/year"}})
    people = {one.line: one.why for one in money(solved(stated, catalog)).excluded}
    assert "a plan has no quantity of it (full-time staff)" in people["opex.site_staff"]


def test_book_value_follows_the_fleet_and_not_the_plan_of_paying(solve):
    """Depreciation of what was bought, over five years of book life, until it is sold; a loan changes nothing."""
    context = solve("owned")
    totals = money(context).totals
    capex = sum(sum(item.usd) for item in cost_items(context, drivers_of(context)) if item.group.value == "capex")
    assert sum(totals.depreciation_by_period_usd) + totals.book_value_by_period_usd[-1] == pytest.approx(capex)


def test_present_value_is_cash_times_the_factor_of_its_timing(solve):
    """Every row, by its own timing."""
    context = solve("a loan")
    factors = {timing.value: np.array(values) for timing, values in ((t, context.costs.terms.clock.factors(t)) for t in Timing)}
    for item in cost_items(context, drivers_of(context)):
        assert item.present_usd == pytest.approx(tuple(np.array(item.usd) * factors[item.timing.value]))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"policy": {"carbon_limit_kg": 1e6}}, "policy.carbon_limit_kg"),
        ({"policy": {"carbon_price_usd_per_t": 50.0}}, "policy.carbon_price_usd_per_t"),
        ({"goal": {"minimise": "carbon", "cost_ceiling": "9000000 USD"}}, "goal.minimise"),
    ],
)
def test_carbon_of_an_unknown_grid_is_not_zero(catalog: Catalog, asked: dict[str, object], field: str):
    """A limit that nothing can break would be worse than none."""
    site = {key: value for key, value in SMALL["sites"][0].items() if key != "carbon_intensity"}
    with pytest.raises(InputError, match=rf"sites\[0\]\.carbon_intensity: {field} needs what a kWh emits at hall"):
        solved(small(hardware=H100, workloads=workload(20), sites=[site], **asked), catalog)


def test_emissions_that_nobody_knows_are_said(solve, catalog: Catalog):
    """A grid without an intensity; machines of others."""
    site = {key: value for key, value in SMALL["sites"][0].items() if key != "carbon_intensity"}
    own = money(solved(small(hardware=H100, workloads=workload(20), sites=[site]), catalog))
    assert own.totals.operational_kg_co2e is None
    assert {one.site for one in own.excluded if one.line == "carbon.operational"} == {"hall"}
    assert {one.site for one in money(solve("rent on demand")).excluded if one.line == "carbon.operational"} == {"cloud"}
