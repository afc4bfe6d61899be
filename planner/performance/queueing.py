"""What every queue shares: arrivals, distributions as quadrature, the number of requests in flight, the search for a rate.

Arrivals are a gamma renewal process; its one figure is the index of dispersion of counts F, which for a renewal process is
the squared coefficient of variation of its gaps. The number in flight seen by an arrival follows a birth–death chain with
births linear in the state, so that its variance-to-mean ratio is the peakedness of the stream (Bernoulli–Poisson–Pascal
traffic [1]_ [2]_), and with the true state-dependent departure rate of the batch.

.. [1] A. E. Eckberg, Generalized peakedness of teletraffic processes, ITC 10 (1983); W. Whitt, Heavy-traffic approximations
   for service systems with blocking, AT&T Bell Lab. Tech. J. 63 (1984).
.. [2] L. E. N. Delbrouck, A unified approximate evaluation of congestion functions for smooth and peaky traffics, IEEE Trans.
   Comm. 29 (1981).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InputError

Floats = NDArray[np.float64]

_BINS = 64
_SEARCH_STEPS, _BISECTIONS = 7, 3
_SEARCH_RANGE = 5.0
_CURVE, _STEEP = 2.0, 1.0
_TAIL = (0.895, 0.905, 0.945, 0.955, 0.98, 0.989, 0.991, 0.996, 0.999)
_CHUNK = 256
_NEWTON_STEPS = 10  # from the right of a convex function: monotone, and quadratic at the end


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A stream of requests as a whole pool sees it.

    `dispersion` is Var(N)/E(N) of the counts N over windows long against a request, equally the squared coefficient of
    variation of the gaps of a renewal stream (1 = Poisson); any shape that broadcasts against the cases. Figures below 1 are
    read as 1.
    """

    dispersion: ArrayLike = 1.0

    @classmethod
    def of_gaps(cls, coefficient_of_variation: ArrayLike) -> Arrivals:
        """Return the stream whose inter-arrival gaps have this coefficient of variation."""
        return cls(np.square(np.asarray(coefficient_of_variation, dtype=float)))

    def split(self, ways: ArrayLike) -> Arrivals:
        """Return one of `ways` streams after random routing, F' = 1 + (F − 1)/ways (W. Whitt, Bell Syst. Tech. J. 62, 1983)."""
        return Arrivals(1 + (np.asarray(self.dispersion, dtype=float) - 1) / np.asarray(ways, dtype=float))


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution as quadrature: `values` of shape (..., point), `weights` summing to one that broadcast against them.

    The best points are conditional means of slices of the sample, finer towards the tail that a percentile looks at.
    """

    values: Floats
    weights: Floats

    @classmethod
    def constant(cls, value: float) -> Distribution:
        """Return the distribution of a single value."""
        return cls(np.array([float(value)]), np.ones(1))

    @classmethod
    def of_sample(cls, sample: ArrayLike, points: int = 20, tail: tuple[float, ...] = _TAIL) -> Distribution:
        """Return conditional means of `points` slices of a sample: equal up to 85 %, then cut at the `tail` probabilities.

        The usual percentiles lie inside narrow slices, not between two.
        """
        ordered = np.sort(np.asarray(sample, dtype=float))
        cuts = np.concatenate((np.linspace(0, 0.85, max(points - len(tail), 2)), tail, [1.0]))
        borders = np.unique((cuts * len(ordered)).round().astype(int))
        sums = np.add.reduceat(ordered, borders[:-1])
        return cls(sums / np.diff(borders), np.diff(borders) / len(ordered))

    @property
    def mean(self) -> Floats:
        """Return the mean, shape (...)."""
        total: Floats = np.sum(self.values * self.weights, axis=-1) / np.sum(self.weights, axis=-1)
        return total

    @property
    def second_moment(self) -> Floats:
        """Return E[X²], shape (...)."""
        total: Floats = np.sum(self.values**2 * self.weights, axis=-1) / np.sum(self.weights, axis=-1)
        return total


SHORT_FINE = (0.04, 0.1, 0.2, 0.35, 0.52, 0.7, 0.84, 0.93, 0.985, 1.0)
BOTH_FINE = (0.04, 0.1, 0.2, 0.35, 0.5, 0.65, 0.78, 0.85, *_TAIL, 1.0)


def coarser(points: Distribution, cuts: tuple[float, ...], apart: float = 0.0) -> Distribution:
    """Return distributions (case, point) by the conditional means of slices that end at `cuts` of the probability.

    Values below `apart` stay in a slice of their own. Distributions of few points, and all means, stay as they are.
    """
    if points.values.shape[1] <= len(cuts) + 1:
        return points
    order = np.argsort(points.values, axis=1, kind="stable")
    values, weights = np.take_along_axis(points.values, order, 1), np.take_along_axis(points.weights, order, 1)
    upto = np.cumsum(weights, axis=1)
    least = np.sum(weights * (values < apart), axis=1, keepdims=True)
    edges = least + (upto[:, -1:] - least) * np.array([0.0, *cuts])
    if apart > 0:
        edges = np.concatenate((np.zeros_like(least), edges), axis=1)
    edges = edges[:, None, :]
    share = np.minimum(upto[:, :, None], edges[:, :, 1:]) - np.maximum((upto - weights)[:, :, None], edges[:, :, :-1])
    mass = np.maximum(share, 0.0).sum(axis=1)
    means = np.einsum("cps,cp->cs", np.maximum(share, 0.0), values) / np.maximum(mass, 1e-12)
    return Distribution(means, mass / mass.sum(axis=1, keepdims=True))


def overlap(values: Floats, weights: Floats) -> Floats:
    """Return E[min(S, S')]/E[S] of independent copies, (case,), from points (case, point).

    It says how long a burst stays together: 1 if stays are constant, ½ if exponential, less with heavy tails.
    """
    order = np.argsort(values, axis=1)
    points, shares = np.take_along_axis(values, order, 1), np.take_along_axis(weights, order, 1)
    beyond = 1 - np.cumsum(shares, axis=1)
    smaller = np.sum(points * shares * (shares + 2 * beyond), axis=1)
    ratio: Floats = smaller / np.sum(points * shares, axis=1)
    return ratio


@dataclass(frozen=True, slots=True)
class Peakedness:
    """How much a stream bunches the requests in flight, (case,) each.

    `stock` is the variance-to-mean ratio of the number in flight with unlimited slots; `ahead` the requests that an arrival
    finds beyond the mean, half of the burst it is part of.
    """

    stock: Floats
    ahead: Floats

    @classmethod
    def of(cls, rate: Floats, release: Floats, dispersion: Floats, overlap_share: Floats) -> Peakedness:
        """Return the peakedness of gamma renewal arrivals of rate λ [1/s] on stays with release rate γ [1/s].

        For exponential stays an arrival finds A*(γ)/(1 − A*(γ)) in flight, exactly, and the ratio is one more than its excess
        over λ/γ; for other stays the excess of the ratio scales with 2·E[min(S, S')]/E[S] (Eckberg 1983).
        """
        transform = np.exp(-np.log1p(release * dispersion / rate) / dispersion)
        ahead = np.maximum(1 / (1 - transform) - 1 - rate / release, 0.0)
        return cls(1 + ahead * 2 * overlap_share, ahead)


def full_house_ratio(rate: Floats, departures: Floats, dispersion: Floats) -> Floats:
    """Return σ of GI/M/1, the root of σ = A*(μ(1 − σ)) below one, (case,): the ratio of states beyond the last slot.

    `departures` is μ [1/s] with every slot busy; one where μ ≤ λ.
    """
    idle = np.ones_like(rate)
    for _ in range(_NEWTON_STEPS):
        stretch = departures * dispersion / rate
        transform = np.exp(-np.log1p(stretch * idle) / dispersion)
        slope = 1 - departures / rate * transform / (1 + stretch * idle)
        idle = np.clip(idle - (transform - 1 + idle) / np.maximum(slope, 1e-9), 0.0, 1.0)
    return np.where(departures <= rate, 1.0, 1 - idle)


@dataclass(frozen=True, slots=True)
class Bins:
    """States 0 … slots − 1 of many chains on a common number of bins.

    `centres` and `steps_into`, the state in the middle of the step into each bin, are (case, bin); `width` [states] is (case,).
    """

    centres: Floats
    steps_into: Floats
    width: Floats
    used: NDArray[np.bool_]

    @classmethod
    def of(cls, slots: Floats) -> Bins:
        """Return bins for chains of `slots` ≥ 1 states, (case,): one state a bin up to 64, equal shares beyond."""
        count = int(min(_BINS, np.ceil(slots.max())))
        width = np.maximum(1.0, slots / count)[:, None]
        index = np.arange(count)[None, :]
        centres = index * width + (width - 1) / 2
        steps_into = np.where(index == 0, 0.5, centres - (width - 1) / 2)
        return cls(centres, steps_into, width[:, 0], index * width < slots[:, None] - 1e-9)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Requests in flight, (case,) each: P(an arrival finds every slot busy), mean and variance over time."""

    waits: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class Departures:
    """Departure rates [1/s] of chains, (case, bin): in the middle of each step into a bin, one state before, at each centre."""

    into: Floats
    before: Floats
    centre: Floats

    @classmethod
    def linear(cls, release: Floats, bins: Bins) -> Departures:
        """Return the rates of servers that each release at `release` [1/s], (case,)."""
        column = release[:, None]
        return cls(column * bins.steps_into, column * np.maximum(bins.steps_into - 1, 0.0), column * bins.centres)


def occupancy(
    rate: Floats, departures: Departures, bins: Bins, peak: Peakedness, ratio: Floats, bias: Floats | None = None
) -> Occupancy:
    """Return the requests in flight of a system with state-dependent departures d(j).

    Births are λ/z + (1 − 1/z)·d(j) with z = `peak.stock`: an unusually full system is one in the middle of a burst. Where
    departures are linear that is Bernoulli–Poisson–Pascal traffic of peakedness z. Arrivals see state j in proportion to λ +
    g·(d(j) − λ), g = `bias`, by default 1 − 1/z: in proportion to its births. `ratio` is the geometric ratio of states beyond
    the last slot.
    """
    base, gain = (rate / peak.stock)[:, None], (1 - 1 / peak.stock)[:, None]
    steps = bins.width[:, None] * np.log((base + gain * departures.before) / departures.into)
    steps[:, 0] = 0.0
    log_share = np.where(bins.used, np.cumsum(steps, axis=1), -np.inf)
    share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
    leaning = gain if bias is None else bias[:, None]
    found = share * (rate[:, None] * (1 - leaning) + leaning * departures.centre)
    waits = _beyond(found, steps, bins, ratio)
    waits = waits / (waits + found.sum(axis=1))
    queued = _beyond(share, steps, bins, ratio)
    slots = (bins.centres * bins.used).max(axis=1) + (bins.width + 1) / 2
    total = share.sum(axis=1) + queued
    mean = (np.sum(share * bins.centres, axis=1) + queued * slots) / total
    square = (np.sum(share * bins.centres**2, axis=1) + queued * slots**2) / total
    return Occupancy(waits, mean, np.maximum(square - mean**2, 0.0))


def _beyond(share: Floats, steps: Floats, bins: Bins, ratio: Floats) -> Floats:
    """Return the weight of all states past the last slot, (case,), given those of the bins."""
    place = bins.used.sum(axis=1)[:, None] - 1
    last, slope = np.take_along_axis(share, place, 1)[:, 0], np.take_along_axis(steps, place, 1)[:, 0]
    edge = last / bins.width * np.exp(0.5 * (bins.width - 1) * slope / bins.width)
    weight: Floats = edge * ratio / np.maximum(1 - ratio, 1e-12)
    return weight


def highest_rate(misses: Callable[[Floats], Floats], allowed: float, saturation: Floats) -> Floats:
    """Return the highest rate [1/s] at which the share of requests that miss a limit stays within `allowed`, (case,).

    `misses(rate)` must grow with the rate; `saturation` [1/s] bounds the search to loads of 0.7 % to 99.3 % of it, and the
    answer is zero where even the lowest misses. Three bisections, then regula falsi with the Illinois rule, against
    logit(load), on the square root of log(misses/allowed) below a constant, the scale on which the tail of a large pool is
    straight; an end is tried only where no bisection has left it behind.
    """
    low, high = np.full_like(saturation, -_SEARCH_RANGE), np.full_like(saturation, _SEARCH_RANGE)
    at_low, at_high = np.full_like(saturation, np.nan), np.full_like(saturation, np.nan)
    side = np.zeros_like(low)
    for step in range(_SEARCH_STEPS):
        if step < _BISECTIONS:
            middle = (low + high) / 2
        else:
            middle = np.where((at_low < -_STEEP) & (at_high > _STEEP), (low + high) / 2, _between(low, high, at_low, at_high))
            middle = np.where(np.isnan(at_low), low, np.where(np.isnan(at_high), high, middle))
        # A limit that nothing can meet misses infinitely often; the search needs a number to divide by.
        excess = np.log(np.clip(misses(saturation / (1 + np.exp(-middle))), 1e-9, 1e9) / allowed)
        value = _CURVE - np.sqrt(np.maximum(_CURVE**2 - excess, 0.1))
        over = value > 0
        at_low = np.where(over & (side == 1), at_low / 2, np.where(over, at_low, np.minimum(value, -1e-12)))
        at_high = np.where(~over & (side == -1), at_high / 2, np.where(over, value, at_high))
        low, high = np.where(over, low, middle), np.where(over, middle, high)
        side = np.where(over, 1.0, -1.0)
    never, always = np.isnan(at_low), np.isnan(at_high)
    position = np.where(always, _SEARCH_RANGE, _between(low, high, np.where(never, -1.0, at_low), np.where(always, 1.0, at_high)))
    return np.where(never, 0.0, saturation / (1 + np.exp(-position)))


def _between(low: Floats, high: Floats, at_low: Floats, at_high: Floats) -> Floats:
    """Return where the line through a point below zero and one above it crosses zero."""
    crossing: Floats = (low * at_high - high * at_low) / (at_high - at_low)
    return crossing


def in_chunks(count: int, solve: Callable[[slice], Floats]) -> Floats:
    """Return `solve` of slices of `count` cases that fit the processor's cache, on two threads (numpy frees the lock)."""
    parts = [slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    if len(parts) < 2:
        return solve(parts[0]) if parts else np.zeros(0)
    with ThreadPoolExecutor(max_workers=2) as pool:
        return np.concatenate(list(pool.map(solve, parts)))


def flat_cases(shape: tuple[int, ...], array: ArrayLike, points: int | None = None) -> Floats:
    """Return the array broadcast to `shape` and flattened to (case,), or to (case, point) when its last axis has `points`."""
    full = shape if points is None else (*shape, points)
    rows = np.array(np.broadcast_to(np.asarray(array, dtype=float), full), dtype=float)
    return rows.reshape(-1) if points is None else rows.reshape(-1, points)


def check_percentile(percentile: float, field: str = "percentile") -> float:
    """Return the percentile as a share of requests; raise InputError unless it lies in [0.5, 0.9999]."""
    if not 0.5 <= percentile <= 0.9999:
        raise InputError.at(field, f"{percentile!r} given; a share of requests between 0.5 and 0.9999 is needed (0.99 for p99)")
    return percentile
