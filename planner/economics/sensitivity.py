"""A plan re-costed with other assumptions, its counts frozen: tornado, two-way table, the value at which another plan wins.

Rows are products in which an assumption stands at most once, so the cost is a straight line in each of them: a flip point is
solved for, not searched.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.economics.assumptions import Assumption, AssumptionBook
from planner.economics.defaults import life_assumptions
from planner.economics.discounting import Discounting, Vector
from planner.economics.lines import Group, LineItem


@dataclass(frozen=True, slots=True)
class Swing:
    """Net present cost [USD] with one assumption at its low and at its high value; `is_published` where the range is sourced."""

    assumption: str
    label: str
    unit: str
    low: float
    high: float
    cost_low_usd: float
    cost_high_usd: float
    is_published: bool

    @property
    def width_usd(self) -> float:
        """Return how far the cost moves [USD]."""
        return abs(self.cost_high_usd - self.cost_low_usd)


def recost(items: Iterable[LineItem], book: AssumptionBook, clock: Discounting) -> float:
    """Return the net present cost [USD] of rows with other assumptions or another discount rate; their quantities stay.

    Each row is computed anew from its quantities, factors and timing, so with the plan's own book and clock this is an
    independent check of what the rows say. Emissions are not costs and do not count.
    """
    return float(sum(_present(item, book, clock) for item in items if item.group is not Group.CARBON))


def tornado(items: Sequence[LineItem], book: AssumptionBook, clock: Discounting, *, spread: float = 0.2) -> tuple[Swing, ...]:
    """Return the swing of every assumption that the rows use, of the discount rate and of the economic life, widest first.

    An assumption with a published range takes its ends; any other figure that is not exact by nature (calendar, counts of
    accelerators) is moved by ± `spread`.
    """
    costs = _Costs(items, book, clock)
    swings = [_swing(costs, book[address], spread) for address in sorted(costs.touched) if not _is_exact(book[address])]
    if "discount_rate" in book:
        swings.append(_rate_swing(costs, spread))
    if any(address.startswith("value_by_age") for address in costs.touched):
        swings += [_life_swing(costs, name, spread) for name in LIVES if name in book and any(book[name].values)]
    return tuple(sorted(swings, key=lambda swing: (-swing.width_usd, swing.assumption)))


class _Costs:
    """A plan's rows with their present values, and which rows each assumption touches: what a change costs, without the rest."""

    def __init__(self, items: Iterable[LineItem], book: AssumptionBook, clock: Discounting) -> None:
        self.items = [item for item in items if item.group is not Group.CARBON]
        self.book, self.clock = book, clock
        self._values = dict(book)
        self.present = {item.id: _present(item, book, clock) for item in self.items}
        self.total = sum(self.present.values())
        self.touched: dict[str, list[LineItem]] = {}
        for item in self.items:
            for address in {use.assumption_id for use in item.factors}:
                self.touched.setdefault(address, []).append(item)

    def changed(self, changes: Iterable[Assumption]) -> float:
        """Return the net present cost [USD] with some assumptions in place of those of the same address."""
        new = {one.id: one for one in changes}
        items = {item.id: item for address in new for item in self.touched.get(address, ())}
        book = ChainMap(new, self._values)
        return self.total + sum(_present(item, book, self.clock) - self.present[name] for name, item in items.items())


def two_way(
    items: Sequence[LineItem],
    book: AssumptionBook,
    clock: Discounting,
    across: tuple[str, Sequence[float]],
    down: tuple[str, Sequence[float]],
) -> Vector:
    """Return net present cost [USD] with two assumptions multiplied by factors, shape `(down, across)`; 1.0 changes nothing."""
    table = np.zeros((len(down[1]), len(across[1])))
    for row, first in enumerate(down[1]):
        for column, second in enumerate(across[1]):
            changed = book.replaced([_scaled(book[down[0]], first)])
            table[row, column] = recost(items, changed.replaced([_scaled(changed[across[0]], second)]), clock)
    return table


def flip_factor(
    plan: Sequence[LineItem], rival: Sequence[LineItem], book: AssumptionBook, clock: Discounting, address: str
) -> float | None:
    """Return the multiple of an assumption at which a plan and its rival cost the same; None = never (or only below zero).

    Both plans keep their counts; `1.3` says that the figure may rise by 30 % before the rival is as cheap.
    """
    gaps = [
        recost(plan, changed, clock) - recost(rival, changed, clock)
        for changed in (book.replaced([_scaled(book[address], factor)]) for factor in (0.0, 1.0))
    ]
    slope = gaps[1] - gaps[0]
    if slope == 0.0:
        return None
    factor = -gaps[0] / slope
    return factor if factor >= 0.0 else None


def _present(item: LineItem, book: Mapping[str, Assumption], clock: Discounting) -> float:
    usd = item.sign * np.asarray(item.quantity, dtype=np.float64)
    for use in item.factors:
        usd = usd * np.asarray(book[use.assumption_id].values)[list(use.positions)]
    return float(usd @ clock.factors(item.timing))


def _ends(one: Assumption, spread: float) -> tuple[float, float, bool]:
    """Return the low and high of an assumption, and whether somebody published them."""
    value = one.values[0]
    if one.is_single and (one.low is not None or one.high is not None):
        return value if one.low is None else one.low, value if one.high is None else one.high, True
    floor = FLOORS.get(one.id.partition("[")[0], -math.inf)
    return max(value * (1.0 - spread), floor), value * (1.0 + spread), False


def _swing(costs: _Costs, one: Assumption, spread: float) -> Swing:
    low, high, published = _ends(one, spread)
    ends = [costs.changed([_at(one, end, spread * side)]) for end, side in ((low, -1), (high, 1))]
    return Swing(one.id, one.label, one.unit, low, high, ends[0], ends[1], published)


def _rate_swing(costs: _Costs, spread: float) -> Swing:
    """Return the swing of the discount rate, by which every row is discounted."""
    one = costs.book["discount_rate"]
    low, high, published = _ends(one, spread)
    ends = [recost(costs.items, costs.book, replace(costs.clock, rate=rate)) for rate in (low, high)]
    return Swing(one.id, one.label, one.unit, low, high, ends[0], ends[1], published)


def _life_swing(costs: _Costs, name: str, spread: float) -> Swing:
    """Return the swing of economic life or residual, through the value by age that follows; lives of single systems stay."""
    one = costs.book[name]
    low, high, published = _ends(one, spread)
    ends = [costs.changed(_lives(costs.book, costs.clock, name, end)) for end in (low, high)]
    return Swing(one.id, one.label, one.unit, low, high, ends[0], ends[1], published)


def _lives(book: AssumptionBook, clock: Discounting, name: str, value: float) -> list[Assumption]:
    terms = {other: book.resolve(other).values[0] for other in LIVES} | {name: value}
    older = len(book.resolve("value_by_age").values) - 1 - clock.periods
    return life_assumptions(clock, terms["economic_life_years"], terms["residual_fraction"], oldest_age_periods=max(older, 0))


def _at(one: Assumption, value: float, relative: float) -> Assumption:
    """Return a path moved as a whole, or a single value set."""
    return replace(one, values=(value,)) if one.is_single else _scaled(one, 1.0 + relative)


def _scaled(one: Assumption, factor: float) -> Assumption:
    return replace(one, values=tuple(value * factor for value in one.values))


FLOORS = {"pue": 1.0}  # no facility draws less than its machines
LIVES = ("economic_life_years", "residual_fraction")
EXACT = (
    "value_by_age",
    "life_share_year",
    "years_per_period",
    "months_per_period",
    "hours_per_period",
    "accelerators",
    "commitment_hours",
    "hours_beyond_horizon",
)


def _is_exact(one: Assumption) -> bool:
    neutral = one.is_single and one.values[0] in (0.0, 1.0) and one.low is None and one.high is None
    return neutral or one.id.partition("[")[0] in EXACT
