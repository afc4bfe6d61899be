"""How much of the net present cost goes through each assumption; exact, since every cost line is a product."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from planner.economics.assumptions import Assumption
from planner.economics.lines import Group, LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.sheets.cost import names_column

CALENDAR = ("years_per_period", "months_per_period", "hours_per_period", "accelerators", "commitment_hours", "hours_beyond")


@dataclass(frozen=True, slots=True)
class Exposure:
    """An assumption and the present value [USD] of the lines that multiply by it."""

    assumption: Assumption
    usd: float


def cost_items(money: Money) -> list[LineItem]:
    """Return the items that are money, emissions left out."""
    return [item for item in money.items if item.group is not Group.CARBON]


def exposures(money: Money) -> list[Exposure]:
    """Return every single-valued assumption that a price, tariff, share or efficiency goes through, greatest exposure first."""
    usd: dict[str, float] = {}
    for item in cost_items(money):
        for use in item.factors:
            usd[use.assumption_id] = usd.get(use.assumption_id, 0.0) + item.total_present_usd
    found = [
        Exposure(assumption, usd[assumption.id])
        for assumption in money.assumptions
        if assumption.id in usd and assumption.is_single and not assumption.id.startswith(CALENDAR)
    ]
    return sorted(found, key=lambda one: (-abs(one.usd), one.assumption.id))


def pattern(address: str) -> str:
    """Return the wildcard pattern that finds an assumption among the names of a cost line, once and whole.

    >>> pattern("pue[dc-1]")
    '* × pue[dc-1] *'
    """
    for special in "~*?":
        address = address.replace(special, f"~{special}")
    return f"* × {address} *"


def sum_if(book: Book, criterion: str) -> str:
    """Return the formula (without `=`) that adds the present values of the cost lines whose names fit the cell `criterion`."""
    first, last = book.rows["items"]
    names = get_column_letter(names_column(book))
    return f"SUMIF(Cost!${names}${first}:${names}${last},{criterion},Cost!$G${first}:$G${last})"
