"""An independent spreadsheet opens the workbooks, computes them anew, and comes to the plan's own figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from libreoffice import Office
from sample_plans import Size, infeasible_plan, sample_plan

from planner.plan import Plan
from reports.compare import compare_plans
from reports.workbook import write_workbook

pytestmark = pytest.mark.libreoffice
DAY = date(2027, 1, 1)
BAD = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "\x01\ud800", "<f>", "_x0041_", "＝1", "-2", "&P", "#REF!"]
PLANS = {
    "ordinary": lambda: sample_plan(2, Size(periods=12, workloads=2, sites=2, systems=3)),
    "one-period": lambda: sample_plan(6, Size(periods=1, workloads=1, sites=1, systems=1, blocks=1, classes=1)),
    "hostile": lambda: sample_plan(5, Size(periods=3, workloads=2), hostile=BAD),
    "infeasible": lambda: infeasible_plan(4),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Return a LibreOffice that recalculates."""
    return Office(tmp_path_factory.mktemp("office"))


def differences(path: Path, recalculated: Path) -> tuple[int, list[tuple[object, ...]]]:
    """Return how many formulas there are, and those whose result is not the stored one to 1e-9."""
    formulas = openpyxl.load_workbook(path)
    stored, computed = openpyxl.load_workbook(path, data_only=True), openpyxl.load_workbook(recalculated, data_only=True)
    wrong: list[tuple[object, ...]] = []
    count = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    count += 1
                    one, two = stored[sheet.title][cell.coordinate].value, computed[sheet.title][cell.coordinate].value
                    if not _same(one, two):
                        wrong.append((sheet.title, cell.coordinate, cell.value, one, two))
    return count, wrong


def _same(one: object, two: object) -> bool:
    if isinstance(one, int | float) and isinstance(two, int | float) and not isinstance(one, bool):
        return abs(one - two) <= 1e-9 * max(1.0, abs(one), abs(two))
    return one == two


@pytest.mark.parametrize("name", sorted(PLANS))
def test_libreoffice_computes_what_the_plan_says(office: Office, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.xlsx"
    write_workbook(PLANS[name](), path, written=DAY)
    count, wrong = differences(path, office.convert(path, "xlsx"))
    assert wrong == []
    assert count >= {"ordinary": 2000, "one-period": 150, "hostile": 400, "infeasible": 20}[name]


def test_libreoffice_prints_every_sheet(office: Office, tmp_path: Path) -> None:
    """Conditional colours that read their own true or false once made it fail."""
    path = tmp_path / "report.xlsx"
    write_workbook(PLANS["ordinary"](), path, written=DAY)
    assert office.convert(path, "pdf").stat().st_size > 20_000


def test_an_edit_is_followed_by_an_independent_spreadsheet(office: Office, tmp_path: Path) -> None:
    """Discount rate 3 %, and a price: the recalculated total is what the planner computes for them."""
    size = Size(periods=12, workloads=2, sites=2, systems=3)
    path = tmp_path / "edited.xlsx"
    write_workbook(sample_plan(2, size), path, written=DAY)
    book = openpyxl.load_workbook(path)
    sheet = book["Assumptions"]
    edits = {"discount_rate": 0.03, "purchase_usd[system-1]": 77_000.0}
    for row in sheet.iter_rows(min_row=6):
        if row[9].value in edits:
            row[1].value = edits[str(row[9].value)]
    book.save(path)
    computed = openpyxl.load_workbook(office.convert(path, "xlsx"), data_only=True)["Cost"]
    found = [row[5].value for row in computed.iter_rows() if row[0].value == "Net present cost"]
    expected = sample_plan(2, size, changes={"purchase_usd[system-1]": 77_000.0}, discount_rate=0.03).money
    assert expected is not None
    assert found == [pytest.approx(expected.totals.net_present_cost_usd, rel=1e-9)]


def test_a_comparison_computes_too(office: Office, tmp_path: Path) -> None:
    plans: list[Plan] = [PLANS["ordinary"](), sample_plan(9), infeasible_plan(4)]
    path = tmp_path / "compared.xlsx"
    compare_plans(plans, path, written=DAY)
    _, wrong = differences(path, office.convert(path, "xlsx"))
    assert wrong == []


@pytest.mark.slow
def test_a_dozen_plans_compute_to_their_own_figures(office: Office, tmp_path: Path) -> None:
    for seed in range(100, 112):
        path = tmp_path / f"{seed}.xlsx"
        write_workbook(sample_plan(seed), path, written=DAY)
        _, wrong = differences(path, office.convert(path, "xlsx"))
        assert wrong == [], seed
