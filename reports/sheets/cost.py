"""Cost of ownership by period: every line is sign x quantity x assumptions, live; sums and present values follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from planner.economics.discounting import Timing
from planner.economics.lines import Group, LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.grid import FIRST_PERIOD, TOTAL, Formula, Kind, Line, Sheet, Spot, period_column
from reports.sheets.clock import WORDS, write_clock
from reports.sheets.quantities import cohort_label, key_of, position_name
from reports.styles import USD, Role, Style

SHEET = "Cost"
GROUPS = {
    Group.CAPEX: "Capital expenditure",
    Group.OPEX: "Operating cost",
    Group.RENT: "Rent",
    Group.TOKENS: "Token fees",
    Group.FINANCING: "Financing",
    Group.TERMINAL: "Residual value and exit",
    Group.PENALTY: "Unserved demand",
    Group.CARBON: "Emissions",
}
CALC, SUM, SIGN = Style(Role.CALC, USD), Style(Role.TOTAL, USD), Style(Role.FROZEN, "+0;-0")


@dataclass(frozen=True, slots=True)
class Section:
    """The items of one group that are paid at one time, and the row of their sum."""

    group: Group
    timing: Timing
    sum: Line


def write(book: Book) -> None:
    """Fill the sheet; remember net present cost, cash rows and where each line's present value stands."""
    money = book.plan.money
    if money is None:
        return
    note = (
        "USD; costs positive, income negative. Each line = sign x frozen quantity x assumptions (blue cells); edits are followed."
    )
    sheet = book.sheet(SHEET, "Cost of ownership", note, Kind.WORKING, timed=True)
    sheet.print_columns = FIRST_PERIOD + book.periods - 1
    factors = write_clock(book, sheet, money)
    book.lines |= {f"factor:{timing.value}": line for timing, line in factors.items()}
    sections = [_section(book, sheet, group, timing, factors[timing], items) for group, timing, items in _parts(money.items)]
    _cash(book, sheet, sections)
    _present(book, sheet, sections, factors, money)


def _parts(items: Sequence[LineItem]) -> Iterable[tuple[Group, Timing, list[LineItem]]]:
    for group in GROUPS:
        for timing in Timing:
            found = [item for item in items if item.group is group and item.timing is timing]
            if found and group is not Group.CARBON:
                yield group, timing, found


def _section(book: Book, sheet: Sheet, group: Group, timing: Timing, factors: Line, items: list[LineItem]) -> Section:
    sheet.section(f"{GROUPS[group]}, paid {'at the ' if timing is not Timing.OPERATING else ''}{WORDS[timing]}")
    sheet.timeline("Line", "Site", "For", "Quantity", "Sign", start="Present value")
    sheet.put(sheet.row - 1, names_column(book), "Quantity and assumptions that are multiplied", Style(Role.HEAD))
    lines = [write_item(book, sheet, item, factors, CALC) for item in items]
    return Section(
        group, timing, subtotal(sheet, f"{GROUPS[group]}: sum", lines, [item.total_present_usd for item in items], SUM)
    )


def subtotal(sheet: Sheet, label: str, lines: Sequence[Line], present: Sequence[float], style: Style) -> Line:
    """Write the sum of item lines with the sum of their present values in column G."""
    line = sheet.subtotal(label, lines, style)
    sheet.put(line.row, 7, Formula(f"=SUM(G{lines[0].row}:G{lines[-1].row})", sum(present)), style)
    return line


def write_item(book: Book, sheet: Sheet, item: LineItem, factors: Line | None, style: Style) -> Line:
    """Write one cost line: its quantity times its assumptions by period, and its present value where `factors` discount it."""
    row = sheet.row
    quantity = book.lines[f"quantity:{key_of(item)}"]

    def formula(column: str) -> str:
        parts = [book.factor(use, column, sheet.title, book.lines.get(position_name(use))) for use in item.factors]
        return "=" + "*".join([f"$E{row}", quantity.at(column, sheet.title), *parts])

    names = " × ".join([item.driver.value, *(use.assumption_id for use in item.factors)]) + " "
    quantity_name = item.driver.value.replace("_", " ")
    head = (item.label, book.title_of("sites", item.site) if item.site else "", _scope(book, item), quantity_name)
    line = sheet.series(head, item.usd, style, formula=formula)
    sheet.put(row, 5, item.sign, SIGN)
    sheet.put(row, names_column(book), names, Style(Role.NOTE))
    if factors is not None:
        present = f"=SUMPRODUCT({line.span(sheet.title)},{factors.span(sheet.title)})"
        sheet.put(row, 7, Formula(present, item.total_present_usd), style)
        book.spots[f"present:{item.id}"] = Spot(sheet.title, "G", row, item.total_present_usd)
        first, _ = book.rows.get("items", (row, row))
        book.rows["items"] = (first, row)
    book.lines[f"item:{item.id}"] = line
    return line


def names_column(book: Book) -> int:
    """Return the column behind the periods in which each line names what it multiplies, for people and for SUMIF."""
    return FIRST_PERIOD + book.periods + 1


def _scope(book: Book, item: LineItem) -> str:
    bought = f"bought {cohort_label(book, item.cohort)}" if item.cohort is not None else ""
    return ", ".join(part for part in (book.system_name(item.item), item.block, bought) if part)


def _cash(book: Book, sheet: Sheet, sections: Sequence[Section]) -> None:
    """Write cash out by group as it is paid; what is paid at the end of the plan falls in the last period."""
    sheet.section("Cash by group, as paid")
    sheet.timeline("Group", "", "", "")
    last = book.lines["last"]
    rows: list[Line] = []
    for group in GROUPS:
        own = [section for section in sections if section.group is group]
        if own:
            rows.append(_cash_of(book, sheet, group, own, last))
    total = sheet.subtotal("Cash out", rows, SUM)
    book.lines["cash"] = total
    cumulative = list(accumulate(total.values))
    sheet.put(sheet.row, 7, 0, Style(Role.FROZEN, USD))
    previous = {period_column(index): period_column(index - 1) for index in range(book.periods)}
    book.lines["cumulative"] = sheet.series(
        ("Cumulative cash out", "", "", ""),
        cumulative,
        CALC,
        total=False,
        formula=lambda c: f"={previous[c]}{sheet.row}+{c}{total.row}",
    )


def _cash_of(book: Book, sheet: Sheet, group: Group, own: Sequence[Section], last: Line) -> Line:
    running = [section.sum for section in own if section.timing is not Timing.HORIZON]
    final = [section.sum for section in own if section.timing is Timing.HORIZON]
    ends = sum(sum(line.values) for line in final)
    values = [
        sum(line.values[period] for line in running) + (ends if period == book.periods - 1 else 0.0)
        for period in range(book.periods)
    ]

    def formula(column: str) -> str:
        parts = [f"{column}{line.row}" for line in running] + [f"{column}{last.row}*${TOTAL}{line.row}" for line in final]
        return "=" + "+".join(parts)

    line = sheet.series((GROUPS[group], "", "", ""), values, CALC, formula=formula)
    book.lines[f"cash:{group.value}"] = line
    return line


def _present(book: Book, sheet: Sheet, sections: Sequence[Section], factors: dict[Timing, Line], money: Money) -> None:
    """Write cash by when it is paid, its present value, the net present cost and the equivalent annual cost."""
    sheet.section("Cash by time of payment")
    sheet.timeline("Paid", "", "", "")
    cash = {timing: _timed_cash(book, sheet, timing, sections) for timing in Timing}
    book.rows["timed cash"] = (cash[Timing.START].row, cash[Timing.HORIZON].row)
    book.rows["times"] = (factors[Timing.START].row - len(Timing), factors[Timing.START].row - 1)
    sheet.section("Present value: cash times discount factor")
    sheet.timeline("Paid", "", "", "")
    rows = [_discounted(sheet, timing, cash[timing], factors[timing]) for timing in Timing]
    total = sheet.subtotal("Net present cost", rows, SUM)
    book.lines["present"] = total
    net = Spot(sheet.title, TOTAL, total.row, money.totals.net_present_cost_usd)
    book.spots["npc"] = net
    _annual(book, sheet, net, money)
    _by_group(book, sheet, sections, money)


def _timed_cash(book: Book, sheet: Sheet, timing: Timing, sections: Sequence[Section]) -> Line:
    """Write what is paid at one time of each period; what is paid at the end of the plan stands in the last period."""
    own = [section.sum for section in sections if section.timing is timing]
    last = book.lines["last"]
    head = (f"Paid {'at the ' if timing is not Timing.OPERATING else ''}{WORDS[timing]}", "", "", "")
    if timing is Timing.HORIZON:
        total = sum(sum(line.values) for line in own)
        parts = "+".join(f"${TOTAL}{line.row}" for line in own) or "0"
        return sheet.series(head, [flag * total for flag in last.values], CALC, formula=lambda c: f"={c}{last.row}*({parts})")
    values = [sum(line.values[t] for line in own) for t in range(book.periods)]
    return sheet.series(head, values, CALC, formula=lambda c: "=" + ("+".join(f"{c}{line.row}" for line in own) or "0"))


def _discounted(sheet: Sheet, timing: Timing, cash: Line, factor: Line) -> Line:
    values = [usd * each for usd, each in zip(cash.values, factor.values, strict=True)]
    head = (f"Paid {'at the ' if timing is not Timing.OPERATING else ''}{WORDS[timing]}", "", "", "")
    return sheet.series(head, values, CALC, formula=lambda c: f"={c}{cash.row}*{c}{factor.row}")


def _annual(book: Book, sheet: Sheet, net: Spot, money: Money) -> None:
    """Write the level yearly payment that has the same present value."""
    home = sheet.title
    rate = book.spots["discount_rate"].seen_from(home)
    years = f"{book.spots['clock_periods'].seen_from(home)}*{book.spots['clock_years'].seen_from(home)}"
    row = sheet.write("Horizon", "", "", "years", style=Style())
    horizon = book.periods * money.years_per_period
    sheet.put(row, 6, Formula(f"={years}", horizon), Style(Role.CALC, "0.00"))
    row = sheet.write("Equivalent annual cost", "", "", "USD/year", style=Style(Role.STRONG))
    formula = f"=IF({rate}=0,F{net.row}/F{row - 1},F{net.row}*{rate}/(1-(1+{rate})^-F{row - 1}))"
    sheet.put(row, 6, Formula(formula, money.totals.equivalent_annual_cost_usd), SUM)
    book.spots["eac"] = Spot(home, TOTAL, row, money.totals.equivalent_annual_cost_usd)


def _by_group(book: Book, sheet: Sheet, sections: Sequence[Section], money: Money) -> None:
    sheet.section("Present value by group")
    first = sheet.row
    for group, title in GROUPS.items():
        own = [section.sum for section in sections if section.group is group]
        if own:
            value = money.totals.present_by_group_usd.get(group.value, 0.0)
            row = sheet.write(title, "", "", "USD", style=Style())
            sheet.put(row, 6, Formula("=" + "+".join(f"G{line.row}" for line in own), value), CALC)
            book.spots[f"group:{group.value}"] = Spot(sheet.title, TOTAL, row, value)
    book.rows["groups"] = (first, sheet.row - 1)
