"""Three hundred plans of every size: the formulas of each compute to its own figures, and every check holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from formula_evaluator import Workbook
from sample_plans import sample_plan

from reports.workbook import write_workbook

HOSTILE = ["=1+1", "@A1", "+44", "-1", "\t=2", "a\x00b", "\ud800", "x" * 33_000, "ordinary words"]


def wrong_cells(path: Path) -> tuple[int, list[tuple[object, ...]]]:
    """Return how many formulas a workbook has, and those whose result is not the stored one to 1e-9."""
    stored = openpyxl.load_workbook(path, data_only=True)
    wrong: list[tuple[object, ...]] = []
    count = 0
    for sheet, row, column, value in Workbook(path).results():
        kept = stored[sheet].cell(row, column).value
        count += 1
        same = kept == value
        if not same and isinstance(kept, int | float) and isinstance(value, int | float):
            same = abs(kept - value) <= 1e-9 * max(1.0, abs(kept))
        if not same:
            wrong.append((sheet, row, column, kept, value))
    checks = [row[4].value for row in stored["Checks"].iter_rows(min_row=10) if isinstance(row[4].value, bool)]
    if not checks or not all(checks):
        wrong.append(("Checks", checks))
    return count, wrong


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_the_workbook_of_a_random_plan_computes_to_its_figures(tmp_path: Path, seed: int) -> None:
    write_workbook(sample_plan(seed, hostile=HOSTILE if seed % 2 else ()), tmp_path / "r.xlsx", written=date(2027, 1, 1))
    count, wrong = wrong_cells(tmp_path / "r.xlsx")
    assert wrong == []
    assert count >= 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_three_hundred_plans_compute_to_their_own_figures(tmp_path: Path) -> None:
    counts = []
    for seed in range(300):
        write_workbook(sample_plan(seed, hostile=HOSTILE if seed % 3 == 0 else ()), tmp_path / "r.xlsx", written=date(2027, 1, 1))
        count, wrong = wrong_cells(tmp_path / "r.xlsx")
        assert wrong == [], seed
        counts.append(count)
    assert sorted(counts)[30] >= 200, "nine of ten plans have 200 figures and more"
