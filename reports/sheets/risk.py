"""Risk: what the cost rests on, what stress would do to it, how thin the latency margins are, and whom the fleet depends on."""

from __future__ import annotations

from planner.economics.assumptions import Assumption
from planner.economics.lines import LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.exposures import cost_items, pattern, sum_if
from reports.grid import Formula, Kind, Sheet, Spot, Value
from reports.styles import COUNT, PERCENT, USD, Role, Style

SHEET = "Risk"
CALC, SHARE = Style(Role.CALC, USD), Style(Role.CALC, PERCENT)


def write(book: Book) -> None:
    """Fill the sheet."""
    money = book.plan.money
    if money is None or "items" not in book.rows:
        return
    note = "What the cost rests on and what would move it; the counts stay as planned."
    sheet = book.sheet(SHEET, "Risk", note, Kind.OUTPUT)
    sheet.widths |= {1: 48.0}
    _stress(book, sheet, money)
    _evidence(book, sheet, money)
    _latency(book, sheet)
    _dependence(book, sheet)


def _stress(book: Book, sheet: Sheet, money: Money) -> None:
    """Write the net present cost under a few plain misfortunes."""
    npc = book.spots["npc"]
    sheet.section("Stress", 7)
    heads = (
        "If ...",
        "By",
        "Present value it moves",
        "Net present cost",
        "More than planned",
        "Relative",
        "Lines that multiply by",
    )
    styles = (Style(), Style(Role.INPUT, PERCENT), CALC, CALC, CALC, SHARE, Style(Role.NOTE))
    cases = (
        ("energy costs twice as much", "* × tariff_usd_kwh*", 1.0),
        ("hardware costs a quarter more", "* × purchase_usd*", 0.25),
        ("rent costs half as much again", "* × rent_usd_unit_hour*", 0.5),
        ("nothing can be sold or is worth anything in the end", "* × value_by_age*", -1.0),
        ("a token API raises its prices by half", "* × usd_mtok*", 0.5),
    )
    rows: list[tuple[Value, ...]] = []
    for words, names, change in cases:
        value = sum(item.total_present_usd for item in cost_items(money) if _matches(item, names))
        if value:
            row = sheet.row + 1 + len(rows)
            moved = change * value
            rows.append(
                (
                    words, change, Formula("=" + sum_if(book, f"$G{row}"), value),
                    Formula(f"={npc.seen_from(SHEET)}+B{row}*C{row}", npc.value + moved),
                    Formula(f"=D{row}-{npc.seen_from(SHEET)}", moved),
                    _share_of(npc, f"E{row}", moved),
                    names,
                )
            )  # fmt: skip
    sheet.table(heads, rows, styles)


def _share_of(npc: Spot, cell: str, value: float) -> Formula:
    whole = npc.seen_from(SHEET)
    return Formula(f"=IF({whole}=0,0,{cell}/{whole})", value / npc.value if npc.value else 0.0)


def _matches(item: LineItem, names: str) -> bool:
    wanted = names.removeprefix("* × ").removesuffix("*")
    return any(use.assumption_id.startswith(wanted) for use in item.factors)


def _evidence(book: Book, sheet: Sheet, money: Money) -> None:
    """Write how much of the cost goes through prices of each kind of evidence; each line has one price."""
    by_id = {assumption.id: assumption for assumption in money.assumptions}
    usd: dict[str, float] = {}
    for item in cost_items(money):
        price = _price_of(item, by_id)
        if price is not None:
            usd[price.id] = usd.get(price.id, 0.0) + item.total_present_usd
    if not usd:
        return
    sheet.section("What the prices rest on", 7)
    heads = ("Price", "How known", "Date", "Present value through it", "Share of the cost", "Lines that multiply by")
    styles = (Style(), Style(), Style(), CALC, SHARE, Style(Role.NOTE))
    npc = book.spots["npc"]
    rows: list[tuple[Value, ...]] = []
    for address, value in sorted(usd.items(), key=lambda pair: (-abs(pair[1]), pair[0])):
        row, one = sheet.row + 1 + len(rows), by_id[address]
        share = _share_of(npc, f"D{row}", value)
        rows.append(
            (one.label, one.kind.value, one.date, Formula("=" + sum_if(book, f"$F{row}"), value), share, pattern(address))
        )
    lines = sheet.table(heads, rows, styles)
    _kinds(book, sheet, lines, {by_id[address].kind.value: 0.0 for address in usd}, usd, by_id)


def _kinds(
    book: Book, sheet: Sheet, lines: range, kinds: dict[str, float], usd: dict[str, float], by_id: dict[str, Assumption]
) -> None:
    for address, value in usd.items():
        kinds[by_id[address].kind.value] += value
    sheet.row += 1
    heads = ("Kind of evidence", "", "", "Present value through it", "Share of the cost")
    npc = book.spots["npc"]
    rows: list[tuple[Value, ...]] = []
    for kind, value in sorted(kinds.items()):
        row = sheet.row + 1 + len(rows)
        total = Formula(f"=SUMIF($B${lines.start}:$B${lines.stop - 1},$A{row},$D${lines.start}:$D${lines.stop - 1})", value)
        share = _share_of(npc, f"D{row}", value)
        rows.append((kind, None, None, total, share))
    sheet.table(heads, rows, (Style(), Style(), Style(), CALC, SHARE))


def _price_of(item: LineItem, by_id: dict[str, Assumption]) -> Assumption | None:
    """Return the one factor of a line that is money."""
    found = [by_id[use.assumption_id] for use in item.factors if "USD" in by_id[use.assumption_id].unit]
    return found[0] if found else None


def _latency(book: Book, sheet: Sheet) -> None:
    """Write how many promises hold at the edges of the prediction's interval."""
    rows = book.plan.sla
    if not rows:
        return
    sheet.section("Latency promises at the edges of the prediction (promise-periods)", 7)
    heads = ("Prediction", "", "", "Hold", "Of all")
    cases = (
        ("as predicted", sum(row.predicted_s <= row.limit_s for row in rows)),
        ("at the slow edge of the 80 % interval", sum(row.high80_s <= row.limit_s for row in rows)),
        ("at the slow edge of the 95 % interval", sum(row.high95_s <= row.limit_s for row in rows)),
    )
    frozen = Style(Role.FROZEN, "0_)")
    sheet.table(heads, [(name, None, None, kept, len(rows)) for name, kept in cases], (Style(), Style(), Style(), frozen, frozen))


def _dependence(book: Book, sheet: Sheet) -> None:
    """Write the share of each vendor and class of hardware in the accelerators of the last period."""
    rows = [row for row in book.plan.fleet if row.period == book.periods - 1]
    total = sum(row.chips for row in rows)
    if not total:
        return
    classes = {row.system: row.hardware_class for row in book.plan.evidence.considered}
    for title, key in (
        ("Vendor", lambda row: row.vendor),
        ("Class of hardware", lambda row: classes.get(row.system, "not known")),
    ):
        chips: dict[str, int] = {}
        for row in rows:
            chips[key(row)] = chips.get(key(row), 0) + row.chips
        sheet.section(f"{title}: accelerators in the last period", 7)
        first = sheet.row + 1
        last = first + len(chips) - 1
        lines: list[tuple[Value, ...]] = [
            (name, None, None, count, Formula(f"=D{first + index}/SUM($D${first}:$D${last})", count / total))
            for index, (name, count) in enumerate(sorted(chips.items()))
        ]
        sheet.table(
            (title, "", "", "Accelerators", "Share"), lines, (Style(), Style(), Style(), Style(Role.FROZEN, COUNT), SHARE)
        )
