"""Hardware considered: what was looked at, what was chosen, why the rest was not, and whether their claims are possible."""

from __future__ import annotations

from planner.plan.evidence import SystemRow
from reports.book import Book
from reports.grid import Formula, Kind, Value
from reports.styles import AMOUNT, PERCENT, USD, Role, Style

SHEET, CLAIMS = "Hardware", "Claims"
VERDICTS = {"possible": Role.GOOD, "impossible": Role.BAD}
HEADS = (
    *(
        "Hardware",
        "Orderable unit",
        "Chosen",
        "Why",
        "Price",
        "Enters at",
        "Change needed",
        "Power, kW",
        "Vendor",
        "Class",
        "Status",
    ),
    *("Source of the price", "Source of the power"),
)
FROZEN, CALC = Style(Role.FROZEN, USD), Style(Role.CALC, PERCENT)
STYLES = (Style(), Style(), Style(Role.CHECK), Style(), FROZEN, FROZEN, CALC, Style(Role.FROZEN, AMOUNT), *[Style()] * 5)
W_PER_KW = 1000.0


def write(book: Book) -> None:
    """Fill the sheet."""
    rows = book.plan.evidence.considered
    if not rows:
        return
    note = (
        "Prices per orderable unit in USD, as planned. 'Enters at' is the highest price at which the plan would buy the system."
    )
    sheet = book.sheet(SHEET, "Hardware considered", note, Kind.OUTPUT)
    sheet.freeze = "B6"
    sheet.widths |= {1: 30.0, 2: 34.0, 4: 46.0, 12: 46.0, 13: 46.0}
    sheet.table(HEADS, [_row(book, one, sheet.row + 1 + index) for index, one in enumerate(rows)], STYLES)
    _claims(book, rows)


def _row(book: Book, one: SystemRow, row: int) -> tuple[Value, ...]:
    chosen = "yes" if one.chosen else "no"
    name = f"{one.system_name} (what-if figures)" if one.what_if else one.system_name
    change = None
    if one.entry_price_usd is not None and one.price_usd:
        change = Formula(f"=F{row}/E{row}-1", one.entry_price_usd / one.price_usd - 1.0)
    power = None if one.power_w is None else one.power_w / W_PER_KW
    price: Value = "not known" if one.price_usd is None else one.price_usd
    return (
        one.hardware, name, chosen, "" if one.chosen and one.reason == "chosen" else one.reason, price,
        one.entry_price_usd, change, "not known" if power is None else power, one.vendor, one.hardware_class, one.status,
        book.source(one.price_source), book.source(one.power_source),
    )  # fmt: skip


def _claims(book: Book, rows: tuple[SystemRow, ...]) -> None:
    """Write published claims beside what physics allows, on a sheet of their own."""
    found = [(one, claim) for one in rows for claim in one.claims]
    if not found:
        return
    note = "What has been published about the systems, and what the physical floor - arithmetic and memory traffic - says of it."
    sheet = book.sheet(CLAIMS, "Published claims", note, Kind.OUTPUT)
    sheet.freeze = "B6"
    sheet.widths |= {1: 30.0, 2: 32.0, 3: 44.0, 4: 24.0, 5: 84.0, 6: 50.0}
    sheet.write("Hardware", "Orderable unit", "Claim", "Verdict", "Why", "Source", style=[Style(Role.HEAD)] * 6)
    for one, claim in found:
        verdict = Style(VERDICTS.get(claim.verdict, Role.CHECK))
        styles = (Style(), Style(), Style(), verdict, Style(), Style())
        sheet.write(
            one.hardware, one.system_name, claim.claim, claim.verdict, claim.explanation, book.source(claim.source), style=styles
        )
