"""The service as it is run: a process of its own, a real plan, signals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import started
from waiting import until

from planner.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from api.command_line import main; main()", "serve", "--port", "0"]


@contextmanager
def _service(data: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Start the service on a free port; give its process and a client."""
    with started([*COMMAND, "--data", str(data)], stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        address = next(word for line in process.stderr for word in line.split() if word.startswith("http://"))
        with httpx.Client(base_url=address, timeout=60) as client:
            yield process, client


def _state(client: httpx.Client, path: str) -> str:
    return str(client.get(path).json()["state"])


def test_a_real_plan_comes_over_the_wire(tmp_path: Path, small: dict[str, Any]) -> None:
    """The whole service: the plan that is fetched is valid and its own hash; the workbook opens; SIGTERM ends it within ten seconds."""
    with _service(tmp_path / "data") as (process, client):
        asked = client.post("/v1/plans", json=small)
        assert asked.status_code == 202
        path = asked.headers["location"]
        until(lambda: _state(client, path) not in ("queued", "running"), 120)
        status = client.get(path).json()
        assert status["state"] == "succeeded", status["problem"]
        plan = Plan.model_validate(client.get(f"{path}/plan.json").json(), strict=False)
        assert plan.computed_sha256() == status["result"]["plan_sha256"] == plan.sha256
        assert status["plan"]["sha256"] == plan.sha256
        workbook = zipfile.ZipFile(BytesIO(client.get(f"{path}/report.xlsx").content))
        assert "xl/workbook.xml" in workbook.namelist()
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        assert time.monotonic() - begin < 10


def test_accepted_plans_survive_kill_9(tmp_path: Path, small: dict[str, Any]) -> None:
    """Three plans accepted, the service killed at once, started again: all three have their answer."""
    with _service(tmp_path / "data") as (process, client):
        paths = [client.post("/v1/plans", json=small).headers["location"] for _ in range(3)]
        process.kill()
    with _service(tmp_path / "data") as (_, client):
        until(lambda: all(_state(client, path) == "succeeded" for path in paths), 240)
        plans = {client.get(f"{path}/plan.json").text for path in paths}
        assert len(plans) == 1


@pytest.mark.parametrize("option", [["--data", __file__], ["--catalog", "/nowhere"]])
def test_a_service_that_cannot_start_says_why(option: list[str], tmp_path: Path) -> None:
    """What is wrong with the options is a sentence and exit code 2, before anything listens."""
    data = [] if option[0] == "--data" else ["--data", str(tmp_path / "data")]
    done = subprocess.run([*COMMAND, *option, *data], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
