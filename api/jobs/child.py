"""One piece of work in a process of its own, which can be killed, limited and listened to.

The work is a module-level function of a task; it tells its progress and returns a plain value. The process ends itself when its
parent is gone, whatever ended the parent: its end of the pipe is then closed.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from typing import Generic, TypeVar

from api.failures import Failure, failure_of
from catalog.errors import Problem
from planner.progress import Progress

Task = TypeVar("Task")
Result = TypeVar("Result")
Hear = Callable[[Progress], None]
Work = Callable[[Task, Hear], Result]

ORPHANED = 70
PROGRESS_EVERY_S = 0.1
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["api.jobs.worker", "api.jobs.warm"])


def warm_up() -> None:
    """Start the process that children are forked from, so that the first of them need not wait for it."""
    ensure_running()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece of work may use: wall time [s] and address space [bytes]; None = no limit."""

    wall_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """The work ended with a value."""

    value: Result


@dataclass(frozen=True, slots=True)
class Killed:
    """The process was killed on purpose, before the work ended."""


class Child(Generic[Task, Result]):
    """A process doing `work(task, hear)`; start it, `wait` for its end, `kill` it from any thread."""

    def __init__(self, work: Work[Task, Result], task: Task, limits: Limits = Limits()) -> None:
        """Start the process."""
        self._limits = limits
        self._killed = threading.Event()
        self._pipe, theirs = _CONTEXT.Pipe(duplex=True)
        self._process = _CONTEXT.Process(target=_run, args=(theirs, work, task, limits), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Return the process id."""
        return self._process.pid

    def kill(self) -> None:
        """End the process at once; `wait` then returns Killed."""
        self._killed.set()
        self._process.kill()

    def wait(self, hear: Hear) -> Done[Result] | Failure | Killed:
        """Return how the work ended, passing on its progress meanwhile; the process is gone afterwards."""
        deadline = None if self._limits.wall_s is None else time.monotonic() + self._limits.wall_s
        try:
            return self._listen(hear, deadline)
        finally:
            self._process.kill()
            self._process.join()
            self._pipe.close()

    def _listen(self, hear: Hear, deadline: float | None) -> Done[Result] | Failure | Killed:
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not wait([self._pipe, self._process.sentinel], left):
                return _failure("took-too-long", "The time is up", f"the work took longer than {self._limits.wall_s:.0f} s")
            message = self._next_message()
            if isinstance(message, Progress):
                hear(message)
            elif message is not None:
                return message
            else:
                return Killed() if self._killed.is_set() else self._died()

    def _next_message(self) -> Progress | Done[Result] | Failure | None:
        """Return what the process says next; None where it has ended without a last word."""
        try:
            return self._pipe.recv() if self._pipe.poll() else None
        except (EOFError, OSError):
            return None

    def _died(self) -> Failure:
        self._process.join()
        code = self._process.exitcode or 0
        cause = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
        return _failure(
            "process-died", "The process ended", f"the process of this work ended by itself ({cause}), perhaps for want of memory"
        )


def _failure(code: str, title: str, words: str) -> Failure:
    return Failure(code, 500, 1, title, (Problem("", words),))


def _run(pipe: Connection, work: Work[Task, Result], task: Task, limits: Limits) -> None:
    """Do the work in the child; the last message is its result or its failure."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_leave_with_the_parent, args=(pipe,), daemon=True).start()
    if limits.memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    try:
        pipe.send(Done(work(task, _Telling(pipe))))
    except BaseException as error:  # the border of the process: every end is told in words
        if os.environ.get("SPLITFLEET_DEBUG"):
            import traceback

            traceback.print_exception(error)
        pipe.send(failure_of(error))


def _leave_with_the_parent(pipe: Connection) -> None:
    """End this process as soon as the parent's end of the pipe is closed; the parent never sends anything."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        os._exit(ORPHANED)


class _Telling:
    """Sends progress to the parent, a changed stage at once and the rest ten times a second at most."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._stage = ""
        self._told_s = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage != self._stage or now - self._told_s >= PROGRESS_EVERY_S:
            self._stage, self._told_s = progress.stage, now
            self._pipe.send(progress)
