"""Unit cost: the figures that people quote, live where they are levelised money."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.economics.discounting import Timing
from planner.plan.money import Figure, Money
from reports.book import Book
from reports.grid import FIRST_PERIOD, Formula, Kind, Line, Sheet, Value
from reports.styles import FACTOR, USD, VALUE, Role, Style

SHEET, SHARES = "Unit cost", "Cost shares"
AGREEMENT = 1e-9
LIVE, FROZEN = Style(Role.CALC, VALUE), Style(Role.FROZEN, VALUE)


def write(book: Book) -> None:
    """Fill the sheet, and the sheet of shares that its live figures read."""
    money = book.plan.money
    if money is None or not money.figures:
        return
    note = "Each figure by its one definition. Those that divide cost lines by discounted volume follow edits; grey is frozen."
    sheet = book.sheet(SHEET, "Unit cost", note, Kind.OUTPUT, timed=True)
    live = [figure for figure in money.figures if _agrees(figure, money)]
    columns = _shares(book, live, money) if live else {}
    top = sheet.row
    sheet.row += len(money.figures) + 1
    divisors = _divisors(sheet, live)
    sheet.row, bottom = top, sheet.row
    _figures(book, sheet, money.figures, columns, divisors)
    sheet.row = bottom


def _figures(
    book: Book, sheet: Sheet, figures: Sequence[Figure], columns: dict[str, str], divisors: dict[tuple[float, ...], Line]
) -> None:
    heads = ("Figure", "Of", "", "Unit", "", "Value", "", "Definition")
    sheet.write(*heads, style=[Style(Role.HEAD)] * 5 + [Style(Role.HEAD_NUMBER)] * 2 + [Style(Role.HEAD)])
    factor = (
        book.lines[f"factor:{Timing.OPERATING.value}"].span(SHEET) if f"factor:{Timing.OPERATING.value}" in book.lines else ""
    )
    for figure in figures:
        scope = "the plan" if figure.scope == "plan" else book.title_of("workloads", book.title_of("sites", figure.scope))
        row = sheet.write(figure.label, scope, "", figure.unit, style=Style())
        sheet.put(row, FIRST_PERIOD, figure.definition, Style(Role.NOTE))
        key = _key(figure)
        if key not in columns:
            sheet.put(row, 6, figure.value, FROZEN)
            continue
        numerator = columns[key]
        divisor = divisors[figure.divisor_by_period].span(SHEET)
        sheet.put(row, 6, Formula(f"={numerator}/SUMPRODUCT({divisor},{factor})", figure.value), LIVE)
        spot = sheet.spot(6, row, figure.value)
        book.spots[f"figure:{key}"] = spot
        book.check_as_planned(f"As planned: {figure.label}", spot, figure.value)


def _agrees(figure: Figure, money: Money) -> bool:
    """Return whether a figure is its shares over its volume, so that a formula may stand for it."""
    if not figure.shares or len(figure.divisor_by_period) != len(money.discount_factors[Timing.OPERATING.value]):
        return False
    usd = sum(figure.shares.get(item.id, 0.0) * item.total_present_usd for item in money.items)
    factors = money.discount_factors[Timing.OPERATING.value]
    volume = sum(part * factor for part, factor in zip(figure.divisor_by_period, factors, strict=True))
    return volume > 0.0 and math.isclose(usd / volume, figure.value, rel_tol=AGREEMENT)


def _key(figure: Figure) -> str:
    return f"{figure.id}/{figure.scope}"


def _divisors(sheet: Sheet, live: Sequence[Figure]) -> dict[tuple[float, ...], Line]:
    """Write each volume that figures are divided by, once."""
    found: dict[tuple[float, ...], Line] = {}
    if not live:
        return found
    sheet.section("What they are divided by, before discounting")
    sheet.timeline("Volume of", "", "", "Unit", "")
    for figure in live:
        if figure.divisor_by_period not in found:
            unit = figure.unit.partition("/")[2] or "units"
            found[figure.divisor_by_period] = sheet.series(
                (figure.label, "", "", unit), figure.divisor_by_period, Style(Role.FROZEN, VALUE)
            )
    return found


def _shares(book: Book, live: Sequence[Figure], money: Money) -> dict[str, str]:
    """Write how much of each cost line a figure bears; return the reference to each figure's sum."""
    sheet = book.sheet(
        SHARES, "Cost shares", "How much of the present value of each cost line a unit-cost figure bears. Frozen.", Kind.WORKING
    )
    sheet.freeze = "C6"
    items = [item for item in money.items if f"present:{item.id}" in book.spots]
    heads = ("Cost line", "Present value", *(figure.label for figure in live))
    share = Style(Role.FROZEN, FACTOR)
    rows: list[tuple[Value, ...]] = []
    for item in items:
        spot = book.spots[f"present:{item.id}"]
        shares = [figure.shares.get(item.id, 0.0) for figure in live]
        rows.append((item.id, Formula(f"={spot.seen_from(SHARES)}", spot.value), *shares))
    lines = sheet.table(heads, rows, (Style(), Style(Role.LINK, USD), *[share] * len(live)))
    first, last = lines.start, lines.stop - 1
    row = sheet.write("Borne, present value", style=Style(Role.STRONG))
    found = {}
    for offset, figure in enumerate(live):
        column = sheet.spot(3 + offset, row, 0.0).column
        value = sum(figure.shares.get(item.id, 0.0) * item.total_present_usd for item in items)
        formula = f"=SUMPRODUCT($B${first}:$B${last},{column}${first}:{column}${last})"
        sheet.put(row, 3 + offset, Formula(formula, value), Style(Role.TOTAL, USD))
        found[_key(figure)] = f"'{SHARES}'!${column}${row}"
    return found
