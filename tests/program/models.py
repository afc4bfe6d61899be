"""Programs of a few rows, as arrays."""

from __future__ import annotations

import numpy as np

from planner.program.matrix import Matrix


def tiny(*, cost, rows, integer, upper, lower=None) -> Matrix:
    """Return the program min cost.x with rows of (coefficients, low, high)."""
    width = len(cost)
    dense = [np.array(coefficients, dtype=float) for coefficients, _, _ in rows]
    return Matrix(
        columns=tuple(f"x{i}" for i in range(width)),
        rows=tuple(f"r{i}" for i in range(len(rows))),
        cost=np.array(cost, dtype=float),
        lower=np.zeros(width) if lower is None else np.array(lower, dtype=float),
        upper=np.array(upper, dtype=float),
        integer=np.array(integer, dtype=bool),
        row_lower=np.array([low for _, low, _ in rows], dtype=float),
        row_upper=np.array([high for _, _, high in rows], dtype=float),
        starts=np.arange(0, width * len(rows) + 1, width, dtype=np.int32),
        indices=np.tile(np.arange(width, dtype=np.int32), len(rows)),
        values=np.concatenate(dense) if dense else np.zeros(0),
    )
