"""The cross-validation report: tables that stand between markers in a Markdown file, rewritten by each calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import InputError
from planner.performance.calibration.folds import KEPT, LeftOut, labels
from planner.performance.calibration.spread import Mask, nested, shared_ways
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
    LeftOut.CHIP: "Leave one chip out of silicon other than data-centre GPUs, its maker's others of the kind known",
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
    for left_out in calibration.unseen:
        lines += [f"### {_TITLES[left_out]}", "", *_lines(left_out, calibration), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(left_out: LeftOut, calibration: Calibration) -> Iterator[str]:
    cases, predictions = calibration.cases, calibration.unseen[left_out]
    inside = {metric: nested(metric, left_out, calibration.unseen, cases) for metric in METRICS}
    yield "| left out | metric | rows | weight | median error | p90 error | bias | 80 % interval holds |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    everything = np.ones(len(cases), bool)
    stacked = np.array([segment(case.hardware) == "datacentre_gpu" for case in cases])
    groups = {"**all**": everything}
    if left_out is LeftOut.FAMILY:
        groups = {"**data-centre GPUs**": stacked, "**all others**": ~stacked}
    folds = labels(left_out, cases)
    if left_out is LeftOut.MODEL:
        groups["**measured as other models are**"] = shared_ways(cases, folds)
    if left_out is LeftOut.FAMILY:
        groups["**data-centre GPUs measured as other chips are**"] = stacked & shared_ways(cases, folds)
    if left_out is not LeftOut.ROWS:
        groups |= {str(fold): folds == fold for fold in sorted(set(folds) - {KEPT})}
    for name, rows in groups.items():
        for metric in METRICS:
            yield from _line(f"{name} | {metric}", _judged(metric, predictions[metric], cases, rows), inside[metric], cases)


def _judged(metric: str, values: FloatArray, cases: Sequence[Case], rows: Mask) -> FloatArray:
    """Return predicted / measured of the rows, nan elsewhere."""
    measured = np.array([case.measured.get(metric, np.nan) for case in cases])
    return np.where(rows, values / measured, np.nan)


def _line(name: str, ratios: FloatArray, inside: Mask, cases: Sequence[Case]) -> Iterator[str]:
    judged = np.isfinite(ratios)
    if not judged.any():
        return
    weight = np.array([case.weight for case in cases])[judged]
    over = ratios[judged] - 1.0
    median, p90 = (weighted_quantile(np.abs(over), weight, share) for share in (0.5, 0.9))
    bias, held = weighted_quantile(over, weight, 0.5), weight[inside[judged]].sum() / weight.sum()
    yield (
        f"| {name} | {judged.sum():,} | {weight.sum():.0f} | {100 * median:.1f} % | {100 * p90:.0f} % | "
        f"{100 * bias:+.0f} % | {100 * held:.0f} % |"
    )
