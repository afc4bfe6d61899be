"""Buy, rent or pay per token: monthly cost against volume, where two ways cross, when demand gets there, or never.

A way costs a fixed amount per whole unit and month, and an amount per million tokens; units come in steps, each with the most
tokens that it can serve with its promises kept:

    cost(v) = max(ceil(v / capacity), least units) · fixed + v · marginal

Both ways are straight lines between steps, so crossings are found exactly, not on a grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from planner.economics.discounting import Vector

DAYS_PER_YEAR = 365.25
MOST_STEPS = 20_000
EQUAL = 1e-9  # relative: below it two costs are the same and rounding decides nothing


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have tokens served.

    `usd_month_unit` is paid for each whole unit (owned: its equivalent annual cost over twelve; rented: its monthly rent),
    `usd_mtok` for each million tokens (energy, or the price of an API), `mtok_month_unit` is the most that a unit serves. Without
    steps (an API, rent to the second) leave `mtok_month_unit` None. `least_units` are there even without demand.
    """

    name: str
    usd_mtok: float
    usd_month_unit: float = 0.0
    mtok_month_unit: float | None = None
    least_units: int = 0

    def units(self, mtok_month: float) -> int:
        """Return how many units serve a volume [units]."""
        if self.mtok_month_unit is None:
            return self.least_units
        return max(self.least_units, math.ceil(mtok_month / self.mtok_month_unit - 1e-12))

    def usd_month(self, mtok_month: float) -> float:
        """Return the monthly cost of a volume [USD/month].

        >>> Way("own", usd_mtok=0.1, usd_month_unit=1000.0, mtok_month_unit=500.0).usd_month(600.0)
        2060.0
        """
        return self.units(mtok_month) * self.usd_month_unit + mtok_month * self.usd_mtok

    def steps(self, most_mtok_month: float) -> list[float]:
        """Return the volumes below a bound at which another unit is added."""
        if self.mtok_month_unit is None:
            return []
        count = math.floor(most_mtok_month / self.mtok_month_unit)
        return [step * self.mtok_month_unit for step in range(max(self.least_units, 0), min(count, MOST_STEPS) + 1)]


def owned_way(name: str, annual_usd_unit: float, mtok_month_unit: float, usd_mtok: float = 0.0, *, least_units: int = 1) -> Way:
    """Return the way of owning: each unit costs its equivalent annual cost, used or not."""
    return Way(name, usd_mtok, annual_usd_unit / 12.0, mtok_month_unit, least_units)


def rented_way(
    name: str, usd_hour_unit: float, mtok_hour_unit: float, *, hours_month: float = 730.0, to_zero: bool = False
) -> Way:
    """Return the way of renting: whole units for `hours_month` hours (always on 730, an active window fewer), or scaled to zero.

    Scaled to zero, every hour rented is a busy one and the cost is per token alone.
    """
    if to_zero:
        return Way(name, usd_hour_unit / mtok_hour_unit)
    return Way(name, 0.0, usd_hour_unit * hours_month, mtok_hour_unit * hours_month, 1)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A volume [Mtok/month] at which the cheaper way changes; `utilisation` is that of the fixed way's units there [1]."""

    mtok_month: float
    below: str
    above: str
    utilisation: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How two ways compare up to a volume: every crossing, and the one beyond which `challenger` stays cheaper, or never."""

    incumbent: str
    challenger: str
    crossings: tuple[Crossing, ...]
    settled: Crossing | None
    words: str


def crossings(one: Way, other: Way, most_mtok_month: float) -> tuple[Crossing, ...]:
    """Return where the cheaper of two ways changes, in order of volume; equal cost counts as no change.

    >>> own = Way("own", 0.1, 1000.0, 5000.0, least_units=1)
    >>> [(c.mtok_month, c.above, c.utilisation) for c in crossings(Way("api", 0.6), own, 10_000.0)]
    [(2000.0, 'own', 0.4)]
    """
    edges = sorted({0.0, *one.steps(most_mtok_month), *other.steps(most_mtok_month), most_mtok_month})
    found: list[Crossing] = []
    cheaper = ""
    for left, right in pairwise(edges):
        middle = (left + right) / 2.0
        for volume, name in _pieces(one, other, left, middle, right):
            if cheaper and name != cheaper:
                found.append(Crossing(volume, cheaper, name, _utilisation(one, other, max(volume, left), middle)))
            cheaper = name
    return tuple(found)


def compare(incumbent: Way, challenger: Way, most_mtok_month: float) -> Verdict:
    """Return where a challenger beats an incumbent up to a volume, and in words whether and from where it stays cheaper.

    >>> compare(Way("api", 0.6), Way("own", 0.7, 1000.0, 5000.0, 1), 20_000.0).words
    'own is never cheaper than api up to 20,000 Mtok a month'
    """
    found = crossings(incumbent, challenger, most_mtok_month)
    last = found[-1] if found else None
    names = f"{challenger.name} is"
    if last is not None and last.above == challenger.name:
        at = f", {last.utilisation:.0%} of its capacity" if last.utilisation is not None else ""
        words = f"{names} cheaper than {incumbent.name} from {last.mtok_month:,.6g} Mtok a month{at}"
        return Verdict(incumbent.name, challenger.name, found, last, words)
    reach = f"up to {most_mtok_month:,.6g} Mtok a month"
    if found:
        spans = " and ".join(f"{start:,.6g}-{end:,.6g}" for start, end in _spans(found, challenger.name))
        words = f"{names} cheaper than {incumbent.name} only at {spans} Mtok a month, and never for good {reach}"
    elif challenger.usd_month(most_mtok_month) < incumbent.usd_month(most_mtok_month) * (1.0 - EQUAL):
        words = f"{names} cheaper than {incumbent.name} at every volume {reach}"
    else:
        words = f"{names} never cheaper than {incumbent.name} {reach}"
    return Verdict(incumbent.name, challenger.name, found, None, words)


def crossover_date(
    start: date, years_per_period: float, mtok_month_by_period: Sequence[float] | Vector, mtok_month: float
) -> date | None:
    """Return the day on which demand reaches a volume for good, straight lines between mid-periods; None = never in the plan.

    >>> crossover_date(date(2027, 1, 1), 1.0, [100.0, 200.0, 300.0], 150.0)
    datetime.date(2028, 1, 1)
    """
    demand = np.asarray(mtok_month_by_period, dtype=np.float64)
    below = np.flatnonzero(demand < mtok_month)
    if below.size == 0:
        return start
    last = int(below[-1])
    if last + 1 >= demand.size:
        return None
    share = (mtok_month - demand[last]) / (demand[last + 1] - demand[last])
    years = (last + 0.5 + share) * years_per_period
    return start + timedelta(days=round(years * DAYS_PER_YEAR))


def cumulative_crossover(
    challenger_usd: Sequence[float] | Vector, incumbent_usd: Sequence[float] | Vector, years_per_period: float
) -> float | None:
    """Return after how many years the challenger has cost less in total, for good; None = never in the plan.

    Each vector is cash out per period [USD], shape `(period,)`; what a period costs is taken to be spent evenly over it, except
    that the first difference may lie at the start (a purchase): it is then in the first period's sum.

    >>> cumulative_crossover([100.0, 10.0, 10.0], [50.0, 50.0, 50.0], 1.0)
    2.25
    """
    ahead = np.concatenate([[0.0], np.cumsum(np.asarray(incumbent_usd) - np.asarray(challenger_usd))])
    behind = np.flatnonzero(ahead[1:] < 0.0)
    if behind.size == 0:
        return 0.0
    last = int(behind[-1]) + 1
    if last + 1 >= ahead.size:
        return None
    return float((last + -ahead[last] / (ahead[last + 1] - ahead[last])) * years_per_period)


def _pieces(one: Way, other: Way, left: float, middle: float, right: float) -> list[tuple[float, str]]:
    """Return (from volume, cheaper way) inside a stretch without steps, where both are straight lines."""
    fixed = one.units(middle) * one.usd_month_unit - other.units(middle) * other.usd_month_unit
    slope = one.usd_mtok - other.usd_mtok
    root = -fixed / slope if slope else math.inf
    edge = EQUAL * right
    if left + edge < root < right - edge:
        first = one.name if fixed + slope * left < 0.0 else other.name
        return [(left, first), (root, other.name if first == one.name else one.name)]
    gap = fixed + slope * middle
    if abs(gap) <= EQUAL * one.usd_month(middle):
        return []
    return [(left, one.name if gap < 0.0 else other.name)]


def _utilisation(one: Way, other: Way, volume: float, middle: float) -> float | None:
    stepped = [way for way in (other, one) if way.mtok_month_unit is not None and way.usd_month_unit > 0.0]
    if not stepped or stepped[0].mtok_month_unit is None:
        return None
    capacity = stepped[0].units(middle) * stepped[0].mtok_month_unit
    return volume / capacity if capacity > 0.0 else None


def _spans(found: Sequence[Crossing], name: str) -> list[tuple[float, float]]:
    starts = [0.0] if found[0].below == name else []
    starts += [crossing.mtok_month for crossing in found if crossing.above == name]
    ends = [crossing.mtok_month for crossing in found if crossing.below == name]
    return list(zip(starts, ends, strict=False))
