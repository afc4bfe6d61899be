"""How long a workbook takes and how much memory it needs. `python -m benchmarks.reports_workbook`.

Targets: the flagship's (12 periods, 3 workloads, 1 site) within 3 s; 12 periods, 8 workloads and 4 sites within 10 s and 400 MB.
Each size runs in a process of its own, so that its peak memory is its own; plans are random ones of the test suite.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reports"))

SIZES = {
    "flagship-like: 12 periods, 3 workloads, 1 site": (12, 3, 1, 2, 4, 6),
    "large: 12 periods, 8 workloads, 4 sites": (12, 8, 4, 4, 4, 6),
    "long: 60 periods, 4 workloads, 2 sites": (60, 4, 2, 3, 4, 4),
}


def main() -> None:
    """Print the table."""
    print(f"{'plan':50s} {'write s':>8s} {'again s':>8s} {'peak MB':>8s} {'file KB':>8s} {'formulas':>9s} {'cells':>8s}")
    for name, size in SIZES.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(f"{name:50s} " + pool.apply(_measured, (size,)))


def _measured(size: tuple[int, ...]) -> str:
    from sample_plans import Size, sample_plan

    from reports.grid import Formula
    from reports.workbook import today, workbook_sheets, write_workbook

    plan = sample_plan(1, Size(*size))
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        for _ in range(2):
            begin = time.perf_counter()
            write_workbook(plan, path)
            seconds.append(time.perf_counter() - begin)
        kilobytes = path.stat().st_size / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cells = [cell.value for sheet in workbook_sheets(plan, today()) for row in sheet.cells.values() for cell in row.values()]
    formulas = sum(isinstance(value, Formula) for value in cells)
    return f"{seconds[0]:8.2f} {seconds[1]:8.2f} {peak:8.0f} {kilobytes:8.0f} {formulas:9,d} {len(cells):8,d}"


if __name__ == "__main__":
    main()
