"""The runner: jobs run in their own processes, end as they should, and survive restarts and crashes."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_work import REPORT, count_starts, work
from processes import started
from waiting import until

from api.jobs.folder import DataFolder
from api.jobs.job import Job, Request, State
from api.jobs.runner import Runner
from api.jobs.store import JobStore
from planner.errors import InputError

HERE = Path(__file__).parent


class Bench:
    """A folder, a store and a runner for one test."""

    def __init__(self, path: Path, *, workers: int = 1) -> None:
        self.folder = DataFolder(path)
        self.store = JobStore(self.folder.database, queue_limit=1000)
        self.runner = Runner(self.store, self.folder, work, workers=workers)

    def submit(self, title: str) -> Job:
        """Ask for a piece of work."""
        job, _ = self.store.submit(Request(f'{{"title": "{title}"}}', "id", title, "0" * 64))
        self.runner.wake()
        return job

    def state(self, job: Job) -> State:
        """Return where a job stands."""
        return self.now(job).state

    def now(self, job: Job) -> Job:
        """Return a job as it is now."""
        found = self.store.get(job.id)
        assert found is not None
        return found

    def close(self) -> None:
        """Stop and let go."""
        self.runner.stop()
        self.store.close()
        self.folder.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    made.runner.start()
    yield made
    made.close()


def test_a_job_ends_with_its_files(bench: Bench) -> None:
    """The files are there, with the hash that the store knows."""
    job = bench.submit("quick")
    until(lambda: bench.state(job).final)
    done = bench.now(job)
    assert done.answer is not None
    assert [item.name for item in done.answer.artefacts] == ["plan.json", "report.xlsx"]
    assert bench.folder.read(done, done.answer.artefacts[1]) == REPORT


@pytest.mark.parametrize(
    ("title", "code"), [("refuse", "invalid-input"), ("defect", "defect"), ("die", "process-died"), ("eat", "out-of-memory")]
)
def test_a_failure_is_told_and_the_next_job_runs(bench: Bench, title: str, code: str) -> None:
    """No way to fail stops the runner."""
    bad, good = bench.submit(title), bench.submit("quick")
    until(lambda: bench.state(bad).final and bench.state(good).final)
    trouble = bench.now(bad).trouble
    assert trouble is not None
    assert trouble.code == code
    assert bench.state(good) is State.SUCCEEDED


def test_cancelling_a_running_job_kills_it(bench: Bench) -> None:
    """A cancelled job makes room at once, and leaves no files."""
    job = bench.submit("hang")
    until(lambda: bench.runner.progress(job.id) is not None)
    cancelled = bench.runner.cancel(job.id)
    assert cancelled is not None
    assert cancelled.state is State.CANCELLED
    following = bench.submit("quick")
    until(lambda: bench.state(following).final, 2.0)
    assert bench.state(job) is State.CANCELLED
    assert not bench.folder.attempt_folder(bench.now(job)).exists()


def test_cancelling_a_waiting_job_spares_the_work(bench: Bench) -> None:
    """What is cancelled before it starts never starts."""
    first, second = bench.submit("hang"), bench.submit("quick")
    bench.runner.cancel(second.id)
    until(lambda: bench.runner.progress(first.id) is not None)
    bench.runner.cancel(first.id)
    last = bench.submit("quick")
    until(lambda: bench.state(last).final)
    assert bench.now(second).attempt == 0


def test_cancelling_at_any_moment_is_final(tmp_path: Path) -> None:
    """Fifty jobs cancelled at once: each is cancelled or had succeeded before, none hangs, none changes afterwards."""
    bench = Bench(tmp_path / "data", workers=2)
    bench.runner.start()
    jobs = [bench.submit("quick") for _ in range(50)]
    for job in random.Random(7).sample(jobs, k=50):
        bench.runner.cancel(job.id)
    ends = {job.id: bench.state(job) for job in jobs}
    last = bench.submit("quick")
    until(lambda: bench.state(last).final)
    assert set(ends.values()) <= {State.CANCELLED, State.SUCCEEDED}
    assert {job.id: bench.state(job) for job in jobs} == ends
    bench.close()


def test_a_stop_in_good_order_keeps_the_work_for_later(tmp_path: Path) -> None:
    """What runs at the stop is queued again, and done after the next start."""
    first = Bench(tmp_path / "data")
    first.runner.start()
    running, waiting = first.submit("hang"), first.submit("quick")
    until(lambda: first.runner.progress(running.id) is not None)
    first.close()
    second = Bench(tmp_path / "data")
    assert [second.state(job) for job in (running, waiting)] == [State.QUEUED, State.QUEUED]
    second.runner.cancel(running.id)
    second.runner.start()
    until(lambda: second.state(waiting).final)
    assert second.state(waiting) is State.SUCCEEDED
    second.close()


def test_a_data_folder_has_one_service(bench: Bench, tmp_path: Path) -> None:
    """A second service on the same folder is refused."""
    with pytest.raises(InputError, match="another service"):
        DataFolder(tmp_path / "data")


def test_a_damaged_file_is_never_given_out(bench: Bench) -> None:
    """One byte changed, the end cut off, or the file gone: it is not read."""
    job = bench.submit("quick")
    until(lambda: bench.state(job).final)
    done = bench.now(job)
    assert done.answer is not None
    artefact = done.answer.artefacts[1]
    path = bench.folder.attempt_folder(done) / artefact.name
    for content in (b"X" + REPORT[1:], REPORT[:-1], b"", REPORT + b"\0"):
        path.write_bytes(content)
        assert bench.folder.read(done, artefact) is None
    path.unlink()
    assert bench.folder.read(done, artefact) is None


SCRIPT = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from job_work import count_starts
from api.jobs.folder import DataFolder
from api.jobs.runner import Runner
from api.jobs.store import JobStore

if __name__ == "__main__":
    folder = DataFolder(Path(sys.argv[2]))
    store = JobStore(folder.database)
    runner = Runner(store, folder, count_starts)
    runner.start()
    print("up", flush=True)
    threading.Event().wait()
"""


def test_a_killed_service_s_jobs_are_done_once(tmp_path: Path) -> None:
    """Kill -9 while one job runs and nine wait; after the restart all ten are done, only the cut-off one started twice."""
    script, data = tmp_path / "service.py", tmp_path / "data"
    script.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "hang").touch()
    folder = DataFolder(data)
    store = JobStore(folder.database)
    jobs = [store.submit(Request('{"title": "quick"}', "id", "quick", "0" * 64))[0] for _ in range(10)]
    store.close()
    folder.close()
    starts = tmp_path / "starts"
    with started([sys.executable, str(script), str(HERE), str(data)]):
        until(lambda: starts.exists() and bool(starts.read_text(encoding="utf-8")))
    (tmp_path / "hang").unlink()
    folder = DataFolder(data)
    store = JobStore(folder.database)
    runner = Runner(store, folder, count_starts, workers=2)
    runner.start()
    until(lambda: all(job.state is State.SUCCEEDED for job in store.page(20)))
    runner.stop()
    begun = starts.read_text(encoding="utf-8").split()
    assert {job.id: begun.count(job.id) for job in jobs} == {job.id: 1 + (job is jobs[0]) for job in jobs}
    assert all(len(list((data / "plans" / job.id).iterdir())) == 1 for job in jobs)
    store.close()
    folder.close()
