"""Coefficients of decisions: the price list and the rows of the fleet that results agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock, stated
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.lines import Driver
from planner.economics.price_list import PriceList
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES

TIME = clock(5)


def price_list(*, loan: bool = False, life_years: float = 4.0, residual: float = 0.1) -> PriceList:
    """Return the price list of the small world with a falling price path."""
    path = stated("price_index[box]", 1.0, 0.9, 0.81, 0.729, 0.6561)
    changes = [path, stated("financed_share", 0.6)] if loan else [path]
    figures = book(TIME, *changes, life_years=life_years, residual=residual)
    return PriceList(figures, TIME, line_switches(figures, {}), loan_periods=3 if loan else 0)


def test_buying_by_hand() -> None:
    """Year 1: 1,120 less the residual 100 (age 5 of 4) at the end: 1120 − 100/1.1^5."""
    assert price_list().buy(SITE, BOX)[0] == pytest.approx(1120 - 100 / 1.1**5)


def test_buying_for_a_life_inside_the_plan_by_hand() -> None:
    """Sold for the residual 100 when the life of four years is over, at the start of year 5."""
    assert price_list().buy(SITE, BOX, life_periods=4)[0] == pytest.approx(1120 - 100 / 1.1**4)


def test_retiring_gives_the_resale_and_takes_back_the_residual() -> None:
    """At age 2 of 4: value 1 − 0.9/2 = 0.55 of 1,000 at the start of year 3, against 100 at the end."""
    assert price_list().retire(SITE, BOX, 0)[2] == pytest.approx(-550 / 1.1**2 + 100 / 1.1**5)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=5, max_size=5),
    st.booleans(),
    st.sampled_from([None, 2, 4, 9]),
    st.integers(0, 5),
    st.data(),
)
def test_decisions_times_their_coefficients_are_the_rows_of_the_fleet(
    bought: list[int], loan: bool, life: int | None, opening: int, data: st.DataObject
) -> None:
    """Σ buy + Σ retire + Σ own = net present cost of everything the fleet causes, but for what was owned before and stays."""
    prices = price_list(loan=loan)
    cohort = data.draw(st.integers(0, 4))
    last = 4 if life is None else min(4, cohort + life - 1)
    period = data.draw(st.integers(cohort, last))
    retired = {(cohort, period): float(data.draw(st.integers(0, bought[cohort])))}
    if opening:
        retired[-1, data.draw(st.integers(0, 4))] = float(opening)
    series = ownership_series(
        SITE, BOX, bought, retired, opening_units=opening, life_periods=life, loan_periods=prices.loan_periods
    )
    total = net_present_cost(evaluate(COST_LINES, series, prices.book, TIME, prices.switches))
    owned = next((np.asarray(one.quantity) for one in series if one.driver is Driver.UNITS_OWNED), np.zeros(5))
    priced = prices.buy(SITE, BOX, life) @ np.asarray(bought) + prices.own(SITE, BOX) @ owned
    for (group, when), units in retired.items():
        coefficient = prices.retire(SITE, BOX, group, life if group >= 0 else None)[when]
        if group < 0:
            coefficient += prices.per_unit(Driver.UNITS_KEPT, site=SITE, item=BOX, cohort=group)[0]
        priced += units * coefficient
    assert priced == pytest.approx(total, rel=1e-9, abs=1e-6)


def test_what_cannot_be_priced_is_named() -> None:
    """No price of this system is known."""
    assert price_list().unknown(Driver.UNITS_BOUGHT, item="rubin") == ("purchase_usd[rubin]",)
    assert price_list().unknown(Driver.UNITS_BOUGHT, item=BOX) == ()


def test_the_list_answers_twice_alike() -> None:
    """An answer handed out is not changed by what is done with it."""
    prices = price_list()
    first = prices.buy(SITE, BOX).copy()
    prices.buy(SITE, BOX)[:] = 0.0
    assert prices.buy(SITE, BOX).tolist() == first.tolist()
    with pytest.raises(ValueError, match="read-only"):
        prices.own(SITE, BOX)[0] = 0.0
