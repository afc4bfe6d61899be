"""kill -9 at any moment of the service's life: nothing accepted is lost, nothing is done twice, nothing half-written is seen."""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path

import pytest
from job_work import count_starts
from processes import first_line, started
from test_job_runner import HERE, SCRIPT
from waiting import until

from api.jobs.folder import DataFolder
from api.jobs.job import Request, State
from api.jobs.runner import Runner
from api.jobs.store import JobStore

ROUNDS = 15
JOBS_A_ROUND = 6


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    """Fifteen services killed while they work; at the end every job has one result, whole, of its latest start."""
    script, data = tmp_path / "service.py", tmp_path / "data"
    script.write_text(SCRIPT, encoding="utf-8")
    moments = random.Random(20)
    accepted: list[str] = []
    for _ in range(ROUNDS):
        folder = DataFolder(data)
        store = JobStore(folder.database, queue_limit=1000)
        accepted += [store.submit(Request('{"title": "quick"}', "id", "t", "0" * 64))[0].id for _ in range(JOBS_A_ROUND)]
        store.close()
        folder.close()
        _killed_at(script, data, moments.uniform(0, 1.5))
    folder = DataFolder(data)
    store = JobStore(folder.database)
    runner = Runner(store, folder, count_starts, workers=2)
    runner.start()
    until(lambda: all(job.state.final for job in store.page(1000)), 300)
    runner.stop()
    jobs = store.page(1000)
    assert [job.id for job in jobs] == accepted[::-1]
    for job in jobs:
        assert job.state is State.SUCCEEDED
        assert job.answer is not None
        assert [path.name for path in (data / "plans" / job.id).iterdir()] == [str(job.attempt)]
        assert all(folder.read(job, artefact) is not None for artefact in job.answer.artefacts)
    store.close()
    folder.close()


def _killed_at(script: Path, data: Path, moment_s: float) -> None:
    """Start a service, and kill it a while after it is up."""
    with started([sys.executable, str(script), str(HERE), str(data)]) as service:
        assert first_line(service) == "up"
        threading.Event().wait(moment_s)
