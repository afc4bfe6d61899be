"""Time value of money against numpy-financial and hand-worked cases."""

from __future__ import annotations

import math

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.discounting import (
    Convention,
    Discounting,
    Timing,
    annuity_factor,
    discount_factors,
    equivalent_annual_cost,
    npv,
    period_rate,
    real_rate,
)

# Below 1e-4 numpy-financial loses digits to cancellation; zero it treats apart.
rates = st.just(0.0) | st.floats(1e-4, 0.5)
flows = st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=30)


@given(rates, flows)
def test_npv_is_that_of_numpy_financial(rate: float, values: list[float]) -> None:
    """First flow at time zero, as there."""
    assert npv(rate, values) == pytest.approx(npf.npv(rate, values), rel=1e-12, abs=1e-6)


@given(rates, st.integers(1, 40), st.floats(1.0, 1e8))
def test_an_annuity_is_the_payment_of_numpy_financial(rate: float, periods: int, price: float) -> None:
    """`pmt` is negative there: money that leaves."""
    assert price * annuity_factor(rate, periods) == pytest.approx(-npf.pmt(rate, periods, price), rel=1e-9)


def test_an_annuity_repays_its_price() -> None:
    """Present value of the payments = 1, here 0.40211480 × (1/1.1 + 1/1.21 + 1/1.331) = 1."""
    payment = annuity_factor(0.1, 3)
    assert payment == pytest.approx(0.4021148036, rel=1e-9)
    assert npv(0.1, [0.0, payment, payment, payment]) == pytest.approx(1.0, rel=1e-14)


def test_a_zero_rate_and_an_endless_life_are_ordinary() -> None:
    """1/n at zero, r for ever, continuous between."""
    assert annuity_factor(0.0, 4) == 0.25
    assert annuity_factor(0.05, math.inf) == 0.05
    assert annuity_factor(0.0, math.inf) == 0.0
    assert annuity_factor(1e-9, 4) == pytest.approx(0.25, rel=1e-8)
    assert annuity_factor(0.05, 1e6) == pytest.approx(0.05, rel=1e-12)


def test_a_life_of_nothing_is_refused() -> None:
    """Zero years cannot repay anything."""
    with pytest.raises(ValueError, match="life above zero"):
        annuity_factor(0.1, 0)


def test_equivalent_annual_cost_takes_the_present_value_of_the_residual() -> None:
    """(1000 − 100/1.21)·0.1/(1 − 1/1.21) + 50 = 917.355372 × 0.576190 + 50 = 578.571429."""
    assert equivalent_annual_cost(1000, 0.1, 2, residual_usd=100, annual_opex_usd=50) == pytest.approx(578.5714286, rel=1e-9)
    assert equivalent_annual_cost(1000, 0.0, 4, residual_usd=200) == 200.0
    assert equivalent_annual_cost(1000, 0.1, math.inf, residual_usd=500) == 100.0


@given(rates, st.floats(0.5, 40), st.floats(1.0, 1e7), st.floats(0.0, 1.0))
def test_level_payments_repay_price_less_residual(rate: float, life: float, price: float, residual: float) -> None:
    """The annuity of EAC is worth exactly what was paid less what comes back."""
    years = np.arange(1, math.floor(life) + 1)
    if years.size == 0:
        return
    cost = equivalent_annual_cost(price, rate, float(years.size), residual_usd=residual * price)
    paid = float(np.sum(discount_factors(rate, years)) * cost)
    assert paid == pytest.approx(price - residual * price * (1 + rate) ** -years.size, rel=1e-9, abs=1e-6)


def test_flows_fall_where_the_convention_says() -> None:
    """Quarters: start 0, 0.25; middle 0.125, 0.375; end 0.25, 0.5; horizon 0.5, 0.5."""
    middle = Discounting(2, 0.25, 0.1, Convention.MID_PERIOD)
    end = Discounting(2, 0.25, 0.1, Convention.END_PERIOD)
    assert middle.flow_years(Timing.START).tolist() == [0.0, 0.25]
    assert middle.flow_years(Timing.OPERATING).tolist() == [0.125, 0.375]
    assert end.flow_years(Timing.OPERATING).tolist() == [0.25, 0.5]
    assert middle.flow_years(Timing.END).tolist() == [0.25, 0.5]
    assert middle.flow_years(Timing.HORIZON).tolist() == [0.5, 0.5]
    assert middle.factors(Timing.HORIZON)[0] == pytest.approx(1.1**-0.5, rel=1e-15)


@given(st.floats(-0.5, 0.5), st.sampled_from([1 / 12, 0.25, 1.0]))
def test_a_year_of_periods_compounds_to_the_annual_rate(rate: float, years: float) -> None:
    """(1 + i)^n = 1 + r."""
    assert (1 + period_rate(rate, years)) ** round(1 / years) == pytest.approx(1 + rate, rel=1e-12)


def test_real_flows_at_the_real_rate_are_worth_nominal_flows_at_the_nominal_rate() -> None:
    """Fisher: 100 of today's money in two years at 3 % inflation."""
    assert npv(real_rate(0.1, 0.03), [0, 0, 100.0]) == pytest.approx(npv(0.1, [0, 0, 100.0 * 1.03**2]), rel=1e-14)


@pytest.mark.parametrize("fields", [(0, 1.0, 0.1), (1, 0.0, 0.1), (1, 1.0, -1.0), (1, 1.0, math.nan)])
def test_a_clock_that_cannot_run_is_refused(fields: tuple[int, float, float]) -> None:
    """No periods, no length, a rate of −100 % or none at all."""
    with pytest.raises(ValueError, match="periods"):
        Discounting(*fields)
