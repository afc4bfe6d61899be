"""Several plans in one workbook: side by side, and each against the first with its differences explained line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from openpyxl.utils import get_column_letter

from planner.plan import Plan
from reports.atomic import write_whole
from reports.charts import Curve, axis_format, bars
from reports.differences import changed_assumptions, changed_fields, line_differences, units_by_system
from reports.grid import Formula, Kind, Sheet, Value
from reports.render import render
from reports.styles import COUNT, PERCENT, USD, VALUE, Role, Style
from reports.text import clean
from reports.workbook import today

TOTALS, LINES, WHY, FLEET, ASSUMPTIONS, QUESTION = "Compare", "Cost lines", "Why", "Fleet", "Assumptions", "Questions"
FROZEN, CALC, SUM = Style(Role.FROZEN, USD), Style(Role.CALC, USD), Style(Role.TOTAL, USD)
MOST_PLANS, LONGEST_NAME = 20, 40


@dataclass(frozen=True, slots=True)
class Named:
    """A plan and the name that the comparison gives it."""

    name: str
    plan: Plan


def compare_plans(plans: Sequence[Plan], path: Path, *, names: Sequence[str] = (), written: date | None = None) -> None:
    """Write one workbook that compares plans with the first of them.

    `names` default to the scenarios' ids, made unique. Raises ValueError for fewer than two plans or more than 20.
    """
    if not 2 <= len(plans) <= MOST_PLANS:
        raise ValueError(f"2 to {MOST_PLANS} plans can be compared, given {len(plans)}")
    named = _named(plans, names)
    day = written or today()
    title = f"Comparison of {len(named)} plans"
    stamp = f"{day.isoformat()}T00:00:00Z"
    write_whole(path, render(comparison_sheets(named, day), title=title, subject=named[0].plan.decision, stamp=stamp))


def comparison_sheets(named: Sequence[Named], written: date) -> list[Sheet]:
    """Return the sheets of a comparison in the order in which they are shown."""
    lines = _lines(named)
    sheets = [_totals(named, lines, written), lines, _why(named), _fleet(named), _assumptions(named), _questions(named)]
    for sheet in sheets:
        sheet.put(1, 1, sheet.heading, Style(Role.TITLE))
        sheet.put(2, 1, sheet.note, Style(Role.NOTE))
    return [sheet for sheet in sheets if sheet.cells.get(5)]


def _named(plans: Sequence[Plan], names: Sequence[str]) -> list[Named]:
    wanted = list(names) or [str(plan.scenario.get("id") or "plan") for plan in plans]
    found: list[Named] = []
    for plan, name in zip(plans, wanted, strict=True):
        short = clean(name, LONGEST_NAME)
        taken = {one.name for one in found}
        free = next(
            label for count in range(1, MOST_PLANS + 1) if (label := short if count == 1 else f"{short} ({count})") not in taken
        )
        found.append(Named(free, plan))
    return found


def _totals(named: Sequence[Named], lines: Sheet, written: date) -> Sheet:
    """Write the figures of every plan side by side, and how far each is from the first."""
    sheet = Sheet(
        TOTALS, "Plans compared", f"Against the first plan. Written on {written.isoformat()}; USD, present value.", Kind.OUTPUT
    )
    sheet.widths[1], sheet.one_page = 40.0, True
    heads = [Style(Role.HEAD), *[Style(Role.HEAD_NUMBER, wrap=True)] * len(named)]
    sheet.write("Figure", *(one.name for one in named), style=heads)
    total_row = max(lines.cells)
    money = [one.plan.money for one in named]
    if any(part is not None for part in money):
        cells = [_link(lines, total_row, 3 + index, part is not None) for index, part in enumerate(money)]
        row = _row(sheet, "Net present cost", cells, Style(Role.LINK, USD))
        _against_first(sheet, row, cells)
    _more_figures(sheet, named)
    _row(sheet, "Decision", [one.plan.decision for one in named], Style(Role.TEXT, wrap=True))
    _row(sheet, "Outcome", [one.plan.solve.outcome for one in named], Style(Role.TEXT))
    _row(sheet, "Plan (SHA-256)", [one.plan.sha256[:16] for one in named], Style(Role.TEXT))
    sheet.widths |= {2 + index: 24.0 for index in range(len(named))}
    _chart(sheet, named)
    return sheet


def _link(lines: Sheet, row: int, column: int, there: bool) -> Value:
    if not there:
        return "no plan"
    value = _number(lines, row, column)
    return Formula(f"='{lines.title}'!{get_column_letter(column)}{row}", value)


def _number(sheet: Sheet, row: int, column: int) -> float:
    value = sheet.cells[row][column].value
    return float(value.value) if isinstance(value, Formula) else float(value or 0.0)


def _row(sheet: Sheet, label: str, values: Sequence[Value], style: Style) -> int:
    return sheet.write(label, *values, style=[Style(), *[style] * len(values)])


def _against_first(sheet: Sheet, row: int, cells: Sequence[Value]) -> None:
    """Write difference and relative difference of a row of links to the first of them."""
    first = cells[0]
    if not isinstance(first, Formula):
        return
    base = float(first.value)
    more: list[Value] = []
    share: list[Value] = []
    for index, cell in enumerate(cells):
        column = get_column_letter(2 + index)
        known = isinstance(cell, Formula)
        gap = float(cell.value) - base if isinstance(cell, Formula) else 0.0
        more.append(Formula(f"={column}{row}-$B{row}", gap) if known else None)
        share.append(Formula(f"=IF($B{row}=0,0,{column}{row + 1}/$B{row})", gap / base if base else 0.0) if known else None)
    _row(sheet, "More than the first", more, CALC)
    _row(sheet, "More, relative", share, Style(Role.CALC, PERCENT))


def _more_figures(sheet: Sheet, named: Sequence[Named]) -> None:
    rows: list[tuple[str, str, Callable[[Plan], Value]]] = [
        (
            "Equivalent annual cost, USD/year",
            USD,
            lambda plan: plan.money.totals.equivalent_annual_cost_usd if plan.money else None,
        ),
        ("Cash out, USD", USD, lambda plan: sum(plan.money.totals.cash_by_period_usd) if plan.money else None),
        ("Accelerators in the last period", COUNT, _chips),
        ("Nameplate power in the last period, kW", COUNT, _power),
        ("Discount rate", PERCENT, lambda plan: plan.money.discount_rate if plan.money else None),
        ("Proved gap", PERCENT, lambda plan: plan.solve.gap),
    ]
    for label, number, value in rows:
        _row(sheet, label, [value(one.plan) for one in named], Style(Role.FROZEN, number))
    figures = {(one.id, one.scope): one for part in named if part.plan.money for one in part.plan.money.figures}
    for key, figure in figures.items():
        values = [_figure(one.plan, key) for one in named]
        _row(sheet, f"{figure.label}, {figure.unit}", values, Style(Role.FROZEN, VALUE))


def _chips(plan: Plan) -> Value:
    last = len(plan.periods) - 1
    return sum(row.chips for row in plan.fleet if row.period == last) if plan.found else None


def _power(plan: Plan) -> Value:
    last = len(plan.periods) - 1
    return sum(row.nameplate_w * row.sites for row in plan.power if row.period == last) / 1e3 if plan.found else None


def _figure(plan: Plan, key: tuple[str, str]) -> Value:
    found = [one.value for one in plan.money.figures if (one.id, one.scope) == key] if plan.money else []
    return found[0] if found else None


def _chart(sheet: Sheet, named: Sequence[Named]) -> None:
    costs = [one.plan.money.totals.net_present_cost_usd for one in named if one.plan.money]
    if len(costs) < 2:
        return
    last = get_column_letter(1 + len(named))
    curve = Curve(f"{TOTALS}!$B$6:${last}$6", f"{TOTALS}!$A$6")
    chart = bars("Net present cost", f"{TOTALS}!$B$5:${last}$5", [curve], "USD", axis_format(costs, "USD"))
    sheet.charts.append((chart, f"A{sheet.row + 2}"))


def _lines(named: Sequence[Named]) -> Sheet:
    """Write the present value of every cost line in every plan, and their sum."""
    sheet = Sheet(
        LINES, "Cost lines side by side", "Present value of every line, USD; the sum is the net present cost.", Kind.WORKING
    )
    sheet.freeze = "C6"
    labels = {
        item.line: (item.group.value, item.label)
        for one in named
        if one.plan.money
        for item in one.plan.money.items
        if item.group.value != "carbon"
    }
    known = {one.name: one.plan.money.totals.present_by_line_usd if one.plan.money else {} for one in named}
    heads = [Style(Role.HEAD), Style(Role.HEAD), *[Style(Role.HEAD_NUMBER, wrap=True)] * len(named)]
    sheet.write("Group", "Line", *(one.name for one in named), style=heads)
    first = sheet.row
    for line, (group, label) in sorted(labels.items(), key=lambda pair: (pair[1][0], pair[0])):
        values = [known[one.name].get(line, 0.0) for one in named]
        sheet.write(group, label, *values, style=[Style(), Style(), *[FROZEN] * len(named)])
    last = max(sheet.row - 1, first)
    sums: list[Value] = []
    for index in range(len(named)):
        column = get_column_letter(3 + index)
        total = sum(_number(sheet, row, 3 + index) for row in range(first, sheet.row))
        sums.append(Formula(f"=SUM({column}{first}:{column}{last})", total))
    sheet.write("Net present cost", "", *sums, style=[Style(Role.STRONG), Style(Role.STRONG), *[SUM] * len(named)])
    sheet.widths |= {3 + index: 18.0 for index in range(len(named))}
    return sheet


def _why(named: Sequence[Named]) -> Sheet:
    """Write each plan against the first: every line's difference, split into quantity and price, in words."""
    sheet = Sheet(
        WHY,
        "Why they differ",
        "Difference = quantity part (counts at the first plan's prices) + price part (its prices at the other's counts).",
        Kind.OUTPUT,
    )
    sheet.widths |= {1: 34.0, 8: 70.0}
    base = named[0]
    for other in named[1:]:
        if base.plan.money is None or other.plan.money is None:
            continue
        sheet.section(f"{other.name} against {base.name}", 8)
        heads = ("Line", "Group", base.name, other.name, "Difference", "Quantity part", "Price part", "In words")
        styles = (Style(), Style(), FROZEN, FROZEN, CALC, FROZEN, FROZEN, Style())
        rows: list[tuple[Value, ...]] = []
        first = sheet.row + 1
        for one in line_differences(base.plan.money, other.plan.money):
            at = first + len(rows)
            gap = Formula(f"=D{at}-C{at}", one.other_usd - one.base_usd)
            rows.append((one.label, one.group, one.base_usd, one.other_usd, gap, one.quantity_usd, one.price_usd, one.words))
        lines = sheet.table(heads, rows, styles)
        sums = [_sum(sheet, lines, column) for column in range(3, 8)]
        sheet.write("Net present cost", "", *sums, "", style=[Style(Role.STRONG), Style(Role.STRONG), *[SUM] * 5, Style()])
    return sheet


def _sum(sheet: Sheet, rows: range, column: int) -> Formula:
    letter = get_column_letter(column)
    total = sum(_number(sheet, row, column) for row in rows)
    return Formula(f"=SUM({letter}{rows.start}:{letter}{rows.stop - 1})", total)


def _fleet(named: Sequence[Named]) -> Sheet:
    """Write the units of every system by period, plan under plan."""
    sheet = Sheet(FLEET, "Fleets side by side", "Orderable units, all sites together, by period.", Kind.OUTPUT)
    units = {one.name: units_by_system(one.plan) for one in named}
    for system in sorted({system for fleet in units.values() for system in fleet}):
        labels = max((one.plan.periods for one in named), key=len)
        sheet.section(system, 1 + len(labels))
        sheet.write(
            "Plan", *(period.label for period in labels), style=[Style(Role.HEAD), *[Style(Role.HEAD_NUMBER)] * len(labels)]
        )
        for one in named:
            counts = units[one.name].get(system, [0] * len(one.plan.periods))
            _row(sheet, one.name, counts, Style(Role.FROZEN, COUNT))
    return sheet


def _assumptions(named: Sequence[Named]) -> Sheet:
    """Write the assumptions that are not the same."""
    sheet = Sheet(ASSUMPTIONS, "Assumptions that differ", "Everything else that the money rests on is the same.", Kind.INPUT)
    base = named[0]
    for other in named[1:]:
        if base.plan.money is None or other.plan.money is None:
            continue
        sheet.section(f"{other.name} against {base.name}", 5)
        rows = changed_assumptions(base.plan.money, other.plan.money)
        if not rows:
            sheet.note_line("no assumption differs")
            continue
        sheet.table(("Address", "Assumption", "Unit", base.name, other.name), rows, [Style()] * 5)
    return sheet


def _questions(named: Sequence[Named]) -> Sheet:
    """Write the fields of the scenarios that are not the same."""
    sheet = Sheet(QUESTION, "Questions that differ", "Fields of the scenarios, defaults written out.", Kind.INPUT)
    base = named[0]
    for other in named[1:]:
        sheet.section(f"{other.name} against {base.name}", 3)
        rows = changed_fields(base.plan, other.plan)
        if not rows:
            sheet.note_line("the same question")
            continue
        sheet.table(("Field", base.name, other.name), rows, [Style()] * 3)
    return sheet
