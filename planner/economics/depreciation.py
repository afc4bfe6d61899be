"""Wear of owned assets in the books and on the market: straight line, book value, value by age, disposal.

Book life says how long the accounts write an asset down; economic life says how long it earns its keep. They are two numbers and
answer two questions: the accounts use the first, residual value and replacement the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.economics.discounting import Vector


def straight_line(price_usd: float, salvage_usd: float, book_life_years: float, years_per_period: float, periods: int) -> Vector:
    """Return depreciation per period [USD], shape `(period,)`, of an asset bought at the start: `(P − S)/L` a year until `L`.

    The period in which the book life ends carries the part of it that is left; later periods carry nothing.

    >>> straight_line(320_000, 0, 4, 1.0, 5).tolist()
    [80000.0, 80000.0, 80000.0, 80000.0, 0.0]
    >>> straight_line(1000, 100, 1.5, 1.0, 3).tolist()
    [600.0, 300.0, 0.0]
    """
    starts = np.arange(periods) * years_per_period
    years = np.clip(book_life_years - starts, 0.0, years_per_period)
    return np.asarray((price_usd - salvage_usd) / book_life_years * years, dtype=np.float64)


def book_value(price_usd: float, salvage_usd: float, book_life_years: float, age_years: float) -> float:
    """Return the net book value [USD] at an age [years]: `P − (P − S) · min(age, L)/L`.

    >>> book_value(1000, 100, 5, 2), book_value(1000, 100, 5, 9)
    (640.0, 100.0)
    """
    return price_usd - (price_usd - salvage_usd) * min(age_years, book_life_years) / book_life_years


def value_by_age(economic_life_years: float, residual_fraction: float, years_per_period: float, ages: int) -> tuple[float, ...]:
    """Return the value of an asset as a share of its price [1] at ages 0 … `ages` periods.

    A straight line from 1 when new to `residual_fraction` at the end of its economic life, which it keeps from then on.

    >>> value_by_age(4.0, 0.0, 1.0, 5)
    (1.0, 0.75, 0.5, 0.25, 0.0, 0.0)
    """
    years = np.minimum(np.arange(ages + 1) * years_per_period, economic_life_years)
    return tuple((1.0 - (1.0 - residual_fraction) * years / economic_life_years).tolist())


def disposal_gain(sale_usd: float, price_usd: float, salvage_usd: float, book_life_years: float, age_years: float) -> float:
    """Return what the accounts gain (or, negative, lose) on a sale [USD]: `sale − net book value`.

    >>> disposal_gain(500, 1000, 0, 4, 3), disposal_gain(100, 1000, 0, 4, 3)
    (250.0, -150.0)
    """
    return sale_usd - book_value(price_usd, salvage_usd, book_life_years, age_years)


@dataclass(frozen=True, slots=True)
class FixedAssets:
    """The fixed-asset account by period [USD], shape `(period,)` each.

    `closing = opening + additions − depreciation − disposals`; `disposals` is the book value of what leaves, and a sale above it
    is a gain.
    """

    opening: Vector
    additions: Vector
    depreciation: Vector
    disposals: Vector
    closing: Vector


def fixed_assets(
    additions_usd: Sequence[float] | Vector,
    disposed_cost_usd: Mapping[tuple[int, int], float],
    *,
    book_life_years: float,
    salvage_fraction: float,
    years_per_period: float,
) -> FixedAssets:
    """Return the account of purchases (at the start of each period) and disposals.

    `disposed_cost_usd[(c, t)]` is the original cost [USD] of what was bought in period `c` and leaves at the start of period
    `t ≥ c`. Each purchase is written down in a straight line of its own; what has left is no longer depreciated.
    """
    additions = np.asarray(additions_usd, dtype=np.float64)
    periods = additions.size
    depreciation, disposals = np.zeros(periods), np.zeros(periods)
    for bought, cost in enumerate(additions):
        held = np.full(periods - bought, cost)
        for (cohort, period), gone in sorted(disposed_cost_usd.items()):
            if cohort == bought:
                held[period - bought :] -= gone
                age = (period - bought) * years_per_period
                disposals[period] += book_value(gone, salvage_fraction * gone, book_life_years, age)
        rate = straight_line(1.0, salvage_fraction, book_life_years, years_per_period, periods - bought)
        depreciation[bought:] += held * rate
    closing = np.cumsum(additions - depreciation - disposals)
    opening = np.concatenate([[0.0], closing[:-1]])
    return FixedAssets(opening, additions, depreciation, disposals, closing)
