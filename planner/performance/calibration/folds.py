"""Which rows are left out together: single rows, whole models, whole device families, single kinds of chip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from planner.performance.measurements.cases import Case
from planner.performance.traits import maker, segment

_SEED = 20261120
_ROW_FOLDS = 4
_LIGHT = 10.0  # models and chips with less weight of rows than this are left out several at a time
_LIGHT_FOLDS = 3
KEPT = ""
"""Label of a case that a cross-validation never leaves out."""

# A superchip is its GPU; an export variant is the part that it was cut from.
_SAME_SILICON = {"gb200": "b200", "gb300": "b300", "gh200": "h200", "h800": "h100", "a800": "a100", "v100s": "v100"}

Labels = NDArray[np.str_]


class LeftOut(StrEnum):
    """What a cross-validation leaves out at a time."""

    ROWS = "rows"
    MODEL = "model"
    FAMILY = "device family"
    CHIP = "chip"


def labels(left_out: LeftOut, cases: Sequence[Case]) -> Labels:
    """Return the fold of every case: the rows of one fold are predicted by a fit to the others."""
    if left_out is LeftOut.ROWS:
        return np.random.default_rng(_SEED).integers(0, _ROW_FOLDS, len(cases)).astype(str)
    if left_out is LeftOut.MODEL:
        return np.array(_merged([case.model.id for case in cases], [case.weight for case in cases], "small models"))
    if left_out is LeftOut.CHIP:
        return np.array(_chips(cases))
    return np.array([device_family(case) for case in cases])


def _chips(cases: Sequence[Case]) -> list[str]:
    """Return the chip of each case where a relative of it, of one maker and kind, stays in the fit; stacked-memory GPUs stay."""
    relatives: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        relatives[case.traits["maker"]].add(case.hardware.id)
    chips = _merged([case.hardware.id for case in cases], [case.weight for case in cases], "seldom measured chips")
    return [
        chip if len(relatives[case.traits["maker"]]) > 1 and segment(case.hardware) != "datacentre_gpu" else KEPT
        for chip, case in zip(chips, cases, strict=True)
    ]


def device_family(case: Case) -> str:
    """Return chips that share silicon: one generation of a data-centre GPU, a maker's whole segment elsewhere."""
    family, vendor = segment(case.hardware), maker(case.hardware)
    if family != "datacentre_gpu":
        return f"{vendor} {family}"
    chip = [*case.hardware.id.split("-"), ""][1]
    return f"{vendor} {_SAME_SILICON.get(chip, chip)}"


def _merged(families: Sequence[str], weights: Sequence[float], name: str) -> list[str]:
    """Return the families, light ones merged into a few folds."""
    total: defaultdict[str, float] = defaultdict(float)
    for family, weight in zip(families, weights, strict=True):
        total[family] += weight
    light = sorted(family for family, weight in total.items() if weight < _LIGHT)
    fold = {family: f"{name} {number % _LIGHT_FOLDS + 1}" for number, family in enumerate(light)}
    return [fold.get(family, family) for family in families]
