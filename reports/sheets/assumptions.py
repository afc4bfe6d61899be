"""Inputs: every assumption with its value, unit, source, date and kind; the blue cells are there to be changed."""

from __future__ import annotations

from itertools import groupby

from openpyxl.worksheet.datavalidation import DataValidation

from planner.economics.assumptions import Assumption, Axis
from planner.economics.discounting import Convention
from planner.plan.money import Money
from reports.book import Book, Place
from reports.derived import CALENDAR, derived_value, read_addresses
from reports.grid import Formula, Kind, Sheet, Value
from reports.sheets import price_paths
from reports.styles import PERCENT, VALUE, Role, Style

SHEET, PATHS = "Assumptions", price_paths.SHEET
HEADS = ("Assumption", "Value", "Unit", "Low", "High", "How known", "Date", "Source", "Note", "Address")
TEXT, INPUT, RANGE = Style(), Style(Role.INPUT, VALUE), Style(Role.TEXT, VALUE)
STYLES = (TEXT, INPUT, TEXT, RANGE, RANGE, TEXT, TEXT, TEXT, TEXT, TEXT)

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Prices of hardware",
        ("purchase_", "price_index", "accelerators", "residual", "value_by_age", "resale", "life_share", "economic_", "book_"),
    ),
    (
        "Sites and energy",
        ("pue", "tariff", "demand_charge", "colocation", "rack_", "site_", "facility_", "carbon", "embodied"),
    ),
    ("Rent", ("rent_", "running_share", "upfront", "commitment", "lease_")),
    ("Tokens", ("usd_mtok", "token_")),
    ("Finance and time", ("discount", "financed", "loan_", "years_per", "months_per", "hours_per")),
)
OTHER = "Running costs and shares"


def write(book: Book) -> None:
    """Fill the sheets Assumptions and, where a figure changes over time or age, Price paths."""
    money = book.plan.money
    if money is None:
        return
    sheet = book.sheet(
        SHEET,
        "Assumptions",
        "Every figure that the money rests on. Change a blue cell: costs, unit costs and checks follow.",
        Kind.INPUT,
    )
    sheet.freeze = "B6"
    sheet.widths |= {1: 38.0, 8: 36.0, 9: 32.0, 10: 30.0}
    sheet.write(*HEADS, style=[Style(Role.HEAD if style is TEXT else Role.HEAD_NUMBER) for style in STYLES])
    _clock(book, sheet, money)
    read = read_addresses(money)
    rows: dict[str, int] = {}
    for section, group in groupby(sorted(money.assumptions, key=_order), key=_section):
        sheet.section(section, len(HEADS))
        for assumption in group:
            if assumption.id not in book.spots:
                rows[assumption.id] = _write_one(book, sheet, assumption, editable=assumption.id in read)
    _follow(book, sheet, money, rows)
    _validate(sheet, book.spots["discount_rate"].row)


def _validate(sheet: Sheet, rate_row: int) -> None:
    """Let the value cells take numbers only: none below zero, a discount rate above -100 %."""
    rate = DataValidation("decimal", operator="greaterThan", formula1="-1", showErrorMessage=True)
    rate.error, rate.errorTitle = "A yearly rate above -100 %, such as 10%", "Discount rate"
    rate.add(f"B{rate_row}")
    number = DataValidation("decimal", operator="greaterThanOrEqual", formula1="0", showErrorMessage=True, allow_blank=False)
    number.error, number.errorTitle = "A number of the unit in column C, not below zero", "Assumption"
    number.add(f"B{rate_row + 1}:B{max(sheet.cells)}")
    sheet.validations += [rate, number]


def _order(assumption: Assumption) -> tuple[int, str]:
    titles = [title for title, _ in SECTIONS]
    section = _section(assumption)
    return (titles.index(section) if section in titles else len(titles), assumption.id)


def _section(assumption: Assumption) -> str:
    return next((title for title, starts in SECTIONS if assumption.id.startswith(starts)), OTHER)


def _clock(book: Book, sheet: Sheet, money: Money) -> None:
    """Write what turns cash into present value: the discount rate, the length of a period, when running costs fall."""
    operating = 0.5 if money.convention == Convention.MID_PERIOD else 1.0
    rows: tuple[tuple[str, str, float, str, str], ...] = (
        (
            "discount_rate",
            "Discount rate",
            money.discount_rate,
            "1/year",
            "effective annual rate; every present value uses this cell",
        ),
        ("clock_years", "Length of a period", money.years_per_period, "years", "frozen: the counts are made for it"),
        ("clock_periods", "Periods of the plan", float(book.periods), "periods", "frozen: the plan has one column for each"),
        ("offset_start", "Purchases fall at", 0.0, "periods", "0 = the start of their period"),
        (
            "offset_operating",
            "Running costs fall at",
            operating,
            "periods",
            f"{money.convention}: 0.5 = middle, 1 = end of their period",
        ),
        ("offset_end", "Loan payments fall at", 1.0, "periods", "1 = the end of their period"),
    )
    sheet.section("Discounting", len(HEADS))
    for name, label, value, unit, note in rows:
        style = (
            Style(Role.FROZEN, VALUE)
            if name in ("clock_periods", "clock_years")
            else Style(Role.INPUT, PERCENT if name == "discount_rate" else VALUE)
        )
        styles = (TEXT, style, *STYLES[2:])
        row = sheet.write(label, value, unit, None, None, "user", "", "scenario", note, name, style=styles)
        book.spots[name] = sheet.spot(2, row, value)


def _write_one(book: Book, sheet: Sheet, assumption: Assumption, *, editable: bool) -> int:
    """Write one assumption; what nothing reads, and the calendar, which counts are tied to, is not for editing."""
    frozen = assumption.id in CALENDAR or not editable
    note = assumption.note if editable else f"{assumption.note + '; ' if assumption.note else ''}no line of this plan reads it"
    value: Value = assumption.values[0] if assumption.is_single else None
    styles = (TEXT, Style(Role.FROZEN, VALUE) if frozen else INPUT, *STYLES[2:])
    row = sheet.write(
        assumption.label, value, assumption.unit, assumption.low, assumption.high, assumption.kind.value, assumption.date,
        book.source(assumption.source), note, assumption.id, style=styles,
    )  # fmt: skip
    if assumption.is_single:
        book.places[assumption.id] = Place(assumption, sheet.spot(2, row, assumption.values[0]), None)
    return row


def _follow(book: Book, sheet: Sheet, money: Money, rows: dict[str, int]) -> None:
    """Write the paths, point to them, and turn what follows from another assumption into a formula."""
    paths = price_paths.write(book, money)
    for assumption in money.assumptions:
        row = rows.get(assumption.id)
        if row is None:
            continue
        if assumption.id in paths:
            path = paths[assumption.id]
            book.places[assumption.id] = Place(assumption, None, path)
            words = "by period" if assumption.axis is Axis.PERIOD else "by age"
            sheet.put(row, 2, f"{words}: {PATHS}, row {path.row}", TEXT)
        formula = derived_value(book, assumption, SHEET)
        if formula is not None:
            sheet.put(row, 2, Formula(formula, assumption.values[0]), Style(Role.CALC, VALUE))
