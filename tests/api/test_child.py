"""A child process: its result, its failures, its end."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from job_work import work
from processes import alive, first_line, started
from waiting import until

from api.failures import Failure
from api.jobs.child import Child, Done, Killed, Limits
from api.jobs.worker import SubmittedTask
from planner.progress import Progress

HERE = Path(__file__).parent


def _task(tmp_path: Path, title: str) -> SubmittedTask:
    return SubmittedTask(f'{{"title": "{title}"}}', tmp_path / "1")


def test_the_result_and_the_progress_arrive(tmp_path: Path) -> None:
    """What the work tells and returns is what the parent hears and gets."""
    heard: list[Progress] = []
    end = Child(work, _task(tmp_path, "quick")).wait(heard.append)
    assert isinstance(end, Done)
    assert end.value.decision == "Buy one."
    assert heard == [Progress("demand", 0.25, "counting")]


def test_a_deliberate_error_arrives_with_its_field(tmp_path: Path) -> None:
    """An InputError in the child is a failure with the same field and words."""
    end = Child(work, _task(tmp_path, "refuse")).wait(lambda _: None)
    assert isinstance(end, Failure)
    assert (end.code, end.status) == ("invalid-input", 422)
    assert end.problems[0].field == "workloads[0].demand.rate"


def test_a_defect_shows_none_of_its_inside(tmp_path: Path) -> None:
    """An unexpected exception is named by its class alone."""
    end = Child(work, _task(tmp_path, "defect")).wait(lambda _: None)
    assert isinstance(end, Failure)
    assert end.code == "defect"
    assert "secret" not in str(end)


def test_a_death_is_a_failure(tmp_path: Path) -> None:
    """A child killed by the system is told as such; the parent does not hang."""
    end = Child(work, _task(tmp_path, "die")).wait(lambda _: None)
    assert isinstance(end, Failure)
    assert "SIGKILL" in end.problems[0].message


def test_too_much_memory_is_a_failure(tmp_path: Path) -> None:
    """The limit of memory turns 64 GiB asked for into words."""
    end = Child(work, _task(tmp_path, "eat"), Limits(memory_bytes=4 * 2**30)).wait(lambda _: None)
    assert isinstance(end, Failure)
    assert end.code == "out-of-memory"


def test_the_time_limit_ends_it(tmp_path: Path) -> None:
    """Work that never ends is ended."""
    child = Child(work, _task(tmp_path, "hang"), Limits(wall_s=0.5))
    end = child.wait(lambda _: None)
    assert isinstance(end, Failure)
    assert end.code == "took-too-long"
    assert not alive(child.pid or 0)


def test_killing_ends_it(tmp_path: Path) -> None:
    """`kill` from another thread ends the wait, and nothing of the process remains."""
    child = Child(work, _task(tmp_path, "hang"))
    end = child.wait(lambda _: threading.Thread(target=child.kill).start())
    assert isinstance(end, Killed)
    assert not alive(child.pid or 0)


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Kill -9 of the parent leaves no orphan that goes on computing."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from job_work import work\n"
        "from api.jobs.child import Child\n"
        "from api.jobs.worker import SubmittedTask\n"
        "if __name__ == '__main__':\n"
        '    child = Child(work, SubmittedTask(\'{"title": "hang"}\', Path(sys.argv[2])))\n'
        "    child.wait(lambda _: print(child.pid, flush=True))\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script, encoding="utf-8")
    with started([sys.executable, str(path), str(HERE), str(tmp_path)]) as parent:
        pid = int(first_line(parent))
        assert alive(pid)
    until(lambda: not alive(pid))
