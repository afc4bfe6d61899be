"""Power and space by site and period: what stands there, what it draws, what the site can carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.plan.fleet import PowerRow
from reports.book import Book, by_period
from reports.grid import Kind, Line, Sheet
from reports.styles import AMOUNT, COUNT, VALUE, Role, Style

SHEET = "Power"
W_PER_KW = 1000.0
FROZEN, CALC, SUM = Style(Role.FROZEN, AMOUNT), Style(Role.CALC, AMOUNT), Style(Role.TOTAL, AMOUNT)


def write(book: Book) -> None:
    """Fill the sheet; limits are editable, and checks say whether the frozen fleet stays within them."""
    if not book.plan.power:
        return
    note = "kW of one site (of one of its equal sites). The limit binds the nameplate of all units present; the bill follows the draw."
    sheet = book.sheet(SHEET, "Power and space", note, Kind.OUTPUT, timed=True)
    for site in sorted({row.site for row in book.plan.power}):
        _site(book, sheet, site, [row for row in book.plan.power if row.site == site])


def _site(book: Book, sheet: Sheet, site: str, rows: Sequence[PowerRow]) -> None:
    title = book.title_of("sites", site)
    many = f" (one of {rows[0].sites:,} equal sites)" if rows[0].sites > 1 else ""
    sheet.section(f"{title}{many}")
    sheet.timeline("Power", "", "", "Unit", "Input", total="", start="")
    nameplate = _frozen(book, sheet, "Nameplate of all units", "kW", rows, lambda row: row.nameplate_w / W_PER_KW)
    limit = _limit(book, sheet, rows)
    if limit is not None:
        slack = _difference(sheet, "Power left", "kW", limit, nameplate)
        book.check_slack(f"Power: {title}", slack, "the nameplate of all units stays within the site's budget")
    drawn = _frozen(book, sheet, "Highest draw of the machines", "kW", rows, lambda row: row.drawn_peak_w / W_PER_KW)
    _facility(book, sheet, site, drawn, rows)
    _frozen(
        book,
        sheet,
        "Energy of the machines",
        "kWh",
        rows,
        lambda row: row.energy_kwh,
        style=Style(Role.FROZEN, COUNT),
        total=True,
    )
    for index, block in enumerate(book.plan.blocks):
        _frozen(book, sheet, f"Draw in {block.id}", "kW", rows, lambda row, index=index: row.drawn_w_by_block[index] / W_PER_KW)
    _racks(book, sheet, title, rows)
    book.lines[f"nameplate:{site}"] = nameplate
    if limit is not None:
        book.lines[f"limit:{site}"] = limit


def _frozen(
    book: Book, sheet: Sheet, name: str, unit: str, rows: Sequence[PowerRow], value: Callable[[PowerRow], float],
    *, style: Style = FROZEN, total: bool = False,
) -> Line:  # fmt: skip
    values = by_period(rows, book.periods, lambda _: 0, lambda row: row.period, value)[0]
    return sheet.series((name, "", "", unit), values, style, total=total)


def _limit(book: Book, sheet: Sheet, rows: Sequence[PowerRow]) -> Line | None:
    """Write the IT budget of the site: one editable cell that every period reads."""
    known = [row.limit_w for row in rows if row.limit_w is not None]
    if not known:
        return None
    value, row = known[0] / W_PER_KW, sheet.row
    line = sheet.series(
        ("IT power budget after headroom", "", "", "kW"), [value] * book.periods, CALC, total=False, formula=lambda _: f"=$E{row}"
    )
    sheet.put(row, 5, value, Style(Role.INPUT, VALUE))
    return line


def _difference(sheet: Sheet, name: str, unit: str, have: Line, used: Line) -> Line:
    values = [limit - value for limit, value in zip(have.values, used.values, strict=True)]
    return sheet.series((name, "", "", unit), values, SUM, total=False, formula=lambda c: f"={c}{have.row}-{c}{used.row}")


def _facility(book: Book, sheet: Sheet, site: str, drawn: Line, rows: Sequence[PowerRow]) -> None:
    """Write the facility's peak: draw x PUE, with the PUE of the assumptions where there is one."""
    place = book.places.get(f"pue[{site}]") or book.places.get("pue")
    values = by_period(rows, book.periods, lambda _: 0, lambda row: row.period, lambda row: row.facility_peak_w / W_PER_KW)[0]
    head = ("Highest draw of the facility, with PUE", "", "", "kW")
    if place is None or place.spot is None:
        sheet.series(head, values, FROZEN, total=False)
        return
    pue = place.spot.seen_from(sheet.title)
    sheet.series(head, values, CALC, total=False, formula=lambda c: f"={c}{drawn.row}*{pue}")


def _racks(book: Book, sheet: Sheet, title: str, rows: Sequence[PowerRow]) -> None:
    used = _frozen(book, sheet, "Rack positions used", "racks", rows, lambda row: row.racks_used)
    known = [row.racks_limit for row in rows if row.racks_limit is not None]
    if not known:
        return
    row = sheet.row
    have = sheet.series(
        ("Rack positions", "", "", "racks"), [known[0]] * book.periods, CALC, total=False, formula=lambda _: f"=$E{row}"
    )
    sheet.put(row, 5, known[0], Style(Role.INPUT, VALUE))
    slack = _difference(sheet, "Rack positions left", "racks", have, used)
    book.check_slack(f"Racks: {title}", slack, "the systems fit into the site's rack positions")
