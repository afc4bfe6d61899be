"""The workbook keeps its promises: the plan's own figures beside live formulas, nothing that a user typed becomes a formula."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from formula_evaluator import Workbook
from openpyxl.formula import Tokenizer
from sample_plans import Size, infeasible_plan, sample_plan

from planner.plan import Plan
from reports.workbook import write_workbook

DAY = date(2027, 1, 1)
SIZES = {
    1: Size(),
    2: Size(periods=12, workloads=2, sites=2, systems=3),
    6: Size(periods=1, workloads=1, sites=1, systems=1, blocks=1, classes=1),
    5: Size(periods=3),
    8: Size(periods=14, systems=2),
}


@pytest.fixture(scope="module", params=sorted(SIZES))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """Return a plan and its workbook."""
    plan = sample_plan(request.param, SIZES[request.param])
    path = tmp_path_factory.mktemp("book") / "report.xlsx"
    write_workbook(plan, path, written=DAY)
    return plan, path


def close(one: object, other: object) -> bool:
    if isinstance(one, bool | str):
        return one == other
    return isinstance(other, int | float) and abs(float(one) - float(other)) <= 1e-9 * max(
        1.0, abs(float(one)), abs(float(other))
    )


def test_every_formula_computes_to_the_result_that_is_stored_beside_it(written: tuple[Plan, Path]) -> None:
    """The stored results come from the plan, the computed ones from the formulas: two roads to the same figure."""
    _, path = written
    stored = openpyxl.load_workbook(path, data_only=True)
    wrong = [
        (sheet, row, column, value, stored[sheet].cell(row, column).value)
        for sheet, row, column, value in Workbook(path).results()
        if not close(stored[sheet].cell(row, column).value, value)
    ]
    assert wrong == []


def test_there_are_hundreds_of_live_figures(written: tuple[Plan, Path]) -> None:
    plan, path = written
    assert len(Workbook(path).formulas) >= (200 if len(plan.periods) > 1 else 100)


def test_a_program_that_does_not_compute_reads_the_plans_own_totals(written: tuple[Plan, Path]) -> None:
    plan, path = written
    assert plan.money is not None
    summary = pd.read_excel(path, sheet_name="Summary", header=None)
    row = summary.index[summary[0] == "Net present cost"][0]
    assert summary.loc[row, 1] == pytest.approx(plan.money.totals.net_present_cost_usd, rel=1e-12)


def test_every_check_holds_in_an_untouched_workbook(written: tuple[Plan, Path]) -> None:
    _, path = written
    sheet = openpyxl.load_workbook(path, data_only=True)["Checks"]
    results = [row[4].value for row in sheet.iter_rows(min_row=10) if isinstance(row[4].value, bool)]
    assert len(results) >= 8
    assert all(results)
    assert sheet["B5"].value == 0
    assert sheet["B6"].value == 0


def test_formulas_speak_only_of_what_is_there(written: tuple[Plan, Path]) -> None:
    """Every formula parses, names existing sheets, and holds no error value, volatile or array function."""
    _, path = written
    book = openpyxl.load_workbook(path)
    banned = re.compile(r"\b(OFFSET|INDIRECT|NOW|TODAY|RAND|LET|LAMBDA|_xlfn|FILTER|XLOOKUP)\b")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                assert not banned.search(cell.value), cell
                for token in Tokenizer(cell.value).items:
                    if token.type == "OPERAND" and token.subtype == "RANGE" and "!" in token.value:
                        assert token.value.rpartition("!")[0].strip("'") in book.sheetnames
                    assert token.subtype != "ERROR"
                    assert "#REF" not in token.value


def test_no_constant_hides_in_a_formula(written: tuple[Plan, Path]) -> None:
    """0 and 1 are structure (the first position, one minus a share); everything else stands in a cell of its own."""
    _, path = written
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    numbers = [token.value for token in Tokenizer(cell.value).items if token.subtype == "NUMBER"]
                    assert set(numbers) <= {"0", "1"}, f"{sheet.title}!{cell.coordinate} {cell.value}"


def relative(formula: str, row: int, column: int) -> str:
    """Return the formula with references relative to its cell, so that copies of one formula are equal."""

    def rewritten(match: re.Match[str]) -> str:
        fixed_column, letters, fixed_row, number = match.groups()
        there = openpyxl.utils.column_index_from_string(letters)
        return f"R{number if fixed_row else f'[{int(number) - row}]'}C{letters if fixed_column else f'[{there - column}]'}"

    return re.sub(r"(\$?)\b([A-Z]{1,3})(\$?)(\d+)\b", rewritten, formula)


def test_one_formula_runs_across_the_periods_of_a_row(written: tuple[Plan, Path]) -> None:
    plan, path = written
    timed = ("Demand", "Fleet", "Allocation", "SLA", "Power", "Cost", "Depreciation", "Carbon")
    book = openpyxl.load_workbook(path)
    for title in timed:
        for row in book[title].iter_rows(min_col=8, max_col=7 + len(plan.periods)) if title in book.sheetnames else ():
            forms = {relative(cell.value, cell.row, cell.column) for cell in row if cell.data_type == "f"}
            assert len(forms) <= 1, (title, row[0].row, forms)


def test_the_same_column_is_the_same_period_on_every_timed_sheet(written: tuple[Plan, Path]) -> None:
    plan, path = written
    book = openpyxl.load_workbook(path)
    labels = [period.label for period in plan.periods]
    for title in {"Demand", "Fleet", "Allocation", "SLA", "Power", "Quantities", "Cost"} & set(book.sheetnames):
        assert [book[title].cell(4, 8 + index).value for index in range(len(labels))] == labels


def test_the_same_plan_and_date_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(sample_plan(7), tmp_path / name, written=DAY)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_the_file_holds_no_macros_links_or_connections(written: tuple[Plan, Path]) -> None:
    _, path = written
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if re.search(r"vba|externalLink|connection|embedding|activeX", name)]
        assert b"fullCalcOnLoad" in archive.read("xl/workbook.xml")


def test_every_sheet_is_set_up_for_reading_and_print(written: tuple[Plan, Path]) -> None:
    """A title, a note, the state of the checks, and pages as wide as the sheet."""
    _, path = written
    for sheet in openpyxl.load_workbook(path):
        assert sheet["A1"].value
        assert sheet["A2"].value
        assert sheet.title == "Checks" or sheet["A3"].value == "=Checks!$B$7"
        assert sheet.page_setup.fitToWidth == 1
        assert not sheet.sheet_view.showGridLines
        assert not sheet.merged_cells.ranges


def test_an_infeasible_plan_still_gives_a_workbook_that_says_what_is_missing(tmp_path: Path) -> None:
    plan = infeasible_plan(4)
    write_workbook(plan, tmp_path / "report.xlsx", written=DAY)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)
    words = [cell.value for row in book["Constraints"].iter_rows() for cell in row]
    assert "power of hall: have 400 kW, need 520 kW" in words
    assert 120.0 in words
    assert "Demand" in book.sheetnames
    assert "Cost" not in book.sheetnames
    assert book["Demand"]["A3"].value == "No plan: see the cover"


def test_a_plan_that_buys_nothing_is_written_too(tmp_path: Path) -> None:
    """No unit, no cost line: the total is zero and every check holds."""
    seed = next(seed for seed in range(400) if not _costs(sample_plan(seed, Size(periods=1, workloads=1, sites=1, systems=1))))
    plan = sample_plan(seed, Size(periods=1, workloads=1, sites=1, systems=1))
    write_workbook(plan, tmp_path / "report.xlsx", written=DAY)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)
    assert [row[5].value for row in book["Cost"].iter_rows() if row[0].value == "Net present cost"] == [0]
    assert book["Checks"]["B7"].value == "All checks pass"


def _costs(plan: Plan) -> list[str]:
    assert plan.money is not None
    return [item.id for item in plan.money.items if item.group.value != "carbon"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("reports.atomic.os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        write_workbook(sample_plan(3), tmp_path / "report.xlsx", written=DAY)
    assert list(tmp_path.iterdir()) == []
