"""Prefix reuse counted from hashed blocks: what an unbounded cache, cold at the start, would have held of each prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

BLOCK_TOKENS = 512


class PrefixCounter:
    """Remembers the block ids seen so far, across chunks of one trace."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._seen: set[int] = set()

    def cached(self, rows: Iterable[object], input_tokens: FloatArray, name: str, before: int, document: str) -> FloatArray:
        """Return the cached tokens of each prompt: its leading blocks already seen, at most its length, shape (row,).

        Raises `InputError` naming the row whose ids are not a list of whole numbers.
        """
        found = np.empty(input_tokens.size)
        for k, ids in enumerate(rows):
            if not isinstance(ids, list | np.ndarray) or not all(isinstance(i, int | np.integer) for i in ids):
                raise InputError.at(f"{name}, row {before + k + 1}", "a list of whole block numbers is right", document=document)
            found[k] = BLOCK_TOKENS * self._leading(ids)
        return np.asarray(np.minimum(found, input_tokens), dtype=np.float64)

    def _leading(self, ids: Sequence[int] | npt.NDArray[np.integer]) -> int:
        hits = 0
        for block in ids:
            if block not in self._seen:
                break
            hits += 1
        self._seen.update(int(block) for block in ids[hits:])
        return hits
