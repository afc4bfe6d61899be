"""The cross-validation report: tables that stand between markers in a Markdown file, rewritten by each calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import InputError
from planner.performance.calibration.folds import LeftOut, labels
from planner.performance.interval import QUANTILES
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray
from planner.performance.traits import segment
from planner.performance.validation import weighted_quantile

if TYPE_CHECKING:
    from planner.performance.calibration.run import Calibration

BEGIN, END = "<!-- generated: splitfleet calibrate -->", "<!-- end of generated part -->"
_TITLES = {
    LeftOut.ROWS: "Other configurations of known hardware and models (rows left out at random, four folds)",
    LeftOut.MODEL: "Leave one model out",
    LeftOut.FAMILY: "Leave one device family out",
}


def rewrite(path: Path, calibration: Calibration) -> None:
    """Replace the generated part of a Markdown file; raises InputError where it has no markers."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError.at("", f"has no part between `{BEGIN}` and `{END}`", document=path.name)
    path.write_text(f"{before}{BEGIN}\n{tables(calibration)}\n{END}{after}", encoding="utf-8")


def tables(calibration: Calibration) -> str:
    """Return the report's tables as Markdown."""
    lines = [f"Rows used: {len(calibration.cases):,}; factors fitted: {len(calibration.solution.columns):,}.", ""]
    for left_out, predictions in calibration.unseen.items():
        lines += [f"### {_TITLES[left_out]}", "", *_lines(left_out, predictions, calibration.cases), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(left_out: LeftOut, predictions: Mapping[str, FloatArray], cases: Sequence[Case]) -> Iterator[str]:
    yield "| left out | metric | rows | weight | median error | p90 error | bias | 80 % interval holds |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    everything = np.ones(len(cases), bool)
    stacked = np.array([segment(case.hardware) == "datacentre_gpu" for case in cases])
    groups = {"**all**": everything}
    if left_out is LeftOut.FAMILY:
        groups = {"**data-centre GPUs**": stacked, "**all others**": ~stacked}
    if left_out is not LeftOut.ROWS:
        folds = labels(left_out, cases)
        groups |= {str(fold): folds == fold for fold in sorted(set(folds))}
    for name, rows in groups.items():
        for metric in METRICS:
            yield from _line(name, metric, predictions[metric], cases, rows)


def _line(
    name: str, metric: str, values: FloatArray, cases: Sequence[Case], rows: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Iterator[str]:
    measured = np.array([case.measured.get(metric, np.nan) for case in cases])
    judged = rows & np.isfinite(measured) & np.isfinite(values)
    if not judged.any():
        return
    weight = np.array([case.weight for case in cases])
    ratio = values[judged] / measured[judged]
    error = np.abs(ratio - 1.0)
    median, p90, bias = (
        weighted_quantile(error, weight[judged], 0.5),
        weighted_quantile(error, weight[judged], 0.9),
        weighted_quantile(ratio - 1.0, weight[judged], 0.5),
    )
    held = _held(values, measured, weight, judged)
    yield (
        f"| {name} | {metric} | {judged.sum():,} | {weight[judged].sum():.0f} | {100 * median:.1f} % | {100 * p90:.0f} % | "
        f"{100 * bias:+.0f} % | {held} |"
    )


def _held(
    values: FloatArray, measured: FloatArray, weight: FloatArray, judged: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> str:
    """Return the share of the rows inside an interval taken from all other rows of the same cross-validation."""
    others = np.isfinite(measured) & np.isfinite(values) & ~judged
    reference = others if weight[others].sum() > weight[judged].sum() / 4 else judged
    order = np.sort(measured[reference] / values[reference])
    low, high = np.quantile(order, [QUANTILES[1], QUANTILES[2]])
    inside = (measured[judged] / values[judged] >= low) & (measured[judged] / values[judged] <= high)
    return f"{100 * weight[judged][inside].sum() / weight[judged].sum():.0f} %"
