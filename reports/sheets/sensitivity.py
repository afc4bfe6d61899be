"""Sensitivity: the counts stay, the assumptions move; tornado, two-way table, discount rates, prices of entry."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from planner.economics.discounting import Timing
from planner.economics.lines import LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.charts import Curve, bars, resize
from reports.exposures import Exposure, exposures, pattern, sum_if
from reports.grid import Formula, Kind, Sheet, Value, period_column
from reports.styles import PERCENT, USD, USD_UNIT, VALUE, Role, Style

SHEET = "Sensitivity"
MOST, SWING = 12, 0.2
STEPS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
POINTS = (-0.04, -0.02, 0.0, 0.02, 0.04, 0.06)
CALC, INPUT = Style(Role.CALC, USD), Style(Role.INPUT, PERCENT)


def write(book: Book) -> None:
    """Fill the sheet; everything but the plan's own re-solved cases is live."""
    money = book.plan.money
    if money is None or "items" not in book.rows:
        return
    note = "Net present cost when one assumption moves and the fleet stays. Every cost line is a product, so the sums are exact."
    sheet = book.sheet(SHEET, "Sensitivity", note, Kind.OUTPUT)
    sheet.widths |= {1: 44.0}
    _tornado(book, sheet, exposures(money)[:MOST])
    _two_way(book, sheet, money)
    _discount(book, sheet, money)
    _planned(book, sheet, money)
    _flips(book, sheet)


def _tornado(book: Book, sheet: Sheet, found: list[Exposure]) -> None:
    npc = book.spots["npc"]
    cost = npc.seen_from(SHEET)
    row = sheet.write("Swing where no range is known", SWING, style=[Style(), INPUT])
    swing = f"$B${row}"
    sheet.section("Tornado: one assumption at a time", 11)
    heads = (
        "Assumption",
        "Now",
        "Low",
        "High",
        "Unit",
        "Present value it moves",
        "Cost at low",
        "Cost at high",
        "Less at low",
        "More at high",
        "Lines that multiply by",
    )
    number, text = Style(Role.CALC, VALUE), Style(Role.NOTE)
    styles = (Style(), Style(Role.LINK, VALUE), number, number, Style(), CALC, CALC, CALC, CALC, CALC, text)
    rows: list[tuple[Value, ...]] = []
    for one in found:
        at = sheet.row + 1 + len(rows)
        place = book.places[one.assumption.id].spot
        assert place is not None
        now = one.assumption.values[0]
        ends = [_end(one, kind, at, swing) for kind in ("low", "high")]
        moved = [one.usd * (value / now - 1.0) if now else 0.0 for _, value in ends]
        changes = [
            Formula(f"=IF($B{at}=0,0,$F{at}*({column}{at}/$B{at}-1))", value) for column, value in zip("CD", moved, strict=True)
        ]
        rows.append(
            (
                one.assumption.label, Formula(f"={place.seen_from(SHEET)}", now), ends[0][0], ends[1][0], one.assumption.unit,
                Formula("=" + sum_if(book, f"$K{at}"), one.usd), Formula(f"={cost}+I{at}", npc.value + moved[0]),
                Formula(f"={cost}+J{at}", npc.value + moved[1]), *changes, pattern(one.assumption.id),
            )
        )  # fmt: skip
    lines = sheet.table(heads, rows, styles)
    sheet.widths |= {11: 30.0}
    if rows:
        names = f"{SHEET}!$A${lines.start}:$A${lines.stop - 1}"
        curves = [Curve(f"{SHEET}!${c}${lines.start}:${c}${lines.stop - 1}", f"{SHEET}!${c}${lines.start - 1}") for c in "IJ"]
        chart = bars("Change of net present cost", names, curves, "USD", '#,##0.0,,"M"', stacked=True)
        resize(chart, 26.0, 10.5)
        sheet.charts.append((chart, f"A{sheet.row + 1}"))
        sheet.row += 23


def _end(one: Exposure, kind: str, row: int, swing: str) -> tuple[Value, float]:
    """Return the low or high value: that of the sources where they give one, else the value less or more the swing."""
    known = one.assumption.low if kind == "low" else one.assumption.high
    now = one.assumption.values[0]
    if known is not None:
        return known, known
    sign = "-" if kind == "low" else "+"
    value = now * (1.0 - SWING if kind == "low" else 1.0 + SWING)
    if one.assumption.id.startswith("pue"):  # a facility never draws less than its machines
        return Formula(f"=MAX(1,$B{row}*(1{sign}{swing}))", max(1.0, value)), max(1.0, value)
    return Formula(f"=$B{row}*(1{sign}{swing})", value), value


def _two_way(book: Book, sheet: Sheet, money: Money) -> None:
    """Write the net present cost for every pair of changes of hardware prices and energy prices."""
    npc = book.spots["npc"]
    sheet.section("Two-way table: price of hardware (down) against price of energy (across) [USD, net present cost]", 11)
    moves = {}
    for label, name in (
        ("Present value moved by hardware prices", "purchase_usd"),
        ("Present value moved by energy prices", "tariff_usd_kwh"),
    ):
        value = sum(item.total_present_usd for item in _using(money, name))
        row = sheet.write(label, None, f"* × {name}*", style=[Style(), CALC, Style(Role.NOTE)])
        sheet.put(row, 2, Formula("=" + sum_if(book, f"$C{row}"), value), CALC)
        moves[name] = (f"$B${row}", value)
    top = sheet.write("Hardware / energy", *STEPS, style=[Style(Role.HEAD), *[INPUT] * len(STEPS)])
    for step in STEPS:
        row = sheet.write(float(step), style=INPUT)
        for offset, other in enumerate(STEPS):
            column = get_column_letter(2 + offset)
            value = npc.value + step * moves["purchase_usd"][1] + other * moves["tariff_usd_kwh"][1]
            formula = f"={npc.seen_from(SHEET)}+$A{row}*{moves['purchase_usd'][0]}+{column}${top}*{moves['tariff_usd_kwh'][0]}"
            sheet.put(row, 2 + offset, Formula(formula, value), CALC)


def _using(money: Money, name: str) -> list[LineItem]:
    return [
        item
        for item in money.items
        if item.group.value != "carbon" and any(use.assumption_id.startswith(name) for use in item.factors)
    ]


def _discount(book: Book, sheet: Sheet, money: Money) -> None:
    """Write the net present cost at other discount rates."""
    sheet.section("Discount rate", 11)
    sheet.write(
        "Points from the plan's rate",
        "Rate",
        "Net present cost",
        "Difference",
        style=[Style(Role.HEAD), *[Style(Role.HEAD_NUMBER)] * 3],
    )
    last = period_column(book.periods - 1)
    (c0, c1), (t0, t1) = book.rows["timed cash"], book.rows["times"]
    cash, times = f"Cost!$H${c0}:${last}${c1}", f"Cost!$H${t0}:${last}${t1}"
    rate, npc = book.spots["discount_rate"], book.spots["npc"]
    cost = npc.seen_from(SHEET)
    for point in POINTS:
        if rate.value + point <= -0.5:
            continue
        row = sheet.row
        value = _cost_at(book, money, rate.value + point)
        sheet.write(
            point, Formula(f"={rate.seen_from(SHEET)}+A{row}", rate.value + point),
            Formula(f"=SUMPRODUCT({cash},(1+B{row})^-{times})", value),
            Formula(f"=IF({cost}=0,0,C{row}/{cost}-1)", value / npc.value - 1.0 if npc.value else 0.0),
            style=[INPUT, Style(Role.CALC, PERCENT), CALC, Style(Role.CALC, PERCENT)],
        )  # fmt: skip


def _cost_at(book: Book, money: Money, rate: float) -> float:
    """Return the net present cost at another discount rate [USD]."""
    total = 0.0
    offsets = {timing: book.spots[f"offset_{timing.value}"].value for timing in Timing if timing is not Timing.HORIZON}
    for item in money.items:
        if item.group.value == "carbon":
            continue
        for period, usd in enumerate(item.usd):
            years = float(book.periods) if item.timing is Timing.HORIZON else period + offsets[item.timing]
            total += usd * (1.0 + rate) ** -(years * money.years_per_period)
    return total


def _planned(book: Book, sheet: Sheet, money: Money) -> None:
    """Write the cases that the planner computed itself."""
    rows = book.plan.evidence.sensitivities
    if not rows:
        return
    sheet.section("As computed with the plan (frozen)", 11)
    heads = ("Assumption", "Low", "High", "Unit", "Cost at low", "Cost at high")
    number, frozen = Style(Role.FROZEN, VALUE), Style(Role.FROZEN, USD)
    sheet.table(
        heads,
        [(one.label, one.low, one.high, one.unit, one.cost_low_usd, one.cost_high_usd) for one in rows],
        (Style(), number, number, Style(), frozen, frozen),
    )
    del money


def _flips(book: Book, sheet: Sheet) -> None:
    """Write at which price a system that was not chosen would enter the plan."""
    rows = [
        one
        for one in book.plan.evidence.considered
        if one.entry_price_usd is not None and one.price_usd and not one.entry_assumes
    ]
    if not rows:
        return
    sheet.section("Flip points: the price at which a system would enter the plan", 11)
    heads = ("System", "Price", "Enters at", "Change needed")
    frozen = Style(Role.FROZEN, USD_UNIT)
    first = sheet.row + 1
    lines: list[tuple[Value, ...]] = []
    for index, one in enumerate(rows):
        assert one.entry_price_usd is not None
        assert one.price_usd is not None
        change = Formula(f"=C{first + index}/B{first + index}-1", one.entry_price_usd / one.price_usd - 1.0)
        lines.append((one.system_name, one.price_usd, one.entry_price_usd, change))
    sheet.table(heads, lines, (Style(), frozen, frozen, Style(Role.CALC, PERCENT)))
