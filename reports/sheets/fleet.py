"""Fleet: what stands where in each period, what arrives and leaves, and what to order when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.plan.fleet import FleetRow
from reports.book import AT_LEAST, EQUAL, Book, by_period
from reports.grid import START, Kind, Line, Sheet, period_column
from reports.styles import COUNT, Role, Style

SHEET = "Fleet"
FROZEN, CALC, SUM = Style(Role.FROZEN, COUNT), Style(Role.CALC, COUNT), Style(Role.TOTAL, COUNT)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Holding:
    """One way of having one system at one site: its rows of arrivals and of units, and how many equal sites there are."""

    site: str
    system: str
    holding: str
    name: str
    sites: int
    arrived: Line
    closing: Line


def write(book: Book) -> None:
    """Fill the sheet; remember units by system over all sites, which the summary draws."""
    rows = book.plan.fleet
    if not rows:
        return
    note = "Orderable units. Closing = opening + arrived - left; arrivals and departures are the solver's result, frozen."
    sheet = book.sheet(SHEET, "Fleet", note, Kind.OUTPUT, timed=True)
    keys = sorted({_key(row) for row in rows})
    systems = list(dict.fromkeys(key[1] for key in sorted(keys, key=lambda key: key[1])))
    top = sheet.row
    sheet.row += 2 * len(systems) + 7
    holdings = [_corkscrew(book, sheet, key) for key in keys]
    sheet.row, bottom = top, sheet.row
    _all_sites(book, sheet, systems, holdings)
    _purchases(book, sheet, systems, holdings)
    sheet.row = bottom


def _key(row: FleetRow) -> Key:
    return (row.site, row.system, row.holding)


def _corkscrew(book: Book, sheet: Sheet, key: Key) -> Holding:
    """Write opening, arrivals, departures and closing of one system at one site under one way of having it."""
    site, system, holding = key
    own = [row for row in book.plan.fleet if _key(row) == key]
    units, arrived, left, chips = (_row(book, own, value) for value in (_units, _arrived, _left, _chips))
    first = units[0] - arrived[0] + left[0]
    name, sites = own[0].system_name, own[0].sites
    words = own[-1].words
    sheet.section(f"{name}, {book.title_of('sites', site)}, {holding}")
    if words:
        sheet.note_line(f"In the end: {words}")
    sheet.timeline("Units of one site", "System", "Holding", "Unit", "Equal sites", total="", start="Before")
    row = sheet.row
    before = {period_column(index): START if index == 0 else period_column(index - 1) for index in range(book.periods)}
    rolled = _rolled(first, arrived, left)
    sheet.series(
        ("Opening", system, holding, "units"),
        [first, *rolled[:-1]],
        CALC,
        total=False,
        formula=lambda c: f"={before[c]}{row + 3}",
    )
    come = sheet.series(("Arrived", system, holding, "units"), arrived, FROZEN)
    sheet.series(("Left", system, holding, "units"), left, FROZEN)
    closing = sheet.series(
        ("Closing", system, holding, "units", sites), rolled, SUM, total=False, start=first, start_style=FROZEN,
        formula=lambda c: f"={c}{row}+{c}{row + 1}-{c}{row + 2}",
    )  # fmt: skip
    sheet.put(closing.row, 5, sites, FROZEN)
    sheet.series(("Accelerators, all sites", system, holding, "chips"), chips, FROZEN, total=False)
    _check(book, closing, units, f"{name}, {site}, {holding}")
    return Holding(site, system, holding, name, sites, come, closing)


def _row(book: Book, rows: Sequence[FleetRow], value: Callable[[FleetRow], float]) -> list[float]:
    return by_period(rows, book.periods, lambda _: 0, lambda row: row.period, value)[0]


def _units(row: FleetRow) -> float:
    return row.units


def _arrived(row: FleetRow) -> float:
    return row.arrived


def _left(row: FleetRow) -> float:
    return row.left


def _chips(row: FleetRow) -> float:
    return row.chips


def _rolled(first: float, arrived: Sequence[float], left: Sequence[float]) -> list[float]:
    found: list[float] = []
    for come, gone in zip(arrived, left, strict=True):
        found.append((found[-1] if found else first) + come - gone)
    return found


def _check(book: Book, closing: Line, units: Sequence[float], name: str) -> None:
    last = closing.period(book.periods - 1)
    end = (f"={last.seen_from('Checks')}", last.value)
    book.check(f"Fleet adds up: {name}", end, EQUAL, ("", units[-1]), "opening + arrivals - departures ends at the plan's count")
    least = (f"=MIN({closing.span('Checks')})", min(closing.values))
    book.check(f"Fleet not negative: {name}", least, AT_LEAST, ("", 0.0), "nothing leaves that was not there")


def _all_sites(book: Book, sheet: Sheet, systems: Sequence[str], holdings: Sequence[Holding]) -> None:
    """Write the units of each system over all sites; a group of equal sites counts as often as it has members."""
    sheet.section("Units by system, all sites together")
    sheet.timeline("System", "", "", "Unit", total="")
    lines = []
    for system in systems:
        own = [holding for holding in holdings if holding.system == system]
        values = [sum(holding.closing.values[t] * holding.sites for holding in own) for t in range(book.periods)]
        parts = [(holding.closing.row, holding.closing.row) for holding in own]
        lines.append(sheet.series((own[0].name, "", "", "units"), values, CALC, total=False, formula=_times_sites(parts)))
    book.rows["units"] = (lines[0].row, lines[-1].row)
    book.lines["units"] = sheet.subtotal("All systems", lines, SUM, total=False)


def _purchases(book: Book, sheet: Sheet, systems: Sequence[str], holdings: Sequence[Holding]) -> None:
    """Write what to take delivery of in each period, bought units only."""
    sheet.section("Purchase schedule: units to have delivered by the start of the period, all sites")
    sheet.timeline("System", "", "", "Unit")
    for system in systems:
        own = [holding for holding in holdings if holding.system == system and holding.holding == "owned"]
        if own:
            values = [sum(holding.arrived.values[t] * holding.sites for holding in own) for t in range(book.periods)]
            parts = [(holding.arrived.row, holding.closing.row) for holding in own]
            sheet.series((own[0].name, "", "", "units"), values, CALC, formula=_times_sites(parts))


def _times_sites(parts: Sequence[tuple[int, int]]) -> Callable[[str], str]:
    """Return the formula that adds rows, each times the number of equal sites beside its closing row."""
    return lambda column: "=" + "+".join(f"{column}{row}*$E{sites}" for row, sites in parts)
