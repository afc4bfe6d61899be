"""Checks: what must hold whatever is edited, the independent certificate, and whether the book still shows the plan."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reports.book import AT_LEAST, EQUAL, Book, Check
from reports.grid import Formula, Kind, Sheet
from reports.rules import bad, good, warning
from reports.styles import VALUE, Role, Style

SHEET = "Checks"
FAILED, EDITED, STATUS = "$B$5", "$B$6", "$B$7"
GOOD, CHANGED, BAD = "All checks pass", "Checks pass; inputs were edited", "CHECKS FAIL: see the sheet Checks"
NO_PLAN = "No plan: see the cover"
TOLERANCE = 1e-9
HEADS = ("Check", "Has", "Must be", "Against", "Holds", "What it says")
NUMBER = Style(Role.CALC, VALUE)
STYLES = (Style(), NUMBER, Style(), NUMBER, Style(Role.CHECK), Style())


def write(book: Book) -> None:
    """Fill the sheet from the checks that the other sheets have registered."""
    note = "A check turns red when an edited input breaks a limit; reconciliation says whether the book still shows the plan."
    sheet = book.sheet(SHEET, "Checks", note, Kind.CHECK)
    sheet.freeze = "B5"
    sheet.widths |= {1: 52.0, 2: 16.0, 4: 16.0, 6: 60.0}
    sheet.row = 10
    own = [check for check in book.checks if not check.reconciliation]
    agreeing = [check for check in book.checks if check.reconciliation]
    live = _block(sheet, "Limits and sums, live", own)
    certified = _certificate(book, sheet)
    moved = _block(sheet, "Reconciliation with the plan: true until an input is edited", agreeing)
    failures = sum(not _holds(check) for check in own) + sum(not check.passed for check in book.plan.evidence.checks)
    differing = sum(not _holds(check) for check in agreeing)
    sheet.row = 5
    _status(book, sheet, (live, certified), moved, failures, differing)


def _status(book: Book, sheet: Sheet, checked: Sequence[range], moved: range, failures: int, differing: int) -> None:
    counts = "+".join(f"COUNTIF($E${rows.start}:$E${rows.stop - 1},FALSE)" for rows in checked if rows) or "0"
    edited = f"COUNTIF($E${moved.start}:$E${moved.stop - 1},FALSE)" if moved else "0"
    count = Style(Role.CALC, "0")
    sheet.write("Checks that fail", Formula(f"={counts}", float(failures)), style=[Style(Role.STRONG), count])
    sheet.write("Figures moved by edited inputs", Formula(f"={edited}", float(differing)), style=[Style(Role.STRONG), count])
    text = NO_PLAN if not book.plan.found else BAD if failures else CHANGED if differing else GOOD
    ready = text if not book.plan.found else Formula(f'=IF({FAILED}>0,"{BAD}",IF({EDITED}>0,"{CHANGED}","{GOOD}"))', text)
    sheet.write("Status, shown on every sheet", ready, style=[Style(Role.STRONG), Style(Role.STATUS)])
    sheet.write("Tolerance, relative", TOLERANCE, style=[Style(Role.STRONG), Style(Role.INPUT, "0E+00")])
    colour(sheet, "B7")


def _block(sheet: Sheet, title: str, checks: Sequence[Check]) -> range:
    if not checks:
        return range(0)
    sheet.section(title, len(HEADS))
    sheet.write(*HEADS, style=[Style(Role.HEAD)] * len(HEADS))
    first = sheet.row
    for check in sorted(checks, key=lambda check: check.relation):
        row = sheet.row
        right = Formula(check.right, check.right_value) if check.right else check.right_value
        sheet.write(
            check.name, Formula(check.left, check.left_value), check.relation, right,
            Formula(_formula(check.relation, row), _holds(check)), check.words, style=STYLES,
        )  # fmt: skip
    start = first
    for relation, group in groupby(sorted(check.relation for check in checks)):
        count = len(list(group))
        _colour_results(sheet, start, start + count - 1, relation, warn=checks[0].reconciliation)
        start += count
    return range(first, sheet.row)


def _certificate(book: Book, sheet: Sheet) -> range:
    """Write what the independent checker found when the plan was made."""
    found = book.plan.evidence.checks
    if not found:
        return range(0)
    sheet.section("Certificate of the plan, by code that shares nothing with the solver (frozen)", len(HEADS))
    sheet.write(*HEADS, style=[Style(Role.HEAD)] * len(HEADS))
    first = sheet.row
    for check in found:
        styles = (*STYLES[:4], Style(Role.GOOD if check.passed else Role.BAD), STYLES[5])
        sheet.write(check.name, None, None, None, check.passed, check.detail, style=styles)
    return range(first, sheet.row)


def _formula(relation: str, row: int) -> str:
    margin = f"$B$8*MAX(1,ABS(D{row}))"
    if relation == EQUAL:
        return f"=ABS(B{row}-D{row})<={margin}"
    return f"=B{row}>=D{row}-{margin}" if relation == AT_LEAST else f"=B{row}<=D{row}+{margin}"


def _holds(check: Check) -> bool:
    margin = TOLERANCE * max(1.0, abs(check.right_value))
    difference = check.left_value - check.right_value
    if check.relation == EQUAL:
        return abs(difference) <= margin
    return difference >= -margin if check.relation == AT_LEAST else difference <= margin


def _colour_results(sheet: Sheet, first: int, last: int, relation: str, *, warn: bool) -> None:
    """Colour the results. The rule repeats the comparison: LibreOffice fails on one that reads its own true or false."""
    holds = _formula(relation, first)[1:]
    area = f"E{first}:E{last}"
    fails = f"NOT({holds})"
    sheet.rules += [(area, good(holds)), (area, warning(fails) if warn else bad(fails))]


def colour(sheet: Sheet, cell: str) -> None:
    """Colour a status cell: red where a check fails, amber where inputs were edited, green else."""
    prefix = "" if sheet.title == SHEET else f"{SHEET}!"
    rules = bad(f"{prefix}{FAILED}>0"), warning(f"{prefix}{EDITED}>0"), good(f"{prefix}{FAILED}=0")
    sheet.rules += [(cell, rule) for rule in rules]


def banners(book: Book) -> None:
    """Write title, note and the state of the checks at the head of every sheet."""
    status = book.sheets[SHEET].cells[7][2].value
    value = status.value if isinstance(status, Formula) else status
    for sheet in book.sheets.values():
        sheet.put(1, 1, sheet.heading, Style(Role.TITLE))
        sheet.put(2, 1, sheet.note, Style(Role.NOTE))
        if isinstance(value, str) and sheet.title != SHEET:
            sheet.put(3, 1, Formula(f"={SHEET}!{STATUS}", value), Style(Role.CHECK))
            if book.plan.found:
                colour(sheet, "A3")
