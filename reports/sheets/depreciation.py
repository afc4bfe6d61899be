"""Fixed assets: straight-line depreciation of every purchase, live in price and life, and the account that it adds up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.economics.discounting import Vector
from planner.economics.lines import Driver, Group, LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.grid import START, Formula, Kind, Line, Sheet, Spot, period_column
from reports.sheets.quantities import cohort_label, key_of
from reports.styles import FACTOR, USD, VALUE, Role, Style

SHEET = "Depreciation"
CALC, SUM = Style(Role.CALC, USD), Style(Role.TOTAL, USD)
SHARE = Style(Role.CALC, FACTOR)
AGREEMENT = 1e-9


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was bought in one period: unit cost [USD], units still held and units that leave, by period."""

    cohort: int
    unit_usd: float
    held: Vector
    gone: Vector


@dataclass(frozen=True, slots=True)
class Asset:
    """One system at one site: its purchase lines, what was bought and what left, its life and residual value."""

    name: str
    lines: tuple[Line, ...]
    bought: Line
    retired: dict[int, Line]
    life: Spot
    residual: Spot


def write(book: Book) -> None:
    """Fill the sheet; live where every figure is known to it, else the plan's own two rows, frozen."""
    money = book.plan.money
    if money is None or not any(money.totals.depreciation_by_period_usd):
        return
    note = "USD. Closing = opening + additions - depreciation - disposals; straight line over the book life, each purchase apart."
    sheet = book.sheet(SHEET, "Depreciation", note, Kind.WORKING, timed=True)
    assets = _assets(book, money)
    account = _account(book, assets) if assets else None
    planned = np.array([money.totals.depreciation_by_period_usd, money.totals.book_value_by_period_usd])
    if account is None or not np.allclose(account[[1, 3]], planned, rtol=AGREEMENT, atol=1e-6):
        _frozen(sheet, planned)
        return
    top = sheet.row
    sheet.row += 8
    parts = [_asset(book, sheet, asset) for asset in assets]
    sheet.row, bottom = top, sheet.row
    _totals(book, sheet, parts, money)
    sheet.row = bottom


def _frozen(sheet: Sheet, planned: Vector) -> None:
    sheet.timeline("Fixed assets, as planned", "", "", "Unit")
    frozen = Style(Role.FROZEN, USD)
    sheet.series(("Depreciation", "", "", "USD"), planned[0].tolist(), frozen)
    sheet.series(("Book value at the end of the period", "", "", "USD"), planned[1].tolist(), frozen, total=False)


def _assets(book: Book, money: Money) -> list[Asset]:
    """Return what was bought, with everything that its depreciation needs; empty where something is not in the plan."""
    groups: dict[tuple[str, str], list[LineItem]] = {}
    for item in money.items:
        if item.group is Group.CAPEX and item.driver is Driver.UNITS_BOUGHT:
            groups.setdefault((item.site, item.item), []).append(item)
    found = []
    for (site, system), items in sorted(groups.items()):
        life, residual = _known(book, "book_life_years", system), _known(book, "residual_fraction", system)
        if life is None or residual is None:
            return []
        retired = {
            item.cohort: book.lines[f"quantity:{key_of(item)}"]
            for item in money.items
            if item.driver is Driver.UNITS_RETIRED and (item.site, item.item) == (site, system) and item.cohort is not None
            if item.cohort >= 0
        }
        lines = tuple(book.lines[f"item:{item.id}"] for item in items)
        name = f"{system}, {book.title_of('sites', site)}"
        found.append(Asset(name, lines, book.lines[f"quantity:{key_of(items[0])}"], retired, life, residual))
    return found


def _known(book: Book, name: str, system: str) -> Spot | None:
    place = book.places.get(f"{name}[{system}]") or book.places.get(name)
    return None if place is None else place.spot


def _weights(book: Book, asset: Asset) -> tuple[Vector, Vector]:
    """Return, by age in periods, the share of the cost written down in the period, and the book value at its start."""
    years = book.spots["clock_years"].value
    age = np.arange(book.periods) * years
    life, residual = asset.life.value, asset.residual.value
    written = (1 - residual) / life * np.clip(life - age, 0.0, years)
    return written, 1 - (1 - residual) * np.minimum(age, life) / life


def _cohorts(book: Book, asset: Asset) -> list[Purchase]:
    """Return every purchase of an asset."""
    additions = np.sum([line.values for line in asset.lines], axis=0)
    found = []
    for cohort, units in enumerate(asset.bought.values):
        if units:
            gone = np.array(asset.retired[cohort].values) if cohort in asset.retired else np.zeros(book.periods)
            held = np.where(np.arange(book.periods) >= cohort, units, 0.0) - np.cumsum(gone)
            found.append(Purchase(cohort, float(additions[cohort]) / units, held, gone))
    return found


def _account(book: Book, assets: Sequence[Asset]) -> Vector:
    """Return additions, depreciation, disposals and closing value [USD], shape (4, period)."""
    total = np.zeros((3, book.periods))
    for asset in assets:
        written, value = _weights(book, asset)
        total[0] += np.sum([line.values for line in asset.lines], axis=0)
        for one in _cohorts(book, asset):
            age = np.maximum(np.arange(book.periods) - one.cohort, 0)
            total[1] += one.held * one.unit_usd * written[age]
            total[2] += one.gone * one.unit_usd * value[age]
    return np.vstack([total, np.cumsum(total[0] - total[1] - total[2])])


def _asset(book: Book, sheet: Sheet, asset: Asset) -> tuple[Line, list[Line], list[Line]]:
    """Write one asset; return its rows of additions, depreciation and disposals."""
    home, index = sheet.title, book.lines["index"]
    sheet.section(asset.name)
    sheet.timeline("Fixed asset", "", "", "Unit", "Input", start="Bought in")
    for label, unit, spot in (("Book life", "years", asset.life), ("Residual value", "of cost", asset.residual)):
        row = sheet.write(label, "", "", unit, style=Style())
        sheet.put(row, 5, Formula(f"={spot.seen_from(home)}", spot.value), Style(Role.LINK, VALUE))
    life, residual = f"$E${sheet.row - 2}", f"$E${sheet.row - 1}"
    years = book.spots["clock_years"].seen_from(home)
    written, value = _weights(book, asset)
    weights = sheet.series(
        ("Written down in the period, by age", "", "", "of cost"), written.tolist(), SHARE, total=False,
        formula=lambda c: f"=(1-{residual})/{life}*MAX(0,MIN({years},{life}-{index.at(c, home)}*{years}))",
    )  # fmt: skip
    worth = sheet.series(
        ("Book value at the start, by age", "", "", "of cost"), value.tolist(), SHARE, total=False,
        formula=lambda c: f"=1-(1-{residual})*MIN({index.at(c, home)}*{years},{life})/{life}",
    )  # fmt: skip
    additions = sheet.series(
        ("Additions", "", "", "USD"), np.sum([line.values for line in asset.lines], axis=0).tolist(), CALC,
        formula=lambda c: "=" + "+".join(line.at(c, home) for line in asset.lines),
    )  # fmt: skip
    rows = [_cohort(book, sheet, asset, additions, (weights, worth), one) for one in _cohorts(book, asset)]
    return additions, [row[0] for row in rows], [row[1] for row in rows if row[1] is not None]


def _cohort(
    book: Book, sheet: Sheet, asset: Asset, additions: Line, by_age: tuple[Line, Line], one: Purchase
) -> tuple[Line, Line | None]:
    """Write one purchase: its cost still held, its depreciation, and the book value of what leaves."""
    cohort, held, gone = one.cohort, one.held * one.unit_usd, one.gone * one.unit_usd
    weights, worth = by_age
    home, index, label = sheet.title, book.lines["index"], cohort_label(book, cohort)
    row = sheet.row
    left = asset.retired.get(cohort)
    bought = asset.bought.span(home)
    first = period_column(0)
    ages = np.maximum(np.arange(book.periods) - cohort, 0)

    def holding(column: str) -> str:
        gone_so_far = f"-SUM({left.sheet}!${first}{left.row}:{column}{left.row})" if left else ""
        return f"=IF({index.at(column, home)}>=$G{row},(INDEX({bought},$G{row}+1){gone_so_far})*$E{row},0)"

    def age(column: str) -> str:
        return f"MAX(1,{index.at(column, home)}-$G{row}+1)"

    kept = sheet.series((f"Cost still held, bought {label}", "", "", "USD"), held.tolist(), CALC, total=False, formula=holding)
    sheet.put(row, 5, Formula(f"=INDEX({additions.span(home)},$G{row}+1)/INDEX({bought},$G{row}+1)", one.unit_usd), CALC)
    sheet.put(row, 7, cohort, Style(Role.FROZEN, "0"))
    written = sheet.series(
        (f"Depreciation, bought {label}", "", "", "USD"), (held * np.array(weights.values)[ages]).tolist(), CALC,
        formula=lambda c: f"={c}{kept.row}*INDEX({weights.span(home)},{age(c)})",
    )  # fmt: skip
    if left is None:
        return written, None
    disposed = sheet.series(
        (f"Book value of what leaves, bought {label}", "", "", "USD"), (gone * np.array(worth.values)[ages]).tolist(), CALC,
        formula=lambda c: f"={left.at(c, home)}*$E{row}*INDEX({worth.span(home)},{age(c)})",
    )  # fmt: skip
    return written, disposed


def _totals(book: Book, sheet: Sheet, parts: Sequence[tuple[Line, list[Line], list[Line]]], money: Money) -> None:
    """Write the account of all assets together and register that it agrees with the plan."""
    sheet.timeline("Fixed assets, all together", "", "", "Unit", "", start="Before")
    row = sheet.row
    before = {period_column(index): START if index == 0 else period_column(index - 1) for index in range(book.periods)}
    rows = [
        [part[0] for part in parts],
        [line for part in parts for line in part[1]],
        [line for part in parts for line in part[2]],
    ]
    sums = [np.sum([line.values for line in own], axis=0) if own else np.zeros(book.periods) for own in rows]
    closing = np.cumsum(sums[0] - sums[1] - sums[2])
    opening = np.concatenate([[0.0], closing[:-1]])
    sheet.series(("Opening", "", "", "USD"), opening.tolist(), CALC, total=False, formula=lambda c: f"={before[c]}{row + 4}")
    for name, own, values in zip(("Additions", "Depreciation", "Disposals"), rows, sums, strict=True):
        line = sheet.series((name, "", "", "USD"), values.tolist(), CALC, formula=_sum_of(own))
        book.lines[f"assets:{name}"] = line
    end = sheet.series(
        ("Closing", "", "", "USD"), closing.tolist(), SUM, total=False, start=0.0, start_style=Style(Role.FROZEN, USD),
        formula=lambda c: f"={c}{row}+{c}{row + 1}-{c}{row + 2}-{c}{row + 3}",
    )  # fmt: skip
    totals = money.totals
    book.check_as_planned(
        "Depreciation as planned", book.lines["assets:Depreciation"].total(), sum(totals.depreciation_by_period_usd)
    )
    book.check_as_planned("Book value at the end as planned", end.period(book.periods - 1), totals.book_value_by_period_usd[-1])


def _sum_of(lines: Sequence[Line]) -> Callable[[str], str]:
    return lambda column: "=" + ("+".join(f"{column}{line.row}" for line in lines) or "0")
