"""Jobs on disk: every change is one statement, committed and synced before anybody is told.

A start of a job carries a number, `attempt`; only the latest start may settle the job, so that a straggler's result is dropped.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.elements import ColumnElement

from api.jobs.job import Answer, Artefact, Job, Request, State, Trouble
from catalog.errors import Problem
from planner.errors import InputError, SplitfleetError

SCHEMA_VERSION = 1
MOST_INTERRUPTIONS = 3

_metadata = MetaData()
_jobs = Table(
    "jobs",
    _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("idempotency_key", String(255), unique=True),
    Column("request_sha256", String(64), nullable=False),
    Column("scenario_id", String(63), nullable=False),
    Column("title", String(200), nullable=False),
    Column("scenario_json", Text, nullable=False),
    Column("state", String(9), nullable=False, index=True),
    Column("attempt", Integer, nullable=False, default=0),
    Column("begun", Boolean, nullable=False, default=False),
    Column("interruptions", Integer, nullable=False, default=0),
    Column("created_s", Float, nullable=False),
    Column("started_s", Float),
    Column("finished_s", Float),
    Column("answer", Text),
    Column("trouble", Text),
    sqlite_autoincrement=True,
)


class KeyReused(SplitfleetError):
    """An idempotency key that was used before, with another body."""

    code = "idempotency-key-reused"
    status = 422
    exit_code = 2


class QueueFull(SplitfleetError):
    """More jobs are waiting than the service accepts."""

    code = "queue-full"
    status = 429


class StorageFull(SplitfleetError):
    """There is no room on the disk for another job; nothing was accepted."""

    code = "storage-full"
    status = 507


class JobStore:
    """The jobs of one data folder, in SQLite with a write-ahead log that is synced at every commit."""

    def __init__(self, path: Path, *, queue_limit: int = 100) -> None:
        """Open or create the database; raise InputError where another release wrote it."""
        self._queue_limit = queue_limit
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _configure)
        with self._engine.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found not in (0, SCHEMA_VERSION):
                raise InputError.at(
                    "--data", f"{path} has format {found}, this release reads {SCHEMA_VERSION}; use another folder"
                )
            _metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def submit(self, request: Request) -> tuple[Job, bool]:
        """Return the job of a request and whether it is new; a key seen before gives the job that it gave then.

        Raises KeyReused where the key came with another body, QueueFull where too many jobs wait, StorageFull without room.
        """
        known = self._of_key(request)
        if known is not None:
            return known, False
        if self.waiting() >= self._queue_limit:
            msg = f"{self._queue_limit} plans are waiting already; try again later"
            raise QueueFull(msg)
        values = {**asdict(request), "id": str(uuid.uuid4()), "state": State.QUEUED, "created_s": time.time()}
        try:
            with self._engine.begin() as connection:
                return _job(connection.execute(insert(_jobs).values(values).returning(_jobs)).one()), True
        except IntegrityError:
            twin = self._of_key(request)
            if twin is None:
                raise
            return twin, False
        except OperationalError as error:
            if "disk is full" not in str(error.orig):
                raise
            msg = "the disk is full; the plan was not accepted"
            raise StorageFull(msg) from None

    def _of_key(self, request: Request) -> Job | None:
        if request.idempotency_key is None:
            return None
        job = self._one(_jobs.c.idempotency_key == request.idempotency_key)
        if job is not None and job.request.request_sha256 != request.request_sha256:
            msg = "this Idempotency-Key was used before with another body; use a new key for a new request"
            raise KeyReused(msg)
        return job

    def get(self, job_id: str) -> Job | None:
        """Return the job of an id, or None."""
        return self._one(_jobs.c.id == job_id)

    def page(self, limit: int, *, before: int | None = None, state: State | None = None) -> list[Job]:
        """Return up to `limit` jobs, newest first, older than the sequence number `before`."""
        query = select(_jobs).order_by(_jobs.c.seq.desc()).limit(limit)
        query = query if before is None else query.where(_jobs.c.seq < before)
        query = query if state is None else query.where(_jobs.c.state == state)
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(query)]

    def waiting(self) -> int:
        """Return how many jobs are queued."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).where(_jobs.c.state == State.QUEUED)).scalar_one()

    def claim(self) -> Job | None:
        """Return the oldest queued job, now running under a new attempt; None where none waits."""
        oldest = select(func.min(_jobs.c.seq)).where(_jobs.c.state == State.QUEUED).scalar_subquery()
        change = {"state": State.RUNNING, "attempt": _jobs.c.attempt + 1, "begun": False, "started_s": time.time()}
        with self._engine.begin() as connection:
            row = connection.execute(update(_jobs).where(_jobs.c.seq == oldest).values(change).returning(_jobs)).one_or_none()
        return None if row is None else _job(row)

    def begin(self, job: Job) -> None:
        """Note that a running attempt has got to work: only then can the job itself be what cuts the service off."""
        self._change(_current(job), begun=True)

    def succeed(self, job: Job, answer: Answer) -> bool:
        """Settle a running attempt with its answer; return False where it may not settle the job any more."""
        return self._settle(job, State.SUCCEEDED, answer=json.dumps(asdict(answer)))

    def fail(self, job: Job, trouble: Trouble) -> bool:
        """Settle a running attempt as failed; return False where it may not settle the job any more."""
        return self._settle(job, State.FAILED, trouble=json.dumps(asdict(trouble)))

    def give_back(self, job: Job) -> bool:
        """Queue a running attempt again, as at a shutdown in good order."""
        return self._change(_current(job), state=State.QUEUED, started_s=None)

    def cancel(self, job_id: str) -> Job | None:
        """Return the job, cancelled unless it was final already; None where there is none."""
        open_states = _jobs.c.state.in_([State.QUEUED, State.RUNNING])
        self._change((_jobs.c.id == job_id) & open_states, state=State.CANCELLED, finished_s=time.time())
        return self.get(job_id)

    def recover(self) -> int:
        """Queue again what ran when the last process ended; return how many. What was cut off at work three times fails."""
        running = _jobs.c.state == State.RUNNING
        trouble = Trouble(
            "interrupted", "The plan could not be made", (Problem("", "the service was cut off three times while planning"),)
        )
        spent = running & _jobs.c.begun & (_jobs.c.interruptions >= MOST_INTERRUPTIONS - 1)
        self._change(spent, state=State.FAILED, finished_s=time.time(), trouble=json.dumps(asdict(trouble)))
        change = {"state": State.QUEUED, "started_s": None, "interruptions": _jobs.c.interruptions + _jobs.c.begun}
        with self._engine.begin() as connection:
            return connection.execute(update(_jobs).where(running).values(change)).rowcount

    def _settle(self, job: Job, state: State, **values: str) -> bool:
        return self._change(_current(job), state=state, finished_s=time.time(), **values)

    def _change(self, which: ColumnElement[bool], **values: object) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(update(_jobs).where(which).values(values)).rowcount > 0

    def _one(self, which: ColumnElement[bool]) -> Job | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(_jobs).where(which)).one_or_none()
        return None if row is None else _job(row)


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _current(job: Job) -> ColumnElement[bool]:
    """Return the condition that this attempt is still the one that runs."""
    return (_jobs.c.id == job.id) & (_jobs.c.state == State.RUNNING) & (_jobs.c.attempt == job.attempt)


def _job(row: Row[tuple[object, ...]]) -> Job:
    found = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row by column
    request = Request(
        scenario_json=found["scenario_json"],
        scenario_id=found["scenario_id"],
        title=found["title"],
        request_sha256=found["request_sha256"],
        idempotency_key=found["idempotency_key"],
    )
    return Job(
        seq=found["seq"],
        id=found["id"],
        request=request,
        state=State(found["state"]),
        attempt=found["attempt"],
        created_s=found["created_s"],
        started_s=found["started_s"],
        finished_s=found["finished_s"],
        answer=_answer(found["answer"]),
        trouble=_trouble(found["trouble"]),
    )


def _answer(text: str | None) -> Answer | None:
    if text is None:
        return None
    content = json.loads(text)
    return Answer(**{**content, "artefacts": tuple(Artefact(**item) for item in content["artefacts"])})


def _trouble(text: str | None) -> Trouble | None:
    if text is None:
        return None
    content = json.loads(text)
    return Trouble(content["code"], content["title"], tuple(Problem(**item) for item in content["problems"]))
