"""What makes two plans differ, in numbers: line by line, quantity and price apart; assumptions; fields of the question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.economics.lines import Group, LineItem
from planner.plan import Plan
from planner.plan.money import Money
from reports.sheets.scenario import flat

SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class LineDifference:
    """One cost line in two plans [USD, present value]; `quantity_usd + price_usd` is the difference.

    The quantity part moves the counts at the first plan's prices, the price part the prices at the second plan's counts;
    discounting counts as price.
    """

    line: str
    group: str
    label: str
    base_usd: float
    other_usd: float
    quantity_usd: float
    price_usd: float
    words: str


def line_differences(base: Money, other: Money) -> list[LineDifference]:
    """Return every cost line of either plan, greatest difference first."""
    lines = {item.line: item for money in (other, base) for item in money.items if item.group is not Group.CARBON}
    found = [_line(line, item, base, other) for line, item in lines.items()]
    return sorted(found, key=lambda one: (-abs(one.other_usd - one.base_usd), one.line))


def changed_assumptions(base: Money, other: Money) -> list[tuple[str, str, str, str, str]]:
    """Return id, label, unit and both values (in words) of every assumption that is not the same in two plans."""
    ours, theirs = ({one.id: one for one in money.assumptions} for money in (base, other))
    found = []
    for address in sorted(ours.keys() | theirs.keys()):
        one, two = ours.get(address), theirs.get(address)
        if one is None or two is None or one.values != two.values:
            known = one or two
            assert known is not None
            found.append(
                (address, known.label, known.unit, _values(one.values if one else ()), _values(two.values if two else ()))
            )
    return found


def changed_fields(base: Plan, other: Plan) -> list[tuple[str, str, str]]:
    """Return path and both values of every field of the question that differs."""
    ours, theirs = (dict(flat(plan.scenario)) for plan in (base, other))
    paths = list(ours) + [path for path in theirs if path not in ours]
    return [
        (path, str(ours.get(path, "not there")), str(theirs.get(path, "not there")))
        for path in paths
        if ours.get(path) != theirs.get(path)
    ]


def units_by_system(plan: Plan) -> dict[str, list[int]]:
    """Return the units of each system over all sites, in each period, by system and holding."""
    found: dict[str, list[int]] = {}
    for row in plan.fleet:
        how = "owned" if row.holding == "owned" else "rented"
        found.setdefault(f"{row.system_name}, {how}", [0] * len(plan.periods))[row.period] += row.units * row.sites
    return found


def _line(line: str, known: LineItem, base: Money, other: Money) -> LineDifference:
    ours = {item.id: item for item in base.items if item.line == line}
    theirs = {item.id: item for item in other.items if item.line == line}
    first, second = (sum(item.total_present_usd for item in items.values()) for items in (ours, theirs))
    quantity = sum(_quantity_part(ours.get(item), theirs.get(item)) for item in sorted(ours.keys() | theirs.keys()))
    price = second - first - quantity
    if abs(price) <= SMALL * max(1.0, abs(first), abs(second)):
        price, quantity = 0.0, second - first
    words = _words(known, ours, theirs, second - first, quantity, price)
    return LineDifference(line, known.group.value, known.label, first, second, quantity, price, words)


def _quantity_part(one: LineItem | None, two: LineItem | None) -> float:
    """Return what the counts alone change [USD, present]: at the price of the plan that has the item, the first if both have."""
    if one is None or two is None:
        return (two.total_present_usd if two else 0.0) - (one.total_present_usd if one else 0.0)
    if len(one.quantity) != len(two.quantity):
        return 0.0
    mine, theirs = np.array(one.quantity), np.array(two.quantity)
    price = np.divide(one.present_usd, mine, out=np.zeros(mine.size), where=mine != 0.0)
    fallback = np.divide(two.present_usd, theirs, out=np.zeros(mine.size), where=theirs != 0.0)
    return float((theirs - mine) @ np.where(mine != 0.0, price, fallback))


def _words(
    known: LineItem, ours: dict[str, LineItem], theirs: dict[str, LineItem], difference: float, quantity: float, price: float
) -> str:
    unit = known.driver.value.replace("_", " ")
    first, second = (sum(sum(item.quantity) for item in items.values()) for items in (ours, theirs))
    if abs(difference) <= SMALL * max(1.0, *(abs(item.total_present_usd) for item in (*ours.values(), *theirs.values()))):
        return "the same"
    if not ours or not theirs:
        return f"only in the {'other' if theirs else 'first'} plan: {second or first:,.6g} {unit}"
    parts = []
    if abs(quantity) > SMALL * abs(difference):
        parts.append(f"{unit}: {first:,.6g} to {second:,.6g} ({quantity:+,.0f} USD)")
    if abs(price) > SMALL * abs(difference):
        parts.append(f"prices, shares and timing ({price:+,.0f} USD)")
    return "; ".join(parts)


def _values(values: tuple[float, ...]) -> str:
    if not values:
        return "not used"
    return f"{values[0]:,.6g}" if len(values) == 1 else "; ".join(f"{value:,.6g}" for value in values)
