"""Loans and leases: level payments, balances, schedules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.economics.discounting import Vector, annuity_factor, period_rate


def loan_payment(principal_usd: float, rate_per_period: float, periods: int, *, balloon_usd: float = 0.0) -> float:
    """Return the level payment at each period's end [USD]: `(P − B (1 + i)^-n) · i/(1 − (1 + i)^-n)`.

    `balloon_usd` is what is still owed after the last payment. A zero rate gives `(P − B)/n`.

    >>> round(loan_payment(100_000, 0.01, 36), 2), loan_payment(1200, 0.0, 12)
    (3321.43, 100.0)
    """
    owed = principal_usd - balloon_usd * (1.0 + rate_per_period) ** -periods
    return owed * annuity_factor(rate_per_period, periods)


def lease_payment(
    price_usd: float, residual_usd: float, rate_per_period: float, periods: int, *, in_advance: bool = True
) -> float:
    """Return the level rent [USD/period] that returns price less residual to the lessor; due at each period's start by default.

    >>> round(lease_payment(100_000, 20_000, 0.02, 12), 2), lease_payment(1200, 0, 0.0, 12)
    (7808.6, 100.0)
    """
    arrears = loan_payment(price_usd, rate_per_period, periods, balloon_usd=residual_usd)
    return arrears / (1.0 + rate_per_period) if in_advance else arrears


def payment_factor(annual_rate: float, term_years: float, years_per_period: float) -> float:
    """Return the payment per dollar borrowed and period [1/period] of a loan of `term_years`, whole periods rounded up.

    >>> round(payment_factor(0.10, 3, 1.0), 6)
    0.402115
    """
    return annuity_factor(period_rate(annual_rate, years_per_period), loan_periods(term_years, years_per_period))


def loan_periods(term_years: float, years_per_period: float) -> int:
    """Return how many payments a loan has: its term in periods, rounded up.

    >>> loan_periods(3, 0.25), loan_periods(0.3, 0.25)
    (12, 2)
    """
    return max(1, math.ceil(term_years / years_per_period - 1e-9))


def balance_by_age(annual_rate: float, term_years: float, years_per_period: float, ages: int) -> tuple[float, ...]:
    """Return what is owed per dollar borrowed [1] after 0 … `ages` payments: `(1 + i)^k − A ((1 + i)^k − 1)/i`, then 0.

    >>> [round(value, 6) for value in balance_by_age(0.10, 2, 1.0, 3)]
    [1.0, 0.52381, 0.0, 0.0]
    """
    count = loan_periods(term_years, years_per_period)
    schedule = amortisation(1.0, period_rate(annual_rate, years_per_period), count)
    owed = [1.0, *schedule.balance_usd.tolist()]
    return tuple(owed[age] if age < count else 0.0 for age in range(ages + 1))


@dataclass(frozen=True, slots=True)
class Amortisation:
    """A loan by period [USD], shape `(period,)`: interest and principal of each payment and what is owed after it."""

    interest_usd: Vector
    principal_usd: Vector
    balance_usd: Vector


def amortisation(principal_usd: float, rate_per_period: float, periods: int) -> Amortisation:
    """Return the schedule of a loan repaid in level payments at the end of each period.

    >>> amortisation(1000, 0.0, 4).balance_usd.tolist()
    [750.0, 500.0, 250.0, 0.0]
    """
    payment = loan_payment(principal_usd, rate_per_period, periods)
    balance, interest = np.zeros(periods), np.zeros(periods)
    owed = principal_usd
    for period in range(periods):
        interest[period] = owed * rate_per_period
        owed += interest[period] - payment
        balance[period] = owed
    return Amortisation(interest, payment - interest, balance)
