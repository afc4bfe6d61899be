"""Price paths: assumptions that change over the plan, and those that change with the age of a unit."""

from __future__ import annotations

from collections.abc import Sequence

from planner.economics.assumptions import Assumption, Axis
from planner.plan.money import Money
from reports.book import Book
from reports.derived import derived_path
from reports.grid import Kind, Line, Sheet
from reports.styles import VALUE, Role, Style

SHEET = "Price paths"
INPUT, CALC = Style(Role.INPUT, VALUE), Style(Role.CALC, VALUE)


def write(book: Book, money: Money) -> dict[str, Line]:
    """Fill the sheet, left out where every assumption is one number; return the rows by address."""
    changing = [assumption for assumption in money.assumptions if not assumption.is_single]
    if not changing:
        return {}
    dated = [assumption for assumption in changing if assumption.axis is Axis.PERIOD]
    note = "Assumptions that change over the plan, and those that change with the age of a unit."
    sheet = book.sheet(SHEET, "Price paths", note, Kind.INPUT, timed=bool(dated))
    found: dict[str, Line] = {}
    if dated:
        sheet.timeline("Assumption, by period", "Address", "Unit", "How known", "Source", total="", start="")
        found |= {one.id: sheet.series(_head(book, one), one.values, INPUT, total=False) for one in dated}
    aged = [assumption for assumption in changing if assumption.axis is Axis.AGE]
    return found | _aged(book, sheet, aged) if aged else found


def _aged(book: Book, sheet: Sheet, aged: Sequence[Assumption]) -> dict[str, Line]:
    """Write assumptions by age; a straight line to a residual value is a formula of life and residual value."""
    sheet.row += 1
    most = max(len(assumption.values) for assumption in aged)
    heads = ["Assumption, by age in periods from new", "Address", "Unit", "How known", "Source", "", ""]
    styles = [Style(Role.HEAD)] * 5 + [Style(Role.HEAD_NUMBER)] * (2 + most)
    sheet.write(*heads, *(f"age {age}" for age in range(most)), style=styles)
    ages = sheet.series(("Age", "", "periods"), range(most), Style(Role.FROZEN, "0"), total=False)
    return {one.id: _by_age(book, sheet, one, ages) for one in aged}


def _by_age(book: Book, sheet: Sheet, assumption: Assumption, ages: Line) -> Line:
    life = derived_path(book, assumption)
    if life is None:
        return sheet.series(_head(book, assumption), assumption.values, INPUT, total=False)
    home, step = sheet.title, book.spots["clock_years"].seen_from(sheet.title)
    years, residual = life.years.seen_from(home), life.residual.seen_from(home)
    return sheet.series(
        _head(book, assumption), assumption.values, CALC, total=False,
        formula=lambda c: f"=1-(1-{residual})*MIN({c}{ages.row}*{step},{years})/{years}",
    )  # fmt: skip


def _head(book: Book, assumption: Assumption) -> tuple[str, str, str, str, str]:
    return (assumption.label, assumption.id, assumption.unit, assumption.kind.value, book.source(assumption.source))
