"""Weighted requests: the one form in which lengths from a profile and from a trace go on to classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.demand.lengths import LengthDistribution

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CACHED_SHARE_CUT = 0.5


@dataclass(frozen=True, slots=True)
class Population:
    """Requests with input, output and cached tokens and their weights, shape (request,) each; the weights add up to 1.

    Rows stand in one canonical order, so that the same requests in another order give the same population.
    """

    input_tokens: FloatArray
    output_tokens: FloatArray
    cached_tokens: FloatArray
    weight: FloatArray

    @classmethod
    def of(
        cls, input_tokens: FloatArray, output_tokens: FloatArray, cached_tokens: FloatArray, weight: FloatArray | None = None
    ) -> Population:
        """Return the population of some requests, in canonical order with weights that add up to 1."""
        w = np.ones(input_tokens.size) if weight is None else weight
        kept = w > 0
        columns = [np.asarray(c, dtype=np.float64)[kept] for c in (input_tokens, output_tokens, cached_tokens, w)]
        order = np.lexsort(columns[::-1])
        i, o, c, w = (column[order] for column in columns)
        return cls(i, o, np.minimum(c, i), w / w.sum())

    @property
    def new_tokens(self) -> FloatArray:
        """Return the input tokens that no cache holds, shape (request,)."""
        return self.input_tokens - self.cached_tokens

    @property
    def hit_rate(self) -> float:
        """Return the share of input tokens found in the cache."""
        return float(self.weight @ self.cached_tokens / (self.weight @ self.input_tokens))

    def mean_tokens(self) -> tuple[float, float, float]:
        """Return the mean input, output and cached tokens per request."""
        return tuple(float(self.weight @ c) for c in (self.input_tokens, self.output_tokens, self.cached_tokens))  # type: ignore[return-value]

    def stretched(self, input_factor: float, output_factor: float) -> Population:
        """Return the population with input (and with it cached) and output lengths multiplied, no length below one token."""
        if input_factor == 1.0 and output_factor == 1.0:
            return self
        inputs = np.maximum(1.0, self.input_tokens * input_factor)
        cached = np.minimum(self.cached_tokens * input_factor, inputs)
        return replace(
            self, input_tokens=inputs, cached_tokens=cached, output_tokens=np.maximum(1.0, self.output_tokens * output_factor)
        )

    def fixed(self, isl_tokens: float | None, osl_tokens: float | None) -> Population:
        """Return the population with every input or output length set to one value; the cached share of each request stays."""
        inputs = self.input_tokens if isl_tokens is None else np.full_like(self.input_tokens, isl_tokens)
        outputs = self.output_tokens if osl_tokens is None else np.full_like(self.output_tokens, osl_tokens)
        return Population.of(inputs, outputs, self.cached_tokens / self.input_tokens * inputs, self.weight)

    def with_hit_rate(self, hit_rate: float) -> Population:
        """Return the population at another token hit rate, exactly.

        A smaller cache turns a share of the requests cold and leaves the others as they are (a prefix is evicted or it
        is not); a larger one finds the same share of what was missing in every request.
        """
        now = self.hit_rate
        if hit_rate == now:
            return self
        if hit_rate > now:
            more = (hit_rate - now) / (1.0 - now)
            return replace(self, cached_tokens=self.cached_tokens + more * self.new_tokens)
        return self._partly_cold(hit_rate / now)

    def condensed(self, points: tuple[int, int]) -> Population:
        """Return the conditional means of a log grid of input x output x two bins of cached share; tokens are conserved."""
        if self.weight.size <= 2 * points[0] * points[1]:
            return self
        label = np.unique(grid_labels(self, points), return_inverse=True)[1]
        weight: FloatArray = np.bincount(label, self.weight).astype(np.float64)
        i, o, c = (
            np.bincount(label, self.weight * x) / weight for x in (self.input_tokens, self.output_tokens, self.cached_tokens)
        )
        return Population.of(i, o, c, weight)

    def _partly_cold(self, kept: float) -> Population:
        warm = self.cached_tokens > 0
        return Population.of(
            np.concatenate([self.input_tokens, self.input_tokens[warm]]),
            np.concatenate([self.output_tokens, self.output_tokens[warm]]),
            np.concatenate([self.cached_tokens, np.zeros(int(warm.sum()))]),
            np.concatenate([np.where(warm, kept, 1.0) * self.weight, (1.0 - kept) * self.weight[warm]]),
        )


def population_of_lengths(
    inputs: LengthDistribution,
    outputs: LengthDistribution,
    cache_bins: tuple[tuple[float, float], ...] = ((1.0, 0.0),),
    *,
    points: tuple[int, int] = (64, 32),
) -> Population:
    """Return independent input and output lengths, each cut into a quadrature, times the bins of cached share.

    Lengths are nearly independent inside a service (rank correlation below 0.1 in four production traces). `cache_bins`
    are rows of (share of requests, cached share of their prompt).
    """
    i, wi = inputs.quadrature(points[0])
    o, wo = outputs.quadrature(points[1])
    wb, share = (np.array(column) for column in zip(*cache_bins, strict=True))
    grid = np.meshgrid(i, o, share, indexing="ij")
    weight = np.einsum("i,o,b->iob", wi, wo, wb)
    return Population.of(grid[0].ravel(), grid[1].ravel(), (grid[0] * grid[2]).ravel(), weight.ravel())


def grid_labels(population: Population, grid: tuple[int, int]) -> IntArray:
    """Return each request's cell in a log grid of input x output x cached share (below or from one half), shape (request,)."""
    i = _log_bins(population.input_tokens, grid[0])
    o = _log_bins(population.output_tokens, grid[1])
    warm = (population.cached_tokens >= CACHED_SHARE_CUT * population.input_tokens) & (population.cached_tokens > 0)
    return np.asarray((i * grid[1] + o) * 2 + warm, dtype=np.int64)


def _log_bins(values: FloatArray, count: int) -> IntArray:
    low, high = np.log(values.min()), np.log(values.max())
    if high - low < 1e-12:
        return np.zeros(values.size, dtype=np.int64)
    place = ((np.log(values) - low) / (high - low) * count).astype(np.int64)
    return np.asarray(np.minimum(place, count - 1), dtype=np.int64)


def weighted_quantile(values: FloatArray, weight: FloatArray, probability: float) -> float:
    """Return the smallest value at or below which at least `probability` of the weight lies."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weight[order])
    at = int(np.searchsorted(cumulative, probability * cumulative[-1] * (1.0 - 1e-12)))
    return float(values[order][min(at, values.size - 1)])
