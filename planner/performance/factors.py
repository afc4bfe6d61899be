"""What the fitted efficiencies say about a deployment: one multiplier per part of a step, from its traits.

Each part of a step costs `physics x factor`. A factor is a product: the base of the part times one multiplier for every trait
of the deployment that the calibration knows (its engine, age of software, chip family, format ...). A trait never seen
multiplies by one: the deployment then stands at the average of its other traits. Multipliers are fitted with shrinkage towards
one (`calibration`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.performance.operands import FloatArray


@dataclass(frozen=True, slots=True)
class Factors:
    """Multipliers on the parts of a step; those ending in a unit are that many of the unit, the others are ratios to physics."""

    weight_read: FloatArray
    decode_compute: FloatArray
    prefill_compute: FloatArray
    kernel_ceiling: FloatArray
    kv_read: FloatArray
    decode_attention: FloatArray
    prefill_attention: FloatArray
    expert_work: FloatArray
    activation_traffic: FloatArray
    layer_us: FloatArray
    expert_layer_us: FloatArray
    prefill_layer_us: FloatArray
    prefill_expert_layer_us: FloatArray
    expert_prefill: FloatArray
    sequence_us: FloatArray
    step_ms: FloatArray
    link_latency_us: FloatArray
    link_traffic: FloatArray
    all_to_all: FloatArray
    interference: FloatArray
    clumping: FloatArray
    queueing: FloatArray
    slot_wait: FloatArray
    first_token_ms: FloatArray
    first_token_steps: FloatArray
    spare_request: FloatArray
    static_prefill: FloatArray
    offline: FloatArray
    decode: FloatArray
    prefill: FloatArray


PARTS = tuple(f.name for f in fields(Factors))


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Base and multipliers of every part: `base[part]`, `by_trait[part][trait][level]`."""

    base: Mapping[str, float]
    by_trait: Mapping[str, Mapping[str, Mapping[str, float]]]

    @classmethod
    def of(cls, tree: Mapping[str, object]) -> Coefficients:
        """Return the coefficients of a catalog section as published; parts that it lacks stay at one."""
        parts = tree.get("parts", {})
        entries = (
            {name: entry for name, entry in parts.items() if isinstance(entry, Mapping)} if isinstance(parts, Mapping) else {}
        )
        base = {name: float(entry.get("base", 1.0)) for name, entry in entries.items()}
        by_trait = {
            name: {
                str(trait): {str(level): float(value) for level, value in levels.items()}
                for trait, levels in entry.items()
                if isinstance(levels, Mapping)
            }
            for name, entry in entries.items()
        }
        return cls(base, by_trait)


Traits = Mapping[str, str]
"""A deployment's levels by trait: `{"engine": "vllm", "segment": "datacentre_gpu", ...}`."""


def factors_of(coefficients: Coefficients, traits: Traits) -> Factors:
    """Return the factors of one deployment (scalar arrays)."""
    return Factors(*(np.asarray(_factor(coefficients, part, traits))[()] for part in PARTS))


def published_factors() -> Factors:
    """Return factors for a speed that is published rather than modelled: ratios of one, nothing added."""
    return Factors(*(np.asarray(0.0 if part.endswith(("_us", "_ms", "_steps")) else 1.0)[()] for part in PARTS))


def stacked_factors(coefficients: Coefficients, traits: Sequence[Traits]) -> Factors:
    """Return the factors of many deployments, shape (deployment,)."""
    return Factors(*(np.array([_factor(coefficients, part, one) for one in traits]) for part in PARTS))


def _factor(coefficients: Coefficients, part: str, traits: Traits) -> float:
    value = coefficients.base.get(part, 1.0)
    for trait, levels in coefficients.by_trait.get(part, {}).items():
        value *= levels.get(traits.get(trait, ""), 1.0)
    return value
