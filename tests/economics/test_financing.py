"""Loans and leases against numpy-financial and hand-worked cases."""

from __future__ import annotations

import numpy_financial as npf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.discounting import npv, period_rate
from planner.economics.financing import amortisation, balance_by_age, lease_payment, loan_payment, payment_factor

principals = st.floats(1.0, 1e9)
# Below 1e-4 numpy-financial loses digits to cancellation; zero it treats apart (and its ipmt not at all).
rates = st.just(0.0) | st.floats(1e-4, 0.1)


@given(principals, rates, st.integers(1, 120), st.floats(0.0, 0.9))
def test_a_loan_is_paid_as_numpy_financial_says(principal: float, rate: float, periods: int, balloon: float) -> None:
    """With and without a balloon at the end."""
    paid = loan_payment(principal, rate, periods, balloon_usd=balloon * principal)
    assert paid == pytest.approx(-npf.pmt(rate, periods, principal, -balloon * principal), rel=1e-8)


@given(principals, st.floats(1e-4, 0.1), st.integers(1, 60))
def test_interest_and_principal_of_each_payment(principal: float, rate: float, periods: int) -> None:
    """Against `ipmt`; all principal parts together are the loan."""
    schedule = amortisation(principal, rate, periods)
    assert schedule.principal_usd.sum() == pytest.approx(principal, rel=1e-9)
    assert schedule.balance_usd[-1] == pytest.approx(0.0, abs=1e-6 * principal)
    middle = (periods + 1) // 2
    assert schedule.interest_usd[middle - 1] == pytest.approx(-npf.ipmt(rate, middle, periods, principal), rel=1e-6, abs=1e-6)


def test_a_lease_in_advance_is_worth_price_less_residual() -> None:
    """Twelve rents at the start of each month and 20,000 back at the end are worth 100,000 at 2 % a month."""
    rent = lease_payment(100_000, 20_000, 0.02, 12)
    flows = [rent] * 12 + [20_000]
    assert npv(0.02, flows) == pytest.approx(100_000, rel=1e-12)
    assert lease_payment(100_000, 20_000, 0.02, 12, in_advance=False) == pytest.approx(rent * 1.02)


def test_a_loan_on_the_discount_rate_costs_nothing() -> None:
    """Payments discounted at their own rate are worth the loan."""
    factor = payment_factor(0.1, 3, 0.25)
    assert npv(period_rate(0.1, 0.25), [0.0] + [factor] * 12) == pytest.approx(1.0, rel=1e-12)


def test_the_balance_is_the_present_value_of_what_is_left() -> None:
    """After 5 of 12 quarterly payments seven are left."""
    rate = period_rate(0.08, 0.25)
    left = npv(rate, [0.0] + [payment_factor(0.08, 3, 0.25)] * 7)
    balance = balance_by_age(0.08, 3, 0.25, 20)
    assert balance[5] == pytest.approx(left, rel=1e-12)
    assert balance[12:] == (0.0,) * 9
