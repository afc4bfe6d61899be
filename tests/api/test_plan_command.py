"""`splitfleet plan`, the whole road on a small scenario: decision, plan.json, report.xlsx, exit codes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from small_scenario import SMALL

from api.command_line import run
from planner.plan import read_plan

INFEASIBLE = SMALL.replace("power: 100 kW", "power: 1 kW").replace("id: small", "id: tight")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the small scenario has been planned into `out`."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    assert run(["plan", str(folder / "small.yaml"), "-o", str(folder / "out"), "--quiet"]) == 0
    return folder


def test_both_files_are_whole(planned: Path) -> None:
    """plan.json is a valid plan whose hash is its own; report.xlsx is a workbook; nothing else is left."""
    folder = planned / "out" / "small"
    assert sorted(path.name for path in folder.iterdir()) == ["plan.json", "report.xlsx"]
    plan = read_plan(folder / "plan.json")
    assert plan.found
    assert plan.sha256 == plan.computed_sha256()
    assert "xl/workbook.xml" in zipfile.ZipFile(folder / "report.xlsx").namelist()


def test_the_decision_is_printed_in_words(planned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence comes first, then fleet, cost, SLA and power, then where the files are."""
    assert run(["plan", str(planned / "small.yaml"), "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    plan = read_plan(tmp_path / "small" / "plan.json")
    assert said.replace("\n", " ").startswith(plan.decision[:60])
    for word in (
        "Fleet (units)",
        "Pools (replicas)",
        "Cost",
        "SLA (worst period)",
        "Power and space",
        "net present cost",
        "report.xlsx",
    ):
        assert word in said
    assert "\x1b" not in said


def test_json_is_the_plan_and_nothing_else(planned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints plan.json; the same question gives the same bytes; without a report there is none."""
    assert run(["plan", str(planned / "small.yaml"), "-o", str(tmp_path), "--json", "--no-report"]) == 0
    said = capsys.readouterr().out
    assert said == (tmp_path / "small" / "plan.json").read_text(encoding="utf-8")
    assert said == (planned / "out" / "small" / "plan.json").read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["plan.json"]


def test_quiet_is_quiet(planned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--quiet` prints nothing at all."""
    assert run(["plan", str(planned / "small.yaml"), "-o", str(tmp_path), "-q", "--no-report"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_infeasible_is_an_answer_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One kilowatt holds no server: exit code 3, both files written, and words on what would make it feasible."""
    path = tmp_path / "tight.yaml"
    path.write_text(INFEASIBLE, encoding="utf-8")
    assert run(["plan", str(path), "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "tight" / "plan.json").read_text(encoding="utf-8"))
    assert document["solve"]["outcome"] == "infeasible"
    assert document["evidence"]["changes"]
    assert "What would make it feasible" in said
    assert (tmp_path / "out" / "tight" / "report.xlsx").exists()
