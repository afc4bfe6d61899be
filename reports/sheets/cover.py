"""Cover: what this is, the decision in one sentence, where it comes from, what it leaves out, and how to read the colours."""

from __future__ import annotations

from datetime import date

from reports.book import Book
from reports.grid import Kind, Sheet
from reports.styles import VALUE, Role, Style

SHEET = "Cover"
NEVER = "never counted"
LABEL, LONG = Style(Role.STRONG), Style(Role.TEXT, wrap=True)


def write(book: Book, written: date) -> None:
    """Fill the sheet."""
    plan = book.plan
    sheet = book.sheet(
        SHEET, str(plan.scenario.get("title") or "Plan"), "Capacity and cost of ownership of LLM inference hardware", Kind.OUTPUT
    )
    sheet.landscape, sheet.one_page = False, True
    sheet.widths |= {1: 34.0, 2: 96.0}
    sheet.section("Decision", 2)
    sheet.write("Decision", plan.decision, style=[LABEL, Style(Role.KPI, wrap=True)])
    _rows(sheet, [("Outcome", _outcome(book))])
    _identity(book, sheet, written)
    _excluded(book, sheet)
    _legend(sheet)
    _contents(book, sheet)


def _rows(sheet: Sheet, rows: list[tuple[str, str]]) -> None:
    for label, text in rows:
        sheet.write(label, text, style=[LABEL, LONG])


def _outcome(book: Book) -> str:
    solve = book.plan.solve
    words = {
        "optimal": "optimal within the gap that was asked for",
        "feasible": "feasible; the search stopped before it proved the gap that was asked for",
        "infeasible": "infeasible: no fleet keeps every promise within the limits; see Constraints for what would have to change",
    }
    gap = "" if solve.gap is None else f"; proved gap {solve.gap:.2%}, asked {solve.gap_asked:.2%}"
    return words.get(solve.outcome, solve.outcome.replace("_", " ")) + gap


def _identity(book: Book, sheet: Sheet, written: date) -> None:
    plan = book.plan
    span = f"{plan.periods[0].label} to {plan.periods[-1].label}" if plan.periods else ""
    sheet.section("Where it comes from", 2)
    _rows(
        sheet,
        [
            ("Scenario", str(plan.scenario.get("id", ""))),
            ("Periods", f"{len(plan.periods)}: {span}"),
            ("Written on", written.isoformat()),
            ("Plan (SHA-256)", plan.sha256),
            ("Scenario (SHA-256)", plan.scenario_sha256),
            ("splitfleet", f"version {plan.engine_version}"),
            ("Catalog", plan.catalog_version),
            ("Solver", f"{plan.solve.solver}, {plan.solve.rows:,} rows, {plan.solve.columns:,} columns, seed {plan.solve.seed}"),
            ("Money", _money(book)),
        ],
    )


def _money(book: Book) -> str:
    money = book.plan.money
    if money is None:
        return "no money figures: there is no fleet to price"
    clock = f"discounted at {money.discount_rate:.2%} a year, running costs at {money.convention}"
    return f"US dollars, {clock}; costs positive, income negative"


def _excluded(book: Book, sheet: Sheet) -> None:
    money = book.plan.money
    if money is None:
        return
    sheet.section("Left out of the cost", 2)
    reasons: dict[str, list[str]] = {}
    for one in money.excluded:
        reasons.setdefault(one.why, []).append(f"{one.label}{f' ({one.site})' if one.site else ''}")
    never = reasons.pop(NEVER, [])
    rows = [("; ".join(labels), why) for why, labels in reasons.items()]
    rows += [("Never counted", "; ".join(never))] if never else []
    _rows(sheet, rows or [("Nothing", "every cost line is counted")])


def _legend(sheet: Sheet) -> None:
    sheet.section("Colours", 2)
    number = VALUE
    for style, text in (
        (Style(Role.INPUT, number), "an input: change it, and costs and checks follow"),
        (Style(Role.CALC, number), "a formula"),
        (Style(Role.LINK, number), "a link to another sheet"),
        (Style(Role.FROZEN, number), "the solver's result, frozen: only a new plan moves it"),
    ):
        sheet.write(1234.5, text, style=[style, LONG])


def _contents(book: Book, sheet: Sheet) -> None:
    sheet.section("Sheets", 2)
    _rows(sheet, [(other.title, other.note) for other in book.sheets.values() if other is not sheet and other.title != "Summary"])
