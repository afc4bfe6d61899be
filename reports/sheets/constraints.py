"""Limits: how much there is, how much is used, what one more is worth; and what would make an infeasible question feasible."""

from __future__ import annotations

from reports.book import Book
from reports.grid import Formula, Kind, Sheet, Value
from reports.styles import PERCENT, USD, VALUE, Role, Style

SHEET = "Constraints"
NUMBER, CALC = Style(Role.FROZEN, VALUE), Style(Role.CALC, VALUE)


def write(book: Book) -> None:
    """Fill the sheet."""
    evidence = book.plan.evidence
    if not (evidence.limits or evidence.changes or evidence.reasons):
        return
    note = "Which limits bind and by how much. Worth = how the plan's cost changes with one more of it (negative: it saves)."
    sheet = book.sheet(SHEET, "Constraints", note, Kind.OUTPUT)
    sheet.widths |= {1: 44.0, 9: 60.0}
    if evidence.changes:
        _changes(book, sheet)
    if evidence.limits:
        _limits(book, sheet)
    if evidence.reasons:
        sheet.section("Why the plan is what it is", 9)
        for reason in evidence.reasons:
            sheet.note_line(f"• {reason}")
    for remark in book.plan.solve.notes:
        sheet.note_line(f"• {remark}")


def _changes(book: Book, sheet: Sheet) -> None:
    """Write the smallest set of changes that helps: have, need, missing."""
    sheet.section("The smallest set of changes that makes it feasible, all of them together", 9)
    heads = ("Change", "Unit", "Have", "Need", "Missing", "Relative", "In words")
    styles = (Style(), Style(), NUMBER, NUMBER, CALC, Style(Role.CALC, PERCENT), Style(Role.NOTE))
    rows: list[tuple[Value, ...]] = []
    for change in book.plan.evidence.changes:
        row = sheet.row + 1 + len(rows)
        gap = change.need - change.have
        share = Formula(f"=E{row}/C{row}", gap / change.have) if change.have else None
        rows.append((change.label, change.unit, change.have, change.need, Formula(f"=D{row}-C{row}", gap), share, change.words))
    sheet.table(heads, rows, styles)


def _limits(book: Book, sheet: Sheet) -> None:
    sheet.section("Limits, the tightest period of each", 9)
    heads = ("Limit", "Unit", "Have", "Used", "Left", "Used, share", "Binding", "One more is worth, USD", "In words")
    check = Style(Role.CHECK)
    styles = (Style(), Style(), NUMBER, NUMBER, CALC, Style(Role.CALC, PERCENT), check, Style(Role.FROZEN, USD), Style(Role.NOTE))
    rows: list[tuple[Value, ...]] = []
    for limit in book.plan.evidence.limits:
        row = sheet.row + 1 + len(rows)
        left = Formula(f"=C{row}-D{row}", limit.have - limit.used)
        share = Formula(f"=D{row}/C{row}", limit.used / limit.have) if limit.have else None
        worth: Value = "not computed" if limit.worth_usd is None else limit.worth_usd
        binding = "binds" if limit.binding else "no"
        rows.append((limit.label, limit.unit, limit.have, limit.used, left, share, binding, worth, limit.words))
    sheet.table(heads, rows, styles)
