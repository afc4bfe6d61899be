"""How well a handful of request classes stands for real traces: error of the nominal cost by grid and by number of classes.

Run `python -m benchmarks.demand_classes [FOLDER]` on a folder of trace files (CSV, JSON Lines, Parquet); by default the traces
of the reference data beside the checkout. Cost is that of `planner.demand.classes.nominal_cost`; every class is its
conditional means.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from planner.demand.classes import RequestClass, build_classes, nominal_cost
from planner.demand.population import Population
from planner.demand.trace import read_trace
from planner.errors import SplitfleetError

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
GRIDS = ((1, 1), (6, 4), (12, 8), (24, 16))
COUNTS = (24, 12, 8, 4)


def cost_error(population: Population, classes: tuple[RequestClass, ...]) -> float:
    """Return the relative error of the cost of the classes against that of the requests."""
    true = population.weight @ nominal_cost(population.new_tokens, population.cached_tokens, population.output_tokens)
    rows = np.array([(c.share, c.new_tokens, c.cached_tokens, c.osl_tokens) for c in classes]).T
    return float(rows[0] @ nominal_cost(rows[1], rows[2], rows[3]) / true - 1.0)


def main() -> None:
    """Print one line per trace: errors by grid (unmerged), then by number of classes [%]."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TRACES
    if not folder.is_dir():
        print(f"no folder of traces {folder.name}: name one")
        return
    print("trace".ljust(48), *(f"{a}x{b}".rjust(8) for a, b in GRIDS), *(f"{n} cl.".rjust(8) for n in COUNTS))
    for path in sorted(folder.iterdir()):
        try:
            population = read_trace(path).population()
        except SplitfleetError:
            continue
        by_grid = [build_classes(population, "w", max_classes=10_000, grid=grid, smallest_cost_share=0.0) for grid in GRIDS]
        by_count = [build_classes(population, "w", max_classes=count) for count in COUNTS]
        errors = [100.0 * cost_error(population, classes) for classes in (*by_grid, *by_count)]
        print(path.name[:47].ljust(48), *(f"{error:+8.2f}" for error in errors))


if __name__ == "__main__":
    main()
