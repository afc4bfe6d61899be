"""Files of a plan: both or neither, never half of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.outputs import require_writable, write_file, write_outputs
from planner.errors import InputError
from planner.plan import Plan


class _Stub:
    """The one thing of a plan that writing asks for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_json(self) -> str:
        """Return the text."""
        return self._text


def _plan(text: str) -> Plan:
    return _Stub(text)  # type: ignore[return-value]


@pytest.fixture
def workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a line where the workbook would stand; the workbook's own tests are elsewhere."""
    monkeypatch.setattr("reports.workbook.write_workbook", lambda plan, path: path.write_text("book of " + plan.to_json()))


@pytest.mark.usefixtures("workbook")
def test_both_files_are_written(tmp_path: Path) -> None:
    """plan.json and report.xlsx, and nothing beside them."""
    files = write_outputs(_plan("1"), tmp_path / "out" / "id")
    assert [path.name for path in files] == ["plan.json", "report.xlsx"]
    assert sorted(path.name for path in (tmp_path / "out" / "id").iterdir()) == ["plan.json", "report.xlsx"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["id"]


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the workbook cannot be written, the earlier files stand as they were, and no scraps remain."""
    folder = tmp_path / "id"
    folder.mkdir()
    (folder / "plan.json").write_text("old")

    def fail(_: Plan, path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reports.workbook.write_workbook", fail)
    with pytest.raises(OSError, match="No space"):
        write_outputs(_plan("new"), folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"plan.json": "old"}
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("workbook")
def test_no_stale_report_stays_beside_a_new_plan(tmp_path: Path) -> None:
    """Without a report, that of the earlier plan goes."""
    write_outputs(_plan("1"), tmp_path / "id")
    write_outputs(_plan("2"), tmp_path / "id", report=False)
    assert [path.name for path in (tmp_path / "id").iterdir()] == ["plan.json"]


@pytest.mark.usefixtures("workbook")
def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    """A user's notes beside the results survive the next plan."""
    write_outputs(_plan("1"), tmp_path / "id")
    (tmp_path / "id" / "notes.txt").write_text("mine")
    write_outputs(_plan("2"), tmp_path / "id")
    assert (tmp_path / "id" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "id" / "plan.json").read_text() == "2"


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    """A file in the way is named; a folder that may be created is fine, and is not created by asking."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a folder"):
        require_writable(tmp_path / "file" / "id")
    require_writable(tmp_path / "a" / "b" / "c")
    assert not (tmp_path / "a").exists()


def test_a_single_file_is_replaced_whole(tmp_path: Path) -> None:
    """Old text or new, and no scraps."""
    write_file(tmp_path / "x.json", "1")
    write_file(tmp_path / "x.json", "2")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x.json": "2"}
