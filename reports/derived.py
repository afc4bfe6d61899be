"""Assumptions that follow from others: value by age from economic life and residual value, life used in a year, from the life."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.economics.assumptions import Assumption
from planner.plan.money import Money
from reports.book import Book
from reports.grid import Spot

AGREEMENT = 1e-9
CALENDAR = ("years_per_period", "months_per_period", "hours_per_period")


@dataclass(frozen=True, slots=True)
class Life:
    """Where economic life [years] and residual value [of the price] of one system stand."""

    years: Spot
    residual: Spot


def life_of(book: Book, assumption: Assumption) -> Life | None:
    """Return the life that an assumption of a system (`value_by_age[x]`) derives from; None where it is not in the plan."""
    scope = assumption.id[assumption.id.find("[") :] if "[" in assumption.id else ""
    years, residual = _spot(book, "economic_life_years", scope), _spot(book, "residual_fraction", scope)
    return None if years is None or residual is None or years.value <= 0 else Life(years, residual)


def derived_path(book: Book, assumption: Assumption) -> Life | None:
    """Return the life if an assumption by age is exactly the straight line that it gives, so that a formula may stand for it."""
    if not assumption.id.startswith("value_by_age"):
        return None
    life = life_of(book, assumption)
    if life is None:
        return None
    step, years, residual = book.spots["clock_years"].value, life.years.value, life.residual.value
    line = [1.0 - (1.0 - residual) * min(age * step, years) / years for age in range(len(assumption.values))]
    agrees = all(
        math.isclose(one, two, rel_tol=AGREEMENT, abs_tol=1e-12) for one, two in zip(line, assumption.values, strict=True)
    )
    return life if agrees else None


def derived_value(book: Book, assumption: Assumption, home: str) -> str | None:
    """Return the formula of a single assumption that follows from another, where it gives exactly its value."""
    life = life_of(book, assumption) if assumption.id.startswith("life_share_year") else None
    if life is None or not math.isclose(1.0 / life.years.value, assumption.values[0], rel_tol=AGREEMENT):
        return None
    return f"=1/{life.years.seen_from(home)}"


def read_addresses(money: Money) -> set[str]:
    """Return the assumptions that something in a workbook reads: cost lines, accounts, and what derives from a life."""
    used = {use.assumption_id for item in money.items for use in item.factors}
    lives = ("value_by_age", "life_share_year")
    if any(address.startswith(lives) for address in used):
        used |= _starting(money, "economic_life_years") | _starting(money, "residual_fraction")
    if any(money.totals.depreciation_by_period_usd):
        used |= _starting(money, "book_life_years") | _starting(money, "residual_fraction")
    return used


def _starting(money: Money, name: str) -> set[str]:
    return {one.id for one in money.assumptions if one.id.startswith(name)}


def _spot(book: Book, name: str, scope: str) -> Spot | None:
    place = book.places.get(f"{name}{scope}") or book.places.get(name)
    return None if place is None else place.spot
