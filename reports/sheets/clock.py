"""The clock of the cost sheet: when flows fall, and what a dollar of then is worth today."""

from __future__ import annotations

from collections.abc import Callable

from planner.economics.discounting import Timing
from planner.plan.money import Money
from reports.book import Book
from reports.grid import Line, Sheet
from reports.styles import FACTOR, RATE, Role, Style

WORDS = {
    Timing.START: "start of the period",
    Timing.OPERATING: "as it runs",
    Timing.END: "end of the period",
    Timing.HORIZON: "end of the plan",
}


def write_clock(book: Book, sheet: Sheet, money: Money) -> dict[Timing, Line]:
    """Write period index, times and discount factors; return the row of factors of each timing."""
    home, spots, periods = sheet.title, book.spots, book.periods
    sheet.timeline("Clock", "Paid", "", "Unit", total="", start="")
    index = sheet.series(("Period", "", "", "from 0"), range(periods), Style(Role.FROZEN, "0"), total=False)
    count = spots["clock_periods"].seen_from(home)
    last = [0.0] * (periods - 1) + [1.0]
    book.lines["index"] = index
    book.lines["last"] = sheet.series(
        ("Last period", "", "", "flag"),
        last,
        Style(Role.CALC, "0"),
        total=False,
        formula=lambda c: f"=IF({c}{index.row}+1={count},1,0)",
    )
    times = {timing: _times(book, sheet, timing, index.row) for timing in Timing}
    return {timing: _factors(book, sheet, money, timing, times[timing]) for timing in Timing}


def _times(book: Book, sheet: Sheet, timing: Timing, index_row: int) -> Line:
    length = book.spots["clock_years"]
    count = book.spots["clock_periods"].seen_from(sheet.title)
    step = length.seen_from(sheet.title)
    formula: Callable[[str], str]
    if timing is Timing.HORIZON:
        values = [book.periods * length.value] * book.periods
        formula = lambda _: f"={count}*{step}"  # noqa: E731
    else:
        offset = book.spots[f"offset_{timing.value}"]
        place = offset.seen_from(sheet.title)
        values = [(period + offset.value) * length.value for period in range(book.periods)]
        formula = lambda c: f"=({c}{index_row}+{place})*{step}"  # noqa: E731
    return sheet.series(
        ("Time from today", WORDS[timing], "", "years"), values, Style(Role.CALC, RATE), total=False, formula=formula
    )


def _factors(book: Book, sheet: Sheet, money: Money, timing: Timing, times: Line) -> Line:
    rate = book.spots["discount_rate"].seen_from(sheet.title)
    return sheet.series(
        ("Discount factor", WORDS[timing], "", ""),
        money.discount_factors[timing.value],
        Style(Role.CALC, FACTOR),
        total=False,
        formula=lambda c: f"=(1+{rate})^-{c}{times.row}",
    )
