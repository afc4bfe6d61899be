"""The scenario's instance in which every system can be given any price, also those whose price nobody knows.

A system's cost is linear in its price: purchase, shares of the price, support, residual value. The instance is posed at one price
and at twice that, and stands between them at any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.items import Kind, Sourced
from planner.answer.context import Context
from planner.options.build import tabulate
from planner.options.market import Market, Offering, survey
from planner.options.table import OptionsTable
from planner.program.instance import Instance, Placement
from planner.question.costs import costs_of
from planner.question.instance import pose
from planner.question.places import placements_of
from planner.scenario import Scenario
from planner.scenario.market import PriceBookEntry

PLACEHOLDER_USD = 1e6
Key = tuple[str, str]


@dataclass(frozen=True)
class PriceQuestion:
    """An instance in which every system can be given any price.

    price_usd  of a unit in `instance`, by system; `twice` holds the placements at twice that
    """

    instance: Instance
    price_usd: Mapping[str, float]
    twice: Mapping[Key, Placement]

    def priced(self, system: str, price_usd: float | None) -> Instance:
        """Return the instance with one system at a price, the unpriced ones off the market; None takes it off, too."""
        return replace(self.instance, placements=tuple(self._placed(one, system, price_usd) for one in self.instance.placements))

    def at_twice(self) -> Instance:
        """Return the instance with every price doubled."""
        placed = tuple(self.twice[one.system, one.site] for one in self.instance.placements)
        return replace(self.instance, placements=placed)

    def _placed(self, one: Placement, system: str, price_usd: float | None) -> Placement:
        if one.system == system and price_usd is not None:
            return _between(one, self.twice[one.system, one.site], price_usd / self.price_usd[system] - 1.0)
        unpriced = self.price_usd.get(one.system) == PLACEHOLDER_USD
        return replace(one, buy_usd=()) if one.system == system or unpriced else one


def _between(one: Placement, two: Placement, part: float) -> Placement:
    """Return the placement `part` of the way from one price to the other (-1: free)."""

    def at(first: float, second: float) -> float:
        return first + part * (second - first)

    buy = tuple(None if a is None or b is None else at(a, b) for a, b in zip(one.buy_usd, two.buy_usd, strict=True))
    return replace(
        one,
        buy_usd=buy,
        cash_usd=tuple(at(a, b) for a, b in zip(one.cash_usd, two.cash_usd, strict=True)),
        own_usd=tuple(at(a, b) for a, b in zip(one.own_usd, two.own_usd, strict=True)),
        retire_usd={key: at(usd, two.retire_usd[key]) for key, usd in one.retire_usd.items()},
    )


def price_question(context: Context) -> PriceQuestion:
    """Return the scenario's instance, widened by the systems whose price is not known, in which any price can be asked."""
    unknown = () if context.scenario.performance.measured else unpriced(context)
    scenario = _with_placeholders(context.scenario, unknown)
    market = survey(scenario, context.catalog)
    extra = Market(tuple(item for item in market.offerings if item.id in unknown), ())
    rows = context.table.rows
    if extra.offerings:
        rows += tabulate(scenario, context.catalog, extra, context.demand, Path()).rows
    table = OptionsTable(tuple(sorted(rows, key=lambda row: row.id)), ())
    costs = costs_of(scenario, context.catalog, market, context.demand)
    instance = pose(scenario, context.catalog, context.demand, market, table, costs)
    dearer = Market(tuple(_twice(item) for item in market.offerings), ())
    placed = placements_of(scenario, dearer, costs_of(scenario, context.catalog, dearer, context.demand))
    prices = {item.id: item.purchase.value for item in market.offerings if item.purchase is not None}
    return PriceQuestion(instance, prices, {(one.system, one.site): one for one in placed})


def unpriced(context: Context) -> frozenset[str]:
    """Return the systems that are left out for want of a price alone."""
    return frozenset(item.system.id for item in context.market.left_out if item.reason.startswith("price is not known"))


def _with_placeholders(scenario: Scenario, systems: Iterable[str]) -> Scenario:
    book = dict(scenario.hardware.price_book)
    for system in sorted(systems):
        book[system] = book.get(system, PriceBookEntry()).model_copy(update={"purchase": PLACEHOLDER_USD})
    return scenario.model_copy(update={"hardware": scenario.hardware.model_copy(update={"price_book": book})})


def _twice(item: Offering) -> Offering:
    if item.purchase is None:
        return item
    return replace(item, purchase=Sourced(2.0 * item.purchase.value, item.purchase.source, Kind.USER, ""))
