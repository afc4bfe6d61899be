"""Changing an input cell gives what the planner itself computes for that input, and breaking a limit turns a check red."""

from __future__ import annotations

from datetime import date

import pytest
from formula_evaluator import Workbook
from sample_plans import Size, sample_plan

from planner.plan import Plan
from reports.workbook import write_workbook

SEED, SIZE = 2, Size(periods=12, workloads=2, sites=2, systems=3)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """Return the workbook that is edited."""
    written = tmp_path_factory.mktemp("live") / "report.xlsx"
    write_workbook(sample_plan(SEED, SIZE), written, written=date(2027, 1, 1))
    return Workbook(written)


def shown(book: Workbook, edits: dict[tuple[str, str], float]) -> dict[str, float]:
    """Return the figures that the workbook shows after edits."""
    edited = book.edited(edits)
    rows = {"npc": "Net present cost", "eac": "Equivalent annual cost", "cash": "Cash out"}
    cells = {name: book.find("Cost", "A", label, "F") for name, label in rows.items()} | {
        "failed": ("Checks", "B5"),
        "edited": ("Checks", "B6"),
    }
    return {name: float(edited.value(*cell)) for name, cell in cells.items()}  # type: ignore[arg-type]


def planned(plan: Plan) -> dict[str, float]:
    assert plan.money is not None
    totals = plan.money.totals
    return {
        "npc": totals.net_present_cost_usd,
        "eac": totals.equivalent_annual_cost_usd,
        "cash": sum(totals.cash_by_period_usd),
    }


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("purchase_usd[system-0]", 123_456.0),
        ("pue[site-1]", 1.07),
        ("tariff_usd_kwh[site-0,block-0]", 0.31),
        ("network_share", 0.0),
        ("support_share_year", 0.11),
        ("demand_charge_usd_kw_month[site-0]", 0.0),
        ("economic_life_years", 6.5),
        ("residual_fraction[system-1]", 0.4),
    ],
)
def test_an_edited_assumption_gives_the_planners_own_totals(book: Workbook, address: str, value: float) -> None:
    found = shown(book, {book.find("Assumptions", "J", address, "B"): value})
    expected = planned(sample_plan(SEED, SIZE, changes={address: value}))
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert found["failed"] == 0


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.25])
def test_an_edited_discount_rate_gives_the_planners_own_totals(book: Workbook, rate: float) -> None:
    """Zero is a rate like any other: the equivalent annual cost is then cost over years."""
    found = shown(book, {book.find("Assumptions", "J", "discount_rate", "B"): rate})
    expected = planned(sample_plan(SEED, SIZE, discount_rate=rate))
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_an_edited_price_moves_the_accounts_as_the_planner_would(book: Workbook) -> None:
    plan = sample_plan(SEED, SIZE, changes={"purchase_usd[system-0]": 99_000.0})
    assert plan.money is not None
    edited = book.edited({book.find("Assumptions", "J", "purchase_usd[system-0]", "B"): 99_000.0})
    for label, values in (
        ("Depreciation", plan.money.totals.depreciation_by_period_usd),
        ("Closing", plan.money.totals.book_value_by_period_usd),
    ):
        sheet, address = book.find("Depreciation", "A", label, "H")
        row = int(address[1:])
        assert [edited.cell(sheet, row, 8 + t) for t in range(12)] == pytest.approx(list(values), rel=1e-9)


def test_an_edited_price_moves_unit_costs(book: Workbook) -> None:
    """The figure is its shares of the lines' present value over the discounted volume."""
    base, changed = sample_plan(SEED, SIZE), sample_plan(SEED, SIZE, changes={"purchase_usd[system-0]": 99_000.0})
    assert base.money is not None
    assert changed.money is not None
    figure = base.money.figures[0]
    present = {item.id: item.total_present_usd for item in changed.money.items}
    factors = changed.money.discount_factors["operating"]
    volume = sum(part * factor for part, factor in zip(figure.divisor_by_period, factors, strict=True))
    expected = sum(share * present[item] for item, share in figure.shares.items()) / volume
    edited = book.edited({book.find("Assumptions", "J", "purchase_usd[system-0]", "B"): 99_000.0})
    assert edited.value("Unit cost", "C8") == pytest.approx(expected, rel=1e-9)
    assert edited.value("Unit cost", "C8") != pytest.approx(figure.value, rel=1e-6)


def test_an_edit_is_told_from_a_failure(book: Workbook) -> None:
    """Another price is no failure; the workbook says that it no longer shows the plan."""
    edits = {book.find("Assumptions", "J", "purchase_usd[system-0]", "B"): 1.0}
    found = shown(book, edits)
    assert found["failed"] == 0
    assert found["edited"] >= 2
    assert book.edited(edits).value("Cover", "A3") == "Checks pass; inputs were edited"


@pytest.mark.parametrize(
    ("sheet", "label", "column", "value"),
    [("Power", "IT power budget, given", "E", 0.5), ("Demand", "Demand, what-if", "B", 3.0), ("SLA", "Promised", "E", 0.0001)],
)
def test_an_edit_that_breaks_a_limit_turns_a_check_red(book: Workbook, sheet: str, label: str, column: str, value: float) -> None:
    row = min(place for (title, place, number), text in book.cells.items() if (title, number) == (sheet, 1) and text == label)
    found = book.edited({(sheet, f"{column}{row}"): value})
    assert float(found.value("Checks", "B5")) >= 1  # type: ignore[arg-type]
    assert found.value("Summary", "A3") == "CHECKS FAIL: see the sheet Checks"


def test_the_tornado_is_what_repricing_gives(book: Workbook) -> None:
    """Cost at high of a price equals the plan priced at that high value."""
    money = sample_plan(SEED, SIZE).money
    assert money is not None
    for row in range(9, 13):
        pattern = str(book.cell("Sensitivity", row, 11))
        address = pattern.removeprefix("* × ").removesuffix(" *")
        high = float(book.cell("Sensitivity", row, 4))  # type: ignore[arg-type]
        repriced = sample_plan(SEED, SIZE, changes={address: high}).money
        assert repriced is not None
        assert repriced.totals.net_present_cost_usd != pytest.approx(money.totals.net_present_cost_usd, rel=1e-6)
        assert book.cell("Sensitivity", row, 8) == pytest.approx(repriced.totals.net_present_cost_usd, rel=1e-9)


def test_the_discount_rate_table_is_what_the_planner_computes(book: Workbook) -> None:
    start = int(book.find("Sensitivity", "A", "Points from the plan's rate", "A")[1][1:])
    for row in range(start + 1, start + 5):
        money = sample_plan(SEED, SIZE, discount_rate=float(book.cell("Sensitivity", row, 2))).money  # type: ignore[arg-type]
        assert money is not None
        assert book.cell("Sensitivity", row, 3) == pytest.approx(money.totals.net_present_cost_usd, rel=1e-9)
