"""Many scenarios of a folder: what is skipped, what goes on, what is named; the same whatever runs at a time."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest
from job_work import plan_a_file
from processes import started
from small_scenario import SMALL
from waiting import until

from api.batch import Batch, Ended, scenario_files
from api.command_line import run
from api.failures import Failure
from api.jobs.worker import PlanDone
from planner.errors import InputError

HERE = Path(__file__).parent


def _write(folder: Path, name: str, title: str = "One", scenario_id: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    text = SMALL.replace("id: small", f"id: {scenario_id or name}").replace(
        "title: One chat service in one small hall", f"title: {title}"
    )
    path.write_text(text, encoding="utf-8")
    return path


def _run(folder: Path, output: Path, *, jobs: int = 2) -> dict[str, Ended]:
    batch = Batch(output, jobs=jobs, work=plan_a_file)
    return {end.scenario.stem: end for end in batch.run(scenario_files(folder), lambda _path, _progress: None)}


def _starts(folder: Path) -> list[str]:
    log = folder / "starts.log"
    return sorted(log.read_text(encoding="utf-8").split()) if log.exists() else []


def _tree(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_unchanged_scenarios_are_skipped(tmp_path: Path) -> None:
    """The second run starts nothing; a changed scenario is planned again, alone."""
    folder, output = tmp_path / "in", tmp_path / "out"
    for name in ("a", "b", "c"):
        _write(folder, name)
    assert all(not end.unchanged for end in _run(folder, output).values())
    assert all(end.unchanged for end in _run(folder, output).values())
    assert _starts(folder) == ["a.yaml", "b.yaml", "c.yaml"]
    _write(folder, "b", "Two")
    assert [name for name, end in sorted(_run(folder, output).items()) if not end.unchanged] == ["b"]


@pytest.mark.parametrize("harm", ["report.xlsx", "plan.json", ".inputs.json"])
@pytest.mark.parametrize("how", ["gone", "changed", "empty"])
def test_harmed_results_are_made_again(tmp_path: Path, harm: str, how: str) -> None:
    """A result that is gone or is not what was written does not count."""
    folder, output = tmp_path / "in", tmp_path / "out"
    _write(folder, "a")
    _run(folder, output)
    whole = _tree(output)
    path = output / "a" / harm
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else b"{}" + path.read_bytes())
    assert not _run(folder, output)["a"].unchanged
    assert _tree(output) == whole


def test_a_changed_trace_is_noticed(tmp_path: Path) -> None:
    """The files that a scenario names are among its inputs."""
    folder, output = tmp_path / "in", tmp_path / "out"
    path = _write(folder, "a")
    path.write_text(path.read_text(encoding="utf-8").replace("profile: chat_realtime", "trace: t.csv"), encoding="utf-8")
    trace = folder / "t.csv"
    trace.write_text("timestamp,input,output\n0,1,1\n", encoding="utf-8")
    _run(folder, output)
    assert _run(folder, output)["a"].unchanged
    trace.write_text("timestamp,input,output\n0,2,2\n", encoding="utf-8")
    assert not _run(folder, output)["a"].unchanged


def test_a_changed_catalog_or_engine_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New prices or a new engine make new plans."""
    folder, output, prices = tmp_path / "in", tmp_path / "out", tmp_path / "prices.yaml"
    _write(folder, "a")
    _run(folder, output)
    prices.write_text("tco: {pue: {mine: {value: 1.5, source: user}}}\n", encoding="utf-8")
    batch = Batch(output, catalogs=[prices], work=plan_a_file)
    assert not next(batch.run(scenario_files(folder), lambda _path, _progress: None)).unchanged
    assert not _run(folder, output)["a"].unchanged
    monkeypatch.setattr("api.batch.engine_fingerprint", lambda: "another")
    assert not _run(folder, output)["a"].unchanged


def test_one_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    """A scenario that is not valid and one whose process dies are failures; the rest have their answers."""
    folder = tmp_path / "in"
    for name in ("a", "c", "e"):
        _write(folder, name)
    _write(folder, "b", "die")
    (folder / "d.yaml").write_text("nonsense", encoding="utf-8")
    ended = _run(folder, tmp_path / "out")
    assert sorted(name for name, end in ended.items() if isinstance(end.result, Failure)) == ["b", "d"]
    assert sorted(name for name, end in ended.items() if isinstance(end.result, PlanDone)) == ["a", "c", "e"]
    assert not (tmp_path / "out" / "b" / ".inputs.json").exists()


def test_two_files_with_one_id_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """The first by name keeps the folder; the other is a failure that names both."""
    folder = tmp_path / "in"
    _write(folder, "a", scenario_id="same")
    _write(folder, "b", scenario_id="same")
    ended = _run(folder, tmp_path / "out")
    assert isinstance(ended["a"].result, PlanDone)
    assert isinstance(ended["b"].result, Failure)
    assert "a.yaml" in ended["b"].result.lines()[0]


def test_results_do_not_depend_on_how_many_run_at_a_time(tmp_path: Path) -> None:
    """One at a time or four: the same files, byte for byte."""
    folder = tmp_path / "in"
    for index in range(8):
        _write(folder, f"s{index}", f"Number {index}")
    for jobs in (1, 4):
        _run(folder, tmp_path / f"out{jobs}", jobs=jobs)
    assert _tree(tmp_path / "out1") == _tree(tmp_path / "out4")


def test_only_scenarios_of_the_folder_itself_are_planned(tmp_path: Path) -> None:
    """Other files, hidden files and folders below are left alone, order is by name."""
    folder = tmp_path / "in"
    for name in ("b", "a", ".hidden"):
        _write(folder, name, scenario_id="x")
    _write(folder, "prices").rename(folder / "prices.csv")
    _write(folder / "below", "c")
    assert [path.name for path in scenario_files(folder)] == ["a.yaml", "b.yaml"]
    for path in (tmp_path / "absent", folder / "a.yaml"):
        with pytest.raises(InputError, match="not a folder"):
            scenario_files(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no scenario"):
        scenario_files(tmp_path / "empty")


def test_the_command_names_failures_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line per scenario, infeasible ones told, failures named, exit code 1; without the failure, 0."""
    monkeypatch.setattr("api.jobs.worker.plan_file", plan_a_file)
    folder = tmp_path / "in"
    _write(folder, "a")
    _write(folder, "b", "infeasible")
    bad = _write(folder, "c", "die")
    assert run(["plans", str(folder), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "a.yaml: optimal, net present cost 2 USD" in said.out
    assert "b.yaml: infeasible" in said.out
    assert "b.yaml: Nothing fits." in said.out
    assert said.out.splitlines()[-1] == "2 of 3 scenarios have an answer, 1 failed: c.yaml"
    assert "c.yaml failed:\nerror: the process of this work ended by itself (signal SIGKILL)" in said.err
    bad.unlink()
    assert run(["plans", str(folder), "-o", str(tmp_path / "out")]) == 0
    assert "a.yaml: optimal, net present cost 2 USD (unchanged)" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["absent", "empty"])
def test_a_folder_without_scenarios_is_exit_code_2(tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do is a mistake of the input, told in a sentence."""
    (tmp_path / "empty").mkdir()
    assert run(["plans", str(tmp_path / what), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("error: FOLDER: ")
    assert not (tmp_path / "out").exists()


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from unittest.mock import patch
from job_work import plan_a_file
from api.command_line import run

if __name__ == "__main__":
    with patch("api.jobs.worker.plan_file", plan_a_file):
        sys.exit(run(["plans", sys.argv[2], "-o", sys.argv[3]]))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_batch_resumes(tmp_path: Path, ending: signal.Signals) -> None:
    """Ctrl-C ends at once with 130; after it, and after kill -9, the next run makes what is missing and keeps what is done."""
    folder, output, script = tmp_path / "in", tmp_path / "out", tmp_path / "batch.py"
    script.write_text(SCRIPT, encoding="utf-8")
    for name in ("a", "b"):
        _write(folder, name)
    _write(folder, "c", "hang")
    command = [sys.executable, str(script), str(HERE), str(folder), str(output)]
    with started(command) as batch:
        until(lambda: "c.yaml" in _starts(folder) and all((output / name / ".inputs.json").exists() for name in ("a", "b")))
        os.kill(batch.pid, ending)
        said = batch.communicate(timeout=60)[1]
    assert batch.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in said
    _write(folder, "c", "quick")
    with started(command) as batch:
        said = batch.communicate(timeout=60)[0]
    assert [f"{name}.yaml: optimal, net present cost 2 USD (unchanged)" in said for name in ("a", "b", "c")] == [
        True,
        True,
        False,
    ]
    assert "3 of 3 scenarios have an answer" in said
