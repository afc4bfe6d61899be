"""The calibration from end to end: read, fit, cross-validate, and the section of the catalog that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.items import Catalog, Kind
from planner.errors import InputError
from planner.performance.calibration.cross_validation import Predictions, predictions_of
from planner.performance.calibration.folds import LeftOut
from planner.performance.calibration.portfolio import portfolio
from planner.performance.calibration.power_shares import power_shares
from planner.performance.calibration.publish import tree_of
from planner.performance.calibration.solve import Solution, solve
from planner.performance.calibration.spread import spread
from planner.performance.measurements.cases import Case, case_of
from planner.performance.measurements.rows import Row
from planner.performance.operands import FloatArray

FEWEST = 50
"""Rows below which a fit is refused: it would only repeat its priors."""
_DOUBTFUL = 0.7  # weight of rows whose publisher or conditions leave some doubt (quality B); C is not used
_CURVES = 3.0  # weight of serving curves: they alone see queueing, wide parallelism and today's engines together


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fit with the predictions of what each cross-validation left out, and the catalog section it becomes."""

    cases: tuple[Case, ...]
    skipped: int
    solution: Solution
    unseen: Mapping[LeftOut, Predictions]
    tree: Mapping[str, object]


def calibrate(rows: Sequence[Row], catalog: Catalog, tell: Callable[[str], None] | None = None) -> Calibration:
    """Return the calibration to rows. Raises InputError where too few can be used; claims never are."""
    found = [case_of(row, catalog) for row in rows if usable(row)]
    cases = tuple(case for case in found if case is not None)
    if len(cases) < FEWEST:
        raise InputError.at(
            "", f"holds {len(cases)} usable rows of {len(rows)}; a calibration needs {FEWEST} of known hardware and models"
        )
    weights = emphasis(cases)
    solution = solve(portfolio(cases), weights)
    unseen = {left_out: predictions_of(left_out, cases, weights, solution, tell) for left_out in LeftOut}
    tree = tree_of(solution, cases, spread(unseen, cases), power_shares(cases))
    return Calibration(cases, len(rows) - len(cases), solution, unseen, tree)


def usable(row: Row) -> bool:
    """Return whether a row may calibrate: measured, not claimed, and not of the lowest quality."""
    kind = row.text("kind")
    claimed = kind.startswith(str(Kind.VENDOR_CLAIM)) or "claim" in kind
    return not claimed and row.text("quality") != "c"


def emphasis(cases: Sequence[Case]) -> FloatArray:
    """Return the weight of each case in the fit: one over its group's size, less for doubt, more for serving curves."""
    doubt = np.array([1.0 if case.row.text("quality") in ("a", "") else _DOUBTFUL for case in cases])
    curves = np.array([_CURVES if case.traits["protocol"] in ("inferencex", "nvidia") else 1.0 for case in cases])
    return np.asarray(np.array([case.weight for case in cases]) * doubt * curves)
