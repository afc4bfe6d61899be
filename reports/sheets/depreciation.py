"""Fixed assets: straight-line depreciation of every purchase, live in price and life, and the account that it adds up to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from planner.economics.discounting import Vector
from planner.plan.money import Money
from reports.book import Book
from reports.fixed_assets import Asset, Purchase, account, assets_of
from reports.grid import START, Formula, Kind, Line, Sheet, period_column
from reports.sheets.quantities import cohort_label
from reports.styles import FACTOR, USD, VALUE, Role, Style

SHEET = "Depreciation"
CALC, SUM = Style(Role.CALC, USD), Style(Role.TOTAL, USD)
SHARE = Style(Role.CALC, FACTOR)
ADDED, WRITTEN, GONE = "Additions", "Depreciation", "Disposals"
AGREEMENT = 1e-9


def write(book: Book) -> None:
    """Fill the sheet; live where every figure is known to it, else the plan's own two rows, frozen."""
    money = book.plan.money
    if money is None or not any(money.totals.depreciation_by_period_usd):
        return
    note = "USD. Closing = opening + additions - depreciation - disposals; straight line over the book life, each purchase apart."
    sheet = book.sheet(SHEET, "Fixed assets", note, Kind.WORKING, timed=True)
    assets = assets_of(book, money)
    whole = account(assets, book.spots["clock_years"].value) if assets else None
    planned = np.array([money.totals.depreciation_by_period_usd, money.totals.book_value_by_period_usd])
    if whole is None or not np.allclose(whole[[1, 3]], planned, rtol=AGREEMENT, atol=1e-6):
        _frozen(sheet, planned)
        return
    top = sheet.row
    sheet.row += 7
    first = sheet.row
    for asset in assets:
        _asset(book, sheet, asset)
    last, bottom, sheet.row = sheet.row - 1, sheet.row, top
    _totals(book, sheet, whole, (first, last), money)
    sheet.row = bottom


def _frozen(sheet: Sheet, planned: Vector) -> None:
    sheet.timeline("Fixed assets, as planned", "", "", "Unit")
    frozen = Style(Role.FROZEN, USD)
    sheet.series(("Depreciation", "", "", "USD"), planned[0].tolist(), frozen)
    sheet.series(("Book value at the end of the period", "", "", "USD"), planned[1].tolist(), frozen, total=False)


def _asset(book: Book, sheet: Sheet, asset: Asset) -> None:
    """Write one asset: its life, what it is written down by age, its additions and each of its purchases."""
    home, index = sheet.title, book.lines["index"]
    sheet.section(asset.name)
    sheet.timeline("Fixed asset", "", "Part of", "Unit", "Input", start="Bought in")
    for label, unit, spot in (("Book life", "years", asset.life), ("Residual value", "of cost", asset.residual)):
        row = sheet.write(label, "", "", unit)
        sheet.put(row, 5, Formula(f"={spot.seen_from(home)}", spot.value), Style(Role.LINK, VALUE))
    life, residual = f"$E${sheet.row - 2}", f"$E${sheet.row - 1}"
    years = book.spots["clock_years"]
    step = years.seen_from(home)
    written, value = asset.weights(years.value)
    weights = sheet.series(
        ("Written down in the period, by age", "", "", "of cost"), written.tolist(), SHARE, total=False,
        formula=lambda c: f"=(1-{residual})/{life}*MAX(0,MIN({step},{life}-{index.at(c, home)}*{step}))",
    )  # fmt: skip
    worth = sheet.series(
        ("Book value at the start, by age", "", "", "of cost"), value.tolist(), SHARE, total=False,
        formula=lambda c: f"=1-(1-{residual})*MIN({index.at(c, home)}*{step},{life})/{life}",
    )  # fmt: skip
    additions = sheet.series(
        ("Additions", "", ADDED, "USD"), asset.additions().tolist(), CALC,
        formula=lambda c: "=" + "+".join(line.at(c, home) for line in asset.lines),
    )  # fmt: skip
    for one in asset.purchases():
        _purchase(book, sheet, asset, additions, (weights, worth), one)


def _purchase(book: Book, sheet: Sheet, asset: Asset, additions: Line, by_age: tuple[Line, Line], one: Purchase) -> None:
    """Write one purchase: its cost still held, its depreciation, and the book value of what leaves."""
    weights, worth = by_age
    home, index, label, row = sheet.title, book.lines["index"], cohort_label(book, one.cohort), sheet.row
    left, bought = asset.retired.get(one.cohort), asset.bought.span(home)
    ages = np.maximum(np.arange(book.periods) - one.cohort, 0)

    def holding(column: str) -> str:
        gone = f"-SUM({left.sheet}!${period_column(0)}{left.row}:{column}{left.row})" if left else ""
        return f"=IF({index.at(column, home)}>=$G{row},(INDEX({bought},$G{row}+1){gone})*$E{row},0)"

    def age(column: str) -> str:
        return f"MAX(1,{index.at(column, home)}-$G{row}+1)"

    held, gone = one.held * one.unit_usd, one.gone * one.unit_usd
    kept = sheet.series((f"Cost still held, bought {label}", "", "", "USD"), held.tolist(), CALC, total=False, formula=holding)
    sheet.put(row, 5, Formula(f"=INDEX({additions.span(home)},$G{row}+1)/INDEX({bought},$G{row}+1)", one.unit_usd), CALC)
    sheet.put(row, 7, one.cohort, Style(Role.FROZEN, "0"))
    sheet.series(
        (f"Depreciation, bought {label}", "", WRITTEN, "USD"), (held * np.array(weights.values)[ages]).tolist(), CALC,
        formula=lambda c: f"={c}{kept.row}*INDEX({weights.span(home)},{age(c)})",
    )  # fmt: skip
    if left is not None:
        sheet.series(
            (f"Book value of what leaves, bought {label}", "", GONE, "USD"), (gone * np.array(worth.values)[ages]).tolist(), CALC,
            formula=lambda c: f"={left.at(c, home)}*$E{row}*INDEX({worth.span(home)},{age(c)})",
        )  # fmt: skip


def _totals(book: Book, sheet: Sheet, whole: Vector, rows: tuple[int, int], money: Money) -> None:
    """Write the account of all assets together and register that it agrees with the plan."""
    sheet.timeline("All fixed assets together", "", "Part", "Unit", "", start="Before")
    row = sheet.row
    before = {period_column(index): START if index == 0 else period_column(index - 1) for index in range(book.periods)}
    opening = [0.0, *whole[3][:-1].tolist()]
    sheet.series(("Opening", "", "", "USD"), opening, CALC, total=False, formula=lambda c: f"={before[c]}{row + 4}")
    sums = [
        sheet.series((name, "", "", "USD"), values.tolist(), CALC, formula=_sum_of(sheet.row, rows))
        for name, values in zip((ADDED, WRITTEN, GONE), whole[:3], strict=True)
    ]
    end = sheet.series(
        ("Closing", "", "", "USD"), whole[3].tolist(), SUM, total=False, start=0.0, start_style=Style(Role.FROZEN, USD),
        formula=lambda c: f"={c}{row}+{c}{row + 1}-{c}{row + 2}-{c}{row + 3}",
    )  # fmt: skip
    book.check_as_planned("Depreciation as planned", sums[1].total(), sum(money.totals.depreciation_by_period_usd))
    last = money.totals.book_value_by_period_usd[-1]
    book.check_as_planned("Book value at the end as planned", end.period(book.periods - 1), last)


def _sum_of(row: int, rows: tuple[int, int]) -> Callable[[str], str]:
    """Return the formula that adds every row below whose column C says what column A of `row` says."""
    first, last = rows
    return lambda column: f"=SUMIF($C${first}:$C${last},$A{row},{column}${first}:{column}${last})"
