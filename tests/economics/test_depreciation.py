"""Straight line, book value, value by age, disposals, and the account that holds them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.depreciation import book_value, disposal_gain, fixed_assets, straight_line, value_by_age


@given(st.floats(1.0, 1e8), st.floats(0.0, 1.0), st.floats(0.25, 10.0), st.sampled_from([1 / 12, 0.25, 1.0]))
def test_depreciation_over_the_whole_life_is_price_less_salvage(price: float, salvage: float, life: float, years: float) -> None:
    """Whatever the length of a period."""
    periods = int(np.ceil(life / years)) + 2
    worn = straight_line(price, salvage * price, life, years, periods)
    assert worn.sum() == pytest.approx(price * (1 - salvage), rel=1e-9, abs=1e-6)
    assert worn[-1] == pytest.approx(0.0, abs=1e-6)


def test_a_life_longer_than_the_horizon_leaves_book_value() -> None:
    """1,000 over five years, three years in: 400 left."""
    assert straight_line(1000, 0, 5, 1.0, 3).tolist() == [200.0, 200.0, 200.0]
    assert book_value(1000, 0, 5, 3) == 400.0


def test_a_life_shorter_than_the_horizon_stops() -> None:
    """Two years of 450, then nothing; the salvage of 100 stays in the books."""
    assert straight_line(1000, 100, 2, 1.0, 4).tolist() == [450.0, 450.0, 0.0, 0.0]
    assert book_value(1000, 100, 2, 4) == 100.0


def test_value_by_age_falls_straight_to_the_residual_and_stays() -> None:
    """Quarterly, one year of life to 20 %."""
    assert value_by_age(1.0, 0.2, 0.25, 5) == pytest.approx((1.0, 0.8, 0.6, 0.4, 0.2, 0.2), rel=1e-12)


def test_book_life_and_economic_life_are_two_things() -> None:
    """Accounts over six years, use over four: at four years the accounts still show a third, the market nothing."""
    assert book_value(900, 0, 6, 4) == pytest.approx(300)
    assert value_by_age(4, 0.0, 1.0, 4)[-1] == 0.0
    assert disposal_gain(0.0, 900, 0, 6, 4) == pytest.approx(-300)


def test_the_account_of_a_mid_life_retirement() -> None:
    """1,000 at the start, life 4, sold after two years at book value 500; 600 bought then.

    Year 1: 0 + 1000 − 250 = 750; year 2: 500; year 3: 500 + 600 − 500 − 150 = 450; year 4: 450 − 150 = 300.
    """
    account = fixed_assets(
        [1000.0, 0.0, 600.0, 0.0], {(0, 2): 1000.0}, book_life_years=4, salvage_fraction=0.0, years_per_period=1.0
    )
    assert account.closing.tolist() == [750.0, 500.0, 450.0, 300.0]
    assert account.depreciation.tolist() == [250.0, 250.0, 150.0, 150.0]
    assert account.disposals.tolist() == [0.0, 0.0, 500.0, 0.0]


@given(
    st.lists(st.floats(0.0, 1e6), min_size=1, max_size=8),
    st.floats(0.5, 12.0),
    st.floats(0.0, 0.9),
    st.data(),
)
def test_the_account_closes_and_never_goes_negative(
    bought: list[float], life: float, salvage: float, data: st.DataObject
) -> None:
    """Opening + additions − depreciation − disposals = closing ≥ 0, and closing is the sum of book values."""
    periods = len(bought)
    cohort = data.draw(st.integers(0, periods - 1))
    period = data.draw(st.integers(cohort, periods - 1))
    gone = {(cohort, period): bought[cohort] * data.draw(st.floats(0.0, 1.0))}
    account = fixed_assets(bought, gone, book_life_years=life, salvage_fraction=salvage, years_per_period=1.0)
    flow = account.opening + account.additions - account.depreciation - account.disposals
    assert np.allclose(flow, account.closing, rtol=1e-9, atol=1e-6)
    assert np.all(account.closing >= -1e-6)
    held = [cost - (gone[cohort, period] if index == cohort else 0.0) for index, cost in enumerate(bought)]
    expected = sum(book_value(cost, salvage * cost, life, periods - index) for index, cost in enumerate(held))
    assert account.closing[-1] == pytest.approx(expected, rel=1e-9, abs=1e-5)
