"""Unit cost: the figures that people quote, live where they are levelised money."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.economics.discounting import Timing
from planner.plan.money import Figure, Money
from reports.book import Book
from reports.grid import Formula, Kind, Line, Sheet, Value
from reports.sheets.quantities import SHEET as QUANTITIES
from reports.styles import AMOUNT, FACTOR, USD, VALUE, Role, Style

SHEET, SHARES = "Unit cost", "Cost shares"
AGREEMENT = 1e-9
MILLION, RECIPROCAL = 1e6, "tokens_per_usd"
LIVE, FROZEN = Style(Role.CALC, VALUE), Style(Role.FROZEN, VALUE)


def write(book: Book) -> None:
    """Fill the sheet, and the sheet of shares that its live figures read."""
    money = book.plan.money
    if money is None or not money.figures:
        return
    note = "Each figure by its one definition. Those that divide cost lines by discounted volume follow edits; grey is frozen."
    sheet = book.sheet(SHEET, "Unit cost", note, Kind.OUTPUT)
    sheet.freeze = "B5"
    sheet.widths |= {1: 44.0, 2: 28.0, 3: 16.0, 4: 18.0, 5: 84.0}
    live = [figure for figure in money.figures if _agrees(figure, money)]
    numerators = _shares(book, live, money) if live else {}
    divisors = _divisors(book, live)
    book.spots["million"] = sheet.spot(3, sheet.row, MILLION)
    sheet.write("A million", "", MILLION, "tokens", style=[Style(), Style(), FROZEN, Style()])
    sheet.row += 1
    heads = (Style(Role.HEAD), Style(Role.HEAD), Style(Role.HEAD_NUMBER), Style(Role.HEAD), Style(Role.HEAD))
    sheet.write("Figure", "Of", "Value", "Unit", "Definition", style=heads)
    for figure in money.figures:
        row = sheet.write(figure.label, _scope(book, figure), None, figure.unit, figure.definition)
        if _key(figure) in numerators:
            _live(book, sheet, figure, numerators[_key(figure)], divisors[figure.divisor_by_period], row)
        elif figure.id == RECIPROCAL and f"figure:usd_per_mtok/{figure.scope}" in book.spots:
            _reciprocal(book, sheet, figure, row)
        else:
            sheet.put(row, 3, figure.value, FROZEN)
        book.spots[f"figure:{_key(figure)}"] = sheet.spot(3, row, figure.value)


def _scope(book: Book, figure: Figure) -> str:
    if figure.scope == "plan":
        return "the plan"
    return book.title_of("workloads", book.title_of("sites", figure.scope))


def _live(book: Book, sheet: Sheet, figure: Figure, numerator: str, divisor: Line, row: int) -> None:
    """Write a figure as its share of the cost lines over its discounted volume, and register that it is as planned."""
    factors = book.lines[f"factor:{Timing.OPERATING.value}"]
    formula = f"={numerator}/SUMPRODUCT({divisor.span(SHEET)},{factors.span(SHEET)})"
    sheet.put(row, 3, Formula(formula, figure.value), LIVE)
    book.check_as_planned(f"As planned: {figure.label}", sheet.spot(3, row, figure.value), figure.value)


def _reciprocal(book: Book, sheet: Sheet, figure: Figure, row: int) -> None:
    """Write tokens per dollar as the exact reciprocal of dollars per million tokens."""
    cost = book.spots[f"figure:usd_per_mtok/{figure.scope}"]
    million = book.spots["million"]
    exact = math.isclose(million.value / cost.value, figure.value, rel_tol=AGREEMENT) if cost.value else False
    formula = Formula(f"={million.seen_from(SHEET)}/{cost.seen_from(SHEET)}", figure.value)
    sheet.put(row, 3, formula if exact else figure.value, LIVE if exact else FROZEN)


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


def _divisors(book: Book, live: Sequence[Figure]) -> dict[tuple[float, ...], Line]:
    """Write each volume that figures are divided by, once, below the quantities."""
    found: dict[tuple[float, ...], Line] = {}
    if not live:
        return found
    sheet = book.sheets[QUANTITIES]
    sheet.section("volumes that unit costs are divided by, before discounting")
    for figure in live:
        if figure.divisor_by_period not in found:
            head = (f"divisor of {figure.unit}", _scope(book, figure), figure.label)
            found[figure.divisor_by_period] = sheet.series(head, figure.divisor_by_period, Style(Role.FROZEN, AMOUNT))
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
