"""A length distribution from a dozen quantiles: log-linear between them, rescaled to the published mean.

Inside a segment from (p0, v0) to (p1, v1) the quantile function is `Q(p) = v0 (v1/v0)^((p-p0)/(p1-p0))`, whose
integral, and that of its square, have closed forms. So means, second moments and conditional means of any slice are
exact, without a sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtri

from planner.demand.profiles import LengthTable
from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

_OPEN = np.array([1e-3, 1e-2, 5e-2, 0.1])  # knots added on a side that a table leaves open (no min, no max); the first is its end
_WORST_RESCALE = 2.5  # a table whose mean is further from its quantiles than this contradicts itself
_FINE = 4096


@dataclass(frozen=True, slots=True)
class LengthDistribution:
    """Lengths [tokens] as knots of the quantile function: `probabilities` from 0 to 1, `values` of at least 1."""

    probabilities: tuple[float, ...]
    values: tuple[float, ...]

    @classmethod
    def fixed(cls, tokens: float) -> LengthDistribution:
        """Return the distribution in which every request has the same length."""
        return cls((0.0, 1.0), (float(tokens), float(tokens)))

    @classmethod
    def from_table(cls, table: LengthTable, *, field: str = "") -> LengthDistribution:
        """Return the distribution of a table of quantiles, its mean equal to the listed one.

        A side that the table leaves open continues as a lognormal through the two nearest quantiles, to the 0.1 % point. Raises
        `InputError` naming the field where mean and quantiles contradict each other.
        """
        probabilities, values = _closed(table.quantiles())
        scale = _scale_to(probabilities, values, table.mean)
        if not 1 / _WORST_RESCALE <= scale <= _WORST_RESCALE:
            raise InputError.at(
                f"{field}.mean".lstrip("."), f"{table.mean:g} contradicts the quantiles, which give {table.mean / scale:.4g}"
            )
        return cls(tuple(probabilities.tolist()), tuple(np.maximum(1.0, scale * values).tolist()))

    def scaled(self, factor: float) -> LengthDistribution:
        """Return the distribution with its mean multiplied by `factor`, no length below one token."""
        if factor == 1.0:
            return self
        probabilities, values = np.array(self.probabilities), np.array(self.values)
        scale = _scale_to(probabilities, values, max(1.0, self.mean * factor))
        return LengthDistribution(self.probabilities, tuple(np.maximum(1.0, scale * values).tolist()))

    @property
    def mean(self) -> float:
        """Return the mean length [tokens]."""
        return float(self._moment_below(np.array([1.0]), 1)[0])

    @property
    def second_moment(self) -> float:
        """Return E[L^2] [tokens^2], which drives attention and KV cost."""
        return float(self._moment_below(np.array([1.0]), 2)[0])

    def quantile(self, probability: float | FloatArray) -> FloatArray:
        """Return the length at each probability [tokens]."""
        logs = np.interp(probability, self.probabilities, np.log(self.values))
        return np.asarray(np.exp(logs), dtype=np.float64)

    def p99(self) -> float:
        """Return the 99th percentile [tokens]."""
        return float(self.quantile(0.99))

    def quadrature(self, points: int) -> tuple[FloatArray, FloatArray]:
        """Return (values [tokens], weights), shape (points,): conditional means of slices of the distribution.

        Slices are even in the mean of request share, token share and share of the second moment, so that the tail,
        where the work is, is cut finely. The weighted mean of the values is the distribution's mean, exactly.
        """
        edges = self._slice_edges(points)
        first = self._moment_below(edges, 1)
        weights = np.diff(edges)
        values = np.diff(first) / weights
        return np.clip(values, self.values[0], self.values[-1]), weights

    def sample(self, count: int, seed: int) -> FloatArray:
        """Return `count` random lengths [tokens] of a seed, shape (count,)."""
        return self.quantile(np.random.default_rng(seed).random(count))

    def _slice_edges(self, points: int) -> FloatArray:
        grid = np.unique(np.concatenate([np.linspace(0.0, 1.0, _FINE), 1.0 - np.geomspace(1e-7, 0.1, 512), self.probabilities]))
        share = (grid + self._moment_below(grid, 1) / self.mean + self._moment_below(grid, 2) / self.second_moment) / 3.0
        edges = np.interp(np.linspace(0.0, 1.0, points + 1), share, grid)
        edges[0], edges[-1] = 0.0, 1.0
        return np.asarray(edges, dtype=np.float64)

    def _moment_below(self, probability: FloatArray, order: int) -> FloatArray:
        """Return the integral of Q^order from 0 to each probability."""
        p, v = np.array(self.probabilities), np.array(self.values)
        rate = order * np.log(v[1:] / v[:-1]) / np.diff(p)
        whole = _segment(v[:-1] ** order, rate, np.diff(p))
        cumulative = np.concatenate([[0.0], np.cumsum(whole)])
        at = np.clip(np.searchsorted(p, probability, side="right") - 1, 0, p.size - 2)
        return np.asarray(cumulative[at] + _segment(v[at] ** order, rate[at], probability - p[at]), dtype=np.float64)


def _segment(start: FloatArray, rate: FloatArray, width: FloatArray) -> FloatArray:
    """Return the integral of start * exp(rate * x) for x from 0 to width."""
    exponent = rate * width
    small = np.abs(exponent) < 1e-12
    growth = np.where(small, 1.0, np.expm1(exponent) / np.where(small, 1.0, exponent))
    return np.asarray(start * width * growth, dtype=np.float64)


def _closed(quantiles: tuple[tuple[float, float], ...]) -> tuple[FloatArray, FloatArray]:
    """Return knots from probability 0 to 1 with values of at least one token; open ends continue as a lognormal."""
    p = np.array([probability for probability, _ in quantiles])
    v = np.maximum(1.0, np.array([value for _, value in quantiles]))
    if p.size == 1:
        p, v = np.array([0.0, 1.0]), np.array([v[0], v[0]])
    below = _OPEN[p[0] - _OPEN > 1e-9] if p[0] > 0.0 else _OPEN[:0]
    above = 1.0 - _OPEN[::-1][1.0 - p[-1] - _OPEN[::-1] > 1e-9] if p[-1] < 1.0 else _OPEN[:0]
    low = np.minimum(_lognormal(p[:2], v[:2], below), v[0])
    high = np.maximum(_lognormal(p[-2:], v[-2:], above), v[-1])
    ends = np.concatenate([below, p, above]), np.concatenate([low, v, high])
    ends[0][0], ends[0][-1] = 0.0, 1.0
    return ends[0], np.maximum.accumulate(np.maximum(1.0, ends[1]))


def _lognormal(p: FloatArray, v: FloatArray, target: FloatArray) -> FloatArray:
    """Return the values at `target` of the lognormal through two quantiles."""
    z = ndtri(np.clip(p, _OPEN[0] / 2, 1 - _OPEN[0] / 2))
    slope = np.log(v[1] / v[0]) / (z[1] - z[0])
    return np.asarray(v[0] * np.exp(slope * (ndtri(target) - z[0])), dtype=np.float64)


def _scale_to(probabilities: FloatArray, values: FloatArray, mean: float) -> float:
    """Return the factor on the values that makes the mean of max(1, factor * values) the wanted one."""
    if mean < 1.0:
        raise InputError.at("mean", f"{mean:g} tokens; a request has at least one token")

    def excess(log_scale: float) -> float:
        scaled = np.maximum(1.0, np.exp(log_scale) * values)
        return LengthDistribution(tuple(probabilities), tuple(scaled)).mean - mean

    if abs(excess(0.0)) <= 1e-12 * mean:
        return 1.0
    low, high = np.log(mean / values.max()) - 1e-9, np.log(mean) + 1e-9
    if excess(high) <= 0.0:
        return float(np.exp(high))
    return float(np.exp(brentq(excess, low, high, xtol=1e-15, rtol=1e-15, maxiter=200)))
