"""Predictions of rows that the fit did not see, and the spread of their errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from planner.performance.calibration.design import coefficients_of
from planner.performance.calibration.folds import labels
from planner.performance.calibration.portfolio import portfolio
from planner.performance.calibration.solve import Solution, solve
from planner.performance.factors import stacked_factors
from planner.performance.interval import QUANTILES, Novelty
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray

Predictions = dict[str, FloatArray]
_ENOUGH_WEIGHT = 12.0  # of groups, before a pattern has a spread of its own


def left_out(
    novelty: Novelty,
    cases: Sequence[Case],
    emphasis: FloatArray,
    start: Solution | None = None,
    tell: Callable[[str], None] | None = None,
) -> Predictions:
    """Return each case's metrics as predicted by the fit that left its fold out; shapes (case,)."""
    folds = labels(novelty, cases)
    out = {metric: np.full(len(cases), np.nan) for metric in METRICS}
    for fold in sorted(set(folds)):
        if tell is not None:
            tell(f"leaving out {novelty} {fold}")
        seen, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        solution = solve(portfolio([cases[int(i)] for i in seen]), emphasis[seen], start=start)
        for metric, values in predicted(solution, [cases[int(i)] for i in unseen]).items():
            out[metric][unseen] = values
    return out


def predicted(solution: Solution, cases: Sequence[Case]) -> Predictions:
    """Return the metrics of cases by a solution."""
    coefficients = coefficients_of(solution.columns, solution.logs)
    return portfolio(cases).predict(stacked_factors(coefficients, [case.traits for case in cases]))


def spread(predictions: Predictions, cases: Sequence[Case]) -> dict[str, dict[str, list[float]]]:
    """Return, by metric and load pattern (`any` for all), the quantiles of measured / predicted, weighted by group."""
    weights = np.array([case.weight for case in cases])
    patterns = np.array([str(case.pattern) for case in cases])
    out: dict[str, dict[str, list[float]]] = {}
    for metric, values in predictions.items():
        measured = np.array([case.measured.get(metric, np.nan) for case in cases])
        known = np.isfinite(measured) & np.isfinite(values)
        groups = {"any": known} | {str(name): known & (patterns == name) for name in sorted(set(patterns))}
        out[metric] = {
            name: quantiles(measured[rows] / values[rows], weights[rows])
            for name, rows in groups.items()
            if weights[rows].sum() >= _ENOUGH_WEIGHT
        }
    return out


def quantiles(values: FloatArray, weights: FloatArray, at: Sequence[float] = QUANTILES) -> list[float]:
    """Return weighted quantiles, four significant digits."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) - weights[order] / 2
    found = np.interp(np.array(at) * weights.sum(), share, values[order])
    return [float(f"{value:.4g}") for value in found]
