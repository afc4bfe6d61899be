"""How wide intervals are: the errors on groups that were left out, and whether they hold on groups that they do not come from.

An interval is symmetric in the logarithm: its half-width is a quantile of |log(measured / predicted)| over the rows of a
cross-validation. A few groups err to one side each (one maker's chips faster than thought, another's slower); one-sided quantiles
of some of them then miss the next altogether, widths do not. No group counts for more than a group of `_GROUP_WEIGHT`. Rows that
only one group measures that way (`shared_ways`) inform nothing: with the group the fit lost its load generator too, which a new
model or GPU measured like the others would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.performance.calibration.folds import LeftOut, labels
from planner.performance.interval import Novelty
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray
from planner.performance.traits import segment

Mask = NDArray[np.bool_]
Widths = Mapping[str, tuple[float, float]]
"""Half-widths of the 80 % and the 95 % interval, in logarithms, by load pattern; `any` for all."""

SHARES = (0.8, 0.95)
_GROUP_WEIGHT = 20.0  # of measured groups: the most that one left-out model, family or chip counts
_ENOUGH_WEIGHT = 12.0  # before a load pattern has a width of its own
_ENOUGH_GROUPS = 4


def spread(unseen: Mapping[LeftOut, Mapping[str, FloatArray]], cases: Sequence[Case]) -> dict[str, object]:
    """Return, by metric, novelty and load pattern, the factors (2.5, 10, 90, 97.5 %) around a prediction."""
    out: dict[str, object] = {}
    for metric in METRICS:
        found = {novelty: _errors(metric, novelty, unseen, cases).widths() for novelty in SOURCES if SOURCES[novelty] in unseen}
        out[metric] = {str(novelty): _factors(widths) for novelty, widths in found.items() if widths}
    return out


SOURCES: Mapping[Novelty, LeftOut] = {
    Novelty.KNOWN: LeftOut.ROWS,
    Novelty.MODEL: LeftOut.MODEL,
    Novelty.GPU: LeftOut.FAMILY,
    Novelty.CHIP: LeftOut.CHIP,
    Novelty.SILICON: LeftOut.FAMILY,
}
"""What a novelty's errors come from."""


def nested(metric: str, left_out: LeftOut, unseen: Mapping[LeftOut, Mapping[str, FloatArray]], cases: Sequence[Case]) -> Mask:
    """Return which cases lie inside an 80 % interval that comes from the other left-out groups alone, shape (case,)."""
    inside = np.zeros(len(cases), bool)
    for novelty, source in SOURCES.items():
        if source is left_out:
            inside |= _errors(metric, novelty, unseen, cases).inside()
    return inside


def _factors(widths: Widths) -> dict[str, list[float]]:
    return {
        name: [float(f"{np.exp(half):.4g}") for half in (-wide, -narrow, narrow, wide)] for name, (narrow, wide) in widths.items()
    }


class _Errors:
    """Sizes of errors |log(measured / predicted)| of some rows, with weight, load pattern and left-out group of each."""

    def __init__(self, error: FloatArray, cases: Sequence[Case], folds: NDArray[np.str_], judged: Mask, informing: Mask) -> None:
        self.judged = judged & np.isfinite(error)
        self.rows = self.judged & informing
        self.error, self.folds = error, folds
        self.pattern = np.array([str(case.pattern) for case in cases])
        weight = np.array([case.weight for case in cases])
        total = {fold: float(weight[self.rows & (folds == fold)].sum()) for fold in set(folds[self.rows])}
        self.weight = weight * np.array([min(1.0, _GROUP_WEIGHT / max(total.get(fold, 1.0), 1e-9)) for fold in folds])

    def widths(self, without: str | None = None) -> Widths:
        """Return the half-widths by load pattern, without one group if named; empty where no row is left."""
        rows = self.rows & (self.folds != without) if without is not None else self.rows
        if not rows.any():
            return {}
        named = {str(name): rows & (self.pattern == name) for name in sorted(set(self.pattern[rows]))}
        groups = {"any": rows} | {name: own for name, own in named.items() if self._enough(own)}
        return {name: self._width(own) for name, own in groups.items()}

    def _enough(self, rows: Mask) -> bool:
        return float(self.weight[rows].sum()) >= _ENOUGH_WEIGHT and len(set(self.folds[rows])) >= _ENOUGH_GROUPS

    def _width(self, rows: Mask) -> tuple[float, float]:
        narrow, wide = quantiles(self.error[rows], self.weight[rows], SHARES)
        return narrow, wide

    def inside(self) -> Mask:
        """Return which rows lie inside the 80 % interval of the other groups; their own where there is no other."""
        inside = np.zeros(len(self.error), bool)
        for fold in sorted(set(self.folds[self.judged])):
            widths = self.widths(fold) or self.widths()
            for row in np.flatnonzero(self.judged & (self.folds == fold)) if widths else ():
                inside[row] = self.error[row] <= widths.get(str(self.pattern[row]), widths["any"])[0]
        return inside


def _errors(metric: str, novelty: Novelty, unseen: Mapping[LeftOut, Mapping[str, FloatArray]], cases: Sequence[Case]) -> _Errors:
    stacked = np.array([segment(case.hardware) == "datacentre_gpu" for case in cases])
    everything = np.ones(len(cases), bool)
    judged = {Novelty.GPU: stacked, Novelty.CHIP: ~stacked, Novelty.SILICON: ~stacked}.get(novelty, everything)
    measured = np.array([case.measured.get(metric, np.nan) for case in cases])
    source = SOURCES[novelty]
    folds = labels(source, cases)
    informing = shared_ways(cases, folds) if novelty in (Novelty.MODEL, Novelty.GPU) else everything
    return _Errors(np.abs(np.log(measured / unseen[source][metric])), cases, folds, judged, informing)


def shared_ways(cases: Sequence[Case], folds: NDArray[np.str_]) -> Mask:
    """Return which cases were measured as some of another fold were.

    Their load generator with its engine, pools, attention ranks and speculation occur there too, each by itself.
    """
    shared = np.ones(len(cases), bool)
    for trait in ("loadgen", "pools", "ranks", "speculation"):
        column = np.array([case.traits.get(trait, "") for case in cases])
        alone = [level for level in set(column) if level and len(set(folds[column == level])) < 2]
        shared &= ~np.isin(column, alone)
    return shared


def quantiles(values: FloatArray, weights: FloatArray, at: Sequence[float]) -> list[float]:
    """Return weighted quantiles."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) - weights[order] / 2
    return [float(value) for value in np.interp(np.array(at) * weights.sum(), share, values[order])]
