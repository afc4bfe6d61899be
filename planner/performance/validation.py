"""How accurate the core is on measured rows: errors, bias and interval coverage, per metric, hardware and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.items import Catalog
from planner.performance.book import Book, book_of
from planner.performance.calibration.portfolio import portfolio
from planner.performance.factors import stacked_factors
from planner.performance.interval import Interval, interval_of, novelty_of
from planner.performance.measurements.cases import METRICS, Case, case_of
from planner.performance.measurements.rows import Row
from planner.performance.operands import FloatArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy over some rows: fractions, each row weighted by one over the size of its group.

    `bias` is the median of predicted / measured - 1; `coverage80` the share of rows inside the 80 % interval.
    """

    n: int
    weight: float
    median_ape: float
    p90_ape: float
    bias: float
    coverage80: float
    coverage95: float

    def as_dict(self) -> dict[str, float]:
        """Return the scores as the JSON report has them."""
        names = ("median_ape", "p90_ape", "bias", "coverage80", "coverage95")
        return {"n": self.n, "weight": round(self.weight, 4)} | {name: round(getattr(self, name), 4) for name in names}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row's metric: measured, predicted and the 80 % and 95 % interval, in seconds or tokens/s."""

    metric: str
    measured: float
    predicted: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Validation:
    """Every row, what could be predicted, and the scores."""

    rows: tuple[Row, ...]
    cases: tuple[Case | None, ...]
    predictions: tuple[Mapping[str, Prediction], ...]
    by_metric: Mapping[str, Scores]
    by_hardware: Mapping[str, Mapping[str, Scores]]
    by_model: Mapping[str, Mapping[str, Scores]]

    @property
    def predicted(self) -> int:
        """Return how many rows have a prediction."""
        return sum(case is not None for case in self.cases)

    def as_dict(self) -> dict[str, object]:
        """Return the report as one JSON object."""
        return {
            "rows": len(self.rows),
            "predicted": self.predicted,
            "by_metric": {metric: scores.as_dict() for metric, scores in self.by_metric.items()},
            "by_hardware": _nested(self.by_hardware),
            "by_model": _nested(self.by_model),
        }


def validate(rows: Sequence[Row], catalog: Catalog) -> Validation:
    """Return how well the catalog's calibration predicts rows; what the catalog does not know is not predicted, never guessed."""
    cases = tuple(case_of(row, catalog) for row in rows)
    known = [case for case in cases if case is not None]
    book = book_of(catalog.coefficients)
    table = _Table(known, book)
    by_case = iter(table.predictions())
    return Validation(
        tuple(rows),
        cases,
        tuple(next(by_case) if case is not None else {} for case in cases),
        table.scores(np.ones(len(known), bool)),
        table.grouped([case.row.raw("hardware") for case in known]),
        table.grouped([case.row.raw("model") for case in known]),
    )


class _Table:
    """Known cases with predictions and intervals as arrays, shape (case,) by metric."""

    def __init__(self, cases: Sequence[Case], book: Book) -> None:
        self.cases = cases
        self.weight = np.array([case.weight for case in cases])
        self.predicted = predict(cases, book)
        self.measured = {metric: np.array([case.measured.get(metric, np.nan) for case in cases]) for metric in METRICS}
        self.intervals = {metric: [_interval(book, metric, case) for case in cases] for metric in METRICS}

    def predictions(self) -> list[dict[str, Prediction]]:
        """Return the predictions of every case, by metric."""
        return [
            {
                metric: Prediction(metric, float(measured[row]), float(self.predicted[metric][row]), self.intervals[metric][row])
                for metric, measured in self.measured.items()
                if np.isfinite(self.predicted[metric][row])
            }
            for row in range(len(self.cases))
        ]

    def grouped(self, names: Sequence[str]) -> dict[str, dict[str, Scores]]:
        """Return the scores by name, sorted."""
        column = np.array(names)
        return {name: self.scores(column == name) for name in sorted(set(names))}

    def scores(self, rows: Mask) -> dict[str, Scores]:
        """Return the scores of the metrics that the rows can judge."""
        found = {metric: self._scores(metric, rows) for metric in METRICS}
        return {metric: scores for metric, scores in found.items() if scores is not None}

    def _scores(self, metric: str, rows: Mask) -> Scores | None:
        judged = rows & np.isfinite(self.measured[metric]) & np.isfinite(self.predicted[metric])
        if not judged.any():
            return None
        ratio = self.measured[metric][judged] / self.predicted[metric][judged]
        error, weight = np.abs(1.0 / ratio - 1.0), self.weight[judged]
        intervals = [self.intervals[metric][row] for row in np.flatnonzero(judged)]
        low, high = (np.array([getattr(one, side) for one in intervals]) for side in ("lo80", "hi80"))
        lowest, highest = (np.array([getattr(one, side) for one in intervals]) for side in ("lo95", "hi95"))
        return Scores(
            int(judged.sum()),
            float(weight.sum()),
            weighted_quantile(error, weight, 0.5),
            weighted_quantile(error, weight, 0.9),
            weighted_quantile(1.0 / ratio - 1.0, weight, 0.5),
            float(weight[(low <= ratio) & (ratio <= high)].sum() / weight.sum()),
            float(weight[(lowest <= ratio) & (ratio <= highest)].sum() / weight.sum()),
        )


def predict(cases: Sequence[Case], book: Book) -> dict[str, FloatArray]:
    """Return the metrics of cases [s; tokens/s], shape (case,)."""
    if not cases:
        return {metric: np.array([]) for metric in METRICS}
    return portfolio(cases).predict(stacked_factors(book.coefficients, [case.traits for case in cases]))


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Return the smallest value that a share of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(total, share * total[-1])), len(values) - 1)])


def _interval(book: Book, metric: str, case: Case) -> Interval:
    return interval_of(book, metric, novelty_of(book, case.hardware, case.model.id), str(case.pattern))


def _nested(groups: Mapping[str, Mapping[str, Scores]]) -> dict[str, dict[str, dict[str, float]]]:
    return {name: {metric: scores.as_dict() for metric, scores in metrics.items()} for name, metrics in groups.items()}
