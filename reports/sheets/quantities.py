"""The solver's result as cost lines read it: units, hours, kWh, racks and tokens by period, frozen."""

from __future__ import annotations

from itertools import groupby

from planner.economics.lines import DRIVER_UNITS, Driver, FactorUse, LineItem
from reports.book import Book
from reports.grid import Kind, Line, Sheet
from reports.styles import AMOUNT, COUNT, Role, Style

SHEET = "Quantities"
WHOLE = (Driver.UNITS_BOUGHT, Driver.UNITS_KEPT, Driver.UNITS_OWNED, Driver.UNITS_RETIRED, Driver.UNITS_FINANCED, Driver.SITES)

Key = tuple[str, str, str, str, int]


def key_of(item: LineItem) -> Key:
    """Return what makes a quantity unique; several cost lines read the same one."""
    return (item.driver.value, item.site, item.item, item.block, -1_000_000 if item.cohort is None else item.cohort)


def write(book: Book) -> None:
    """Fill the sheet and remember the line of every quantity (`quantity:` + its key) and of every position row."""
    money = book.plan.money
    if money is None:
        return
    note = "Solver result, frozen. Edited prices move the costs, never these counts; plan again to let the fleet follow."
    sheet = book.sheet(SHEET, "Quantities", note, Kind.WORKING, timed=True)
    sheet.timeline("Quantity", "Site", "System, offer, workload", "Hours", "Bought in")
    unique = {key_of(item): item for item in money.items}
    order = list(Driver)
    ordered = sorted(unique.items(), key=lambda pair: (order.index(pair[1].driver), pair[0]))
    for driver, group in groupby(ordered, key=lambda pair: pair[1].driver):
        sheet.section(DRIVER_UNITS[driver])
        for key, item in group:
            book.lines[f"quantity:{key}"] = _write_one(book, sheet, item)
    _positions(book, sheet, money.items)


def cohort_label(book: Book, cohort: int | None) -> str:
    """Return in which period something was bought, in words."""
    if cohort is None:
        return ""
    return book.labels[cohort] if 0 <= cohort < book.periods else "before the plan"


def _write_one(book: Book, sheet: Sheet, item: LineItem) -> Line:
    name = item.driver.value.replace("_", " ")
    site = book.title_of("sites", item.site) if item.site else ""
    head = (name, site, item.item, item.block, cohort_label(book, item.cohort))
    return sheet.series(head, item.quantity, Style(Role.FROZEN, COUNT if item.driver in WHOLE else AMOUNT))


def position_name(use: FactorUse) -> str:
    """Return the name of the line that says which value each period takes."""
    return f"position:{use.positions}"


def _positions(book: Book, sheet: Sheet, items: tuple[LineItem, ...]) -> None:
    """Write, once per pattern, which value of a path by age each period takes."""
    uses = {use.positions: use for item in items for use in item.factors if book.needs_position(use)}
    if not uses:
        return
    sheet.section("which value of a path by age each period takes (1 = new)")
    for positions, use in sorted(uses.items()):
        head = ("position in the path", "", "", "", "")
        values = [float(position + 1) for position in positions]
        book.lines[position_name(use)] = sheet.series(head, values, Style(Role.FROZEN, COUNT), total=False)
