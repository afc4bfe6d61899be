"""What physics allows at best on any number of chips: weights, cache, arithmetic and wires, over every sensible layout.

Only published figures bound anything: where a bandwidth or a peak is not published, that side of the bound is left out.
Everything else is taken in the claim's favour: whole memories, perfect shards, peaks that are reached, wires that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from catalog.items import Hardware, HardwareClass, Kind, MemoryTier, Model, Precision, Sourced
from planner.performance.floor import decode_floor_s, prefill_floor_s
from planner.performance.formats import weight_format
from planner.performance.layout import Layout
from planner.performance.memory import cache_bytes_per_request
from planner.performance.operands import FloatArray, Operands, operands, shard_weight_bytes

MOST_CHIPS = 16_384
_EACH_UP_TO = 640  # every number of chips below is looked at, above it steps of about two per cent
_SPREAD_WITHIN_LAYERS = frozenset({HardwareClass.SRAM_LPU, HardwareClass.SRAM_WAFER, HardwareClass.IN_MEMORY})
_PROMPTS = 64.0  # prompts over which a prefill pass spreads its reading of the weights


@dataclass(frozen=True)
class Bounds:
    """The layouts that hold a model on one to thousands of chips, as arrays of shape (layout,) sorted by `chips`."""

    op: Operands
    chips: NDArray[np.int64]
    capacity_bytes: FloatArray
    need_bytes: float
    largest_bytes: float
    bandwidth_known: bool
    compute_known: bool

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.diff(self.chips, prepend=-1))

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of chips that hold the model, ascending."""
        return np.asarray(self.chips[self._starts])

    def token_s(self, batch: float, context_tokens: float) -> FloatArray:
        """Return the least time per token of a step [s] for each of `numbers`."""
        return self._best(self._step_s(batch, context_tokens))

    def prefill_s(self, tokens: float) -> FloatArray:
        """Return the least time to the first token of a prompt [s] for each of `numbers`."""
        alone = prefill_floor_s(self.op, np.asarray(tokens), np.asarray(0.0), np.asarray(1.0))
        return self._best(alone)

    def request_s(self, batch: float, input_tokens: float, output_tokens: float) -> FloatArray:
        """Return the least time per request of a full instance [s]: its share of the steps or of prefill, the longer one."""
        step = self._step_s(batch, input_tokens + output_tokens / 2)
        prompts = prefill_floor_s(self.op, np.asarray(input_tokens), np.asarray(0.0), np.asarray(_PROMPTS)) / _PROMPTS
        return self._best(np.maximum(step / batch * output_tokens, prompts))

    def room(self, context_tokens: float) -> FloatArray:
        """Return the sequences of `context_tokens` that all memory beside the weights holds, for each of `numbers`."""
        free = self.chips * self.capacity_bytes - self.need_bytes
        held = free / cache_bytes_per_request(self.op, np.asarray(context_tokens))
        return np.asarray(np.maximum.reduceat(held, self._starts))

    def with_endless_bandwidth(self) -> Bounds:
        """Return the bounds of arithmetic and wires alone."""
        return replace(self, op=replace(self.op, bandwidth_bytes_s=np.full_like(self.op.bandwidth_bytes_s, np.inf)))

    def _best(self, layouts_s: FloatArray) -> FloatArray:
        """Return the least time for each of `numbers`; whoever has more chips may leave some idle."""
        return np.asarray(np.minimum.accumulate(np.minimum.reduceat(layouts_s, self._starts)))

    def _step_s(self, batch: float, context_tokens: float) -> FloatArray:
        floor = decode_floor_s(self.op, np.asarray(batch), np.asarray(context_tokens))
        return np.asarray(np.maximum(floor, self._wires_s(batch)))

    def _wires_s(self, batch: float) -> FloatArray:
        """Return what two all-reduces per layer of a tensor group send at the published bandwidth of a link [s]."""
        stage = np.maximum(batch / self.op.pp, 1.0)
        return 2.0 * self.op.layers * stage * self.op.hidden * 2.0 * (self.op.tp - 1.0) / self.op.tp / self.op.link_bytes_s


def bounds_of(hardware: Hardware, model: Model, weights: Precision, kv_bytes: float) -> Bounds:
    """Return the bounds of a pair: `largest_bytes` is a chip's largest memory, `numbers` is empty where nothing holds the model.

    Raises Unsupported where the silicon rules the pair out.
    """
    form = weight_format(weights)
    need = shard_weight_bytes(model, Layout(), form)
    base = operands(_without_limits(hardware), model, Layout(), form, kv_bytes)
    deepest = MOST_CHIPS if hardware.hardware_class in _SPREAD_WITHIN_LAYERS else model.layers
    tp, pp, dp = _layouts(deepest, model.heads, 0 if model.experts is None else model.experts.experts)
    used = tp * pp * dp
    capacity, bandwidth = _memory(hardware, need / used)
    peak = _peak(hardware, form.arithmetic)
    link = hardware.scale_up.bandwidth_bytes_s if hardware.scale_up is not None else None
    holds = used * capacity >= need
    order = np.argsort(used[holds], kind="stable")
    part = {"tp": tp, "pp": pp, "dp_attention": dp, "chips": used, "bandwidth_bytes_s": bandwidth, "memory_bytes": capacity}
    op = replace(
        base,
        **{name: np.asarray(value, np.float64)[holds][order] for name, value in part.items()},
        flops=np.asarray(peak),
        half_flops=np.asarray(max((value.value for value in hardware.peak_flops.values()), default=np.inf)),
        link_bytes_s=np.asarray(np.inf if link is None else link.value),
    )
    sizes = [tier.capacity_bytes.value for tier in _usable(hardware) if tier.capacity_bytes is not None]
    known = any(tier.bandwidth_bytes_s is not None for tier in hardware.memory)
    return Bounds(
        op, used[holds][order], capacity[holds][order], need, max(sizes, default=np.inf), known, bool(np.isfinite(peak))
    )


@lru_cache(maxsize=128)
def _layouts(deepest: int, heads: int, experts: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return tensor, pipeline and attention-rank degrees of every layout looked at, shape (layout,) each."""
    tp, pp, dp = np.array(sorted(set(_degrees(deepest, heads, experts))), np.int64).T
    return tp, pp, dp


def _degrees(deepest: int, heads: int, experts: int) -> Iterator[tuple[int, int, int]]:
    """Yield every number of chips as tensor groups in a pipeline of at most `deepest` stages, and as ranks that share experts."""
    for number in _numbers():
        powers = [2**power for power in range(number.bit_length()) if 2**power <= min(number, heads)]
        for tp in {*powers, min(number, heads)}:
            yield tp, min(number // tp, deepest), 1
        if number <= experts:
            yield 1, 1, number


def _numbers() -> list[int]:
    steps = np.geomspace(_EACH_UP_TO, MOST_CHIPS, 160).round().astype(int)
    return [*range(1, _EACH_UP_TO), *map(int, steps)]


def _memory(hardware: Hardware, shard_bytes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return capacity [bytes] and bandwidth [bytes/s] of the fastest memory that holds each shard, else of the last."""
    capacity, bandwidth = np.zeros_like(shard_bytes), np.full_like(shard_bytes, np.inf)
    for tier in reversed(_usable(hardware)):
        size = np.inf if tier.capacity_bytes is None else tier.capacity_bytes.value
        here = (shard_bytes <= size) | (capacity == 0.0)
        capacity = np.where(here, size, capacity)
        bandwidth = np.where(here, np.inf if tier.bandwidth_bytes_s is None else tier.bandwidth_bytes_s.value, bandwidth)
    return capacity, bandwidth


def _usable(hardware: Hardware) -> list[MemoryTier]:
    """Return the memories, fastest first, without slower ones of unknown bandwidth: those may hold weights but bound nothing."""
    known = [place for place, tier in enumerate(hardware.memory) if tier.bandwidth_bytes_s is not None]
    last = max(known, default=_fastest_large(hardware))
    return [tier for tier in hardware.memory[: last + 1] if tier.capacity_bytes is not None or tier.bandwidth_bytes_s is not None]


def _fastest_large(hardware: Hardware) -> int:
    """Return the place of the stacked memory where no bandwidth is published at all, else of the first."""
    stacked = [place for place, tier in enumerate(hardware.memory) if tier.kind.upper().startswith("HBM")]
    return stacked[0] if stacked else 0


def _peak(hardware: Hardware, arithmetic: tuple[Precision, ...]) -> float:
    """Return the highest published peak of the weights' arithmetic [FLOP/s], else of any; infinite where none is published."""
    usable = [hardware.peak_flops[name].value for name in arithmetic if name in hardware.peak_flops]
    return max(usable or [value.value for value in hardware.peak_flops.values()], default=np.inf)


def _without_limits(hardware: Hardware) -> Hardware:
    """Return the chip with a memory and a peak that bound nothing, to read a model's numbers."""
    endless = Sourced(np.inf, "", Kind.ESTIMATE, "")
    return replace(
        hardware, memory=(MemoryTier("endless", None, endless),), peak_flops={Precision.BF16: endless}, wired_model_id=None
    )
