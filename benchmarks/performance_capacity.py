"""How far the capacity formulas are from an event simulation, and how fast they are.

`python -m benchmarks.performance_capacity [--write] [--kind prefill]`:
Prints a line a case; `--write` puts the tables between the markers of docs/percentiles.md, `--kind prefill` takes only one
kind of pool.
"""

from __future__ import annotations

import argparse
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "performance"))

from capacity_grid import BATCH, TOKENS, VARIATIONS, Case, all_cases, decode_step_s, mixed_step_s, quadrature  # noqa: E402

from planner.performance.capacity import (  # noqa: E402
    Arrivals,
    DecodeEngine,
    Distribution,
    Limits,
    MixedEngine,
    aggregated_capacity_rps,
    decode_capacity_rps,
    prefill_capacity_rps,
)

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def measure(cases: list[Case]) -> list[tuple[Case, float, float]]:
    """Return each case with its simulated and predicted capacity [requests/s], by two processes that inherit the cases."""
    rows = []
    with get_context("fork").Pool(2, _keep, (cases,)) as pool:
        for case, (simulated, predicted) in zip(cases, pool.imap(_both, range(len(cases))), strict=True):
            rows.append((case, simulated, predicted))
            share = simulated / case.saturation_rps
            error = predicted / simulated - 1 if simulated else np.nan
            print(
                f"{case.name:45s} simulated {simulated:8.3f} predicted {predicted:8.3f} load {share:.2f} error {error:+.1%}",
                flush=True,
            )
    return rows


_KEPT: list[Case] = []


def _keep(cases: list[Case]) -> None:
    _KEPT[:] = cases


def _both(number: int) -> tuple[float, float]:
    return _KEPT[number].simulated(), _KEPT[number].predicted()


def summary(rows: list[tuple[Case, float, float]]) -> str:
    """Return a table of the errors by kind of pool and burstiness, of cases at a tenth of saturation or more."""
    lines = [
        "| pool | CV of gaps | cases | median error | 90 % of errors within | worst | within 10 % |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    busy = [row for row in rows if row[1] >= 0.1 * row[0].saturation_rps]
    kinds = sorted({case.kind for case, _, _ in busy})
    groups = [(kind, f"{variation:g}", variation) for kind in kinds for variation in VARIATIONS] + [("all", "any", None)]
    for kind, label, variation in groups:
        chosen = [row for row in busy if kind == "all" or (row[0].kind, row[0].variation) == (kind, variation)]
        errors = np.array([predicted / simulated - 1 for _, simulated, predicted in chosen])
        sizes = np.abs(errors)
        lines.append(
            f"| {kind} | {label} | {len(errors)} | {np.median(errors):+.1%} | {np.quantile(sizes, 0.9):.1%} "
            f"| {errors[np.argmax(sizes)]:+.1%} | {np.mean(sizes <= 0.1):.1%} |"
        )
    return "\n".join(lines)


def worst(rows: list[tuple[Case, float, float]], count: int = 25) -> str:
    """Return the cases that are furthest off, whatever their load."""
    lines = ["| case | simulated [1/s] | predicted [1/s] | share of saturation | error |", "|---|--:|--:|--:|--:|"]
    served = [row for row in rows if row[1] > 0]
    for case, simulated, predicted in sorted(served, key=lambda row: -abs(row[2] / row[1] - 1))[:count]:
        share = simulated / case.saturation_rps
        lines.append(f"| {case.name} | {simulated:.2f} | {predicted:.2f} | {share:.2f} | {predicted / simulated - 1:+.0%} |")
    return "\n".join(lines)


def speed(options: int = 3000, classes: int = 20) -> str:
    """Return a table of seconds for one call over all options and classes."""
    rng = np.random.default_rng(1)
    factor = rng.uniform(0.5, 2, (options, classes, 1))
    prompts, answers = quadrature("azure", "prompt"), quadrature("azure", "answer")
    service = Distribution(factor * (1e-3 + 1e-4 * prompts.values), prompts.weights)
    decode = DecodeEngine(factor * [decode_step_s(int(size), 0) for size in BATCH], BATCH, 256)
    table = np.array([[mixed_step_s(int(size), int(tokens)) for tokens in TOKENS] for size in BATCH])
    mixed = MixedEngine(factor[..., None] * table, BATCH, TOKENS, 128)
    level = Limits(ttft_s=1.5, tpot_s=0.04)
    lines = [f"| one call, {options} options × {classes} classes | Poisson [s] | CV 2 [s] |", "|---|--:|--:|"]
    for name, call in (
        ("prefill", lambda stream: prefill_capacity_rps(service, 2.0, 0.99, arrivals=stream)),
        ("decode", lambda stream: decode_capacity_rps(decode, answers, 0.03, 0.99, arrivals=stream)),
        ("aggregated", lambda stream: aggregated_capacity_rps(mixed, prompts, answers, level, arrivals=stream)),
    ):
        times = []
        for variation in (1.0, 2.0):
            start = time.perf_counter()
            call(Arrivals.of_gaps(variation))
            times.append(time.perf_counter() - start)
        lines.append(f"| {name} | {times[0]:.2f} | {times[1]:.2f} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the text between the markers of docs/percentiles.md."""
    path = ROOT / "docs" / "percentiles.md"
    page = path.read_text(encoding="utf-8")
    head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
    path.write_text(f"{head}\n\n{text}\n\n{tail}", encoding="utf-8")


def main() -> None:
    """Run the grid and the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update docs/percentiles.md")
    parser.add_argument("--kind", choices=("prefill", "decode", "aggregated"), help="only this kind of pool")
    parser.add_argument("--speed-only", action="store_true", help="only the clock")
    chosen = parser.parse_args()
    clock = speed()
    if chosen.speed_only:
        return
    rows = measure([case for case in all_cases() if chosen.kind in {None, case.kind}])
    print(summary(rows))
    if chosen.write:
        parts = (
            "Cases at 10 % of saturation or more:",
            summary(rows),
            "The cases furthest off, at any load:",
            worst(rows),
            "Speed:",
            clock,
        )
        write("\n\n".join(parts))


if __name__ == "__main__":
    main()
