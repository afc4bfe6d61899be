"""Which rows are left out together: single rows, whole models, whole device families."""

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
_LIGHT = 10.0  # models with less weight of rows than this are left out several at a time
_LIGHT_FOLDS = 3

# A superchip is its GPU; an export variant is the part that it was cut from.
_SAME_SILICON = {"gb200": "b200", "gb300": "b300", "gh200": "h200", "h800": "h100", "a800": "a100", "v100s": "v100"}

Labels = NDArray[np.str_]


class LeftOut(StrEnum):
    """What a cross-validation leaves out at a time."""

    ROWS = "rows"
    MODEL = "model"
    FAMILY = "device family"


def labels(left_out: LeftOut, cases: Sequence[Case]) -> Labels:
    """Return the fold of every case: the rows of one fold are predicted by a fit to the others."""
    if left_out is LeftOut.ROWS:
        return np.random.default_rng(_SEED).integers(0, _ROW_FOLDS, len(cases)).astype(str)
    if left_out is LeftOut.MODEL:
        return np.array(_merged([case.model.id for case in cases], [case.weight for case in cases]))
    return np.array([device_family(case) for case in cases])


def device_family(case: Case) -> str:
    """Return chips that share silicon: one generation of a data-centre GPU, a maker's whole segment elsewhere."""
    family, vendor = segment(case.hardware), maker(case.hardware)
    if family != "datacentre_gpu":
        return f"{vendor} {family}"
    chip = [*case.hardware.id.split("-"), ""][1]
    return f"{vendor} {_SAME_SILICON.get(chip, chip)}"


def _merged(families: Sequence[str], weights: Sequence[float]) -> list[str]:
    """Return the families, light ones merged into a few folds."""
    total: defaultdict[str, float] = defaultdict(float)
    for family, weight in zip(families, weights, strict=True):
        total[family] += weight
    light = sorted(family for family, weight in total.items() if weight < _LIGHT)
    fold = {family: f"small models {number % _LIGHT_FOLDS + 1}" for number, family in enumerate(light)}
    return [fold.get(family, family) for family in families]
