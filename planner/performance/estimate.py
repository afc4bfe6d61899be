"""Every figure of one deployment at one operating point, each with its interval and its floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from planner.errors import InputError, Unsupported
from planner.performance.memory import activation_bytes_per_chip, cache_bytes_per_chip
from planner.performance.operands import FloatArray
from planner.performance.serving import Load, Pattern, serve
from planner.performance.speculation import Speculation, speculative_tpot_s
from planner.performance.step_model import StepModel

_RESERVED_SHARE = 0.55  # of an answer whose cache an engine keeps on average


@dataclass(frozen=True, slots=True)
class Figure:
    """A prediction with its 80 % and 95 % interval and, where physics gives one, its floor (ceiling, for a rate); SI units."""

    value: float
    low80: float
    high80: float
    low95: float
    high95: float
    floor: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Return the figure as plain numbers."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a deployment does at an operating point: times [s], rate [tokens/s], memory [bytes], power [W], energy [tokens/J]."""

    ttft_s: Figure
    tpot_s: Figure
    e2e_s: Figure
    throughput_tok_s: Figure
    batch: float
    max_batch: float
    weight_bytes_per_chip: float
    kv_bytes_per_request: float
    memory_bytes_per_chip: float
    power_w: Mapping[str, float | None]
    tokens_per_joule: float | None
    tokens_per_step: float

    def as_dict(self) -> dict[str, object]:
        """Return the estimate as plain values for JSON."""
        out: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            out[field.name] = (
                value.as_dict() if isinstance(value, Figure) else dict(value) if isinstance(value, Mapping) else value
            )
        return out


def estimate(
    step: StepModel,
    input_tokens: float,
    output_tokens: float,
    batch: float,
    *,
    prefix_hit: float = 0.0,
    speculation: Speculation | None = None,
    pattern: Pattern = Pattern.CLOSED,
) -> Estimate:
    """Return the figures of one aggregated instance serving `batch` requests at once.

    `prefix_hit` is the share of the prompt found in the cache. Raises Unsupported where the instance cannot hold one such
    request, and InputError for lengths or batches that are none.
    """
    _check(step, input_tokens, output_tokens, batch, prefix_hit)
    per_step, load = _load(step, input_tokens, output_tokens, batch, prefix_hit, speculation)
    seen = serve(pattern, step.deployed(), load)
    context = input_tokens + output_tokens / 2
    fresh = max(input_tokens * (1.0 - prefix_hit), 1.0)
    ttft_floor = float(step.prefill_floor_s(fresh, input_tokens - fresh))
    tpot_floor = float(step.decode_floor_s(batch, context)) / per_step
    e2e_floor = ttft_floor + (output_tokens - 1.0) * tpot_floor
    watts = {activity: step.power_w(activity) for activity in ("idle", "prefill", "decode")}
    rate = float(seen.throughput_tok_s)
    return Estimate(
        _figure(step, "ttft", pattern, seen.ttft_s, ttft_floor),
        _figure(step, "tpot", pattern, seen.tpot_s, tpot_floor),
        _figure(step, "e2e", pattern, seen.e2e_s, e2e_floor),
        _figure(step, "throughput", pattern, seen.throughput_tok_s, batch * output_tokens / max(e2e_floor, 1e-12), rate=True),
        batch,
        float(step.max_batch(input_tokens + output_tokens)),
        step.weight_bytes_per_chip(),
        float(step.kv_bytes_per_request(input_tokens + output_tokens)),
        _memory(step, input_tokens + output_tokens, batch),
        watts,
        None if watts["decode"] is None else rate / watts["decode"],
        per_step,
    )


def _check(step: StepModel, input_tokens: float, output_tokens: float, batch: float, prefix_hit: float) -> None:
    for name, value in (("isl", input_tokens), ("osl", output_tokens), ("batch", batch)):
        if not 1.0 <= value <= 1e8:
            raise InputError.at(name, f"{value:g} must lie between 1 and 100 million")
    if not 0.0 <= prefix_hit < 1.0:
        raise InputError.at("prefix_hit", f"{prefix_hit:g} must be a share from 0 to below 1")
    longest = input_tokens + output_tokens
    if longest > step.model.max_context_tokens:
        msg = f"{longest:,.0f} tokens exceed the context of {step.model.id}, {step.model.max_context_tokens:,}"
        raise Unsupported(msg)
    if float(step.max_batch(longest)) < 1.0:
        msg = (
            f"{step.hardware.id} on {step.layout.label} holds no request of {longest:,.0f} tokens beside "
            f"{step.weight_bytes_per_chip() / 1e9:,.1f} GB of weights per chip; take more chips or a narrower cache"
        )
        raise Unsupported(msg)


def _load(
    step: StepModel, input_tokens: float, output_tokens: float, batch: float, prefix_hit: float, speculation: Speculation | None
) -> tuple[float, Load]:
    """Return the effective tokens per step and the load; speculation's gain is what its verifying pass leaves of it."""
    per_step = 1.0
    if speculation is not None and speculation.draft_tokens > 0:
        at = np.asarray(batch), np.asarray(input_tokens + output_tokens / 2)
        per_step = float(step.decode_step_s(*at) / speculative_tpot_s(step.operands, step.factors, *at, speculation))
    values = (
        input_tokens,
        output_tokens,
        input_tokens * prefix_hit,
        batch,
        1.0,
        0.0,
        _RESERVED_SHARE,
        1.0,
        per_step,
        0.0,
    )
    return per_step, Load(*(np.asarray(value, np.float64) for value in values))


def _figure(step: StepModel, metric: str, pattern: Pattern, value: FloatArray, floor: float, *, rate: bool = False) -> Figure:
    """Return a figure with its interval, cut where physics ends it."""
    around = step.interval(metric, pattern)
    centre = float(value)
    low80, high80, low95, high95 = (
        min(centre * factor, floor) if rate else max(centre * factor, floor)
        for factor in (around.lo80, around.hi80, around.lo95, around.hi95)
    )
    return Figure(centre, low80, high80, low95, high95, floor)


def _memory(step: StepModel, tokens: float, batch: float) -> float:
    cache = float(cache_bytes_per_chip(step.operands, np.asarray(tokens))) * batch
    return step.weight_bytes_per_chip() + float(activation_bytes_per_chip(step.operands)) + cache
