"""Allocation: which pool serves what, how many replicas it has and how busy they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.plan.fleet import PoolRow
from reports.book import Book, by_period
from reports.grid import Kind, Line, Sheet
from reports.styles import COUNT, RATE, Role, Style

SHEET = "Allocation"
FROZEN, LOAD, CALC = Style(Role.FROZEN, COUNT), Style(Role.FROZEN, RATE), Style(Role.CALC, RATE)
Key = tuple[str, str, str, str]


def write(book: Book) -> None:
    """Fill the sheet and register that replicas cover the load of every block, scaled by the what-if cell of Demand."""
    if not book.plan.pools:
        return
    note = "Replicas of a deployment, and the replicas that the load of each block of hours keeps busy. Solver result, frozen."
    sheet = book.sheet(SHEET, "Allocation", note, Kind.WORKING, timed=True)
    pools: dict[Key, list[PoolRow]] = {}
    for row in book.plan.pools:
        pools.setdefault((row.site, row.workload, row.role, row.option), []).append(row)
    _overview(book, sheet, pools)
    for _, rows in sorted(pools.items()):
        _pool(book, sheet, rows)
    _flows(book, sheet)


def _overview(book: Book, sheet: Sheet, pools: dict[Key, list[PoolRow]]) -> None:
    heads = ("Pool", "Role", "System", "Layout", "Weights / KV", "Chips each", "Replicas", "In the last period it is up")
    styles = (Style(), Style(), Style(), Style(), Style(), FROZEN, FROZEN, Style(Role.NOTE))
    rows = []
    for (site, workload, role, _), own in sorted(pools.items()):
        last = max(own, key=lambda row: row.period)
        place = f"{book.title_of('workloads', workload)}, {book.title_of('sites', site)}"
        rows.append(
            (
                place,
                role,
                last.system,
                last.layout,
                f"{last.weights} / {last.kv}",
                last.chips_per_replica,
                last.replicas,
                last.words,
            )
        )
    sheet.table(heads, rows, styles)


def _pool(book: Book, sheet: Sheet, rows: Sequence[PoolRow]) -> None:
    """Write one pool: replicas, busy replicas by block, and what stays free in the busiest block, which a check reads."""
    first = rows[0]
    place = f"{book.title_of('workloads', first.workload)}, {first.role}, {book.title_of('sites', first.site)}"
    sheet.section(f"{place}: {book.system_name(first.system)}, {first.layout}, {first.weights}")
    sheet.timeline("Replicas", "Block of hours", "Role", "Unit", total="", start="")
    replicas = sheet.series(
        ("Replicas up", "", first.role, "replicas"), _values(book, rows, lambda row: row.replicas), FROZEN, total=False
    )
    busy = [
        sheet.series(
            ("Busy", block.id, first.role, "replicas"),
            _values(book, rows, _load_in(i)),
            LOAD,
            total=False,
        )
        for i, block in enumerate(book.plan.blocks)
    ]
    free = _free(book, sheet, replicas, busy, first.role)
    words = "replicas cover the load of the busiest block of hours, at the what-if demand"
    book.check_slack(f"Capacity: {place}, {first.system}", free, words)


def _load_in(block: int) -> Callable[[PoolRow], float]:
    return lambda row: row.load_by_block[block]


def _values(book: Book, rows: Sequence[PoolRow], value: Callable[[PoolRow], float]) -> list[float]:
    return by_period(rows, book.periods, lambda _: 0, lambda row: row.period, value)[0]


def _free(book: Book, sheet: Sheet, replicas: Line, busy: Sequence[Line], role: str) -> Line:
    scale = book.spots["demand_scale"]
    most = [max(line.values[t] for line in busy) for t in range(book.periods)]
    top = sheet.series(
        ("Busiest block, at the what-if demand", "", role, "replicas"), [value * scale.value for value in most], CALC,
        total=False,
        formula=lambda c: f"=MAX({c}{busy[0].row}:{c}{busy[-1].row})*{scale.seen_from(sheet.title)}",
    )  # fmt: skip
    return sheet.series(
        ("Free", "", role, "replicas"), [have - used for have, used in zip(replicas.values, top.values, strict=True)],
        CALC.as_(Role.TOTAL), total=False, formula=lambda c: f"={c}{replicas.row}-{c}{top.row}",
    )  # fmt: skip


def _flows(book: Book, sheet: Sheet) -> None:
    """Write the request rates that each deployment serves."""
    if not book.plan.flows:
        return
    titles = {block.index: block.id for block in book.plan.blocks}
    table = by_period(
        book.plan.flows, book.periods, lambda row: (row.workload, row.request_class, row.role, row.site, row.option, row.block),
        lambda row: row.period, lambda row: row.rate_rps,
    )  # fmt: skip
    sheet.section("Request rates served")
    sheet.timeline("Workload, class", "Deployment", "Role, site", "Block of hours", "Unit", total="", start="")
    names = {pool.option: f"{book.system_name(pool.system)}, {pool.layout}, {pool.weights}" for pool in book.plan.pools}
    for (workload, request_class, role, site, option, block), values in sorted(table.items()):
        title = book.title_of("workloads", workload)
        place = f"{role}, {book.title_of('sites', site)}"
        head = (f"{title}, {request_class}", names.get(option, option), place, titles.get(block, str(block)), "requests/s")
        sheet.series(head, values, LOAD, total=False)
