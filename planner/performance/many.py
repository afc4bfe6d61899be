"""Step times of very many deployments and points at once: the same equations, in blocks that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from os import cpu_count
from typing import TypeVar

import numpy as np

from planner.performance.factors import Factors
from planner.performance.operands import FloatArray, Operands
from planner.performance.roofline import decode_s, prompt_s

_BLOCK = 8192  # points: some sixty arrays of them fill a second-level cache
_THREADS = 2  # numpy frees the interpreter's lock inside its loops


def decode_many_s(op: Operands, fx: Factors, batch: FloatArray, context_tokens: FloatArray) -> FloatArray:
    """Return decode step times [s], shape (point,); every field of `op` and `fx` has a value per point."""
    return _in_blocks(lambda block: decode_s(_cut(op, block), _cut(fx, block), batch[block], context_tokens[block]), len(batch))


def prefill_many_s(
    op: Operands, fx: Factors, new_tokens: FloatArray, cached_tokens: FloatArray, sequences: FloatArray
) -> FloatArray:
    """Return prefill times [s], shape (point,); every field of `op` and `fx` has a value per point."""
    return _in_blocks(
        lambda block: prompt_s(_cut(op, block), _cut(fx, block), new_tokens[block], cached_tokens[block], sequences[block]),
        len(new_tokens),
    )


_Arrays = TypeVar("_Arrays", Operands, Factors)


def _cut(arrays: _Arrays, block: slice) -> _Arrays:
    return type(arrays)(*(getattr(arrays, f.name)[block] for f in fields(arrays)))


def _in_blocks(times: Callable[[slice], FloatArray], count: int) -> FloatArray:
    out = np.empty(count)

    def fill(first: int) -> None:
        block = slice(first, first + _BLOCK)
        out[block] = times(block)

    with ThreadPoolExecutor(min(_THREADS, cpu_count() or 1)) as pool:
        list(pool.map(fill, range(0, count, _BLOCK)))
    return out
