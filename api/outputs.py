"""A plan's files on disk: written aside, made durable, then moved into place, so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from planner.errors import InputError
from planner.plan import Plan

PLAN_FILE = "plan.json"
REPORT_FILE = "report.xlsx"


def require_writable(folder: Path) -> None:
    """Raise InputError where files cannot be written into a folder that may not exist yet; creates nothing."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError.at("--output", f"{nearest} is not a folder; give a folder to write into")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError.at("--output", f"{nearest} cannot be written to; give a folder that can")


def write_outputs(plan: Plan, folder: Path, *, report: bool = True) -> list[Path]:
    """Write `plan.json` and, unless switched off, `report.xlsx` into a folder, both or neither; return their paths.

    A report of an earlier plan does not stay beside a new plan.json.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _folder_aside(folder) as aside:
        names = [*([REPORT_FILE] if report else []), PLAN_FILE]
        if report:
            from reports.workbook import write_workbook

            write_workbook(plan, aside / REPORT_FILE)
        (aside / PLAN_FILE).write_text(plan.to_json(), encoding="utf-8")
        move_into(aside, folder, names)
    if not report:
        (folder / REPORT_FILE).unlink(missing_ok=True)
    return [folder / name for name in reversed(names)]


def move_into(aside: Path, folder: Path, names: list[str]) -> None:
    """Move finished files from a folder beside it into `folder`: made durable first, then renamed in the order given."""
    for name in names:
        _sync(aside / name)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (aside / name).replace(folder / name)
    _sync(folder)


def write_file(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    with _folder_aside(path) as aside:
        (aside / path.name).write_text(text, encoding="utf-8")
        move_into(aside, path.parent, [path.name])


@contextmanager
def _folder_aside(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target`, on the same disk; it is gone afterwards, whatever happens."""
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield aside
    finally:
        rmtree(aside, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
