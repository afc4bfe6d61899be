"""What fits: weights, cache and activations of every shard against the memory of one chip."""

from __future__ import annotations

import numpy as np

from planner.performance.operands import USABLE_MEMORY, FloatArray, Operands

RUNTIME_BYTES = 1e9
"""Memory that the runtime keeps on each chip beside weights and cache: contexts, graphs, communication buffers [bytes]."""
_RUNTIME_SHARE = 0.02  # of small memories, where a gigabyte would be most of the chip
_PASS_TOKENS = 8192.0  # tokens whose activations a pass holds; engines bound their chunks at about this


def weight_bytes_per_chip(op: Operands) -> FloatArray:
    """Return the weights stored on one chip [bytes]; wired weights take no memory."""
    spread = (op.linear_weights * op.attention_bytes + (op.head_weights + op.resident_weights) * op.head_bytes) / (op.tp * op.pp)
    return (spread + op.routed_weights * op.linear_bytes / op.chips) * (1.0 - op.wired)


def activation_bytes_per_chip(op: Operands) -> FloatArray:
    """Return what a chip keeps for one pass [bytes].

    Four 16-bit vectors of the hidden width per token of a chunk, and the runtime's own.
    """
    activations = 4.0 * 2.0 * op.hidden * _PASS_TOKENS / op.tp
    return np.minimum(RUNTIME_BYTES + activations, _RUNTIME_SHARE * op.memory_bytes)


def cache_bytes_per_request(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the cache and state of one sequence of `tokens` [bytes], whole, wherever its shards lie."""
    full = op.kv_elements * op.full_layers * tokens
    window = op.window_kv_elements * op.window_layers * np.minimum(tokens, op.window_tokens)
    return op.kv_bytes * (full + window) + op.state_bytes


def cache_bytes_per_chip(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return what one sequence of an instance adds to its busiest chip [bytes].

    Heads shard over tensor parallelism down to one per chip; a latent cache is replicated; attention ranks own their sequences,
    so one sequence weighs 1/ranks on the average chip.
    """
    return cache_bytes_per_request(op, tokens) / (op.kv_shards * op.pp * op.dp_attention)


def max_batch(op: Operands, tokens: FloatArray) -> FloatArray:
    """Return the sequences of `tokens` each (prompt and answer) that an instance can hold.

    0 where the weights alone do not fit.
    """
    free = op.memory_bytes * USABLE_MEMORY - weight_bytes_per_chip(op) - activation_bytes_per_chip(op)
    return np.floor(np.maximum(free, 0.0) / np.maximum(cache_bytes_per_chip(op, tokens), 1e-9))
