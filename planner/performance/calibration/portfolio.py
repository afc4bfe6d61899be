"""All cases at once: operands and loads stacked by pattern, so that one call predicts every row for given factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.performance.factors import Factors
from planner.performance.measurements.cases import METRICS, Case
from planner.performance.operands import FloatArray, stack
from planner.performance.serving import Deployed, Load, Pattern, serve

_FIELD = {"tpot": "tpot_s", "ttft": "ttft_s", "throughput": "throughput_tok_s", "e2e": "e2e_s"}


@dataclass(frozen=True, slots=True)
class _Block:
    """The cases of one pattern: their places in the portfolio, and their arrays."""

    index: np.ndarray[tuple[int], np.dtype[np.intp]]
    pattern: Pattern
    deployed: Deployed
    load: Load


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Cases with their measured metrics; `predict` gives the metrics for any factors, each of shape (case,)."""

    cases: tuple[Case, ...]
    blocks: tuple[_Block, ...]
    measured: Mapping[str, FloatArray]
    weight: FloatArray

    def predict(self, factors: Factors) -> dict[str, FloatArray]:
        """Return the predicted metrics [s; tokens/s] of every case."""
        out = {metric: np.full(len(self.cases), np.nan) for metric in METRICS}
        for block in self.blocks:
            own = Factors(*(getattr(factors, f.name)[block.index] for f in fields(Factors)))
            serving = serve(block.pattern, Deployed(block.deployed.decode, block.deployed.prefill, own), block.load)
            for metric in METRICS:
                out[metric][block.index] = np.asarray(getattr(serving, _FIELD[metric]))
        return out


def portfolio(cases: Sequence[Case]) -> Portfolio:
    """Return the cases as a portfolio."""
    blocks = [
        _block(np.array([i for i, case in enumerate(cases) if case.pattern is pattern], np.intp), pattern, cases)
        for pattern in Pattern
        if any(case.pattern is pattern for case in cases)
    ]
    measured = {metric: np.array([case.measured.get(metric, np.nan) for case in cases]) for metric in METRICS}
    return Portfolio(tuple(cases), tuple(blocks), measured, np.array([case.weight for case in cases]))


def _block(index: np.ndarray[tuple[int], np.dtype[np.intp]], pattern: Pattern, cases: Sequence[Case]) -> _Block:
    own = [cases[int(i)] for i in index]
    decode, prefill = stack([case.decode for case in own]), stack([case.prefill for case in own])
    load = Load(*(np.array([case.load[f.name] for case in own]) for f in fields(Load)))
    neutral = Factors(*(np.ones(len(own)) for _ in fields(Factors)))
    return _Block(index, pattern, Deployed(decode, prefill, neutral), load)
