"""The runner: takes jobs from the store, oldest first, each into a process of its own, and settles what becomes of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.failures import Failure, failure_of
from api.jobs.child import Child, Done, Killed, Limits, Work, warm_up
from api.jobs.folder import DataFolder, artefact_of
from api.jobs.job import Answer, Job, State, Trouble
from api.jobs.store import JobStore
from api.jobs.worker import PlanDone, SubmittedTask
from planner.progress import Progress

DEFAULT_LIMITS = Limits(wall_s=3600.0, memory_bytes=8 * 2**30)
RETRY_S = 5.0
_log = logging.getLogger(__name__)


class Runner:
    """Threads that each see one job at a time through; every solve is a child process that can be killed."""

    def __init__(
        self,
        store: JobStore,
        folder: DataFolder,
        work: Work[SubmittedTask, PlanDone],
        *,
        catalogs: Sequence[Path] = (),
        workers: int = 1,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store, self._folder, self._work = store, folder, work
        self._catalogs, self._limits = tuple(catalogs), limits
        self._children: dict[str, Child[SubmittedTask, PlanDone]] = {}
        self._progress: dict[str, Progress] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [threading.Thread(target=self._loop, name=f"runner-{index}", daemon=True) for index in range(workers)]

    def start(self) -> None:
        """Queue again what a former process left running, and begin."""
        warm_up()
        recovered = self._store.recover()
        if recovered:
            _log.info("%d plan(s) were cut off and are made again", recovered)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End in good order: children are killed, their jobs queued again for the next start."""
        with self._changed:
            self._stopping = True
            for child in self._children.values():
                child.kill()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def wake(self) -> None:
        """Say that a job has been queued."""
        with self._changed:
            self._changed.notify()

    def cancel(self, job_id: str) -> Job | None:
        """Return the job, cancelled unless it was final already, its process killed; None where there is none."""
        job = self._store.cancel(job_id)
        with self._changed:
            child = self._children.get(job_id)
        if child is not None and job is not None and job.state is State.CANCELLED:
            child.kill()
        return job

    def progress(self, job_id: str) -> Progress | None:
        """Return how far a running job is; None where nothing is known."""
        return self._progress.get(job_id)

    def _loop(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._see_through(job)
            except Exception as error:
                _log.exception("plan %s could not be seen through", job.id)
                self._insist(partial(self._fail, job, failure_of(error)))

    def _next(self) -> Job | None:
        """Return the next job, waiting for one; None when stopping."""
        with self._changed:
            while not self._stopping:
                job = self._claimed()
                if job is not None:
                    return job
        return None

    def _claimed(self) -> Job | None:
        """Return a job, or None after a wait: until one is queued, or for a while where the store is out of order."""
        try:
            job = self._store.claim()
        except (OSError, SQLAlchemyError):
            _log.exception("the store of plans does not answer")
            self._changed.wait(RETRY_S)
            return None
        if job is None:
            self._changed.wait()
        return job

    def _insist(self, settle: Callable[[], None]) -> None:
        """Record an end, trying until the store takes it: a full disk may have room again."""
        while True:
            try:
                settle()
            except (OSError, SQLAlchemyError):
                _log.exception("the store of plans does not answer")
            else:
                return
            with self._changed:
                if self._stopping:
                    return
                self._changed.wait(RETRY_S)

    def _see_through(self, job: Job) -> None:
        self._folder.clear(job)
        task = SubmittedTask(job.request.scenario_json, self._folder.attempt_folder(job), self._catalogs)
        child = Child(self._work, task, self._limits)
        with self._changed:
            self._children[job.id] = child
            if self._stopping:
                child.kill()
        if self._overtaken(job):
            child.kill()
        try:
            end = child.wait(partial(self._heard, job))
        finally:
            with self._changed:
                del self._children[job.id]
                self._progress.pop(job.id, None)
        self._insist(lambda: self._settle(job, end))

    def _heard(self, job: Job, progress: Progress) -> None:
        if job.id not in self._progress:
            self._store.begin(job)
        self._progress[job.id] = progress

    def _overtaken(self, job: Job) -> bool:
        """Return whether the job was cancelled before its process could be killed for it."""
        now = self._store.get(job.id)
        return now is None or now.state is not State.RUNNING

    def _settle(self, job: Job, end: Done[PlanDone] | Failure | Killed) -> None:
        match end:
            case Done(value=done):
                if not self._store.succeed(job, _answer(done)):
                    self._folder.clear(job)
            case Failure():
                self._fail(job, end)
            case Killed():
                self._store.give_back(job)
                self._folder.clear(job)

    def _fail(self, job: Job, failure: Failure) -> None:
        self._store.fail(job, Trouble(failure.code, failure.title, failure.problems))
        self._folder.clear(job)


def _answer(done: PlanDone) -> Answer:
    artefacts = tuple(artefact_of(path) for path in done.files)
    return Answer(done.outcome, done.decision, done.net_present_cost_usd, done.plan_sha256, artefacts)
