"""The numbers that the step equations read, one array per quantity over any number of deployments.

A deployment is a chip, a model, formats and a layout. Facts become plain SI numbers here, once; the equations (`operations`)
know no catalog. Every field is an array of the same shape (or a scalar array), so that a million deployments cost one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from catalog.items import Hardware, HardwareClass, Kind, MemoryTier, Model, Sourced
from planner.errors import Unsupported
from planner.performance.formats import BF16, WeightFormat, peak_flops
from planner.performance.layout import Layout

FloatArray = NDArray[np.float64]

# Used where a fabric's or host link's bandwidth is not published: PCIe 4.0 x16, the slowest link between chips of one host
# [bytes/s].
SLOWEST_LINK_BYTES_S = 32e9
# Bandwidth per capacity where a stacked memory's bandwidth is not published: the least of those that publish both (SambaNova
# SN50, 1.8 TB/s for 64 GB) [1/s].
_STACKED_BYTES_S_PER_BYTE = 28.0
# Tokens of a prompt that one pipeline stage hands to the next: llama.cpp's physical batch; statically scheduled chips stream.
_STAGE_TOKENS, _STREAMED_TOKENS = 512.0, 16.0
_WINDOWED = ("sliding", "chunked")
# Layers that keep no cache that grows.
_RECURRENT = ("gdn", "mamba1", "mamba2")


@dataclass(frozen=True, slots=True)
class Operands:
    """Chip, model, format and layout as numbers; per chip, per layer or whole as each line says."""

    # chip
    bandwidth_bytes_s: FloatArray
    flops: FloatArray  # peak at the weights' arithmetic
    half_flops: FloatArray  # peak at 16 bit: attention
    memory_bytes: FloatArray
    link_bytes_s: FloatArray
    # model
    layers: FloatArray
    moe_layers: FloatArray
    hidden: FloatArray
    heads: FloatArray
    linear_weights: FloatArray  # touched by every token, without LM head and routed experts
    head_weights: FloatArray
    routed_weights: FloatArray
    routed_active_weights: FloatArray
    resident_weights: FloatArray  # stored beside the linear ones: embedding table, towers
    experts: FloatArray
    experts_per_token: FloatArray
    full_layers: FloatArray
    window_layers: FloatArray
    window_tokens: FloatArray
    sparse_tokens: FloatArray  # most tokens that one query attends to (sparse attention); infinite where dense
    kv_elements: FloatArray  # cache elements per token and full layer
    window_kv_elements: FloatArray
    prefill_width: FloatArray  # heads x (query-key + value dimensions)
    decode_width: FloatArray  # the same on the latent cache where there is one
    state_bytes: FloatArray
    # formats [bytes per element]
    linear_bytes: FloatArray  # of experts
    attention_bytes: FloatArray  # of what is no expert
    head_bytes: FloatArray
    kv_bytes: FloatArray
    # layout
    tp: FloatArray
    pp: FloatArray
    dp_attention: FloatArray
    kv_shards: FloatArray  # chips over which one sequence's cache is cut: one per KV head; a latent cache is replicated
    chips: FloatArray
    chunk_tokens: FloatArray  # that a stage of a pipeline hands on at a time
    wired: FloatArray  # 1 where the weights are in the wiring and cost no reads

    def rows(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Operands:
        """Return the deployments of an index."""
        return Operands(*(np.asarray(getattr(self, f.name))[index] for f in fields(self)))


def stack(operands: Sequence[Operands]) -> Operands:
    """Return one Operands of shape (deployment,) from many."""
    return Operands(*(np.array([float(getattr(item, f.name)) for item in operands]) for f in fields(Operands)))


def operands(
    hardware: Hardware,
    model: Model,
    layout: Layout,
    weights: WeightFormat = BF16,
    kv_bytes: float = 2.0,
    *,
    overcommit: bool = False,
) -> Operands:
    """Return the numbers of one deployment.

    Raises Unsupported where the chip cannot run the model, publishes too little to say, or the weights do not fit; `overcommit`
    leaves the last to the caller (measured rows are facts, whatever a memory model thinks).
    """
    check_supported(hardware, model, layout)
    values = {**_model_numbers(model), **_format_numbers(model, weights, kv_bytes), **_layout_numbers(model, layout)}
    tier = memory_tier(hardware, model, layout, weights, overcommit=overcommit)
    values |= _chip_numbers(hardware, weights, tier)
    # [()] makes numpy's scalars of arrays without axes: twice as fast where one deployment is asked alone.
    return Operands(**{name: np.asarray(value, np.float64)[()] for name, value in values.items()})


def check_supported(hardware: Hardware, model: Model, layout: Layout) -> None:
    """Raise Unsupported with the reason where the silicon itself rules the pair out."""
    if hardware.wired_model_id is not None and hardware.wired_model_id != model.id:
        msg = f"{hardware.id} has {hardware.wired_model_id} wired in and cannot run {model.id}"
        raise Unsupported(msg)
    if hardware.attention_only and not model.pure_transformer:
        msg = f"{hardware.id} runs transformers only; {model.id} has recurrent layers ({', '.join(_recurrent(model))})"
        raise Unsupported(msg)
    if layout.tp > model.heads:
        msg = f"tensor parallelism {layout.tp} exceeds the {model.heads} attention heads of {model.id}"
        raise Unsupported(msg)
    if layout.pp > model.layers and hardware.hardware_class not in _SPREAD_WITHIN_LAYERS:
        msg = f"pipeline parallelism {layout.pp} exceeds the {model.layers} layers of {model.id}"
        raise Unsupported(msg)
    if layout.ep > 1 and model.experts is None:
        msg = f"expert parallelism {layout.ep} needs a mixture of experts; {model.id} is dense"
        raise Unsupported(msg)


# Compilers of these spread one layer over several chips of a pipeline.
_SPREAD_WITHIN_LAYERS = frozenset({HardwareClass.SRAM_LPU, HardwareClass.SRAM_WAFER, HardwareClass.IN_MEMORY})


def memory_tier(
    hardware: Hardware, model: Model, layout: Layout, weights: WeightFormat, *, overcommit: bool = False
) -> MemoryTier:
    """Return the fastest memory whose shards hold the weights.

    Raises Unsupported where no memory of known bandwidth holds them, with the smallest number of chips that would.
    """
    known = [tier for tier in map(_with_bandwidth, hardware.memory) if tier.bandwidth_bytes_s is not None]
    if not known:
        msg = f"{hardware.id}: no memory bandwidth is published, so no speed can be predicted"
        raise Unsupported(msg)
    need = shard_weight_bytes(model, layout, weights)
    for tier in known:
        if tier.capacity_bytes is None or tier.capacity_bytes.value * USABLE_MEMORY > need:
            return tier
    if overcommit:
        return known[-1]
    capacity = max(tier.capacity_bytes.value for tier in known if tier.capacity_bytes is not None)
    chips = int(np.ceil(need * layout.chips / (capacity * USABLE_MEMORY)))
    msg = (
        f"{model.id} in {weights.label} needs {need / 1e9:,.1f} GB of weights per chip on {layout.label}; {hardware.id} can use "
        f"{capacity * USABLE_MEMORY / 1e9:,.1f} GB. {chips} chips or more hold it"
    )
    raise Unsupported(msg)


def _with_bandwidth(tier: MemoryTier) -> MemoryTier:
    """Return a stacked memory that publishes only its capacity with the least bandwidth that such memory has."""
    if tier.bandwidth_bytes_s is not None or tier.capacity_bytes is None or not tier.kind.upper().startswith("HBM"):
        return tier
    estimate = Sourced(
        tier.capacity_bytes.value * _STACKED_BYTES_S_PER_BYTE, tier.capacity_bytes.source, Kind.ESTIMATE, tier.capacity_bytes.date
    )
    return replace(tier, bandwidth_bytes_s=estimate)


USABLE_MEMORY = 0.95
"""Share of a chip's memory that weights and cache may take; the rest is the runtime's and the allocator's."""


def shard_weight_bytes(model: Model, layout: Layout, weights: WeightFormat) -> float:
    """Return the weights that one chip stores [bytes]: linear layers divided by TP and PP, experts by all chips."""
    head = model.params_lm_head * weights.head_bytes
    dense = _linear_weights(model) * _attention_bytes(model, weights)
    table = _resident_weights(model) * weights.head_bytes
    experts = model.params_routed_total * weights.linear_bytes
    return float((head + dense + table) / (layout.tp * layout.pp) + experts / layout.chips)


def _linear_weights(model: Model) -> float:
    """Return the weights that every token reads, without LM head and routed experts."""
    return model.params_read - model.params_lm_head - model.params_routed_active


def _resident_weights(model: Model) -> float:
    """Return stored weights that decoding does not read: the embedding table (unless tied) and other parts."""
    return max(model.params_total - model.params_routed_total - _linear_weights(model) - model.params_lm_head, 0.0)


def _attention_bytes(model: Model, weights: WeightFormat) -> float:
    """Return bytes per non-expert weight: recipes that quantise experts below 8 bit leave the rest of a mixture wider."""
    return weights.linear_bytes if model.experts is None else weights.attention_bytes


def _recurrent(model: Model) -> list[str]:
    return [kind for kind in _RECURRENT if model.layer_kinds.get(kind, 0)]


def _model_numbers(model: Model) -> dict[str, float]:
    windowed = float(sum(model.layer_kinds.get(kind, 0) for kind in _WINDOWED))
    recurrent = sum(model.layer_kinds.get(kind, 0) for kind in (*_RECURRENT, "mlponly", "moeonly"))
    full = float(model.layer_kinds.get("full", max(model.layers - windowed - recurrent, 0)))
    moe = model.experts
    return {
        "layers": model.layers,
        "moe_layers": moe.moe_layers if moe else 0,
        "hidden": model.hidden,
        "heads": model.heads,
        "linear_weights": _linear_weights(model),
        "head_weights": model.params_lm_head,
        "routed_weights": model.params_routed_total,
        "routed_active_weights": model.params_routed_active,
        "resident_weights": _resident_weights(model),
        "experts": moe.experts if moe else 1,
        "experts_per_token": moe.experts_per_token if moe else 1,
        "full_layers": full,
        "window_layers": windowed,
        "window_tokens": model.window_tokens or 1,
        "sparse_tokens": model.sparse_attention_top_k or np.inf,
        "kv_elements": model.kv_bytes_per_token_16bit / 2 / max(full, 1),
        "window_kv_elements": model.window_kv_bytes_per_token_16bit / 2 / max(windowed, 1),
        "state_bytes": model.state_bytes,
        **_attention_widths(model),
    }


def _attention_widths(model: Model) -> dict[str, float]:
    """Return the multiply-adds per query-key pair and layer, for prefill and (on a latent cache) for decode."""
    if (mla := model.latent) is None:
        width = model.heads * model.head_dim * 2
        return {"prefill_width": width, "decode_width": width}
    prefill = model.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim)
    return {"prefill_width": prefill, "decode_width": model.heads * (2 * mla.kv_lora_rank + mla.qk_rope_head_dim)}


def _format_numbers(model: Model, weights: WeightFormat, kv_bytes: float) -> dict[str, float]:
    return {
        "linear_bytes": weights.linear_bytes,
        "attention_bytes": _attention_bytes(model, weights),
        "head_bytes": weights.head_bytes,
        "kv_bytes": kv_bytes,
    }


def _layout_numbers(model: Model, layout: Layout) -> dict[str, float]:
    return {
        "tp": layout.tp,
        "pp": layout.pp,
        "dp_attention": layout.dp_attention,
        "kv_shards": 1.0 if model.latent else min(layout.tp, max(model.kv_heads, 1)),
        "chips": layout.chips,
    }


def _chip_numbers(hardware: Hardware, weights: WeightFormat, tier: MemoryTier) -> dict[str, float]:
    bandwidth = tier.bandwidth_bytes_s.value if tier.bandwidth_bytes_s else np.inf
    capacity = tier.capacity_bytes.value if tier.capacity_bytes else np.inf
    streams = hardware.hardware_class in _SPREAD_WITHIN_LAYERS
    return {
        "bandwidth_bytes_s": bandwidth,
        "memory_bytes": capacity,
        "flops": peak_flops(hardware, weights.arithmetic, bandwidth),
        "half_flops": peak_flops(hardware, BF16.arithmetic, bandwidth),
        "link_bytes_s": link_bytes_s(hardware),
        "chunk_tokens": _STREAMED_TOKENS if streams else _STAGE_TOKENS,
        "wired": 0.0,
    }


def wired_operands(hardware: Hardware, model: Model, tokens_per_second: float) -> Operands:
    """Return the numbers of a chip with the model in its wiring.

    Arithmetic such that it makes the published tokens per second.
    """
    check_supported(hardware, model, Layout())
    flops = 2.0 * model.params_read * tokens_per_second
    chip = {
        "bandwidth_bytes_s": np.inf,
        "memory_bytes": np.inf,
        "flops": flops,
        "half_flops": np.inf,
        "link_bytes_s": link_bytes_s(hardware),
        "chunk_tokens": _STREAMED_TOKENS,
        "wired": 1.0,
    }
    values = {**_model_numbers(model), **_format_numbers(model, BF16, 2.0), **_layout_numbers(model, Layout()), **chip}
    return Operands(**{name: np.asarray(value, np.float64)[()] for name, value in values.items()})


def link_bytes_s(hardware: Hardware) -> float:
    """Return the bandwidth between chips of one instance [bytes/s, one way per chip].

    Scale-up fabric, else host link, else the slowest.
    """
    if hardware.scale_up is not None and hardware.scale_up.bandwidth_bytes_s is not None:
        return hardware.scale_up.bandwidth_bytes_s.value
    if hardware.host_link_bytes_s is not None:
        return hardware.host_link_bytes_s.value
    return SLOWEST_LINK_BYTES_S
