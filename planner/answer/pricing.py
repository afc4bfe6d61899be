"""The scenario's instance in which every system can be given any price, also those whose price nobody knows.

A system's cost is linear in its price: purchase, shares of the price, support, residual value. The instance is posed at one price
and at twice that, and stands between them at any other. Systems that are left out for want of a price or of watts are in it for
the sake of the question; where watts had to be assumed (those of the chips alone: a unit draws no less) that is said.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.items import Kind, Sourced, Status
from planner.answer.context import Context
from planner.options.build import tabulate
from planner.options.market import LeftOut, Market, Offering, survey
from planner.options.table import OptionRow, OptionsTable, Rejected
from planner.program.instance import Instance, Placement
from planner.question.costs import costs_of
from planner.question.instance import pose
from planner.question.places import placements_of
from planner.scenario import Scenario
from planner.scenario.market import PriceBookEntry

PLACEHOLDER_USD = 1e6
AT_A_TIME = 20  # systems whose capacities are predicted together: one by one takes four times as long
Key = tuple[str, str]


@dataclass(frozen=True)
class PriceQuestion:
    """An instance in which every system can be given any price.

    price_usd  of a unit in `instance`, by system; `twice` holds the placements at twice that
    closed     systems that are not on the market of the scenario itself; `assumed` says what was assumed of some of them
    rejected   why workloads cannot run on those
    late       systems not on the market whose capacities could not be predicted in time; they are not in the instance
    """

    instance: Instance
    price_usd: Mapping[str, float]
    twice: Mapping[Key, Placement]
    closed: frozenset[str] = frozenset()
    assumed: Mapping[str, str] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    late: tuple[str, ...] = ()

    def priced(self, system: str, price_usd: float | None) -> Instance:
        """Return the instance with one system at a price, the closed ones off the market; None takes it off, too."""
        return replace(self.instance, placements=tuple(self._placed(one, system, price_usd) for one in self.instance.placements))

    def at_twice(self) -> Instance:
        """Return the instance with every price doubled."""
        placed = tuple(self.twice[one.system, one.site] for one in self.instance.placements)
        return replace(self.instance, placements=placed)

    def _placed(self, one: Placement, system: str, price_usd: float | None) -> Placement:
        if one.system == system and price_usd is not None:
            return _between(one, self.twice[one.system, one.site], price_usd / self.price_usd[system] - 1.0)
        return replace(one, buy_usd=()) if one.system == system or one.system in self.closed else one


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


def price_question(context: Context, seconds: float) -> PriceQuestion:
    """Return the scenario's instance, widened by the systems of which too little is known, in which any price can be asked.

    No further system's capacities are predicted after so many seconds.
    """
    known = {item.id for item in context.market.offerings}
    # A table of measured capacities says nothing of systems that the scenario could not choose.
    wanted = () if context.scenario.performance.measured else tuple(left_for_want(context))
    scenario = _widened(context.scenario, wanted)
    market = survey(scenario, context.catalog)
    names = {item.system.id for item in wanted}
    made, extra = _predicted(context, scenario, [item for item in market.offerings if item.id in names], seconds)
    closed = frozenset(item.id for item in extra)
    late = tuple(item.id for item in market.offerings if item.id in names - closed)
    market = replace(market, offerings=tuple(item for item in market.offerings if item.id in closed | known))
    table = OptionsTable(tuple(sorted(context.table.rows + made.rows, key=lambda row: row.id)), ())
    costs = costs_of(scenario, context.catalog, market, context.demand)
    instance = pose(scenario, context.catalog, context.demand, market, table, costs)
    dearer = Market(tuple(_twice(item) for item in market.offerings), ())
    placed = placements_of(scenario, dearer, costs_of(scenario, context.catalog, dearer, context.demand))
    return PriceQuestion(
        instance,
        price_usd={item.id: item.purchase.value for item in market.offerings if item.purchase is not None},
        twice={(one.system, one.site): one for one in placed},
        closed=closed,
        assumed={item.system.id: words for item in wanted if (words := _assumed(item))},
        rejected=made.rejected,
        late=late,
    )


def _predicted(
    context: Context, scenario: Scenario, wanted: list[Offering], seconds: float
) -> tuple[OptionsTable, list[Offering]]:
    """Return the options of systems that are not on the market, and those systems: as many as are predicted in time.

    Those whose price is known come first: of them most can be said.
    """
    end, rows, rejected, done = time.perf_counter() + seconds, list[OptionRow](), list[Rejected](), list[Offering]()
    queue = sorted(wanted, key=lambda one: (one.system.purchase_usd is None, one.id))
    for first in range(0, len(queue), AT_A_TIME):
        if time.perf_counter() >= end:
            break
        batch = queue[first : first + AT_A_TIME]
        made = tabulate(scenario, context.catalog, Market(tuple(batch), ()), context.demand, Path())
        rows += made.rows
        rejected += made.rejected
        done += batch
    by_place = sorted(rejected, key=lambda one: (one.workload, one.system, one.role))
    return OptionsTable(tuple(rows), tuple(by_place)), done


def left_for_want(context: Context) -> Iterable[LeftOut]:
    """Yield the systems that are left out for want of a price or of watts, and of which the rest is known."""
    units, announced = context.catalog.systems(), context.scenario.hardware.allow_announced
    for item in context.market.left_out:
        status = item.hardware.status
        real = item.system.id in units and (status is Status.SHIPPING or (announced and status is not Status.CANCELLED))
        holds = bool(item.hardware.wired_model_id) or any(tier.capacity_bytes is not None for tier in item.hardware.memory)
        if real and holds and (item.purchase is None or item.power is None) and _watts(item) is not None:
            yield item


def _watts(item: LeftOut) -> float | None:
    """Return the watts of a unit, or else of its chips alone: it draws no less."""
    if item.power is not None:
        return item.power.value
    return None if item.hardware.tdp_w is None else item.system.chips * item.hardware.tdp_w.value


def _assumed(item: LeftOut) -> str:
    """Return what is assumed of a system whose price is asked for; "" if nothing but the price is missing."""
    if item.power is not None:
        return ""
    chips = "its chip" if item.system.chips == 1 else f"its {item.system.chips} chips"
    return f"drawing no more than {chips} ({(_watts(item) or 0.0) / 1e3:,.2f} kW)"


def _widened(scenario: Scenario, wanted: Iterable[LeftOut]) -> Scenario:
    """Return the scenario with what is missing of some systems put in."""
    book = dict(scenario.hardware.price_book)
    for item in wanted:
        entry = book.get(item.system.id, PriceBookEntry())
        usd = PLACEHOLDER_USD if item.purchase is None else entry.purchase
        watts = _watts(item) if item.power is None else entry.power
        book[item.system.id] = entry.model_copy(update={"purchase": usd, "power": watts})
    hardware = scenario.hardware.model_copy(update={"price_book": book})
    return scenario.model_copy(update={"hardware": hardware})


def _twice(item: Offering) -> Offering:
    if item.purchase is None:
        return item
    return replace(item, purchase=Sourced(2.0 * item.purchase.value, item.purchase.source, Kind.USER, ""))
