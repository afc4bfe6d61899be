"""Summary: the decision, the figures that matter, and the plan in four charts."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from openpyxl.chart._chart import ChartBase

from planner.economics.lines import Group
from reports.book import Book
from reports.charts import Curve, axis_format, bars, curve_of, lines, periods_range, sheet_prefix, stacked_columns, whole_numbers
from reports.grid import HEAD_ROW, Formula, Kind, Sheet, Spot
from reports.sheets.cost import GROUPS
from reports.styles import AMOUNT, COUNT, USD, USD_UNIT, Role, Style
from reports.text import clean

SHEET = "Summary"
MOST_SITES, MOST_LINES, LINE = 4, 6, 120


def write(book: Book) -> None:
    """Fill the sheet; every figure is a link to where it is computed."""
    sheet = book.sheet(SHEET, "Summary", str(book.plan.scenario.get("title", "")), Kind.OUTPUT)
    sheet.one_page = True
    sheet.widths |= {1: 40.0, 2: 18.0, 3: 14.0, 4: 60.0}
    sheet.section("Decision", 5)
    for part in wrap(clean(book.plan.decision), LINE, max_lines=MOST_LINES) or [""]:
        sheet.write(part, style=Style(Role.KPI))
    for sentence in book.plan.summary:
        for position, part in enumerate(wrap(clean(sentence), LINE, max_lines=MOST_LINES)):
            sheet.write(f"{'   ' if position else '• '}{part}", style=Style(Role.NOTE))
    if not book.plan.found:
        _changes(book, sheet)
        return
    sheet.section("Figures", 5)
    for label, value, number, unit, words in _figures(book):
        row = sheet.write(label, None, unit, words, style=Style())
        sheet.put(row, 2, Formula(f"={value.seen_from(SHEET)}", value.value), Style(Role.LINK, number))
    _charts(book, sheet)


def _changes(book: Book, sheet: Sheet) -> None:
    """Write what would make the question feasible."""
    changes = book.plan.evidence.changes
    if changes:
        sheet.section("What would make it feasible, all of it together", 5)
        for change in changes:
            sheet.write(f"• {change.words}", style=Style(Role.NOTE))


def _figures(book: Book) -> Iterator[tuple[str, Spot, str, str, str]]:
    spots, rows = book.spots, book.lines
    if "npc" in spots:
        yield "Net present cost", spots["npc"], USD, "USD", "all cost lines, discounted to the start of the plan"
        yield "Equivalent annual cost", spots["eac"], USD, "USD/year", "the level yearly payment with the same present value"
        yield "Cash out over the plan", rows["cash"].total(), USD, "USD", "undiscounted"
    for group in (Group.CAPEX, Group.OPEX, Group.RENT, Group.TOKENS):
        if f"group:{group.value}" in spots:
            yield f"   of which {GROUPS[group].lower()}, present value", spots[f"group:{group.value}"], USD, "USD", ""
    for name, spot in spots.items():
        if name.startswith("figure:usd_per_mtok/"):
            workload = book.title_of("workloads", name.rpartition("/")[2])
            yield (
                f"Cost of a million tokens, {workload}",
                spot,
                USD_UNIT,
                "USD/Mtok",
                "present cost over discounted tokens",
            )
    if "units" in rows:
        units = rows["units"]
        yield "Units in the first period", units.period(0), COUNT, "units", "orderable systems, all sites"
        yield "Units in the last period", units.period(book.periods - 1), COUNT, "units", ""
    for name, line in rows.items():
        if name.startswith("nameplate:"):
            site = book.title_of("sites", name.removeprefix("nameplate:"))
            yield (
                f"Power in the last period, {site}",
                line.period(book.periods - 1),
                AMOUNT,
                "kW",
                "nameplate of all units present",
            )


def _charts(book: Book, sheet: Sheet) -> None:
    first = sheet.row + 1
    names = periods_range("Cost" if "cash" in book.lines else "Fleet", HEAD_ROW, book.periods)
    charts: list[ChartBase] = []
    cash = [curve_of(line) for name, line in book.lines.items() if name.startswith("cash:")]
    if cash:
        charts.append(stacked_columns("Cash out by period", names, cash, "USD", axis_format(book.lines["cash"].values, "USD")))
        top, bottom = book.rows["groups"]
        prefix = sheet_prefix("Cost")
        groups = [spot.value for name, spot in book.spots.items() if name.startswith("group:")]
        values = Curve(f"{prefix}$F${top}:$F${bottom}", f"{prefix}$A${top - 1}")
        charts.append(
            bars("Net present cost by group", f"{prefix}$A${top}:$A${bottom}", [values], "USD", axis_format(groups, "USD"))
        )
    if "units" in book.rows:
        top, bottom = book.rows["units"]
        fleet = [Curve(_row_range(book, "Fleet", row), f"Fleet!$A${row}") for row in range(top, bottom + 1)]
        columns = stacked_columns("Fleet by period", names, fleet, "units", "#,##0")
        whole_numbers(columns, book.lines["units"].values)
        charts.append(columns)
    power = _power(book)
    if power:
        watts = [value for name, line in book.lines.items() if name.startswith("nameplate:") for value in line.values]
        charts.append(lines("Power against limit", names, power, "kW", axis_format(watts)))
    for index, chart in enumerate(charts):
        sheet.charts.append((chart, f"{'AD'[index % 2]}{first + 18 * (index // 2)}"))


def _row_range(book: Book, sheet: str, row: int) -> str:
    return periods_range(sheet, row, book.periods)


def _power(book: Book) -> list[Curve]:
    sites = [name.removeprefix("nameplate:") for name in book.lines if name.startswith("nameplate:")][:MOST_SITES]
    found = [curve_of(book.lines[f"nameplate:{site}"]) for site in sites]
    return found + [curve_of(book.lines[f"limit:{site}"], limit=True) for site in sites if f"limit:{site}" in book.lines]
