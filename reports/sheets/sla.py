"""Service levels: what is promised, what is predicted with its interval, and the slack between them."""

from __future__ import annotations

from collections.abc import Callable

from planner.plan.fleet import SlaRow
from reports.book import Book, by_period
from reports.grid import Formula, Kind, Line, Sheet
from reports.rules import bad, good, warning
from reports.styles import SECONDS, Role, Style

SHEET = "SLA"
FROZEN, CALC, SUM = Style(Role.FROZEN, SECONDS), Style(Role.CALC, SECONDS), Style(Role.TOTAL, SECONDS)
METRICS = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}
Key = tuple[str, str, str, float]


def write(book: Book) -> None:
    """Fill the sheet; each promise has an editable limit, and a check that its slack stays above zero."""
    rows = book.plan.sla
    if not rows:
        return
    note = "Seconds at the plan's own load, worst class and hours; 0 = not served there then. TPOT = (E2E - TTFT) / (OSL - 1)."
    sheet = book.sheet(SHEET, "Service levels", note, Kind.OUTPUT, timed=True)
    keys = sorted({_key(row) for row in rows})
    top = sheet.row
    sheet.row += len(keys) + 2
    lines = {key: _promise(book, sheet, key) for key in keys}
    sheet.row = top
    _overview(book, sheet, lines)


def _key(row: SlaRow) -> Key:
    return (row.workload, row.site, row.metric, row.percentile)


def _name(book: Book, key: Key) -> str:
    workload, site, metric, percentile = key
    return f"{book.title_of('workloads', workload)}, {book.title_of('sites', site)}: {METRICS[metric]} p{percentile:g}"


def _promise(book: Book, sheet: Sheet, key: Key) -> tuple[Line, Line, Line]:
    """Write one promise over the periods; return the rows of prediction, upper 80 % edge and slack."""
    own = [row for row in book.plan.sla if _key(row) == key]
    sheet.section(_name(book, key))
    sheet.timeline("Seconds", "Metric", "Served by", "Unit", "Limit", total="", start="")
    head = (METRICS[key[2]], "", "s")
    limit = own[0].limit_s
    row = sheet.row
    required = sheet.series(
        ("Promised", METRICS[key[2]], "", "s"), [limit] * book.periods, CALC, total=False, formula=lambda _: f"=$E{row}"
    )
    sheet.put(row, 5, limit, Style(Role.INPUT, SECONDS))
    predicted = sheet.series(
        ("Predicted", METRICS[key[2]], own[-1].served_by, "s"), _values(book, own, lambda r: r.predicted_s), FROZEN, total=False
    )
    edges = {
        "80 % interval, from": lambda r: r.low80_s,
        "80 % interval, to": lambda r: r.high80_s,
        "95 % interval, from": lambda r: r.low95_s,
        "95 % interval, to": lambda r: r.high95_s,
    }
    written = [sheet.series((name, *head), _values(book, own, value), FROZEN, total=False) for name, value in edges.items()]
    return predicted, written[1], _slack(book, sheet, required, predicted, own, key)


def _slack(book: Book, sheet: Sheet, required: Line, predicted: Line, own: list[SlaRow], key: Key) -> Line:
    present = {row.period for row in own}
    values = [limit - value for limit, value in zip(required.values, predicted.values, strict=True)]
    slack = sheet.series(
        ("Slack", METRICS[key[2]], "", "s"), values, SUM, total=False, formula=lambda c: f"={c}{required.row}-{c}{predicted.row}"
    )
    last = slack.span(sheet.title).replace("$", "")
    sheet.rules.append((last, bad(f"H{slack.row}<0")))
    if present:
        book.check_slack(f"SLA: {_name(book, key)}", slack, "the prediction stays within the promise in every period")
    return slack


def _values(book: Book, rows: list[SlaRow], value: Callable[[SlaRow], float]) -> list[float]:
    return by_period(rows, book.periods, lambda _: 0, lambda row: row.period, value)[0]


def _overview(book: Book, sheet: Sheet, lines: dict[Key, tuple[Line, Line, Line]]) -> None:
    """Write every promise in one line: worst period against the limit."""
    heads = ("Promise", "Limit", "Worst predicted", "Worst 80 % edge", "Least slack", "Holds", "Holds at 80 % edge")
    sheet.write(*heads, style=[Style(Role.HEAD), *[Style(Role.HEAD_NUMBER, wrap=True)] * 6])
    first = sheet.row
    for key, (predicted, edge, slack) in lines.items():
        limit = slack.values[0] + predicted.values[0]
        worst, high, least = max(predicted.values), max(edge.values), min(slack.values)
        row = sheet.row
        limit_cell = f"$E{predicted.row - 1}"
        sheet.write(
            _name(book, key),
            Formula(f"={limit_cell}", limit),
            Formula(f"=MAX({predicted.span(sheet.title)})", worst),
            Formula(f"=MAX({edge.span(sheet.title)})", high),
            Formula(f"=MIN({slack.span(sheet.title)})", least),
            Formula(f"=E{row}>=0", least >= 0),
            Formula(f"=D{row}<=B{row}", high <= limit),
            style=[Style(), CALC, CALC, CALC, CALC, Style(Role.CHECK), Style(Role.CHECK)],
        )
    rules = (
        ("F", good(f"E{first}>=0")),
        ("F", bad(f"E{first}<0")),
        ("G", good(f"D{first}<=B{first}")),
        ("G", warning(f"D{first}>B{first}")),
    )
    sheet.rules += [(f"{column}{first}:{column}{sheet.row - 1}", rule) for column, rule in rules]
