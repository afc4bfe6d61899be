"""How fast the performance core answers: a million points in one call, one estimate, the import."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from catalog.items import Precision
from catalog.load import load_catalog
from planner.performance.estimate import estimate
from planner.performance.factors import PARTS, Factors
from planner.performance.layout import Layout
from planner.performance.many import decode_many_s, prefill_many_s
from planner.performance.operands import stack
from planner.performance.step_model import StepModel, step_model

POINTS, DEPLOYMENTS = 1_000_000, 1000


def models() -> list[StepModel]:
    """Return a hundred different deployments."""
    catalog = load_catalog()
    chips = [name for name in sorted(catalog.hardware) if name.startswith("nvidia-") and "sxm" in name]
    made = []
    for name in chips:
        for model in ("llama-3.1-8b", "qwen3-30b-a3b", "gemma-3-12b"):
            for tp in (4, 8):
                chip = catalog.hardware[name]
                made.append(
                    step_model(chip, catalog.models[model], Layout(tp=tp), Precision.BF16, Precision.BF16, catalog.coefficients)
                )
    return made


def million() -> tuple[float, float]:
    """Return seconds for a million decode steps and a million prefills over many deployments, arrays already made."""
    steps = models()
    chosen = [steps[number % len(steps)] for number in range(DEPLOYMENTS)]
    op = stack([step.operands for step in chosen]).rows(np.repeat(np.arange(DEPLOYMENTS), POINTS // DEPLOYMENTS))
    values = {part: np.array([float(getattr(step.factors, part)) for step in chosen]) for part in PARTS}
    fx = Factors(**{part: np.repeat(column, POINTS // DEPLOYMENTS) for part, column in values.items()})
    batch = np.tile(np.geomspace(1, 512, POINTS // DEPLOYMENTS), DEPLOYMENTS)
    context = np.full(POINTS, 3000.0)
    start = time.perf_counter()
    decode_many_s(op, fx, batch, context)
    middle = time.perf_counter()
    prefill_many_s(op, fx, context, np.zeros(POINTS), np.ones(POINTS))
    return middle - start, time.perf_counter() - middle


def single() -> float:
    """Return the median seconds of one estimate, deployment made anew each time."""
    catalog = load_catalog()
    chip, model = catalog.hardware["nvidia-h100-sxm"], catalog.models["llama-3.3-70b"]
    times = []
    for number in range(200):
        start = time.perf_counter()
        step = step_model(chip, model, Layout(tp=4), Precision.FP8, Precision.FP8, catalog.coefficients)
        estimate(step, 1000 + number, 200, 32)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def imported() -> float:
    """Return the median seconds that importing the core adds to a bare interpreter with numpy."""
    code = "import numpy, time; t = time.perf_counter(); import planner.performance.estimate; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) for _ in range(5)
    ]
    return float(np.median(times))


def main() -> None:
    """Print a table of measured against required seconds."""
    decode, prefill = million()
    rows = (
        ("decode steps of 1,000,000 deployment x point", decode, 2.0),
        ("prefills of 1,000,000 deployment x point", prefill, 2.0),
        ("one estimate, deployment made anew", single(), 1e-3),
        ("import of the core", imported(), 0.5),
    )
    print(f"{'what':48}{'seconds':>12}{'at most':>10}")
    for name, seconds, most in rows:
        print(f"{name:48}{seconds:12.5f}{most:10.3f}")


if __name__ == "__main__":
    main()
