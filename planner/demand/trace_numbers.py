"""Cells of a trace as numbers, whatever stands in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


def numbers_of(cells: npt.NDArray[np.object_]) -> FloatArray:
    """Return cells as numbers, NaN where a cell is none: text, nothing, true or false, an integer beyond any float."""
    series = pd.Series(cells, dtype=object)
    if any(isinstance(cell, bool) for cell in cells):  # pandas would count True as 1
        series = series.where(~series.map(lambda cell: isinstance(cell, bool)))
    try:
        return pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        return np.array([_number(cell) for cell in series], dtype=np.float64)


def _number(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return float("nan")
