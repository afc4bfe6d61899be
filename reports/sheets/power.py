"""Power and space by site and period: what stands there, what it draws, what the site can carry."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.units import Dimension, parse_quantity
from planner.plan.fleet import PowerRow
from reports.book import Book, by_period
from reports.grid import Formula, Kind, Line, Sheet, Spot
from reports.styles import AMOUNT, COUNT, PERCENT, RATE, VALUE, Role, Style

SHEET = "Power"
W_PER_KW = 1000.0
SMALL_W = 20_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """One site being written: its rows, its title, and the number format that its size asks for."""

    book: Book
    sheet: Sheet
    site: str
    rows: Sequence[PowerRow]
    number: str

    @property
    def title(self) -> str:
        """Return the site's title."""
        return self.book.title_of("sites", self.site)

    def values(self, value: Callable[[PowerRow], float]) -> list[float]:
        """Return one figure over the periods, shape `(period,)`."""
        return by_period(self.rows, self.book.periods, lambda _: 0, lambda row: row.period, value)[0]

    def frozen(self, name: str, unit: str, value: Callable[[PowerRow], float], number: str = "", *, total: bool = False) -> Line:
        """Write one figure as the solver gave it."""
        style = Style(Role.FROZEN, number or self.number)
        return self.sheet.series((name, "", "", unit), self.values(value), style, total=total)

    def constant(self, name: str, unit: str, value: float, cell: str) -> Line:
        """Write one figure that every period reads from a cell."""
        style = Style(Role.CALC, self.number)
        values = [value] * self.book.periods
        return self.sheet.series((name, "", "", unit), values, style, total=False, formula=lambda _: f"={cell}")

    def left(self, name: str, unit: str, have: Line, used: Line, words: str) -> None:
        """Write what is left of a limit, and register that it never falls below zero."""
        values = [limit - value for limit, value in zip(have.values, used.values, strict=True)]
        style = Style(Role.TOTAL, self.number)
        slack = self.sheet.series(
            (f"{name} left", "", "", unit), values, style, total=False, formula=lambda c: f"={c}{have.row}-{c}{used.row}"
        )
        self.book.check_slack(f"{name}: {self.title}", slack, words)

    def input(self, name: str, unit: str, value: float, number: str = VALUE) -> Spot:
        """Write a cell that may be edited, in column E."""
        row = self.sheet.write(name, "", "", unit)
        self.sheet.put(row, 5, value, Style(Role.INPUT, number))
        return self.sheet.spot(5, row, value)


def write(book: Book) -> None:
    """Fill the sheet; limits are editable, and checks say whether the frozen fleet stays within them."""
    if not book.plan.power:
        return
    note = "kW of one site (of one of its equal sites). The limit binds the nameplate of all units; the bill follows the draw."
    sheet = book.sheet(SHEET, "Power and space", note, Kind.OUTPUT, timed=True)
    for site in sorted({row.site for row in book.plan.power}):
        rows = [row for row in book.plan.power if row.site == site]
        small = max(max(row.nameplate_w, row.limit_w or 0.0) for row in rows) < SMALL_W
        _site(Place(book, sheet, site, rows, RATE if small else AMOUNT))


def _site(place: Place) -> None:
    book, rows = place.book, place.rows
    many = f" (one of {rows[0].sites:,} equal sites)" if rows[0].sites > 1 else ""
    place.sheet.section(f"{place.title}{many}")
    place.sheet.timeline("Power", "", "", "Unit", "Input", total="Total", start="")
    limit = _limit(place)
    nameplate = place.frozen("Nameplate of all units", "kW", lambda row: row.nameplate_w / W_PER_KW)
    book.lines[f"nameplate:{place.site}"] = nameplate
    if limit is not None:
        book.lines[f"limit:{place.site}"] = limit
        place.left("Power", "kW", limit, nameplate, "the nameplate of all units stays within the site's budget")
    drawn = place.frozen("Highest draw of the machines", "kW", lambda row: row.drawn_peak_w / W_PER_KW)
    _facility(place, drawn)
    place.frozen("Energy of the machines", "kWh", lambda row: row.energy_kwh, COUNT, total=True)
    for index, block in enumerate(book.plan.blocks):
        place.frozen(f"Draw in {block.id}", "kW", _drawn_in(index))
    _racks(place)


def _drawn_in(block: int) -> Callable[[PowerRow], float]:
    return lambda row: row.drawn_w_by_block[block] / W_PER_KW


def _limit(place: Place) -> Line | None:
    """Write the IT budget: the site's power, in IT or facility terms, less its headroom."""
    known = [row.limit_w for row in place.rows if row.limit_w is not None]
    if not known:
        return None
    whole = _stated_power(place)
    name, value = "IT power budget after headroom", known[0] / W_PER_KW
    if whole is None:
        spot = place.input("IT power budget, given", "kW", value)
        return place.constant(name, "kW", value, spot.seen_from(SHEET))
    power_w, headroom, pue = whole
    power = place.input("Power budget of the site", "kW facility" if pue else "kW IT", power_w / W_PER_KW)
    free = place.input("Headroom that stays free", "of it", headroom, PERCENT)
    divisor = f"/{pue.seen_from(SHEET)}" if pue else ""
    return place.constant(name, "kW", value, f"{power.seen_from(SHEET)}{divisor}*(1-{free.seen_from(SHEET)})")


def _stated_power(place: Place) -> tuple[float, float, Spot | None] | None:
    """Return power [W], headroom and the PUE cell (facility terms) as the scenario states them, where they give the limit."""
    part = place.book.part_of("sites", place.site)
    try:
        power_w = parse_quantity(str(part.get("power", "")), Dimension.POWER)
        headroom = float(str(part.get("power_headroom", 0.0)))
    except ValueError:
        return None
    pue = _pue(place) if part.get("power_basis") == "facility" else None
    usable = power_w / (pue.value if pue else 1.0) * (1.0 - headroom)
    agrees = all(row.limit_w is not None and math.isclose(row.limit_w, usable, rel_tol=1e-12) for row in place.rows)
    return (power_w, headroom, pue) if agrees else None


def _pue(place: Place) -> Spot | None:
    found = place.book.places.get(f"pue[{place.site}]") or place.book.places.get("pue")
    return None if found is None else found.spot


def _facility(place: Place, drawn: Line) -> None:
    """Write the facility's peak: draw x PUE, with the PUE of the assumptions where there is one."""
    pue = _pue(place)
    name = "Highest draw of the facility, with PUE"
    values = place.values(lambda row: row.facility_peak_w / W_PER_KW)
    if pue is None or not all(math.isclose(a * pue.value, b, rel_tol=1e-9) for a, b in zip(drawn.values, values, strict=True)):
        place.frozen(name, "kW", lambda row: row.facility_peak_w / W_PER_KW)
        return
    row = place.sheet.row
    style = Style(Role.CALC, place.number)
    place.sheet.series((name, "", "", "kW"), values, style, total=False, formula=lambda c: f"={c}{drawn.row}*$E{row}")
    place.sheet.put(row, 5, Formula(f"={pue.seen_from(SHEET)}", pue.value), Style(Role.LINK, VALUE))


def _racks(place: Place) -> None:
    used = place.frozen("Rack positions used", "racks", lambda row: row.racks_used, AMOUNT)
    known = [row.racks_limit for row in place.rows if row.racks_limit is not None]
    if known:
        spot = place.input("Rack positions of the site", "racks", known[0])
        have = place.constant("Rack positions", "racks", known[0], spot.seen_from(SHEET))
        place.left("Rack positions", "racks", have, used, "the systems fit into the site's rack positions")
