"""Totals, cash, accounts and emissions of a whole small fleet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock
from planner.economics.discounting import annuity_factor
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate
from planner.economics.lines import Driver, DriverSeries
from planner.economics.summary import asset_account, carbon_items, emissions, summarise
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES

TIME = clock()
BOOK = book(TIME)
ON = line_switches(BOOK, {})


def fleet(bought: list[float]) -> list[DriverSeries]:
    """Return boxes and the energy that they draw."""
    energy = DriverSeries(Driver.IT_KWH, (1000.0,) * 4, SITE, block="peak")
    return [*ownership_series(SITE, BOX, bought), energy]


@given(st.lists(st.floats(0.0, 100.0), min_size=4, max_size=4))
def test_every_way_of_adding_up_gives_the_same_total(bought: list[float]) -> None:
    """By period, by group, by line."""
    summary = summarise(evaluate(COST_LINES, fleet(bought), BOOK, TIME, ON), TIME)
    total = summary.net_present_cost_usd
    for parts in (summary.present_by_period_usd, summary.present_by_group_usd.values(), summary.present_by_line_usd.values()):
        assert sum(parts) == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert summary.equivalent_annual_cost_usd == pytest.approx(total * annuity_factor(0.1, 4.0))


def test_cash_by_hand() -> None:
    """One box: 1,120 + running 50 + 80 + energy 300 in year 1, 430 after; nothing left after four years."""
    summary = summarise(evaluate(COST_LINES, fleet([1.0, 0, 0, 0]), BOOK, TIME, ON), TIME)
    assert summary.cash_by_period_usd == pytest.approx((1550, 430, 430, 430))


def test_the_books_write_off_price_network_and_storage() -> None:
    """1,120 over a book life of five years: 224 a year, 224 left after four."""
    account = asset_account(fleet([1.0, 0, 0, 0]), BOOK, TIME, ON)
    assert account.depreciation == pytest.approx([224.0] * 4)
    assert account.closing == pytest.approx([896, 672, 448, 224])


def test_the_books_lose_what_leaves_early() -> None:
    """Two boxes, one leaves at the start of year 3 at 1,120 × 3/5."""
    series = ownership_series(SITE, BOX, [2.0, 0, 0, 0], {(0, 2): 1.0})
    account = asset_account(series, BOOK, TIME, ON)
    assert account.disposals == pytest.approx([0, 0, 672, 0])
    assert account.depreciation == pytest.approx([448, 448, 224, 224])


def test_emissions_of_a_fleet() -> None:
    """1,000 kWh × 1.5 × 0.35 × 4 years = 2,100 kg; one box over its whole life 2,200 kg."""
    found = emissions(carbon_items(fleet([1.0, 0, 0, 0]), BOOK, TIME))
    assert (found.operational_kg, found.embodied_kg) == pytest.approx((2100.0, 2200.0))


def test_a_site_of_unknown_intensity_has_no_operational_row() -> None:
    """Unknown stays unknown; embodied is still counted."""
    elsewhere = DriverSeries(Driver.IT_KWH, (1000.0,) * 4, "elsewhere")
    items = carbon_items([elsewhere, *ownership_series(SITE, BOX, [1.0, 0, 0, 0])], BOOK, TIME)
    assert {item.line for item in items} == {"carbon.embodied"}


def test_totals_do_not_depend_on_the_order_of_quantities() -> None:
    """Bit for bit."""
    series = fleet([1.0, 2.0, 0.0, 3.0])
    one = summarise(evaluate(COST_LINES, series, BOOK, TIME, ON), TIME)
    other = summarise(evaluate(COST_LINES, list(reversed(series)), BOOK, TIME, ON), TIME)
    assert one == other
    assert np.all(asset_account(series, BOOK, TIME, ON).closing == asset_account(series[::-1], BOOK, TIME, ON).closing)
