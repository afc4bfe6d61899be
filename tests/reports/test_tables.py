"""The same figures as CSV and JSON, in files that no spreadsheet computes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from sample_plans import infeasible_plan, sample_plan

from reports.tables import Table, tables, to_json, write_csv
from reports.text import looks_like_formula


def test_the_cost_table_adds_up_to_the_plans_total(tmp_path: Path) -> None:
    plan = sample_plan(2)
    assert plan.money is not None
    write_csv(plan, tmp_path)
    cost = pd.read_csv(tmp_path / "cost.csv")
    money = cost[cost["group"] != "carbon"]
    assert money["present_usd"].sum() == pytest.approx(plan.money.totals.net_present_cost_usd, rel=1e-9)
    totals = pd.read_csv(tmp_path / "totals.csv")
    assert totals["cash_usd"].tolist() == pytest.approx(list(plan.money.totals.cash_by_period_usd), rel=1e-12)


def test_a_number_survives_csv_exactly() -> None:
    table = Table("t", ("a", "b"), ((0.1 + 0.2, -1e-300), (True, None)))
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert [float(cell) for cell in rows[1]] == [0.1 + 0.2, -1e-300]
    assert rows[2] == ["TRUE", ""]


def test_text_of_users_is_never_a_formula_in_any_field(tmp_path: Path) -> None:
    plan = sample_plan(3, hostile=["=1+1", "@x", "+cmd|' /C calc'!A0", "-2", "\t=1", "\r\n=2", "＝3", " =4"])
    for path in write_csv(plan, tmp_path):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))):
            for field in row:
                try:
                    float(field)
                except ValueError:
                    assert not looks_like_formula(field), (path.name, field)


def test_json_holds_the_same_tables_and_no_lone_surrogate() -> None:
    plan = sample_plan(4, hostile=["bad \ud800 text", "nul \x00"])
    content = json.loads(to_json(plan).encode("utf-8"))
    assert {name: len(rows) for name, rows in content.items()} == {table.name: len(table.rows) for table in tables(plan)}
    assert content["summary"][0]["figure"] == "decision"


def test_an_infeasible_plan_has_its_changes_and_no_money() -> None:
    names = {table.name for table in tables(infeasible_plan(1))}
    assert {"summary", "demand", "changes"} <= names
    assert not names & {"cost", "totals", "fleet"}
