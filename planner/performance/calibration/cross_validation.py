"""Predictions of rows that the fit did not see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from planner.performance.calibration.design import coefficients_of
from planner.performance.calibration.folds import KEPT, LeftOut, labels
from planner.performance.calibration.portfolio import portfolio
from planner.performance.calibration.solve import Solution, solve
from planner.performance.factors import stacked_factors
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray

Predictions = dict[str, FloatArray]
_FOLD_ROUNDS = 6  # a fold starts from the fit to all rows, and its priors pull it away from what it has not seen


def predictions_of(
    left_out: LeftOut,
    cases: Sequence[Case],
    emphasis: FloatArray,
    start: Solution | None = None,
    tell: Callable[[str], None] | None = None,
) -> Predictions:
    """Return each case's metrics as predicted by the fit that left its fold out; shapes (case,), nan where it was kept."""
    folds = labels(left_out, cases)
    out = {metric: np.full(len(cases), np.nan) for metric in METRICS}
    for fold in sorted(set(folds) - {KEPT}):
        if tell is not None:
            tell(f"leaving out {left_out} {fold}")
        seen, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        solution = solve(portfolio([cases[int(i)] for i in seen]), emphasis[seen], start=start, rounds=_FOLD_ROUNDS)
        for metric, values in predicted(solution, [cases[int(i)] for i in unseen]).items():
            out[metric][unseen] = values
    return out


def predicted(solution: Solution, cases: Sequence[Case]) -> Predictions:
    """Return the metrics of cases by a solution."""
    coefficients = coefficients_of(solution.columns, solution.logs)
    return portfolio(cases).predict(stacked_factors(coefficients, [case.traits for case in cases]))
