"""The store of jobs: what is accepted is kept, and each job is settled once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import OperationalError

from api.jobs.job import Answer, Artefact, Job, Request, State, Trouble
from api.jobs.store import MOST_INTERRUPTIONS, JobStore, KeyReused, QueueFull, StorageFull
from catalog.errors import Problem
from planner.errors import InputError

ANSWER = Answer("optimal", "Buy one.", 12.5, "a" * 64, (Artefact("plan.json", "b" * 64, 7),))
TROUBLE = Trouble("defect", "A defect", (Problem("", "words"),))


def _request(number: int = 0, key: str | None = None) -> Request:
    return Request("{}", f"scenario-{number}", "A title", f"{number:064d}", key)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = JobStore(tmp_path / "jobs.sqlite", queue_limit=2000)
    yield opened
    opened.close()


def test_a_job_outlives_its_store(tmp_path: Path) -> None:
    """What was accepted is there after the database is closed and opened again."""
    first = JobStore(tmp_path / "jobs.sqlite")
    job, new = first.submit(_request(1, "key"))
    first.close()
    second = JobStore(tmp_path / "jobs.sqlite")
    assert new
    assert second.get(job.id) == job
    assert second.submit(_request(1, "key")) == (job, False)
    second.close()


def test_commits_are_synced(store: JobStore, tmp_path: Path) -> None:
    """The store writes ahead and syncs every commit: power may fail after the answer."""
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_another_release_s_database_is_refused(tmp_path: Path) -> None:
    """A database of an unknown format is not touched."""
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="format 99"):
        JobStore(path)


def test_jobs_are_claimed_in_the_order_they_came(store: JobStore) -> None:
    """First come, first served; nothing is claimed twice."""
    submitted = [store.submit(_request(number))[0].id for number in range(5)]
    claimed = [job.id for job in iter(store.claim, None)]
    assert claimed == submitted


def test_a_thousand_twins_are_one_job(store: JobStore) -> None:
    """A thousand requests at once with one key and one body give one job."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: store.submit(_request(1, "same")), range(1000)))
    assert len({job.id for job, _ in results}) == 1
    assert sum(new for _, new in results) == 1


def test_a_key_with_another_body_is_refused(store: JobStore) -> None:
    """A key belongs to the body it first came with."""
    store.submit(_request(1, "same"))
    with pytest.raises(KeyReused):
        store.submit(_request(2, "same"))
    assert store.waiting() == 1


def test_claims_of_many_threads_never_meet(store: JobStore) -> None:
    """Eight claimants share two hundred jobs without giving one to two."""
    for number in range(200):
        store.submit(_request(number))
    with ThreadPoolExecutor(8) as pool:
        shares = list(pool.map(lambda _: [job.id for job in iter(store.claim, None)], range(8)))
    claimed = [job_id for share in shares for job_id in share]
    assert len(claimed) == len(set(claimed)) == 200


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    """Beyond the limit the request is refused; a repeated one still finds its job."""
    store = JobStore(tmp_path / "jobs.sqlite", queue_limit=2)
    first, _ = store.submit(_request(1, "one"))
    store.submit(_request(2))
    with pytest.raises(QueueFull):
        store.submit(_request(3))
    assert store.submit(_request(1, "one")) == (first, False)
    store.close()


def test_a_straggler_cannot_settle(store: JobStore) -> None:
    """After a job is queued again and restarted, the earlier start has no say."""
    store.submit(_request())
    first = _claimed(store)
    store.recover()
    second = _claimed(store)
    assert not store.succeed(first, ANSWER)
    assert store.succeed(second, ANSWER)
    assert not store.fail(second, TROUBLE)
    settled = store.get(second.id)
    assert settled is not None
    assert (settled.state, settled.answer, settled.trouble) == (State.SUCCEEDED, ANSWER, None)


def test_a_cancelled_job_stays_cancelled(store: JobStore) -> None:
    """A result that comes after the cancellation is dropped."""
    job, _ = store.submit(_request())
    running = _claimed(store)
    cancelled = store.cancel(job.id)
    assert cancelled is not None
    assert cancelled.state is State.CANCELLED
    assert not store.succeed(running, ANSWER)
    assert store.recover() == 0


def test_a_job_that_kills_its_service_is_given_up(store: JobStore) -> None:
    """What is cut off again and again fails in the end instead of killing the service for ever."""
    job, _ = store.submit(_request())
    for _ in range(MOST_INTERRUPTIONS):
        store.begin(_claimed(store))
        store.recover()
    given_up = store.get(job.id)
    assert given_up is not None
    assert given_up.state is State.FAILED
    assert given_up.trouble is not None
    assert "three times" in given_up.trouble.problems[0].message


def test_a_job_is_not_blamed_before_it_begins(store: JobStore) -> None:
    """A service that is cut off again and again before its work begins keeps all its jobs."""
    job, _ = store.submit(_request())
    for _ in range(10):
        _claimed(store)
        assert store.recover() == 1
    assert _claimed(store).id == job.id


def test_a_shutdown_in_good_order_is_no_interruption(store: JobStore) -> None:
    """Giving a job back does not count against it."""
    job, _ = store.submit(_request())
    for _ in range(10):
        assert store.give_back(_claimed(store))
    assert store.recover() == 0
    assert _claimed(store).id == job.id


def test_pages_hold_every_job_once(store: JobStore) -> None:
    """Walking the pages gives all jobs, newest first, whatever the page's size."""
    ids = [store.submit(_request(number))[0].id for number in range(7)]
    for size in (1, 2, 3, 7, 9):
        walked: list[str] = []
        before: int | None = None
        while page := store.page(size, before=before):
            walked += [job.id for job in page]
            before = page[-1].seq
        assert walked == ids[::-1]


def test_a_locked_database_is_an_error_and_not_a_lie(store: JobStore, tmp_path: Path) -> None:
    """Where the database cannot be written, nothing is said to be accepted."""
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.commit()
    with pytest.raises(OperationalError):
        store.submit(_request())
    assert store.page(10) == []


def test_a_full_disk_refuses_and_forgets_nothing(store: JobStore) -> None:
    """Without room nothing is accepted; what was accepted before stays, and room made again is used."""
    store.submit(_request(0))
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 30")
    accepted: list[str] = []

    def fill() -> None:
        while True:
            accepted.append(store.submit(replace(_request(1), scenario_json="x" * 10_000))[0].id)

    with pytest.raises(StorageFull, match="disk is full"):
        fill()
    assert [job.id for job in store.page(1000)][:-1] == accepted[::-1]
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    assert store.submit(_request(2))[1]


def _claimed(store: JobStore) -> Job:
    job = store.claim()
    assert job is not None
    return job


ALLOWED = {
    State.QUEUED: {State.QUEUED, State.RUNNING, State.CANCELLED},
    State.RUNNING: set(State),
    State.SUCCEEDED: {State.SUCCEEDED},
    State.FAILED: {State.FAILED},
    State.CANCELLED: {State.CANCELLED},
}


class Lives(RuleBasedStateMachine):
    """Any order of events: no illegal transition, no job lost, final states stay."""

    @initialize()
    def open(self) -> None:
        """Begin with an empty store."""
        self.store = JobStore(Path(":memory:"), queue_limit=10_000)
        self.states: dict[str, State] = {}
        self.claims: list[Job] = []

    @rule(key=st.none() | st.sampled_from("abc"))
    def submit(self, key: str | None) -> None:
        """Ask for a plan, with or without a key."""
        job, new = self.store.submit(_request(ord(key) if key else 0, key))
        assert new == (job.id not in self.states)
        self.states.setdefault(job.id, State.QUEUED)

    @rule()
    def claim(self) -> None:
        """Start the oldest job."""
        job = self.store.claim()
        assert (job is None) == (State.QUEUED not in self.states.values())
        if job is not None:
            self.claims.append(job)

    @rule(index=st.integers(0, 20), end=st.sampled_from(["succeed", "fail", "give_back", "cancel"]))
    def end(self, index: int, end: str) -> None:
        """Let any start that ever was try to end its job."""
        if not self.claims:
            return
        job = self.claims[index % len(self.claims)]
        match end:
            case "succeed":
                self.store.succeed(job, ANSWER)
            case "fail":
                self.store.fail(job, TROUBLE)
            case "give_back":
                self.store.give_back(job)
            case "cancel":
                self.store.cancel(job.id)

    @rule()
    def restart(self) -> None:
        """Come back after a crash."""
        self.store.recover()
        assert all(job.state is not State.RUNNING for job in self.store.page(10_000))

    @invariant()
    def moves_are_legal(self) -> None:
        """Compare every job with what it was."""
        if not hasattr(self, "store"):
            return
        found = {job.id: job for job in self.store.page(10_000)}
        assert found.keys() == self.states.keys()
        for job_id, job in found.items():
            assert job.state in ALLOWED[self.states[job_id]]
            assert (job.answer is not None) == (job.state is State.SUCCEEDED)
            assert (job.trouble is not None) == (job.state is State.FAILED)
            assert (job.finished_s is not None) == job.state.final
            self.states[job_id] = job.state

    def teardown(self) -> None:
        """Close the store."""
        if hasattr(self, "store"):
            self.store.close()


TestLives = Lives.TestCase


def test_two_stores_of_one_file_agree(tmp_path: Path) -> None:
    """Writers of two connections wait for each other instead of failing."""
    stores = [JobStore(tmp_path / "jobs.sqlite", queue_limit=1000) for _ in range(2)]
    threads = [threading.Thread(target=lambda store=store: [store.submit(_request()) for _ in range(50)]) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.waiting() for store in stores] == [100, 100]
    for store in stores:
        store.close()
