"""Options compared: rival plans under the same demand, and buy, rent and API against volume."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from reports.book import Book
from reports.charts import Curve, axis_format, bars, scatter
from reports.grid import Formula, Kind, Sheet, Value
from reports.styles import COUNT, PERCENT, USD, Role, Style

SHEET = "Options"
CHART_ROWS = 19
FROZEN, CALC = Style(Role.FROZEN, USD), Style(Role.CALC, USD)


def write(book: Book) -> None:
    """Fill the sheet; left out where the plan holds no rivals and no crossovers."""
    rivals, money = book.plan.evidence.comparisons, book.plan.money
    crossovers = money.crossovers if money is not None else ()
    if not rivals and not crossovers:
        return
    sheet = book.sheet(
        SHEET, "Options compared", "Rivals are planned for the same demand with the same queue model.", Kind.OUTPUT
    )
    sheet.widths |= {1: 36.0}
    if rivals:
        _rivals(book, sheet)
    for crossover in crossovers:
        sheet.section(f"Buy, rent or pay per token: {book.title_of('workloads', crossover.workload)}", 8)
        for finding in crossover.findings:
            sheet.note_line(f"• {finding}")
        ways = list(crossover.usd_month)
        heads = ("Million tokens a month", *(f"{way}, USD a month" for way in ways))
        rows = [(volume, *(crossover.usd_month[way][i] for way in ways)) for i, volume in enumerate(crossover.volume_mtok_month)]
        styles = [Style(Role.FROZEN, COUNT), *[FROZEN] * len(ways)]
        lines = sheet.table(heads, rows, styles)
        _curves(sheet, ways, lines)
        sheet.row = max(sheet.row, lines.start + CHART_ROWS)


def _rivals(book: Book, sheet: Sheet) -> None:
    """Write this plan and its rivals, and what each costs more."""
    heads = ("Plan", "Net present cost", "More than this plan", "More, relative", "Outcome", "In words")
    styles = (Style(), FROZEN, CALC, Style(Role.CALC, PERCENT), Style(), Style(Role.NOTE))
    own = book.spots.get("npc")
    sheet.section("Net present cost of rival plans [USD]", 8)
    rows: list[tuple[Value, ...]] = []
    first = sheet.row + 1
    if own is not None:
        rows.append(
            (
                "This plan",
                Formula(f"={own.seen_from(SHEET)}", own.value),
                0.0,
                0.0,
                book.plan.solve.outcome,
                "as decided; follows edits",
            )
        )
    for rival in book.plan.evidence.comparisons:
        row, cost = first + len(rows), rival.net_present_cost_usd
        known = own is not None and cost is not None
        more = Formula(f"=B{row}-$B${first}", cost - own.value) if known and cost is not None and own is not None else None
        share = (
            Formula(f"=C{row}/$B${first}", (cost - own.value) / own.value)
            if known and cost is not None and own is not None and own.value
            else None
        )
        rows.append((rival.label, cost, more, share, rival.outcome, rival.words))
    sheet.table(heads, rows, styles)
    sheet.note_line("Rivals stand as solved: an edited input moves this plan's line, not theirs.")
    area = f"{SHEET}!$B${first}:$B${first + len(rows) - 1}"
    chart = bars(
        "Net present cost of this plan and its rivals",
        area.replace("$B", "$A"),
        [Curve(area, f"{SHEET}!$B${first - 1}")],
        "USD",
        '#,##0.0,,"M"',
    )
    sheet.charts.append((chart, f"A{sheet.row + 1}"))
    sheet.row += 19


def _curves(sheet: Sheet, ways: list[str], rows: range) -> None:
    """Draw the ways' costs at the right of their table."""
    head, first, last = rows.start - 1, rows.start, rows.stop - 1
    letters = [get_column_letter(2 + index) for index in range(len(ways))]
    curves = [Curve(f"{SHEET}!${c}${first}:${c}${last}", f"{SHEET}!${c}${head}") for c in letters]
    most = [cell.value for row in rows for cell in list(sheet.cells[row].values())[1:] if isinstance(cell.value, float)]
    volumes = f"{SHEET}!$A${first}:$A${last}"
    units = ("million tokens a month", "USD a month")
    chart = scatter("Monthly cost against volume", volumes, curves, units, axis_format(most, "USD"))
    sheet.charts.append((chart, f"{get_column_letter(3 + len(ways))}{head}"))
