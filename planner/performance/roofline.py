"""Step times that no factor can push below physics: the fitted model, held up by the floor."""

from __future__ import annotations

import numpy as np

from planner.performance.factors import Factors
from planner.performance.floor import decode_floor_s, prefill_floor_s
from planner.performance.operands import FloatArray, Operands
from planner.performance.operations import decode_step_s, mixed_step_s, prefill_s


def decode_s(op: Operands, fx: Factors, batch: FloatArray, context_tokens: FloatArray) -> FloatArray:
    """Return the time of a decode step [s], never below the floor."""
    return np.maximum(decode_step_s(op, fx, batch, context_tokens), decode_floor_s(op, batch, context_tokens))


def prompt_s(op: Operands, fx: Factors, new_tokens: FloatArray, cached_tokens: FloatArray, sequences: FloatArray) -> FloatArray:
    """Return the time to prefill prompts [s], never below the floor."""
    floor = prefill_floor_s(op, new_tokens, cached_tokens, sequences)
    return np.maximum(prefill_s(op, fx, new_tokens, cached_tokens, sequences), floor)


def mixed_s(
    op: Operands, fx: Factors, batch: FloatArray, context_tokens: FloatArray, chunk_tokens: FloatArray, chunk_context: FloatArray
) -> FloatArray:
    """Return the time of a decode step that carries a prefill chunk [s], never below either's floor."""
    floor = np.maximum(
        decode_floor_s(op, batch, context_tokens), prefill_floor_s(op, chunk_tokens, chunk_context, np.asarray(1.0))
    )
    return np.maximum(mixed_step_s(op, fx, batch, context_tokens, chunk_tokens, chunk_context), floor)


PROMPTS_TOGETHER = 8.0
"""Prompts over which the fixed costs of a prefill pass are spread when prompts queue: engines fill their chunks with several."""


def service_s(op: Operands, fx: Factors, new_tokens: FloatArray, cached_tokens: FloatArray) -> FloatArray:
    """Return the prefill time that one more prompt costs a busy instance [s]; prompts follow each other through a pipeline."""
    together = prompt_s(op, fx, new_tokens, cached_tokens, np.asarray(PROMPTS_TOGETHER))
    return together / PROMPTS_TOGETHER
