"""A plan re-costed: straight lines, sourced ranges, flip points."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock, stated
from planner.economics.assumptions import AssumptionBook
from planner.economics.discounting import Discounting
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.lines import Driver, DriverSeries, LineItem
from planner.economics.sensitivity import flip_factor, recost, tornado, two_way
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES

TIME = clock()
BOOK = book(TIME)


def owned(units: float = 1.0, *, figures: AssumptionBook = BOOK, time: Discounting = TIME) -> tuple[LineItem, ...]:
    """Return the rows of boxes that draw energy."""
    energy = DriverSeries(Driver.IT_KWH, (1000.0,) * 4, SITE)
    series = [*ownership_series(SITE, BOX, [units, 0, 0, 0]), energy]
    return evaluate(COST_LINES, series, figures, time, line_switches(figures, {}))


def rented(hours: float) -> tuple[LineItem, ...]:
    """Return the rows of a rented box."""
    series = DriverSeries(Driver.UNIT_HOURS_ON_DEMAND, (hours,) * 4, "cloud", "cloud-box")
    return evaluate(COST_LINES, [series], BOOK, TIME, line_switches(BOOK, {}))


@given(st.floats(0.0, 3.0), st.sampled_from(["purchase_usd[box]", "tariff_usd_kwh[dc]", "pue[dc]", "support_share_year"]))
def test_recosting_is_what_evaluation_gives_for_that_input(factor: float, address: str) -> None:
    """Changing an input and recalculating gives what the planner itself computes for it."""
    changed = BOOK.replaced([stated(address, BOOK[address].values[0] * factor)])
    assert recost(owned(), changed, TIME) == pytest.approx(net_present_cost(owned(figures=changed)), rel=1e-12)


@given(st.floats(0.0, 0.4))
def test_recosting_at_another_rate_likewise(rate: float) -> None:
    """The discount rate is an input like others."""
    time = dataclasses.replace(TIME, rate=rate)
    assert recost(owned(), BOOK, time) == pytest.approx(net_present_cost(owned(time=time)), rel=1e-12)


def test_a_tornado_is_sorted_and_uses_published_ranges() -> None:
    """Price 900 to 1,300 is published; the tariff is moved by 20 %."""
    figures = BOOK.replaced([dataclasses.replace(BOOK["purchase_usd[box]"], low=900.0, high=1300.0)])
    swings = tornado(owned(figures=figures), figures, TIME)
    assert [swing.width_usd for swing in swings] == sorted((swing.width_usd for swing in swings), reverse=True)
    by_id = {swing.assumption: swing for swing in swings}
    price, tariff = by_id["purchase_usd[box]"], by_id["tariff_usd_kwh[dc]"]
    assert (price.low, price.high, price.is_published) == (900.0, 1300.0, True)
    assert (tariff.low, tariff.high, tariff.is_published) == (pytest.approx(0.08), pytest.approx(0.12), False)
    base = net_present_cost(owned(figures=figures))
    energy = 1000 * 1.5 * 0.1 * float(TIME.factors(owned()[0].timing).sum())
    assert price.cost_low_usd < base < price.cost_high_usd
    assert tariff.cost_high_usd - base == pytest.approx(base - tariff.cost_low_usd)
    assert energy > 0
    assert "years_per_period" not in by_id
    assert "price_index" not in by_id


def test_a_path_swings_as_a_whole() -> None:
    """Prices by period move together by 20 %."""
    figures = BOOK.replaced([stated("tariff_index[dc]", 1.0, 1.1, 1.2, 1.3)])
    swing = next(one for one in tornado(owned(figures=figures), figures, TIME) if one.assumption == "tariff_index[dc]")
    base = net_present_cost(owned(figures=figures))
    assert swing.cost_high_usd - base == pytest.approx(base - swing.cost_low_usd)
    assert swing.cost_high_usd > base


def test_a_higher_rate_makes_later_costs_lighter() -> None:
    """Running costs come later than the purchase; the rate runs over its published range."""
    figures = BOOK.replaced([dataclasses.replace(stated("discount_rate", 0.1), low=0.07, high=0.12)])
    swing = next(one for one in tornado(owned(figures=figures), figures, TIME) if one.assumption == "discount_rate")
    assert (swing.low, swing.high, swing.is_published) == (0.07, 0.12, True)
    assert swing.cost_low_usd > net_present_cost(owned(figures=figures)) > swing.cost_high_usd
    assert swing.cost_low_usd == pytest.approx(net_present_cost(owned(time=clock(rate=0.07))))


def test_a_longer_life_leaves_more_at_the_horizon() -> None:
    """Six years of life instead of four: a third of 1,000 is left after four years of plan."""
    figures = BOOK.replaced([dataclasses.replace(stated("economic_life_years", 4.0), high=6.0)])
    swing = next(one for one in tornado(owned(figures=figures), figures, TIME) if one.assumption == "economic_life_years")
    assert swing.cost_low_usd == pytest.approx(net_present_cost(owned()))
    assert swing.cost_high_usd == pytest.approx(net_present_cost(owned(figures=book(TIME, life_years=6.0))))
    assert swing.cost_low_usd - swing.cost_high_usd == pytest.approx(1000 / 3 / 1.1**4)


def test_the_two_way_table_has_the_plan_in_its_middle() -> None:
    """Factor 1 by 1 is the plan itself; both rise, cost rises."""
    table = two_way(owned(), BOOK, TIME, ("purchase_usd[box]", [0.8, 1.0, 1.2]), ("tariff_usd_kwh[dc]", [0.5, 1.0, 2.0]))
    assert table[1, 1] == pytest.approx(net_present_cost(owned()))
    assert np.all(np.diff(table, axis=0) > 0)
    assert np.all(np.diff(table, axis=1) > 0)


def test_at_the_flip_point_both_plans_cost_the_same() -> None:
    """The price of a box at which renting is as cheap."""
    factor = flip_factor(owned(), rented(400.0), BOOK, TIME, "purchase_usd[box]")
    assert factor is not None
    changed = BOOK.replaced([stated("purchase_usd[box]", 1000.0 * factor)])
    assert recost(owned(), changed, TIME) == pytest.approx(recost(rented(400.0), changed, TIME))


def test_a_rival_that_nothing_here_can_help_never_wins() -> None:
    """Carbon intensity is in neither; and no positive price makes a dear rival cheap."""
    assert flip_factor(owned(), rented(400.0), BOOK, TIME, "carbon_kg_kwh[dc]") is None
    assert flip_factor(owned(), rented(1.0), BOOK, TIME, "purchase_usd[box]") is None
