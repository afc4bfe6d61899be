"""Carbon: operational and embodied emissions, live in PUE and carbon intensity."""

from __future__ import annotations

from planner.economics.lines import Group
from reports.book import Book
from reports.grid import FIRST_PERIOD, Kind
from reports.sheets.cost import write_item
from reports.styles import AMOUNT, COUNT, Role, Style

SHEET = "Carbon"


def write(book: Book) -> None:
    """Fill the sheet; left out where no carbon intensity is known."""
    money = book.plan.money
    items = [item for item in money.items if item.group is Group.CARBON] if money is not None else []
    if money is None or not items:
        return
    note = "kg CO2e, location-based, not discounted. Operational = IT kWh x PUE x intensity; embodied = share of life used."
    sheet = book.sheet(SHEET, "Carbon", note, Kind.OUTPUT, timed=True)
    sheet.print_columns = FIRST_PERIOD + book.periods - 1
    style = Style(Role.CALC, COUNT)
    for line, title in (("carbon.operational", "Operational emissions"), ("carbon.embodied", "Embodied emissions")):
        own = [item for item in items if item.line == line]
        if own:
            sheet.section(title)
            sheet.timeline("kg CO2e", "Site", "For", "Quantity", "Sign")
            total = sheet.subtotal(f"{title}: sum", [write_item(book, sheet, item, None, style) for item in own], style)
            book.lines[line] = total
            planned = money.totals.operational_kg_co2e if line == "carbon.operational" else money.totals.embodied_kg_co2e
            if planned is not None:
                book.check_as_planned(f"{title} as planned", total.total(), planned)
    figures = [figure for figure in money.figures if "co2" in figure.id or "carbon" in figure.id]
    if figures:
        sheet.section("Figures, as planned")
        for figure in figures:
            row = sheet.write(figure.label, "", "", figure.unit)
            sheet.put(row, 6, figure.value, Style(Role.FROZEN, AMOUNT))
            sheet.put(row, FIRST_PERIOD, figure.definition, Style(Role.NOTE))
