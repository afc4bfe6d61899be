"""Predictions of rows that the fit did not see, and the spread of their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.performance.calibration.design import coefficients_of
from planner.performance.calibration.folds import LeftOut, labels
from planner.performance.calibration.portfolio import portfolio
from planner.performance.calibration.solve import Solution, solve
from planner.performance.factors import stacked_factors
from planner.performance.interval import QUANTILES, Novelty
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray
from planner.performance.traits import segment

Predictions = dict[str, FloatArray]
Mask = NDArray[np.bool_]
_FOLD_ROUNDS = 6  # a fold starts from the fit to all rows, and its priors pull it away from what it has not seen
_ENOUGH_WEIGHT = 12.0  # of groups, before a pattern has a spread of its own


def predictions_of(
    left_out: LeftOut,
    cases: Sequence[Case],
    emphasis: FloatArray,
    start: Solution | None = None,
    tell: Callable[[str], None] | None = None,
) -> Predictions:
    """Return each case's metrics as predicted by the fit that left its fold out; shapes (case,)."""
    folds = labels(left_out, cases)
    out = {metric: np.full(len(cases), np.nan) for metric in METRICS}
    for fold in sorted(set(folds)):
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


def spread(unseen: Mapping[LeftOut, Predictions], cases: Sequence[Case]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Return, by metric, novelty and load pattern (`any` for all), the quantiles of measured / predicted, weighted by group.

    Leaving out a whole model or family also takes away what the fit knows of its protocol and engine, which a new sibling would
    share: its quantiles are drawn towards those of rows left out at random.
    """
    stacked = np.array([segment(case.hardware) == "datacentre_gpu" for case in cases])
    everything = np.ones(len(cases), bool)
    sources = {
        Novelty.KNOWN: (LeftOut.ROWS, everything),
        Novelty.MODEL: (LeftOut.MODEL, everything),
        Novelty.GPU: (LeftOut.FAMILY, stacked),
        Novelty.SILICON: (LeftOut.FAMILY, ~stacked),
    }
    out: dict[str, dict[str, dict[str, list[float]]]] = {}
    for metric in METRICS:
        found = {novelty: _by_pattern(metric, unseen[source], cases, rows) for novelty, (source, rows) in sources.items()}
        known = found[Novelty.KNOWN]
        out[metric] = {
            str(novelty): _drawn(patterns, known, _STRANGENESS[novelty]) for novelty, patterns in found.items() if patterns
        }
    return out


# How much of the distance from rows left out at random to a whole group left out a new item of that kind is taken to show.
_STRANGENESS = {Novelty.KNOWN: 1.0, Novelty.MODEL: 0.4, Novelty.GPU: 0.8, Novelty.SILICON: 1.0}


def _drawn(patterns: Mapping[str, list[float]], known: Mapping[str, list[float]], strangeness: float) -> dict[str, list[float]]:
    return {
        name: [
            float(f"{own**strangeness * familiar ** (1.0 - strangeness):.4g}")
            for own, familiar in zip(values, known.get(name, values), strict=True)
        ]
        for name, values in patterns.items()
    }


def _by_pattern(metric: str, predictions: Predictions, cases: Sequence[Case], rows: Mask) -> dict[str, list[float]]:
    weights = np.array([case.weight for case in cases])
    patterns = np.array([str(case.pattern) for case in cases])
    measured = np.array([case.measured.get(metric, np.nan) for case in cases])
    known = np.isfinite(measured) & np.isfinite(predictions[metric]) & rows
    groups = {"any": known} | {str(name): known & (patterns == name) for name in sorted(set(patterns))}
    return {
        name: quantiles(measured[group] / predictions[metric][group], weights[group])
        for name, group in groups.items()
        if weights[group].sum() >= _ENOUGH_WEIGHT
    }


def quantiles(values: FloatArray, weights: FloatArray, at: Sequence[float] = QUANTILES) -> list[float]:
    """Return weighted quantiles, four significant digits."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) - weights[order] / 2
    found = np.interp(np.array(at) * weights.sum(), share, values[order])
    return [float(f"{value:.4g}") for value in found]
