"""The physical floor: no chip reads faster than its memory or multiplies faster than its peak."""

from __future__ import annotations

import numpy as np

from planner.performance.operands import FloatArray, Operands
from planner.performance.operations import (
    Work,
    attention_flops,
    cache_bytes,
    decode_work,
    expert_bytes,
    expert_flops,
    linear_bytes,
    linear_flops,
    prefill_work,
)


def decode_floor_s(op: Operands, batch: FloatArray, context_tokens: FloatArray) -> FloatArray:
    """Return the least time of a decode step [s]: all bytes at peak bandwidth or all FLOPs at peak, whichever is longer.

    70e9 weights of 16 bit over 3.35 TB/s: 140e9 / 3.35e12 = 41.8 ms.
    """
    stage = np.maximum(batch / op.pp, np.minimum(batch, 1.0))
    return _floor_s(op, decode_work(op, stage, context_tokens), op.decode_width)


def prefill_floor_s(op: Operands, new_tokens: FloatArray, cached_tokens: FloatArray, sequences: FloatArray) -> FloatArray:
    """Return the least time to prefill `sequences` prompts [s]; stages of a pipeline can at best all work at once."""
    return _floor_s(op, prefill_work(op, new_tokens, cached_tokens, sequences), op.prefill_width) / op.pp


def _floor_s(op: Operands, work: Work, width: FloatArray) -> FloatArray:
    moved = linear_bytes(op) + expert_bytes(op, work.tokens) + cache_bytes(op, work)
    linear = (linear_flops(op, work) + expert_flops(op, work.tokens)) / op.flops
    attention = attention_flops(op, work, width) / np.maximum(op.half_flops, op.flops)
    return np.maximum(moved / op.bandwidth_bytes_s, linear + attention)
