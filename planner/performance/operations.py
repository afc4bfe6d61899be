"""Seconds of one forward pass: the larger of arithmetic and memory traffic of each operation, plus wires and launches.

    t = [ (weights/W)^3 + (FLOPs/F)^3 ]^(1/3)  linear layers and experts, each with its fitted factors
      + [ (cache/W)^3 + (FLOPs/F)^3 ]^(1/3)    attention
      + collectives + activations + launches

The cubic mean of the two sides stands for `max`: an operation near the ridge of its roofline reaches neither. Its value is
never below the larger side. W, F are peaks of one chip, bytes and FLOPs those of one chip's shard. All arrays broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from planner.performance.factors import Factors
from planner.performance.operands import FloatArray, Operands

# Activation traffic per token and layer in units of the hidden width: reads and writes of norm, residual, rotary and gate kernels
# (12 tensors of 16 bit each way); the fitted factor `activation_traffic` scales it.
_ACTIVATION_BYTES = 2 * 24.0
# Kernels written for small chips stop scaling with the peak of large ones: an engine's own rate, in units of this one [FLOP/s].
_CEILING_FLOPS = 1e14
_INDEXER_SHARE = 0.05  # of the full cache that sparse attention's indexer reads to choose its tokens (128 of 576 dims at 8 bit)


@dataclass(frozen=True, slots=True)
class Work:
    """What one pass of one instance processes.

    Tokens, sequences, cached tokens read and query-key pairs (sums over the batch).
    """

    tokens: FloatArray
    sequences: FloatArray
    sampled: FloatArray  # rows of the LM head
    full_reads: FloatArray
    window_reads: FloatArray
    full_pairs: FloatArray
    window_pairs: FloatArray


def decode_work(op: Operands, batch: FloatArray, context_tokens: FloatArray) -> Work:
    """Return the work of one decode step of `batch` sequences with a mean context [tokens]."""
    reach = np.minimum(context_tokens, op.sparse_tokens) + np.where(
        context_tokens > op.sparse_tokens, _INDEXER_SHARE * context_tokens, 0.0
    )
    full = batch * reach
    window = batch * np.minimum(context_tokens, op.window_tokens)
    return Work(batch, batch, batch, full, window, full, window)


def prefill_work(op: Operands, new_tokens: FloatArray, cached_tokens: FloatArray, sequences: FloatArray) -> Work:
    """Return the work of prefilling `sequences` prompts of `new_tokens` each after `cached_tokens` that the cache holds."""
    reach = np.minimum(cached_tokens + new_tokens / 2, op.sparse_tokens)
    in_window = np.minimum(cached_tokens + new_tokens / 2, op.window_tokens)
    reads = sequences * np.minimum(cached_tokens, op.sparse_tokens)
    windowed = sequences * np.minimum(cached_tokens, op.window_tokens)
    return Work(
        sequences * new_tokens,
        sequences,
        sequences,
        reads,
        windowed,
        sequences * new_tokens * reach,
        sequences * new_tokens * in_window,
    )


def decode_step_s(op: Operands, fx: Factors, batch: FloatArray, context_tokens: FloatArray) -> FloatArray:
    """Return the time of one decode step [s] of an instance: one token for each of `batch` sequences.

    A pipeline works on as many micro-batches as it has stages; a token's time is that of its own micro-batch through all of them.
    """
    stage = np.maximum(batch / op.pp, np.minimum(batch, 1.0))
    return pass_s(op, fx, decode_work(op, stage, context_tokens))


def pass_s(op: Operands, fx: Factors, work: Work) -> FloatArray:
    """Return the time [s] of a pass in decode: captured launches, decode kernels."""
    attention = _attention_s(op, fx, work, op.decode_width, fx.decode_attention)
    linear = _linear_s(op, fx, work, fx.decode_compute, fx.expert_work)
    return (linear + attention + _launches_s(op, fx) + _traffic_s(op, fx, work)) * fx.decode


def prefill_s(op: Operands, fx: Factors, new_tokens: FloatArray, cached_tokens: FloatArray, sequences: FloatArray) -> FloatArray:
    """Return the time [s] to prefill `sequences` prompts together on an otherwise idle instance.

    Prefill is launched kernel by kernel while the chip works; only the longer of the two shows. N chunks go through P stages in
    N + P - 1 steps of a stage, each reading the stage's weights.
    """
    chunks = np.where(op.pp > 1, np.maximum(sequences * new_tokens / op.chunk_tokens, 1.0), 1.0)
    work = _part(prefill_work(op, new_tokens, cached_tokens, sequences), chunks)
    attention = _attention_s(op, fx, work, op.prefill_width, fx.prefill_attention)
    linear = _linear_s(op, fx, work, fx.prefill_compute, fx.expert_prefill)
    linear = linear + (linear_flops(op, work) + expert_flops(op, work.tokens)) / _CEILING_FLOPS * fx.kernel_ceiling
    launches = 1e-6 * (op.layers * fx.prefill_layer_us + op.moe_layers * fx.prefill_expert_layer_us)
    busy = (linear + attention + _traffic_s(op, fx, work)) * (chunks + op.pp - 1.0) / op.pp
    return (ridge(busy, launches) + 1e-3 * fx.step_ms) * fx.prefill


def pipeline_share(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the share of a prompt's work that a pipeline cannot overlap: 1 where it is one chunk, 1/stages where it is many.

    N chunks through P equal stages take (N + P - 1) / (N P) of the time that one chip would.
    """
    chunks = np.maximum(tokens / op.chunk_tokens, 1.0)
    return (chunks + op.pp - 1.0) / (chunks * op.pp)


def mixed_step_s(
    op: Operands,
    fx: Factors,
    batch: FloatArray,
    context_tokens: FloatArray,
    chunk_tokens: FloatArray,
    chunk_context: FloatArray,
) -> FloatArray:
    """Return the time [s] of a decode step that also carries a prefill chunk of `chunk_tokens` after `chunk_context` cached ones.

    Eturn the time [s] of a decode step that also carries a prefill chunk of `chunk_tokens` after `chunk_context` cached ones.
    """
    stage = np.maximum(batch / op.pp, np.minimum(batch, 1.0))
    decode = decode_work(op, stage, context_tokens)
    overlapped = chunk_tokens * pipeline_share(op, chunk_tokens)
    chunk = prefill_work(op, overlapped, chunk_context, np.minimum(chunk_tokens, 1.0))
    both = _sum(decode, chunk)
    compute = np.where(chunk_tokens > 0, np.maximum(fx.prefill_compute, fx.decode_compute), fx.decode_compute)
    attention = _attention_s(op, fx, decode, op.decode_width, fx.decode_attention)
    chunk_attention = _attention_s(op, fx, chunk, op.prefill_width, fx.prefill_attention)
    experts = np.maximum(fx.expert_prefill, fx.expert_work)
    linear = _linear_s(op, fx, both, compute, experts)
    mixed = (linear + attention + chunk_attention + _launches_s(op, fx) + _traffic_s(op, fx, both)) * fx.decode
    return np.maximum(mixed, decode_step_s(op, fx, batch, context_tokens))


def _part(work: Work, parts: FloatArray) -> Work:
    return Work(*(np.asarray(getattr(work, f.name) / parts) for f in fields(work)))


def _sum(one: Work, other: Work) -> Work:
    return Work(
        one.tokens + other.tokens,
        one.sequences + other.sequences,
        one.sampled + other.sampled,
        one.full_reads + other.full_reads,
        one.window_reads + other.window_reads,
        one.full_pairs + other.full_pairs,
        one.window_pairs + other.window_pairs,
    )


def ridge(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the cubic mean of two times: never below the larger, 26 % above it where they are equal."""
    return np.cbrt(one * one * one + other * other * other)


def expert_share(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the expected share of routed experts that `tokens` touch: 1 - (1 - k/E)^tokens, for independent uniform routing."""
    return -np.expm1(tokens * np.log1p(-np.minimum(op.experts_per_token / op.experts, 1.0 - 1e-12)))


def linear_bytes(op: Operands) -> FloatArray:
    """Return the bytes of non-expert weights that one chip reads in a pass [bytes]."""
    return (op.linear_weights * op.attention_bytes + op.head_weights * op.head_bytes) / op.tp * (1.0 - op.wired)


def expert_bytes(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the bytes of expert weights that one chip reads when the instance processes `tokens` [bytes]."""
    return op.routed_weights * expert_share(op, tokens) * op.linear_bytes / (op.chips / op.pp) * (1.0 - op.wired)


def linear_flops(op: Operands, work: Work) -> FloatArray:
    """Return the FLOPs of non-expert weights on one chip: two per weight and token of its attention rank."""
    local = local_tokens(op, work.tokens)
    sampled = local_tokens(op, work.sampled)
    return 2.0 * (op.linear_weights * local + op.head_weights * sampled) / op.tp


def expert_flops(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the FLOPs of routed experts on one chip."""
    return 2.0 * op.routed_active_weights * tokens / (op.chips / op.pp)


def local_tokens(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the tokens of the busiest data-parallel attention rank; at least one where there is any."""
    return np.maximum(tokens / op.dp_attention, np.minimum(tokens, 1.0))


def cache_bytes(op: Operands, work: Work) -> FloatArray:
    """Return the KV-cache and recurrent-state bytes that one chip reads and writes in a pass [bytes]."""
    cache = op.kv_bytes * (
        op.kv_elements * op.full_layers * work.full_reads + op.window_kv_elements * op.window_layers * work.window_reads
    )
    state = 2.0 * op.state_bytes * work.sequences / op.tp
    return (cache / op.kv_shards + state) / op.dp_attention


def attention_flops(op: Operands, work: Work, width: FloatArray) -> FloatArray:
    """Return the FLOPs of attention scores and values on one chip."""
    pairs = op.full_layers * work.full_pairs + op.window_layers * work.window_pairs
    return 2.0 * width * pairs / (op.tp * op.dp_attention)


def _linear_s(op: Operands, fx: Factors, work: Work, compute: FloatArray, experts: FloatArray) -> FloatArray:
    read = linear_bytes(op) / op.bandwidth_bytes_s * fx.weight_read
    dense = ridge(read, linear_flops(op, work) / op.flops * compute)
    routed = ridge(
        expert_bytes(op, work.tokens) / op.bandwidth_bytes_s * fx.weight_read, expert_flops(op, work.tokens) / op.flops * compute
    )
    return dense + routed * experts


def _attention_s(op: Operands, fx: Factors, work: Work, width: FloatArray, compute: FloatArray) -> FloatArray:
    read = cache_bytes(op, work) / op.bandwidth_bytes_s * fx.kv_read
    return ridge(read, attention_flops(op, work, width) / op.half_flops * compute)


def _launches_s(op: Operands, fx: Factors) -> FloatArray:
    """Return what a step costs however little it does: kernels of every layer, and the scheduler's round [s]."""
    return 1e-6 * (op.layers * fx.layer_us + op.moe_layers * fx.expert_layer_us) + 1e-3 * fx.step_ms


def _traffic_s(op: Operands, fx: Factors, work: Work) -> FloatArray:
    """Return what grows with tokens and sequences beside weights, cache and arithmetic: activations, bookkeeping, wires [s]."""
    local = local_tokens(op, work.tokens)
    activations = local * op.layers * op.hidden * _ACTIVATION_BYTES / op.bandwidth_bytes_s * fx.activation_traffic
    sequences = 1e-6 * fx.sequence_us * work.sequences / op.dp_attention
    return activations + sequences + collectives_s(op, fx, local)


def collectives_s(op: Operands, fx: Factors, local: FloatArray) -> FloatArray:
    """Return the time on the wires [s], by the alpha-beta model.

    Two all-reduces per layer in a tensor group, an all-to-all pair per expert layer across attention ranks, a hop per stage.
    """
    message = local * op.hidden * 2.0 / op.link_bytes_s
    reduce_latency = 1e-6 * fx.link_latency_us * np.log2(np.maximum(op.tp, 1.0))
    reduce_traffic = 2.0 * message * (op.tp - 1.0) / op.tp * fx.link_traffic
    reduce = 2.0 * op.layers * (reduce_latency + reduce_traffic)
    spread = np.minimum(op.experts_per_token, op.chips / op.pp)
    exchange = op.moe_layers * (20e-6 + 3.0 * message * spread) * fx.all_to_all * (op.dp_attention > 1)
    hops = (op.pp - 1.0) * (1e-6 * fx.link_latency_us + message * fx.link_traffic)
    return reduce + exchange + hops
