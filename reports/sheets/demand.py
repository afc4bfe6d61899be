"""Demand: requests by workload, class and block of hours, what they add up to, and how they grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

from planner.plan.fleet import DemandRow
from reports.book import Book, by_period
from reports.grid import Formula, Kind, Line, Sheet, Spot
from reports.styles import AMOUNT, COUNT, PERCENT, RATE, Role, Style, million

SHEET = "Demand"
SECONDS_PER_HOUR = 3600.0
Key = tuple[str, str, int]
FROZEN, LENGTH = Style(Role.FROZEN, RATE), Style(Role.FROZEN, COUNT)


def write(book: Book) -> None:
    """Fill the sheet; remember requests and tokens of each workload by period."""
    note = "Requests per second in a block of hours: the mean, and the peak that capacity must meet. Solver input, frozen."
    sheet = book.sheet(SHEET, "Demand", note, Kind.WORKING, timed=True)
    hours, seconds = _blocks(book, sheet)
    sheet.row += 1
    top = sheet.row
    workloads = list(dict.fromkeys(row.workload for row in book.plan.demand))
    sheet.row += 3 * len(workloads) + 3 if workloads else 0
    mean = _block(book, sheet, "Mean rate", "requests/s", hours, FROZEN, lambda row: row.mean_rps)
    _block(book, sheet, "Peak rate, which capacity must meet", "requests/s", hours, FROZEN, lambda row: row.peak_rps)
    inputs = _block(book, sheet, "Input tokens of a request, mean", "tokens", hours, LENGTH, lambda row: row.isl_mean)
    outputs = _block(book, sheet, "Output tokens of a request, mean", "tokens", hours, LENGTH, lambda row: row.osl_mean)
    _classes(book, sheet)
    sheet.row, bottom = top, sheet.row
    if workloads:
        _totals(book, sheet, workloads, mean, inputs, outputs, seconds)
    sheet.row = bottom


def _blocks(book: Book, sheet: Sheet) -> tuple[Mapping[int, Spot], Spot]:
    """Write the blocks of hours and the what-if cell; return each block's hours in a period, and the seconds of an hour."""
    row = sheet.write("Demand, what-if", 1.0, "of the plan", style=[Style(Role.STRONG), Style(Role.INPUT, PERCENT), Style()])
    book.spots["demand_scale"] = sheet.spot(2, row, 1.0)
    sheet.put(row, 4, "Above 100 % the check on capacity shows when the frozen fleet is too small.", Style(Role.NOTE))
    row = sheet.write("Seconds in an hour", SECONDS_PER_HOUR, "s", style=[Style(), Style(Role.FROZEN, COUNT), Style()])
    seconds = sheet.spot(2, row, SECONDS_PER_HOUR)
    sheet.row += 1
    heads = ("Block of hours", "Hours a week", "Hours a period", "Which hours")
    styles = (Style(), Style(Role.FROZEN, AMOUNT), Style(Role.FROZEN, AMOUNT), Style(Role.NOTE))
    rows = sheet.table(
        heads, [(block.id, block.hours_per_week, block.hours_per_period, block.label) for block in book.plan.blocks], styles
    )
    return {
        block.index: sheet.spot(3, row, block.hours_per_period) for block, row in zip(book.plan.blocks, rows, strict=True)
    }, seconds


def _block(
    book: Book, sheet: Sheet, title: str, unit: str, hours: Mapping[int, Spot], style: Style, value: Callable[[DemandRow], float]
) -> dict[Key, Line]:
    """Write one figure of every workload, class and block of hours over the periods; column E holds the block's hours."""
    table = by_period(book.plan.demand, book.periods, _key, lambda row: row.period, value)
    labels = {block.index: block.id for block in book.plan.blocks}
    sheet.section(title)
    sheet.timeline("Workload", "Class", "Block of hours", "Unit", "Hours a period", total="", start="")
    found: dict[Key, Line] = {}
    for key, values in sorted(table.items()):
        workload, request_class, block = key
        row = sheet.row
        head = (book.title_of("workloads", workload), request_class, labels.get(block, str(block)), unit)
        found[key] = sheet.series(head, values, style, total=False)
        spot = hours.get(block)
        if spot is not None:
            sheet.put(row, 5, Formula(f"={spot.seen_from(sheet.title)}", spot.value), Style(Role.CALC, AMOUNT))
    return found


def _key(row: DemandRow) -> Key:
    return (row.workload, row.request_class, row.block)


def _totals(
    book: Book,
    sheet: Sheet,
    workloads: list[str],
    mean: Mapping[Key, Line],
    inputs: Mapping[Key, Line],
    outputs: Mapping[Key, Line],
    seconds: Spot,
) -> None:
    """Write requests, input and output tokens of each workload by period: rate x hours x seconds x tokens."""
    hours = {block.index: block.hours_per_period for block in book.plan.blocks}
    sheet.timeline("What it adds up to", "", "", "Unit")
    per_hour = seconds.seen_from(sheet.title)
    parts = {"requests": None, "input tokens": inputs, "output tokens": outputs}
    for what, lengths in parts.items():
        for workload in sorted(workloads):
            keys = [key for key in sorted(mean) if key[0] == workload]
            values = [
                seconds.value
                * sum(mean[key].values[t] * hours.get(key[2], 0.0) * (lengths[key].values[t] if lengths else 1.0) for key in keys)
                for t in range(book.periods)
            ]
            head = (f"{book.title_of('workloads', workload)}: {what}", "", "", what)
            line = sheet.series(head, values, Style(Role.CALC, million("M")), formula=_sum_formula(mean, lengths, keys, per_hour))
            book.lines[f"{what}:{workload}"] = line


def _sum_formula(
    mean: Mapping[Key, Line], lengths: Mapping[Key, Line] | None, keys: list[Key], per_hour: str
) -> Callable[[str], str]:
    first, last = mean[keys[0]].row, mean[keys[-1]].row

    def formula(column: str) -> str:
        ranges = [f"$E{first}:$E{last}", f"{column}{first}:{column}{last}"]
        if lengths is not None:
            ranges.append(f"{column}{lengths[keys[0]].row}:{column}{lengths[keys[-1]].row}")
        return f"=SUMPRODUCT({','.join(ranges)})*{per_hour}"

    return formula


def _classes(book: Book, sheet: Sheet) -> None:
    """Write the request classes of the first period."""
    heads = ("Workload", "Class", "Share of requests", "Input mean", "Output mean", "Cached input", "Input p99", "Output p99")
    number = Style(Role.FROZEN, COUNT)
    styles = (Style(), Style(), Style(Role.FROZEN, PERCENT), number, number, number, number, number)
    sheet.section("Request classes in the first period [tokens]")
    rows = sorted(book.plan.classes, key=lambda row: (row.workload, row.id))
    for workload, group in groupby(rows, key=lambda row: row.workload):
        title = book.title_of("workloads", workload)
        sheet.table(
            heads,
            [(title, row.id, row.share, row.isl_mean, row.osl_mean, row.cached_mean, row.isl_p99, row.osl_p99) for row in group],
            styles,
        )
