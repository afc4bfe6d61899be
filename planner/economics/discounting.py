"""Time value of money: discount factors, present value, annuity and equivalent annual cost.

Rates are effective annual rates (0.10 = 10 % a year). Times are years from the start of the plan. A rate of zero and an infinite
life are ordinary values, not special cases for the caller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Timing(StrEnum):
    """When inside (or after) its period a cost is paid."""

    START = "start"
    OPERATING = "operating"
    END = "end"
    HORIZON = "horizon"


class Convention(StrEnum):
    """When running costs of a period are taken to fall: in its middle or at its end."""

    MID_PERIOD = "mid-period"
    END_PERIOD = "end-period"


@dataclass(frozen=True, slots=True)
class Discounting:
    """The clock of a plan: `periods` of `years_per_period` years, discounted at `rate` a year.

    `rate` is nominal where the price paths are in money of the day, and real (see `real_rate`) where they are in today's money.
    """

    periods: int
    years_per_period: float
    rate: float
    convention: Convention = Convention.MID_PERIOD

    def __post_init__(self) -> None:
        """Refuse a clock that cannot run."""
        if self.periods < 1 or not self.years_per_period > 0 or not self.rate > -1:
            raise ValueError(f"periods ≥ 1, years_per_period > 0 and rate > -1 are needed, given {self}")

    @property
    def horizon_years(self) -> float:
        """Return the length of the plan [years]."""
        return self.periods * self.years_per_period

    def flow_years(self, timing: Timing) -> Vector:
        """Return when the flow of each period falls, in years from the start, shape `(period,)`."""
        index = np.arange(self.periods, dtype=np.float64)
        if timing is Timing.HORIZON:
            return np.full(self.periods, self.horizon_years)
        if timing is Timing.START:
            return index * self.years_per_period
        half = timing is Timing.OPERATING and self.convention is Convention.MID_PERIOD
        return (index + (0.5 if half else 1.0)) * self.years_per_period

    def factors(self, timing: Timing) -> Vector:
        """Return the discount factor of each period's flow, shape `(period,)`: `(1 + rate)^-years`."""
        return discount_factors(self.rate, self.flow_years(timing))

    def present(self, values: Sequence[float] | Vector, timing: Timing = Timing.OPERATING) -> float:
        """Return the present value of one amount per period, in its own unit.

        Of cost it is USD; of tokens it is the volume by which a levelised price is divided, as energy is in a levelised cost of
        energy: present cost over present tokens is the one constant price that pays for the plan.

        >>> round(Discounting(2, 1.0, 0.1, Convention.END_PERIOD).present([110.0, 121.0]), 9)
        200.0
        """
        return float(np.asarray(values, dtype=np.float64) @ self.factors(timing))


def discount_factors(rate: float, years: Vector | Sequence[float]) -> Vector:
    """Return `(1 + rate)^-years` [1] for each time [years].

    >>> discount_factors(0.10, [0, 1, 2]).round(6).tolist()
    [1.0, 0.909091, 0.826446]
    """
    return np.asarray((1.0 + rate) ** -np.asarray(years, dtype=np.float64), dtype=np.float64)


def period_rate(annual_rate: float, years_per_period: float) -> float:
    """Return the effective rate of one period [1/period]: `(1 + r)^Δ − 1`.

    >>> round(period_rate(0.10, 0.25), 8)
    0.02411369
    """
    return math.expm1(years_per_period * math.log1p(annual_rate))


def real_rate(nominal_rate: float, inflation: float) -> float:
    """Return the real annual rate of a nominal one (Fisher): `(1 + n)/(1 + i) − 1`.

    >>> round(real_rate(0.10, 0.03), 6)
    0.067961
    """
    return (1.0 + nominal_rate) / (1.0 + inflation) - 1.0


def npv(rate: float, flows_usd: Sequence[float] | Vector, years: Sequence[float] | Vector | None = None) -> float:
    """Return the net present value [USD] of flows at the given times [years; default 0, 1, 2 …]: `Σ f_i (1 + r)^-y_i`.

    >>> round(npv(0.08, [-40_000, 5_000, 8_000, 12_000, 30_000]), 5)
    3065.22267
    """
    flows = np.asarray(flows_usd, dtype=np.float64)
    times = np.arange(flows.size, dtype=np.float64) if years is None else np.asarray(years, dtype=np.float64)
    return float(flows @ discount_factors(rate, times))


def annuity_factor(rate: float, periods: float) -> float:
    """Return the payment per period that repays 1 over `periods` [1/period]: `r / (1 − (1 + r)^-n)`.

    A zero rate gives `1/n`; an infinite life gives `r`.

    >>> annuity_factor(0.0, 5), round(annuity_factor(0.07, 5), 8), annuity_factor(0.07, math.inf)
    (0.2, 0.24389069, 0.07)
    """
    if periods <= 0:
        raise ValueError(f"an annuity needs a life above zero, given {periods}")
    if rate == 0.0:
        return 1.0 / periods
    if math.isinf(periods):
        return rate
    return rate / -math.expm1(-periods * math.log1p(rate))


def equivalent_annual_cost(
    price_usd: float,
    rate: float,
    life_years: float,
    *,
    residual_usd: float = 0.0,
    annual_opex_usd: float = 0.0,
) -> float:
    """Return the level cost per year [USD/year] of owning for `life_years`: `(P − S (1 + r)^-L) · r/(1 − (1 + r)^-L) + opex`.

    The right figure for comparing assets of unequal life (Brealey, Myers, Allen: Principles of Corporate Finance, chapter 6).

    >>> round(equivalent_annual_cost(15, 0.06, 3, annual_opex_usd=5), 2)
    10.61
    """
    present_residual = 0.0 if math.isinf(life_years) else residual_usd * (1.0 + rate) ** -life_years
    return (price_usd - present_residual) * annuity_factor(rate, life_years) + annual_opex_usd
