"""A plan as an Excel workbook: live formulas with their results, native charts, checks that turn red."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from planner.plan import Plan
from reports.atomic import write_whole
from reports.book import Book
from reports.grid import Sheet
from reports.render import render
from reports.sheets import (
    allocation,
    assumptions,
    carbon,
    checks,
    constraints,
    cost,
    cover,
    demand,
    depreciation,
    fleet,
    glossary,
    hardware,
    options,
    power,
    quantities,
    risk,
    scenario,
    sensitivity,
    sla,
    summary,
    unit_cost,
)

ORDER = (
    *(
        "Cover",
        "Summary",
        "Options",
        "Scenario",
        "Assumptions",
        "Price paths",
        "Hardware",
        "Claims",
        "Demand",
        "Fleet",
        "Allocation",
        "SLA",
    ),
    *("Power", "Quantities", "Cost", "Depreciation", "Unit cost", "Cost shares", "Sensitivity", "Constraints", "Risk", "Carbon"),
    *("Checks", "Glossary"),
)
MAKERS = (
    *(assumptions, scenario, hardware, demand, fleet, allocation, sla, power, quantities, cost, depreciation, unit_cost),
    *(options, sensitivity, constraints, risk, carbon, glossary),
)


def write_workbook(plan: Plan, path: Path, *, written: date | None = None) -> None:
    """Write the workbook of a plan; the file appears whole or not at all.

    `written` is the date on the cover: default today, or that of SOURCE_DATE_EPOCH where it is set. The same plan and date
    give the same bytes.
    """
    write_whole(path, workbook_bytes(plan, written or today()))


def workbook_bytes(plan: Plan, written: date) -> bytes:
    """Return the .xlsx file of a plan."""
    title = str(plan.scenario.get("title") or plan.scenario.get("id") or "plan")
    stamp = f"{written.isoformat()}T00:00:00Z"
    return render(workbook_sheets(plan, written), title=title, subject=plan.decision, stamp=stamp)


def workbook_sheets(plan: Plan, written: date) -> list[Sheet]:
    """Return the sheets of a plan in the order in which they are shown; a sheet without content is left out."""
    book = Book(plan)
    for maker in MAKERS:
        maker.write(book)
    _reconcile(book)
    checks.write(book)
    summary.write(book)
    cover.write(book, written)
    checks.banners(book)
    return sorted(book.sheets.values(), key=lambda sheet: ORDER.index(sheet.title))


def _reconcile(book: Book) -> None:
    """Register that the sheets still show the plan's own totals."""
    money = book.plan.money
    if money is None:
        return
    totals = money.totals
    book.check_as_planned("Net present cost as planned", book.spots["npc"], totals.net_present_cost_usd)
    book.check_as_planned("Equivalent annual cost as planned", book.spots["eac"], totals.equivalent_annual_cost_usd)
    book.check_as_planned("Cash out as planned", book.lines["cash"].total(), sum(totals.cash_by_period_usd))


def today() -> date:
    """Return the date to print: that of SOURCE_DATE_EPOCH where it is set (reproducible builds), else today's in UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()
