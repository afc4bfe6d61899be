"""The fit: damped Gauss-Newton on the logarithms of the factors, robust to outliers, shrunk towards the priors.

Minimises  sum_i w_i rho(log measured_i - log predicted_i) + strength/2 sum_j ((theta_j - mean_j) / deviation_j)^2  with the
pseudo-Huber rho(r) = sqrt(r^2 + d^2) - d: nearly the absolute error, which a median judges, and smooth at zero. Derivatives are
taken part by part: every prediction depends on a case's factors only, and each factor's logarithm is linear in the unknowns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from planner.performance.calibration.design import Column, Design, design
from planner.performance.calibration.portfolio import Portfolio
from planner.performance.factors import PARTS, Factors
from planner.performance.operands import FloatArray

SHRINKAGE = 1.5
_SMOOTHING = 0.08
_STEP = 1e-3
_MAX_MOVE = 1.0
_ENOUGH = 2e-4
FITTED = ("tpot", "ttft", "throughput")
"""Metrics that the fit sees; end-to-end times follow from them."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The unknowns with their solved logarithms."""

    columns: tuple[Column, ...]
    logs: FloatArray


@dataclass(frozen=True, slots=True)
class _Point:
    """A trial: its unknowns, their objective, the factors and the logarithms of the predictions."""

    logs: FloatArray
    objective: float
    factors: Factors
    predicted: Mapping[str, FloatArray]


def solve(portfolio: Portfolio, emphasis: FloatArray, *, start: Solution | None = None, rounds: int = 12) -> Solution:
    """Return the fitted unknowns; `emphasis` is each case's weight, shape (case,).

    `start` is where to begin, the priors if None.
    """
    problem = _Problem(portfolio, design([case.traits for case in portfolio.cases]), emphasis)
    point, damping = problem.at(_starting(problem.design, start)), 1e-3
    for _ in range(rounds):
        gradient, curvature = problem.slopes(point)
        moved, damping = problem.improved(point, gradient, curvature, damping)
        gain, point = point.objective - moved.objective, moved
        if gain < _ENOUGH * max(point.objective, 1.0):
            break
    return Solution(problem.design.columns, point.logs)


def _starting(design: Design, start: Solution | None) -> FloatArray:
    """Return the first trial: the logarithms of `start` where it has the unknown, the prior's elsewhere."""
    if start is None:
        return design.means
    known = {(column.part, column.trait, column.level): log for column, log in zip(start.columns, start.logs, strict=True)}
    return np.array([known.get((column.part, column.trait, column.level), column.mean) for column in design.columns])


@dataclass(frozen=True, slots=True)
class _Problem:
    portfolio: Portfolio
    design: Design
    emphasis: FloatArray

    def at(self, logs: FloatArray) -> _Point:
        factors = factors_at(self.design, logs)
        predicted = _logs(self.portfolio, factors)
        loss = sum(
            float(np.sum(weight * (np.sqrt(error * error + _SMOOTHING**2) - _SMOOTHING)))
            for error, weight, _ in self._errors(predicted)
        )
        pull = (logs - self.design.means) / self.design.deviations
        return _Point(logs, loss + SHRINKAGE / 2 * float(np.sum(pull * pull)), factors, predicted)

    def slopes(self, point: _Point) -> tuple[FloatArray, FloatArray]:
        """Return the descent direction's right-hand side and the curvature at a point."""
        precision = SHRINKAGE / self.design.deviations**2
        gradient = -precision * (point.logs - self.design.means)
        curvature = np.diag(precision)
        sensitivity = self._sensitivity(point)
        for metric, (error, weight, known) in zip(FITTED, self._errors(point.predicted), strict=True):
            scaled = weight / np.sqrt(error * error + _SMOOTHING**2)
            slope = self._slope(sensitivity, metric)[np.flatnonzero(known)]
            gradient = gradient + slope.T @ (scaled * error)
            curvature = curvature + (slope.T @ slope.multiply(scaled[:, None])).toarray()
        return gradient, curvature

    def improved(self, point: _Point, gradient: FloatArray, curvature: FloatArray, damping: float) -> tuple[_Point, float]:
        """Return a better point and the next damping (Levenberg); the same point where none is found."""
        for _ in range(6):
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
            trial = self.at(point.logs + np.clip(step, -_MAX_MOVE, _MAX_MOVE))
            if trial.objective < point.objective:
                return trial, max(damping / 5, 1e-4)
            damping *= 6
        return point, damping

    def _errors(self, predicted: Mapping[str, FloatArray]) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return log errors, weights and the mask of known rows of each fitted metric."""
        out = []
        for metric in FITTED:
            known = np.isfinite(self.portfolio.measured[metric])
            error = np.log(self.portfolio.measured[metric][known]) - predicted[metric][known]
            out.append((error, self.emphasis[known], known))
        return out

    def _sensitivity(self, point: _Point) -> dict[str, dict[str, FloatArray]]:
        """Return d log metric / d log factor by part and metric, shape (case,).

        One nudge per part, for no case sees another's.
        """
        out: dict[str, dict[str, FloatArray]] = {}
        for part in PARTS:
            if self.design.incidence[part].shape[1]:
                nudged = replace(point.factors, **{part: getattr(point.factors, part) * np.exp(_STEP)})
                moved = _logs(self.portfolio, nudged)
                out[part] = {metric: (moved[metric] - point.predicted[metric]) / _STEP for metric in FITTED}
        return out

    def _slope(self, sensitivity: Mapping[str, Mapping[str, FloatArray]], metric: str) -> sparse.csr_array:
        """Return d log metric / d unknown, shape (case, unknown)."""
        return sparse.csr_array(
            sparse.hstack([self.design.incidence[part].multiply(by[metric][:, None]) for part, by in sensitivity.items()])
        )


def factors_at(design: Design, logs: FloatArray) -> Factors:
    """Return the factors of every case at given unknowns, shape (case,)."""
    by_part = design.logs_of(logs)
    return Factors(*(np.exp(by_part[part]) for part in PARTS))


def _logs(portfolio: Portfolio, factors: Factors) -> dict[str, FloatArray]:
    return {metric: np.log(values) for metric, values in portfolio.predict(factors).items() if metric in FITTED}
