"""Plans side by side, and every difference split into what the counts and what the prices change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from formula_evaluator import Workbook
from sample_plans import Size, infeasible_plan, sample_plan

from planner.plan import Plan
from reports.compare import compare_plans
from reports.differences import changed_assumptions, changed_fields, line_differences

SIZE = Size(periods=6, workloads=2, sites=2, systems=2)
DAY = date(2027, 1, 1)


def repriced(price: float) -> Plan:
    return sample_plan(2, SIZE, changes={"purchase_usd[system-0]": price})


def test_the_parts_of_every_line_add_up_to_the_difference_of_the_plans() -> None:
    base, other = sample_plan(2, SIZE).money, sample_plan(9, SIZE).money
    assert base is not None
    assert other is not None
    found = line_differences(base, other)
    assert sum(one.quantity_usd + one.price_usd for one in found) == pytest.approx(
        other.totals.net_present_cost_usd - base.totals.net_present_cost_usd, rel=1e-9
    )
    for one in found:
        assert one.quantity_usd + one.price_usd == pytest.approx(one.other_usd - one.base_usd, rel=1e-9, abs=1e-6)


def test_another_price_with_the_same_fleet_is_all_price() -> None:
    base, other = repriced(100_000.0).money, repriced(150_000.0).money
    assert base is not None
    assert other is not None
    systems = next(one for one in line_differences(base, other) if one.line == "capex.systems")
    assert systems.quantity_usd == 0.0
    assert systems.price_usd > 0.0
    assert systems.words.startswith("prices, shares and timing (+")
    assert [row[0] for row in changed_assumptions(base, other)] == ["purchase_usd[system-0]"]


def test_the_same_plan_differs_in_nothing() -> None:
    plan = sample_plan(2, SIZE)
    assert plan.money is not None
    assert {one.words for one in line_differences(plan.money, plan.money)} == {"the same"}
    assert changed_fields(plan, plan) == []


def test_the_workbook_computes_to_what_it_stores(tmp_path: Path) -> None:
    plans = [repriced(100_000.0), repriced(150_000.0), sample_plan(9, SIZE), infeasible_plan(1)]
    path = tmp_path / "compared.xlsx"
    compare_plans(plans, path, written=DAY)
    stored = openpyxl.load_workbook(path, data_only=True)
    book = Workbook(path)
    assert len(book.formulas) >= 40
    for sheet, row, column, value in book.results():
        assert stored[sheet].cell(row, column).value == pytest.approx(value, rel=1e-9, abs=1e-6), (sheet, row, column)
    assert stored["Compare"]["E6"].value == "no plan"
    assert plans[1].money is not None
    assert stored["Compare"]["C6"].value == pytest.approx(plans[1].money.totals.net_present_cost_usd, rel=1e-9)


def test_plans_of_one_scenario_get_names_that_differ(tmp_path: Path) -> None:
    compare_plans([repriced(1e5), repriced(2e5)], tmp_path / "c.xlsx", written=DAY)
    sheet = openpyxl.load_workbook(tmp_path / "c.xlsx")["Compare"]
    assert [sheet["B5"].value, sheet["C5"].value] == ["sample", "sample (2)"]


def test_one_plan_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 to 20 plans can be compared, given 1"):
        compare_plans([sample_plan(2, SIZE)], tmp_path / "c.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_command_names_the_file_that_is_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from api.command_line import run

    good, bad = tmp_path / "plan.json", tmp_path / "bad.json"
    good.write_text(sample_plan(2, SIZE).to_json(), encoding="utf-8")
    bad.write_text("{}", encoding="utf-8")
    assert run(["compare", str(good), str(bad), "-o", str(tmp_path / "c.xlsx")]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert run(["compare", str(good), "-o", str(tmp_path / "c.xlsx")]) == 2
    assert run(["compare", str(good), str(good), "-o", str(tmp_path / "c.txt")]) == 2
    assert not (tmp_path / "c.xlsx").exists()
    assert run(["compare", str(good), str(good), "-o", str(tmp_path / "new" / "c.xlsx")]) == 0
    assert (tmp_path / "new" / "c.xlsx").exists()
