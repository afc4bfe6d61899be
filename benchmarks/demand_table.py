"""How long demand takes: every profile over twelve quarters, and a trace of a million rows from file to table.

Run `python benchmarks/demand_table.py`; the trace is drawn from a seed into a temporary folder.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from planner.demand.spec import DemandKind, Growth, Horizon, Rate, TraceSource, WorkloadDemand
from planner.demand.table import build_demand
from planner.demand.trace import read_trace

PROFILES = Path(__file__).resolve().parents[1] / "catalog" / "data" / "profiles"
ROWS = 1_000_000


def _best(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest of some runs [s]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _profiles() -> dict[str, dict[str, object]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(PROFILES.glob("*.yaml"))]
    return {content["id"]: content for content in files}


def _every_profile(profiles: dict[str, dict[str, object]]) -> list[WorkloadDemand]:
    kinds = {"batch": DemandKind.BATCH, "realtime": DemandKind.REALTIME, "edge": DemandKind.EDGE}
    growth = Growth(preset="mature_app")
    return [
        WorkloadDemand(i, kind=kinds[str(p["kind"])], profile=i, rate=Rate(requests_rps=20.0), growth=growth)
        for i, p in profiles.items()
    ]


def _write_trace(path: Path) -> None:
    rng = np.random.default_rng(0)
    at = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.cumsum(rng.exponential(0.6, ROWS)), unit="s")
    lengths = {
        "ContextTokens": rng.lognormal(6.6, 1.0, ROWS).astype(int) + 1,
        "GeneratedTokens": rng.lognormal(4.6, 0.9, ROWS).astype(int) + 1,
    }
    pd.DataFrame({"TIMESTAMP": at, **lengths}).to_csv(path, index=False)


def main() -> None:
    """Print the times."""
    profiles = _profiles()
    horizon = Horizon(periods=12, period_years=0.25)
    workloads = _every_profile(profiles)
    table = build_demand(workloads, profiles, horizon)
    print(f"twelve profiles x 12 quarters -> {len(table.classes)} classes, {len(table.blocks)} blocks: "
          f"{_best(lambda: build_demand(workloads, profiles, horizon)):.3f} s")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.csv"
        _write_trace(path)
        spec = WorkloadDemand("w", trace=TraceSource(path))
        print(f"reading {ROWS:,} rows of CSV: {_best(lambda: read_trace(path), 1):.2f} s")
        print(f"from that file to the table: {_best(lambda: build_demand([spec], {}, horizon), 1):.2f} s")


if __name__ == "__main__":
    main()
