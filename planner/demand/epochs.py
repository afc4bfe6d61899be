"""Length epochs: runs of periods whose mean lengths move so little that one set of request classes serves them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.demand.growth import GrowthPath

_HIT_STEP = 0.02


@dataclass(frozen=True, slots=True)
class Epoch:
    """Periods `first` to `last`, their factors on input and output lengths and their cache hit (None: the source's)."""

    first: int
    last: int
    input_factor: float
    output_factor: float
    cache_hit: float | None


def length_epochs(path: GrowthPath, step: float) -> tuple[Epoch, ...]:
    """Return the epochs: a new one begins where a length leaves a band of `step` (0.1 = 10 %) or the hit one of 0.02.

    Factors are means weighted by volume, so that the tokens of an epoch add up to those of its periods.
    """
    starts = [0]
    for period in range(1, path.volume.size):
        if _left(path, starts[-1], period, step):
            starts.append(period)
    ends = [*(s - 1 for s in starts[1:]), path.volume.size - 1]
    return tuple(_epoch(path, first, last) for first, last in zip(starts, ends, strict=True))


def _left(path: GrowthPath, first: int, period: int, step: float) -> bool:
    for curve in (path.input_tokens, path.output_tokens):
        run = curve[first : period + 1]
        if run.max() > run.min() * (1.0 + step) * (1.0 + 1e-12):
            return True
    if path.cache_hit is None:
        return False
    run = path.cache_hit[first : period + 1]
    return bool(run.max() - run.min() > _HIT_STEP)


def _epoch(path: GrowthPath, first: int, last: int) -> Epoch:
    run = slice(first, last + 1)
    volume = path.volume[run] if path.volume[run].any() else np.ones(last - first + 1)
    tokens = volume * path.input_tokens[run]
    hit = None if path.cache_hit is None else float(np.average(path.cache_hit[run], weights=tokens))
    return Epoch(
        first,
        last,
        float(np.average(path.input_tokens[run], weights=volume)),
        float(np.average(path.output_tokens[run], weights=volume)),
        hit,
    )
