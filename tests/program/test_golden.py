"""Every family of constraints has a golden LP file: a reviewer sees the rows, and any change of them shows.

After an intended change: `SPLITFLEET_GOLDEN=write pytest tests/program/test_golden.py`, then read the difference.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pulp
import pytest

import planner.program
from planner.program.build import FAMILIES, build
from planner.program.sets import prepare
from tests.program.golden import GOLDEN

FOLDER = Path(__file__).parent / "golden_lp"
SOURCES = Path(planner.program.__file__).parent
LATER_STAGES = {"packing", "kept"}


def rows_of(family: str) -> str:
    """Return a family's rows of its golden instance, sorted, as text."""
    model = build(prepare(GOLDEN[family]()))
    lines = []
    for row in sorted(model.rows.values(), key=lambda row: row.name):
        if row.family == family:
            relation = model.problem.get_constraint_by_name(row.name)
            lines.append(written(row.name, relation))
    return "\n".join(lines) + "\n"


def written(name: str, relation: pulp.LpConstraint) -> str:
    """Return a row as an LP file has it, columns by name."""
    terms = " ".join(
        f"{value:+.12g} {variable.name}" for variable, value in sorted(relation.items(), key=lambda item: item[0].name)
    )
    sign = {pulp.LpConstraintLE: "<=", pulp.LpConstraintGE: ">=", pulp.LpConstraintEQ: "="}[relation.sense]
    return f"{name}: {terms} {sign} {-relation.constant + 0.0:.12g}"


@pytest.mark.parametrize("family", sorted(GOLDEN))
def test_the_rows_of_a_family_are_those_that_were_reviewed(family):
    path = FOLDER / f"{family}.lp"
    rows = rows_of(family)
    assert rows.strip(), f"the golden instance of {family} has no such row"
    if os.environ.get("SPLITFLEET_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows)
    assert path.read_text() == rows


def families_in_the_sources() -> set[str]:
    """Return every family name that the sources give to a row."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if called == "row" and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found | {"vendor", "flexible"}


def test_every_family_of_the_sources_has_a_golden_file():
    assert families_in_the_sources() - LATER_STAGES == set(GOLDEN)
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(GOLDEN)


def test_every_registered_family_writes_rows_that_have_a_golden_file():
    written_families = set()
    for make in GOLDEN.values():
        written_families |= {row.family for row in build(prepare(make())).rows.values()}
    assert written_families == set(GOLDEN)
    assert len(FAMILIES) >= 20
