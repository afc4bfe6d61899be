"""How accurate the built-in calibration is on the published measurements beside the checkout (in-sample).

And how long that takes.
"""

from __future__ import annotations

import time
from pathlib import Path

from catalog.load import load_catalog
from planner.performance.measurements.rows import read_rows
from planner.performance.validation import validate

DATA = Path(__file__).resolve().parents[2] / "shared" / "measurements" / "calibration.csv.gz"


def main() -> None:
    """Print median and p90 error, bias and interval coverage per metric; docs/accuracy.md has the rows that were left out."""
    if not DATA.is_file():
        print(f"{DATA} is absent: nothing to compare with")
        return
    rows, catalog = read_rows(DATA), load_catalog()
    start = time.perf_counter()
    result = validate(rows, catalog)
    seconds = time.perf_counter() - start
    print(f"{len(rows):,} rows, {result.predicted:,} predicted, {seconds:.2f} s")
    print(f"{'metric':12}{'rows':>7}{'median':>9}{'p90':>9}{'bias':>9}{'in 80 %':>9}{'in 95 %':>9}")
    for metric, scores in result.by_metric.items():
        figures = (scores.median_ape, scores.p90_ape, scores.bias, scores.coverage80, scores.coverage95)
        print(f"{metric:12}{scores.n:7,}" + "".join(f"{figure:9.1%}" for figure in figures))


if __name__ == "__main__":
    main()
