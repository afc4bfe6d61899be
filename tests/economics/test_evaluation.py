"""Cost lines as one arithmetic: rows by hand, rows against coefficients, linearity, switches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock, stated
from planner.economics.discounting import Convention, Timing
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import (
    cash_usd,
    coefficients,
    counted_at_zero,
    evaluate,
    exclusions,
    missing,
    net_present_cost,
)
from planner.economics.lines import DRIVER_UNITS, Driver, DriverSeries, Group, LineTemplate, Switches
from planner.economics.switches import Billing, line_switches
from planner.economics.templates import CARBON_LINES, COST_LINES
from planner.errors import InputError

TIME = clock()
BOOK = book(TIME)
ON = line_switches(BOOK, {})
ITEMS = {
    Driver.UNIT_HOURS_ON_DEMAND: "cloud-box",
    Driver.MTOK_INPUT: "api",
    Driver.MTOK_CACHED: "api",
    Driver.MTOK_OUTPUT: "api",
    Driver.UNSERVED_REQUESTS: "chat",
}
PRICED = [
    driver for driver in Driver if not missing(COST_LINES, DriverSeries(driver, (), SITE, ITEMS.get(driver, BOX)), BOOK, ON)
]


def rows(*series: DriverSeries, **options: object) -> tuple:
    """Return the evaluated rows of some quantities in the small world."""
    return evaluate(COST_LINES, series, options.get("book", BOOK), options.get("clock", TIME), options.get("switches", ON))


def by_line(items: tuple) -> dict[str, tuple[float, ...]]:
    """Return the undiscounted USD of each line."""
    return {item.line: item.usd for item in items}


def test_a_purchase_by_hand() -> None:
    """Three units in year 2 at 1,000: systems 3,000, network 300, storage 60; start of year 2 = divided by 1.1."""
    items = rows(DriverSeries(Driver.UNITS_BOUGHT, (0.0, 3.0, 0.0, 0.0), SITE, BOX))
    assert by_line(items) == {
        "capex.systems": (0.0, 3000.0, 0.0, 0.0),
        "capex.network": (0.0, 300.0, 0.0, 0.0),
        "capex.storage": (0.0, 60.0, 0.0, 0.0),
    }
    assert net_present_cost(items) == pytest.approx(3360 / 1.1, rel=1e-14)


def test_energy_by_hand() -> None:
    """1,000 IT kWh at the peak × PUE 1.5 × 0.20 = 300; off-peak at the site's tariff 0.10 = 150; end of the year."""
    peak = DriverSeries(Driver.IT_KWH, (1000.0, 0.0, 0.0, 0.0), SITE, block="peak")
    valley = DriverSeries(Driver.IT_KWH, (1000.0, 0.0, 0.0, 0.0), SITE, block="valley")
    items = rows(peak, valley)
    assert [(item.block, item.usd[0]) for item in items] == [("peak", pytest.approx(300)), ("valley", pytest.approx(150))]
    assert net_present_cost(items) == pytest.approx(450 / 1.1)


def test_the_charge_on_the_peak_by_hand() -> None:
    """100 kW × PUE 1.5 × 10 USD × 12 months = 18,000 a year."""
    items = rows(DriverSeries(Driver.IT_KW_PEAK, (100.0,) * 4, SITE))
    assert items[0].usd == pytest.approx((18_000.0,) * 4)


def test_running_an_owned_unit_by_hand() -> None:
    """Support 5 % of 1,000 = 50; staff 8 accelerators × 10 = 80; one year of two units: 260."""
    items = rows(DriverSeries(Driver.UNITS_OWNED, (2.0, 0.0, 0.0, 0.0), SITE, BOX))
    assert sum(item.usd[0] for item in items) == pytest.approx(260)


def test_residual_value_by_hand() -> None:
    """Life 6, horizon 4: bought at the start, a third of 1,000 is left at the end; bought a year later, half."""
    items = rows(DriverSeries(Driver.UNITS_KEPT, (1.0, 1.0, 0.0, 0.0), SITE, BOX), book=book(TIME, life_years=6.0))
    assert items[0].usd == pytest.approx((-1000 / 3, -500.0, 0.0, 0.0))
    assert items[0].total_present_usd == pytest.approx(-(1000 / 3 + 500) / 1.1**4)
    assert cash_usd(items, TIME) == pytest.approx([0.0, 0.0, 0.0, -(1000 / 3 + 500)])


def test_a_mid_life_sale_by_hand() -> None:
    """Bought in year 1, sold at the start of year 3 (age 2 of 4): half of 1,000, discounted two years."""
    items = rows(DriverSeries(Driver.UNITS_RETIRED, (0.0, 0.0, 1.0, 0.0), SITE, BOX, cohort=0))
    assert items[0].usd == pytest.approx((0, 0, -500.0, 0))
    assert items[0].total_present_usd == pytest.approx(-500 / 1.21)


def test_a_sale_is_priced_by_what_was_paid_and_by_age_not_by_todays_price() -> None:
    """Price path 1, 0.8, 0.64, 0.512; bought in year 2 for 800, sold at age 2: half of it."""
    path = book(TIME, stated("price_index[box]", 1.0, 0.8, 0.64, 0.512))
    items = rows(DriverSeries(Driver.UNITS_RETIRED, (0, 0, 0, 1.0), SITE, BOX, cohort=1), book=path)
    assert items[0].usd[3] == pytest.approx(-400.0)


def test_units_owned_before_the_plan_are_sold_at_their_age() -> None:
    """Two years old at the start: at the start of year 2 they are three of four, a quarter of today's list price."""
    items = rows(DriverSeries(Driver.UNITS_RETIRED, (0, 1.0, 0, 0), SITE, BOX, cohort=-2))
    assert items[0].usd[1] == pytest.approx(-250.0)


def test_renting_and_tokens_by_hand() -> None:
    """730 unit-hours × 2 USD = 1,460; 3 Mtok in × 1 + 2 cached × 0.5 + 1 out × 4 = 8."""
    rent = rows(DriverSeries(Driver.UNIT_HOURS_ON_DEMAND, (730.0, 0, 0, 0), "cloud", "cloud-box"))
    assert rent[0].usd[0] == pytest.approx(1460)
    quantities = {Driver.MTOK_INPUT: 3.0, Driver.MTOK_CACHED: 2.0, Driver.MTOK_OUTPUT: 1.0}
    tokens = rows(*(DriverSeries(driver, (mtok, 0, 0, 0), "", "api") for driver, mtok in quantities.items()))
    assert sum(item.usd[0] for item in tokens) == pytest.approx(8.0)


def test_a_loan_at_the_discount_rate_changes_nothing() -> None:
    """All of the price borrowed for three years at 10 %, discounted at 10 %: the same net present cost as cash."""
    from planner.economics.defaults import loan_assumptions

    loan = book(TIME, stated("financed_share", 1.0), *loan_assumptions(TIME, 0.1, 3.0))
    fleet = ownership_series(SITE, BOX, [1.0, 0.0, 2.0, 0.0], loan_periods=3)
    with_loan = rows(*fleet, book=loan, switches=line_switches(loan, {}))
    cash = rows(*ownership_series(SITE, BOX, [1.0, 0.0, 2.0, 0.0]))
    assert any(item.group is Group.FINANCING for item in with_loan)
    assert net_present_cost(with_loan) == pytest.approx(net_present_cost(cash), rel=1e-12)


def test_each_row_is_its_quantity_times_its_factors() -> None:
    """What a workbook writes: sign × quantity × the named value of each assumption, period by period."""
    fleet = ownership_series(SITE, BOX, [2.0, 1.0, 0.0, 1.0], {(0, 2): 1.0}, opening_units=1.0, opening_age_periods=2)
    for item in rows(*fleet):
        for period, quantity in enumerate(item.quantity):
            value = item.sign * quantity
            for use in item.factors:
                value *= BOOK[use.assumption_id].values[use.positions[period]]
            assert item.usd[period] == pytest.approx(value, rel=1e-14)
        assert item.present_usd == pytest.approx(np.asarray(item.usd) * TIME.factors(item.timing), rel=1e-14)


quantity = st.floats(0.0, 1e6)


@st.composite
def driver_series(draw: st.DrawFn) -> DriverSeries:
    """Return any quantity that the small world can price."""
    driver = draw(st.sampled_from(PRICED))
    cohort = draw(st.integers(-2, 3)) if driver in (Driver.UNITS_RETIRED, Driver.UNITS_FINANCED) else None
    first = max(cohort or 0, 0)
    values = tuple(draw(quantity) if period >= first else 0.0 for period in range(4))
    block = draw(st.sampled_from(["", "peak", "valley"])) if driver is Driver.IT_KWH else ""
    return DriverSeries(driver, values, SITE, ITEMS.get(driver, BOX), block, cohort)


many = st.lists(driver_series(), min_size=1, max_size=6, unique_by=lambda series: series.key)


@given(many, st.floats(0.0, 0.4), st.sampled_from(list(Convention)))
def test_coefficients_times_quantities_are_the_sum_of_the_rows(series: list[DriverSeries], rate: float, kind: Convention) -> None:
    """The objective of the program is the total of the workbook."""
    time = clock(rate=rate, convention=kind)
    total = net_present_cost(rows(*series, clock=time))
    priced = sum(float(coefficients(COST_LINES, one, BOOK, time, ON) @ np.asarray(one.quantity)) for one in series)
    assert priced == pytest.approx(total, rel=1e-9, abs=1e-6)


@given(many, st.floats(0.0, 100.0))
def test_twice_the_quantity_costs_twice(series: list[DriverSeries], scale: float) -> None:
    """Homogeneous of degree one in quantities."""
    scaled = [
        DriverSeries(one.driver, tuple(scale * value for value in one.quantity), one.site, one.item, one.block, one.cohort)
        for one in series
    ]
    assert net_present_cost(rows(*scaled)) == pytest.approx(scale * net_present_cost(rows(*series)), rel=1e-9, abs=1e-6)


@given(many, many)
def test_parts_add_up_to_the_whole(some: list[DriverSeries], others: list[DriverSeries]) -> None:
    """Additive over quantities, in any order."""
    assert net_present_cost(rows(*some, *others)) == pytest.approx(
        net_present_cost(rows(*some)) + net_present_cost(rows(*others)), rel=1e-9, abs=1e-6
    )


@given(many)
def test_the_order_of_the_input_does_not_show(series: list[DriverSeries]) -> None:
    """Same rows in the same order."""
    assert rows(*series) == rows(*reversed(series))


@given(st.lists(quantity, min_size=4, max_size=4), st.floats(1.0, 3.0))
def test_a_dearer_system_never_makes_a_kept_fleet_cheaper(bought: list[float], dearer: float) -> None:
    """Monotone in the price while value at the horizon is at most the price."""
    fleet = ownership_series(SITE, BOX, bought)
    base = net_present_cost(rows(*fleet))
    risen = net_present_cost(rows(*fleet, book=book(TIME, stated("purchase_usd[box]", 1000.0 * dearer))))
    assert risen >= base - 1e-6 * abs(base)


@given(many)
def test_at_a_zero_rate_present_cost_is_cash(series: list[DriverSeries]) -> None:
    """No discounting: what is paid is what it costs."""
    time = clock(rate=0.0)
    items = rows(*series, clock=time)
    assert net_present_cost(items) == pytest.approx(float(cash_usd(items, time).sum()), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("line", [template.id for template in COST_LINES])
def test_every_line_can_be_switched_off_and_is_then_reported(line: str) -> None:
    """Off = no row, a zero coefficient, and a sentence in the list of exclusions."""
    template = next(one for one in COST_LINES if one.id == line)
    switches = line_switches(BOOK, {}, [line])
    series = DriverSeries(template.driver, (1.0,) * 4, SITE, ITEMS.get(template.driver, BOX), cohort=0)
    assert not list(evaluate([template], [series], BOOK, TIME, switches))
    assert not coefficients([template], series, BOOK, TIME, switches).any()
    assert (line, "left out by the scenario") in [(one.line, one.why) for one in exclusions(COST_LINES, switches)]


def test_what_is_missing_is_named() -> None:
    """No price of another box: the reason why it cannot be chosen."""
    other = DriverSeries(Driver.UNITS_BOUGHT, (1.0,) * 4, SITE, "other")
    assert missing(COST_LINES, other, BOOK, ON) == ("purchase_usd[other]",)
    with pytest.raises(InputError, match=r"purchase_usd\[other\]: no value is known"):
        rows(other)


def test_a_path_of_the_wrong_length_is_refused() -> None:
    """Three prices for four years."""
    short = book(TIME, stated("price_index[box]", 1.0, 0.9, 0.8))
    with pytest.raises(InputError, match="needs one value or 4"):
        rows(DriverSeries(Driver.UNITS_BOUGHT, (1.0,) * 4, SITE, BOX), book=short)
    with pytest.raises(InputError, match="needs 4 quantities"):
        rows(DriverSeries(Driver.UNITS_BOUGHT, (1.0,) * 3, SITE, BOX))


def test_an_unused_quantity_gives_no_row() -> None:
    """All zero: nothing to report."""
    assert rows(DriverSeries(Driver.UNITS_BOUGHT, (0.0,) * 4, SITE, "unpriced")) == ()


def test_carbon_is_counted_and_not_discounted() -> None:
    """1,000 kWh × 1.5 × 0.35 = 525 kg in whatever year; 2,200 kg over four years is 550 a year."""
    energy = DriverSeries(Driver.IT_KWH, (0.0, 0.0, 0.0, 1000.0), SITE)
    owned = DriverSeries(Driver.UNITS_OWNED, (1.0, 0.0, 0.0, 0.0), SITE, BOX)
    kilograms = {item.line: item.total_present_usd for item in evaluate(CARBON_LINES, [energy, owned], BOOK, TIME)}
    assert kilograms == pytest.approx({"carbon.operational": 525.0, "carbon.embodied": 550.0})


def test_a_site_that_pays_all_in_is_not_billed_for_energy() -> None:
    """One site by meter, one all-in: the same kWh costs only at the first."""
    two = book(TIME, stated("pue", 1.5), stated("tariff_usd_kwh", 0.1), stated("colocation_usd_kw_month", 200.0))
    switches = line_switches(two, {"dc": Billing.METERED, "colo": Billing.ALL_IN})
    series = [
        DriverSeries(driver, (10.0,) * 4, site) for driver in (Driver.IT_KWH, Driver.IT_KW_CONTRACTED) for site in ("dc", "colo")
    ]
    found = {(item.line, item.site) for item in rows(*series, book=two, switches=switches)}
    assert found == {("opex.energy", "dc"), ("opex.colocation", "colo")}


def test_a_line_counted_at_zero_says_which_figure_is_zero() -> None:
    """Space at no rent is on, costs nothing, and the reader is told; energy is not on the list."""
    free = book(TIME, stated("rack_usd_year[dc]", 0.0))
    items = rows(DriverSeries(Driver.RACKS, (2.0,) * 4, SITE), DriverSeries(Driver.IT_KWH, (1.0,) * 4, SITE), book=free)
    assert [(one.line, one.site, one.why) for one in counted_at_zero(items, free)] == [
        ("opex.space", "dc", "counted at zero: rack_usd_year[dc] is 0")
    ]


class TestTemplates:
    """The list of lines itself."""

    def test_ids_are_unique_and_start_with_their_group(self) -> None:
        """`capex.systems` is a capex line."""
        ids = [template.id for template in COST_LINES]
        assert len(set(ids)) == len(ids)
        assert all(template.id.split(".")[0] == template.group.value for template in COST_LINES)

    def test_every_driver_has_a_unit_and_costs_something(self) -> None:
        """No quantity that nobody multiplies."""
        assert set(DRIVER_UNITS) == set(Driver)
        assert {template.driver for template in COST_LINES} == set(Driver)

    def test_a_line_that_is_off_says_why_and_what_switches_it_on(self) -> None:
        """The reason is printed on the cover; the assumption is one of its factors."""
        for template in COST_LINES:
            assert bool(template.why_off) == bool(template.enabled_by), template.id
            assert not template.enabled_by or template.enabled_by in {factor.name for factor in template.factors}, template.id

    @pytest.mark.parametrize("template", [*COST_LINES, *CARBON_LINES], ids=lambda template: template.id)
    def test_every_factor_is_in_the_vocabulary(self, template: LineTemplate) -> None:
        """A label and a unit for each number of the Inputs sheet."""
        from planner.economics.vocabulary import DEFINITIONS

        assert template.factors
        assert all(factor.name in DEFINITIONS for factor in template.factors)

    def test_costs_at_the_horizon_are_terminal_or_balances(self) -> None:
        """Nothing else is paid after the plan."""
        late = {template.group for template in COST_LINES if template.timing is Timing.HORIZON}
        assert late == {Group.TERMINAL, Group.FINANCING}


def test_switches_know_lines_and_sites() -> None:
    """Off everywhere, off at one site, on elsewhere."""
    switches = Switches({"a": "why"}, {("b", "x"): "there"})
    assert (switches.is_on("a"), switches.is_on("b", "x"), switches.is_on("b", "y")) == (False, False, True)
    assert math.isclose(net_present_cost([]), 0.0)
