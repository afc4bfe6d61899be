"""Which layouts are worth offering for a model on the chips of a system.

The smallest that holds it, larger ones that are faster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from catalog.items import Hardware, HardwareClass, Model, Precision
from planner.errors import Unsupported
from planner.performance.formats import kv_element_bytes, weight_format
from planner.performance.layout import Layout
from planner.performance.memory import max_batch
from planner.performance.operands import check_supported, operands, shard_weight_bytes

_LARGEST_GROUP = 64  # chips of one instance; wider ones exist in papers only
_PIPELINED = frozenset({HardwareClass.SRAM_LPU, HardwareClass.SRAM_WAFER, HardwareClass.IN_MEMORY})
_LONGEST_PIPELINE = 4096
_ROOM_TOKENS = 4096.0  # a layout must hold at least one sequence of this context


def feasible_layouts(
    hardware: Hardware, system_chips: int, model: Model, weights: Precision, kv: Precision, *, room_tokens: float = _ROOM_TOKENS
) -> list[Layout]:
    """Return the layouts of one instance that hold the model and a sequence of `room_tokens`, smallest first.

    Their chips divide a system's or are a multiple of them. Raises Unsupported with the reason where the silicon rules the pair
    out; an empty list means that no sensible number of chips holds it.
    """
    check_supported(hardware, model, Layout())
    kv_element_bytes(kv)
    if hardware.wired_model_id is not None:
        return [Layout()]
    candidates = (
        _pipelines(hardware, system_chips, model, weights) if _is_pipelined(hardware) else _groups(hardware, system_chips, model)
    )
    fitting = [layout for layout in candidates if _fits(hardware, model, layout, weights, kv, room_tokens)]
    return sorted(set(fitting), key=lambda layout: (layout.chips, layout.pp, layout.dp_attention, layout.tp))


def smallest_layout(hardware: Hardware, system_chips: int, model: Model, weights: Precision, kv: Precision) -> Layout:
    """Return the first feasible layout. Raises Unsupported where there is none, saying how much the weights need."""
    layouts = feasible_layouts(hardware, system_chips, model, weights, kv)
    if layouts:
        return layouts[0]
    need = shard_weight_bytes(model, Layout(), weight_format(weights))
    msg = (
        f"{model.id} in {weights} needs {need / 1e9:,.0f} GB; no layout of up to {_LARGEST_GROUP} chips of {hardware.id} holds it"
    )
    raise Unsupported(msg)


def _is_pipelined(hardware: Hardware) -> bool:
    return hardware.hardware_class in _PIPELINED


def _groups(hardware: Hardware, system_chips: int, model: Model) -> Iterator[Layout]:
    """Yield tensor groups up to the scale-up domain, pipelines of whole domains beyond it.

    And expert-parallel groups of mixtures.
    """
    domain = _domain(hardware, system_chips)
    for tp in _powers(min(domain, model.heads, 16)):
        if _whole(tp, system_chips):
            yield Layout(tp=tp)
    widest = max(tp for tp in _powers(min(domain, model.heads, 8)))
    for pp in (2, 4, 8):
        if _whole(widest * pp, system_chips) and pp <= model.layers:
            yield Layout(tp=widest, pp=pp)
    if model.experts is not None:
        for ranks in sorted({*_powers(min(domain, _LARGEST_GROUP)), min(system_chips, domain)}):
            if ranks > 1 and ranks <= model.experts.experts and _whole(ranks, system_chips):
                yield Layout(ep=ranks, dp_attention=ranks)


def _pipelines(hardware: Hardware, system_chips: int, model: Model, weights: Precision) -> Iterator[Layout]:
    """Yield pipelines over chips that keep weights beside the arithmetic.

    The fewest that hold them, twice and four times those.
    """
    fastest = next((tier for tier in hardware.memory if tier.capacity_bytes is not None), None)
    if fastest is None or fastest.capacity_bytes is None:
        return
    need = shard_weight_bytes(model, Layout(), weight_format(weights))
    fewest = math.ceil(need / (fastest.capacity_bytes.value * 0.9))
    for chips in (1, fewest, 2 * fewest, 4 * fewest):
        rounded = chips if chips <= system_chips and system_chips % chips == 0 else math.ceil(chips / system_chips) * system_chips
        if rounded <= _LONGEST_PIPELINE:
            yield Layout(pp=rounded)


def _domain(hardware: Hardware, system_chips: int) -> int:
    """Return the chips that the scale-up fabric joins; a system of several chips joins at least its own."""
    known = hardware.scale_up.domain_chips if hardware.scale_up is not None else None
    return max(int(known.value) if known is not None else 1, system_chips)


def _powers(largest: int) -> list[int]:
    return [2**power for power in range(int(math.log2(max(largest, 1))) + 1)]


def _whole(chips: int, system_chips: int) -> bool:
    return system_chips % chips == 0 or chips % system_chips == 0


def _fits(hardware: Hardware, model: Model, layout: Layout, weights: Precision, kv: Precision, room_tokens: float) -> bool:
    try:
        op = operands(hardware, model, layout, weight_format(weights), kv_element_bytes(kv))
    except Unsupported:
        return False
    return bool(max_batch(op, np.asarray(room_tokens)) >= 1)
