"""When owning pays, and "never" when it never does."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.economics.break_even import (
    TokenPrice,
    break_even_date,
    break_even_volume,
    payback_months,
    payback_period,
)

amounts = st.floats(0.01, 1e6)


@given(amounts, amounts, amounts)
def test_at_the_break_even_volume_both_cost_the_same(fixed: float, price: float, marginal: float) -> None:
    """Fixed + Q·marginal = Q·price, or never where a unit saves nothing."""
    found = break_even_volume(fixed, price, marginal)
    if price <= marginal:
        assert found.is_never
        assert str(found).startswith("never")
        return
    assume(price - marginal > 1e-6 * price)
    assert found.volume is not None
    assert fixed + found.volume * marginal == pytest.approx(found.volume * price, rel=1e-6)


def test_beyond_capacity_is_never_at_this_fleet_size() -> None:
    """Needs 200, can 199."""
    assert break_even_volume(1000, 6, 1, capacity=199).is_never
    assert break_even_volume(1000, 6, 1, capacity=200).utilisation == 1.0


def test_nothing_to_pay_back_is_paid_back_at_once() -> None:
    """No fixed cost, no outlay."""
    assert break_even_volume(0.0, 1.0, 2.0).volume == 0.0
    assert payback_months(0.0, 1.0, 2.0) == 0.0


def test_shares_of_a_blend_must_be_whole() -> None:
    """A third and a third is not a mix."""
    with pytest.raises(ValueError, match="sum to 1"):
        TokenPrice(1, 2).blended(1 / 3, 0, 1 / 3)


def test_cached_tokens_cost_what_input_costs_unless_a_price_is_known() -> None:
    """Half cached at a tenth of the price."""
    assert TokenPrice(2.0, 8.0).blended(0.5, 0.25, 0.25) == pytest.approx(3.5)
    assert TokenPrice(2.0, 8.0, 0.2).blended(0.5, 0.25, 0.25) == pytest.approx(3.05)


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([-100, 60, 60], 1 + 40 / 60),
        ([-100, 0, 0, 100], 3.0),
        ([-100, 99.99], None),
        ([0, 1], 0.0),
    ],
)
def test_payback_runs_straight_between_periods(flows: list[float], expected: float | None) -> None:
    """Cumulative flows cross zero inside a period."""
    assert payback_period(flows) == pytest.approx(expected)


def test_a_date_that_no_calendar_holds_is_never() -> None:
    """A million months."""
    assert break_even_date(date(2027, 1, 1), 1e6) is None
    assert break_even_date(date(2027, 1, 1), 6.0) == date(2027, 7, 2)
