"""What is fitted: for each part of a step its prior, and the traits that may move it.

Each with how far it is believed to move.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from planner.performance.factors import PARTS, Coefficients, Traits
from planner.performance.operands import FloatArray

# Prior of every part: its value and the standard deviation of its logarithm. Ratios to physics start from the operator-level
# tables (GEMM 0.65-0.85 of peak, decode attention 0.8-0.95 of bandwidth); times from what a kernel launch and a scheduler round
# cost.
PRIORS: Mapping[str, tuple[float, float]] = {
    "weight_read": (1.35, 0.3),
    "decode_compute": (2.0, 0.4),
    "prefill_compute": (1.8, 0.4),
    "kernel_ceiling": (0.02, 0.5),
    "kv_read": (1.35, 0.4),
    "decode_attention": (2.5, 0.4),
    "prefill_attention": (2.5, 0.4),
    "expert_work": (1.35, 0.3),
    "activation_traffic": (1.0, 0.5),
    "layer_us": (20.0, 1.0),
    "expert_layer_us": (20.0, 0.5),
    "prefill_layer_us": (100.0, 0.6),
    "prefill_expert_layer_us": (200.0, 0.6),
    "expert_prefill": (2.0, 0.4),
    "sequence_us": (4.5, 1.0),
    "step_ms": (0.4, 1.0),
    "link_latency_us": (4.5, 1.0),
    "link_traffic": (1.5, 0.5),
    "all_to_all": (1.0, 0.7),
    "interference": (0.8, 0.3),
    "clumping": (0.07, 0.4),
    "queueing": (0.4, 0.5),
    "slot_wait": (0.6, 0.5),
    "first_token_ms": (15.0, 0.6),
    "first_token_steps": (1.0, 0.5),
    "spare_request": (1.0, 0.5),
    "static_prefill": (1.0, 0.2),
    "offline": (1.2, 0.3),
}
# Silicon that nobody has measured openly, statically scheduled by its compiler: nothing is launched, hops take a fraction of a
# microsecond (Abts et al., "A software-defined tensor streaming multiprocessor", ISCA 2022). The figures are assumptions; their
# interval is widened.
ASSUMED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    part: {"segment": {"statically_scheduled": value}}
    for part, value in {
        "layer_us": 0.02,
        "expert_layer_us": 0.05,
        "prefill_layer_us": 0.02,
        "prefill_expert_layer_us": 0.05,
        "step_ms": 0.1,
        "link_latency_us": 0.05,
    }.items()
}
_CHIP = {"maker": 0.25, "generation": 0.12, "hardware": 0.1}
_SOFTWARE = {"software": 0.2, "era": 0.15}
# Standard deviations of the logarithms of multipliers, by part and trait: the shrinkage.
TRAITS: Mapping[str, Mapping[str, float]] = {
    "weight_read": _CHIP | _SOFTWARE | {"format": 0.3},
    "decode_compute": _CHIP | _SOFTWARE | {"format": 0.3},
    "prefill_compute": _CHIP | _SOFTWARE | {"format": 0.3},
    "kernel_ceiling": {"kernels": 2.0},
    "kv_read": {"software": 0.4, "maker": 0.3},
    "decode_attention": {"software": 0.3, "architecture": 0.3},
    "prefill_attention": {"software": 0.3, "maker": 0.3, "architecture": 0.4},
    "expert_work": {"architecture": 0.3, "software": 0.3},
    "expert_prefill": {"software": 0.3, "mixture": 0.4},
    "prefill_layer_us": {"software": 0.4, "era": 0.3, "maker": 0.4, "hardware": 0.2},
    "prefill_expert_layer_us": {"software": 0.3, "mixture": 0.5, "architecture": 0.8},
    "layer_us": {"software": 0.5, "era": 0.4, "maker": 0.4, "hardware": 0.2},
    "step_ms": {"software": 0.5, "era": 0.4, "maker": 0.4, "hardware": 0.2},
    "expert_layer_us": {"architecture": 0.6, "software": 0.2},
    "sequence_us": {"software": 0.5, "era": 0.4},
    "link_latency_us": {"software": 0.4, "link": 0.4},
    "link_traffic": {"link": 0.4},
    "interference": {"software": 0.2},
    "clumping": {"arrival": 0.4, "pools": 0.4, "protocol": 0.3, "loadgen": 0.5, "ranks": 0.3, "speculation": 0.3},
    "queueing": {"arrival": 0.7, "pools": 0.7, "protocol": 0.5},
    "first_token_ms": {"software": 0.3, "era": 0.3, "maker": 0.4, "pools": 0.5, "protocol": 0.4},
    "first_token_steps": {
        "software": 0.2,
        "arrival": 0.5,
        "pools": 0.3,
        "protocol": 0.3,
        "ranks": 1.5,
        "speculation": 0.5,
        "submitter": 0.6,  # whoever submits a maker's chips schedules several steps at a time, or does not
    },
    "offline": {"setting": 0.4, "software": 0.2},
    "static_prefill": {"software": 0.2},
    "decode": {"architecture": 0.05, "model": 0.08, "speculation": 0.3},
}

# Prior medians of multipliers that are not one, each for a reason outside the rows that are fitted:
#   many small experts multiply at a fifth of what a dense layer reaches, few large ones at 0.6 of it (operator tables: median and
#   90th percentile over shapes of experts at 8,192 tokens, beside GEMM of the same width);
#   latent attention projects and normalises in six kernels where a dense layer has two, small experts are sorted and combined;
#   a time per token counts a speculating step as several tokens, a first token waits for whole steps;
#   schedulers of data-parallel attention hold prompts back for tens of steps until all ranks can prefill.
EXPECTED: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("expert_prefill", "mixture"): {"fine": 2.5},
    ("prefill_expert_layer_us", "mixture"): {"fine": 2.0},
    ("prefill_expert_layer_us", "architecture"): {"mla": 2.0},
    ("first_token_steps", "speculation"): {"on": 2.0, "unknown": 1.4},
    ("first_token_steps", "ranks"): {"dp": 10.0},
}


@dataclass(frozen=True, slots=True)
class Column:
    """One unknown: a part's base (trait empty) or the multiplier of a trait's level.

    Prior mean and deviation of its logarithm.
    """

    part: str
    trait: str
    level: str
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Design:
    """The unknowns, part after part, and which of them act on which case.

    `incidence[part]` is 0/1, shape (case, unknowns of the part).
    """

    columns: tuple[Column, ...]
    incidence: Mapping[str, sparse.csr_array]

    @property
    def means(self) -> FloatArray:
        """Return the prior means of the logarithms."""
        return np.array([column.mean for column in self.columns])

    @property
    def deviations(self) -> FloatArray:
        """Return the prior deviations of the logarithms."""
        return np.array([column.deviation for column in self.columns])

    def logs_of(self, logs: FloatArray) -> dict[str, FloatArray]:
        """Return the logarithm of every part's factor, shape (case,), at given unknowns."""
        out, first = {}, 0
        for part in PARTS:
            width = self.incidence[part].shape[1]
            out[part] = np.asarray(self.incidence[part] @ logs[first : first + width])
            first += width
        return out


def design(traits: Sequence[Traits]) -> Design:
    """Return the unknowns that cases with these traits can inform."""
    columns: list[Column] = []
    incidence: dict[str, sparse.csr_array] = {}
    for part in PARTS:
        own = _columns(part, traits)
        incidence[part] = _incidence(own, traits)
        columns += own
    return Design(tuple(columns), incidence)


def _incidence(columns: Sequence[Column], traits: Sequence[Traits]) -> sparse.csr_array:
    place = {(column.trait, column.level): number for number, column in enumerate(columns)}
    used = sorted({column.trait for column in columns})
    hits = [
        (row, place[key])
        for row, one in enumerate(traits)
        for trait in used
        if (key := (trait, one.get(trait, "") if trait else "")) in place
    ]
    rows, numbers = (np.array([hit[side] for hit in hits], np.intp) for side in (0, 1))
    return sparse.csr_array((np.ones(len(hits)), (rows, numbers)), shape=(len(traits), len(columns)))


def _columns(part: str, traits: Sequence[Traits]) -> list[Column]:
    columns = []
    if part in PRIORS:
        value, deviation = PRIORS[part]
        columns.append(Column(part, "", "", math.log(value), deviation))
    for trait, deviation in TRAITS.get(part, {}).items():
        levels = sorted({one.get(trait, "") for one in traits} - {""})
        expected = EXPECTED.get((part, trait), {})
        columns += [Column(part, trait, level, math.log(expected.get(level, 1.0)), deviation) for level in levels]
    return columns


def coefficients_of(columns: Sequence[Column], logs: FloatArray) -> Coefficients:
    """Return solved unknowns as the coefficients that predictions read."""
    base: dict[str, float] = {}
    by_trait: dict[str, dict[str, dict[str, float]]] = {}
    for column, log in zip(columns, logs, strict=True):
        if column.trait:
            by_trait.setdefault(column.part, {}).setdefault(column.trait, {})[column.level] = float(np.exp(log))
        else:
            base[column.part] = float(np.exp(log))
    return Coefficients(base, by_trait)
