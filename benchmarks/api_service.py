"""How fast the ways in are: commands to their first word, the service to its answers. `python -m benchmarks.api_service`.

Targets (four cores, idle): status at 500 requests/s with p95 <= 25 ms, POST p95 <= 100 ms, cold start <= 3 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from catalog.yaml_reader import read_yaml

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from api.command_line import main; main()"]
SCENARIO = ROOT / "examples" / "flagship.yaml"
REQUESTS = 1000
POSTS = 50
CLIENTS = 4


def main() -> None:
    """Print the table."""
    print(f"{'what':44s} {'n':>5s} {'p50 ms':>8s} {'p95 ms':>8s} {'per s':>8s}")
    for arguments in (["--help"], ["--version"], ["check", str(SCENARIO)]):
        _row(f"splitfleet {arguments[0]}", [_timed(lambda given=arguments: _run(given)) for _ in range(5)])
    with tempfile.TemporaryDirectory() as data:
        begin = time.perf_counter()
        with _serving(Path(data)) as address:
            _row("serve: from nothing to the first answer", [time.perf_counter() - begin])
            _measure(address)


def _measure(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        body = read_yaml(SCENARIO)
        posts = [_timed(lambda: client.post("/v1/plans", json=body).raise_for_status()) for _ in range(POSTS)]
        paths = [item["links"]["self"] for item in client.get("/v1/plans?limit=200").json()["plans"]]
        begin = time.perf_counter()
        for path in paths:
            client.delete(path)
        _row("DELETE /v1/plans/{id}", [(time.perf_counter() - begin) / len(paths)] * len(paths))
        _row("POST /v1/plans", posts)
        for path in (paths[0], "/v1/plans?limit=50", "/v1/hardware", "/v1/hardware/nvidia-h100-sxm", "/v1/health"):
            _load(client, path)


def _load(client: httpx.Client, path: str) -> None:
    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = list(pool.map(lambda _: _timed(lambda: client.get(path).raise_for_status()), range(REQUESTS)))
    _row(f"GET {path if len(path) < 40 else path[:14] + '{id}'}", times, time.perf_counter() - begin)


def _row(what: str, times: list[float], wall_s: float | None = None) -> None:
    p50, p95 = 1e3 * np.percentile(times, [50, 95])
    print(f"{what:44s} {len(times):5d} {p50:8.1f} {p95:8.1f} {len(times) / (wall_s or sum(times)):8.0f}")


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _run(arguments: list[str]) -> None:
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True, cwd=ROOT)


@contextmanager
def _serving(data: Path) -> Iterator[str]:
    arguments = ["serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as service:
        assert service.stderr is not None
        address = next(word for line in service.stderr for word in line.split() if word.startswith("http://"))
        httpx.get(f"{address}/v1/health").raise_for_status()
        try:
            yield address
        finally:
            service.terminate()


if __name__ == "__main__":
    main()
