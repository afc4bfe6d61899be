"""Progress on a terminal: a bar where there is one, sparse lines elsewhere, and nothing for work that ends at once."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from api.terminal.console import notices, printable
from planner.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PATIENCE_S = 1.0
LINE_EVERY_S = 10.0


class ProgressDisplay:
    """Shows a pipeline's progress on stderr once the work has taken a second; pass the object itself as the callback."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Stay silent throughout where `quiet`."""
        self._quiet = quiet
        self._latest: Progress | None = None
        self._shown_stage = ""
        self._shown_s = 0.0
        self._bar: Bar | None = None
        self._open = False
        self._lock = threading.RLock()
        self._timer = threading.Timer(PATIENCE_S, self._begin)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start waiting for the work to become long."""
        if not self._quiet:
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the display away."""
        self._timer.cancel()
        with self._lock:
            self._open = False
            if self._bar is not None:
                self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Take one report from the pipeline."""
        with self._lock:
            self._latest = progress
            if self._open:
                self._show(progress)

    def _begin(self) -> None:
        with self._lock:
            self._open = True
            if sys.stderr.isatty():
                self._bar = _bar()
                self._bar.start()
            if self._latest is not None:
                self._show(self._latest)

    def _show(self, progress: Progress) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=progress.done, description=words_of(progress))
            return
        now = time.monotonic()
        if progress.stage != self._shown_stage or now - self._shown_s >= LINE_EVERY_S:
            self._shown_stage, self._shown_s = progress.stage, now
            sys.stderr.write(f"{round(100 * progress.done):3d} %  {words_of(progress)}\n")
            sys.stderr.flush()


def words_of(progress: Progress) -> str:
    """Return a progress as one line: stage, message, and how near the solver is.

    >>> words_of(Progress("program", 0.8, "solving", incumbent_usd=2.5e6, bound_usd=2.4e6, gap=0.04))
    'program: solving (best 2,500,000 USD, bound 2,400,000 USD, gap 4.0 %)'
    """
    near = [
        f"{word} {value:,.0f} USD"
        for word, value in (("best", progress.incumbent_usd), ("bound", progress.bound_usd))
        if value is not None
    ]
    near += [f"gap {100 * progress.gap:.1f} %"] if progress.gap is not None else []
    message = f"{progress.stage}: {progress.message}" if progress.message else progress.stage
    return printable(message + (f" ({', '.join(near)})" if near else ""))


def _bar() -> Bar:
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    bar = Bar(*columns, console=notices(), transient=True)
    bar.add_task("starting", total=1.0)
    return bar
