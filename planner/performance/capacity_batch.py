"""A pool of replicas that decode in batches: how many sequences are in flight, how slow that makes each, who waits.

A replica decodes N sequences together in steps of s(N), so requests leave at N/(D·s(N)), D the mean number of steps of a
request. With Poisson arrivals the number in flight is insensitive to the lengths, P(j) ∝ Π λ·D·s(i)/i (processor sharing; F.
P. Kelly, Reversibility and Stochastic Networks, 1979); bursts make it over-dispersed (`queueing.occupancy`). A request's TPOT
is the mean step over its life: a short answer sees the batch as it is, a long one averages over it. For an autocorrelation
e^(−t/τ) of the number in flight, an average over T keeps the share 2τ/T·(1 − τ/T·(1 − e^(−T/τ))) of its variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from planner.performance.queueing import Bins, Departures, Occupancy, Peakedness, full_house_ratio, occupancy, overlap

Floats = NDArray[np.float64]

_SAME_DISTRIBUTION = 1.6


@dataclass(frozen=True, slots=True)
class Grid:
    """Piecewise-linear functions of the batch size on one common grid, evaluated at fixed sizes of each case.

    `index` points into the flattened table of values, (case, k); `share` is how far towards the next point.
    """

    index: NDArray[np.intp]
    share: Floats

    @classmethod
    def at(cls, batch: Floats, sizes: Floats) -> Grid:
        """Return the interpolation from `batch` (point,) to `sizes` (case, k); beyond the last point the last slope goes on."""
        index = np.clip(np.searchsorted(batch, sizes, side="right") - 1, 0, len(batch) - 2)
        share = np.maximum((sizes - batch[index]) / (batch[index + 1] - batch[index]), 0.0)
        return cls(index + (np.arange(len(sizes)) * len(batch))[:, None], share)

    def __call__(self, values: Floats) -> Floats:
        """Return the values (case, point) interpolated, (case, k)."""
        flat = np.ascontiguousarray(values).reshape(-1)
        low = flat[self.index]
        result: Floats = low + (flat[self.index + 1] - low) * self.share
        return result


def crossing(batch: Floats, values: Floats, target: Floats) -> Floats:
    """Return the size where non-decreasing `values` (case, point) reach `target`, (case,); end slopes go on, ∞ if flat."""
    index = np.clip(np.sum(values <= target[:, None], axis=1) - 1, 0, len(batch) - 2)[:, None]
    low, high = np.take_along_axis(values, index, 1)[:, 0], np.take_along_axis(values, index + 1, 1)[:, 0]
    start, end = batch[index[:, 0]], batch[index[:, 0] + 1]
    rise = high - low
    share = np.where(rise > 0, (target - low) / np.where(rise > 0, rise, 1.0), np.where(target >= low, np.inf, -np.inf))
    return np.where(np.isfinite(share), start + (end - start) * np.where(np.isfinite(share), share, 0.0), share)


def gamma_exceeds(standard: Floats, skew: Floats) -> Floats:
    """Return P(X > mean + standard·σ) of a gamma variable of the given skewness (Wilson & Hilferty 1931)."""
    skewed = np.maximum(skew, 1e-4)
    root = np.cbrt(np.maximum(1 + skewed * standard / 2, 0.0))
    tail: Floats = ndtr(-(root - 1 + skewed**2 / 36) * 6 / skewed)
    return tail


def kept_variance(lives: Floats) -> Floats:
    """Return the share of variance that an average over `lives` relaxation times keeps."""
    x = np.maximum(lives, 1e-6)
    share: Floats = np.where(x < 1e-3, 1.0, 2 / x * (1 + np.expm1(-x) / x))
    return share


def shared_life(steps: Floats, shares: Floats) -> Floats:
    """Return the share of a life of `steps` (case, point) that a request which began with it is still there, E[min(S, s)]/s."""
    order = np.argsort(steps, axis=1)
    points, weights = np.take_along_axis(steps, order, 1), np.take_along_axis(shares, order, 1)
    shorter = np.cumsum(points * weights, axis=1)
    longer = 1 - np.cumsum(weights, axis=1)
    together = np.where(points > 0, shorter / np.maximum(points, 1e-9) + longer, 1.0)
    result = np.empty_like(together)
    np.put_along_axis(result, order, np.minimum(together, 1.0), 1)
    return result


def spacing(points: Floats) -> Floats:
    """Return the deviation of the values that points (case, point) stand for: evenly halfway to the nearer neighbour.

    A neighbour more than 1.6 times away is another value, not the next slice of the same distribution.
    """
    order = np.argsort(points, axis=1)
    ascending = np.take_along_axis(points, order, 1)
    apart = np.diff(ascending, axis=1)
    apart = np.where(ascending[:, 1:] < _SAME_DISTRIBUTION * ascending[:, :-1], apart, 0.0)
    none = np.zeros((len(points), 1))
    width = np.minimum(np.concatenate((none, apart), axis=1), np.concatenate((apart, none), axis=1))
    result = np.empty_like(points)
    np.put_along_axis(result, order, width / np.sqrt(12), 1)
    return result


@dataclass(frozen=True, slots=True)
class BatchCases:
    """One row a case: engine and load of a pool.

    `batch` (point,) starts at 0; `slots` is the most sequences in flight of one replica; `steps` and `shares` (case, point)
    the decode steps after the first token; `dispersion` the index of the whole pool's stream.
    """

    batch: Floats
    slots: Floats
    steps: Floats
    shares: Floats
    dispersion: Floats
    replicas: Floats

    def take(self, rows: slice) -> BatchCases:
        """Return some of the cases."""
        return BatchCases(
            self.batch, self.slots[rows], self.steps[rows], self.shares[rows], self.dispersion[rows], self.replicas[rows]
        )

    def trimmed(self, rate: Floats, step_s: Floats) -> BatchCases:
        """Return the cases with slots that a rate [1/s] would never fill left out, so that the bins stay fine."""
        mean_steps = np.maximum(np.sum(self.steps * self.shares, axis=1, keepdims=True), 1e-9)
        throughput = np.maximum.accumulate(self.replicas[:, None] * self.batch / (mean_steps * step_s), axis=1)
        level = np.clip(crossing(self.batch, throughput, rate), 0.0, self.slots)
        slots = np.minimum(self.slots, np.ceil(4 * level + 6 * self.dispersion / self.replicas + 12))
        return replace(self, slots=slots)


@dataclass(frozen=True, slots=True)
class State:
    """A pool at a rate.

    `step_s` [s] per batch size is (case, point), the others (case,): `ahead` the requests that a burst puts before an arrival,
    `relaxation` [1/s] how fast the number in flight forgets, `decay` [1/s] of the wait for a slot, `level` the batch where
    departures balance arrivals.
    """

    step_s: Floats
    seen: Occupancy
    ahead: Floats
    relaxation: Floats
    decay: Floats
    level: Floats


class BatchPool:
    """The number in flight of many pools as a function of the rate."""

    def __init__(self, cases: BatchCases) -> None:
        """Precompute what does not depend on the rate or on the step times."""
        self.cases = cases
        self.mean_steps = np.maximum(np.sum(cases.steps * cases.shares, axis=1), 1e-9)
        second = np.sum(cases.steps**2 * cases.shares, axis=1)
        self.overlap = overlap(np.maximum(cases.steps, 1e-9), cases.shares)
        self.company = shared_life(cases.steps, cases.shares)
        self.overlap_shared = np.minimum(self.mean_steps**2 / np.maximum(second, 1e-9), 1.0)
        self.variation = np.maximum(second / self.mean_steps**2 - 1, 0.0)
        self.bins = Bins.of(np.floor(cases.slots * cases.replicas))
        states = (self.bins.steps_into, np.maximum(self.bins.steps_into - 1, 0.0), self.bins.centres)
        self.states = [(state, Grid.at(cases.batch, state / cases.replicas[:, None])) for state in states]
        self.at_full = Grid.at(cases.batch, cases.slots[:, None])
        self._known_steps: Floats | None = None

    def saturation(self, step_s: Floats) -> Floats:
        """Return the rate [1/s] at which every slot is always taken, (case,)."""
        full: Floats = self.cases.slots * self.cases.replicas / (self.mean_steps * self.at_full(step_s)[:, 0])
        return full

    def state(self, rate: Floats, step_s: Floats) -> State:
        """Return the pool at a rate [1/s] with steps `step_s` (case, point), non-decreasing in the batch."""
        cases = self.cases
        throughput = cases.replicas[:, None] * cases.batch / (self.mean_steps[:, None] * step_s)
        level = np.clip(crossing(cases.batch, np.maximum.accumulate(throughput, axis=1), rate), 1e-9, cases.slots)
        near = Grid.at(cases.batch, np.stack((level, level + 0.02 * level + 0.01), axis=1))(step_s)
        life = self.mean_steps * near[:, 0]
        growth = (near[:, 1] - near[:, 0]) / (0.02 * level + 0.01) * level / near[:, 0]
        share = np.clip(1 - growth, 0.02, 1.0)
        relaxation = share / life
        spread = self.overlap_shared + (self.overlap - self.overlap_shared) * share
        peak = Peakedness.of(rate, relaxation, cases.dispersion, spread)
        if step_s is not self._known_steps:
            self._known_steps = step_s
            self._departures = Departures(*(state / (self.mean_steps[:, None] * grid(step_s)) for state, grid in self.states))
        full = self.saturation(step_s)
        ratio = full_house_ratio(rate, full, cases.dispersion)
        # The wait for a slot as in GI/G/n (Allen and Cunneen): shorter than for exponential stays where stays are alike.
        decay = full * (1 - ratio) * (1 + cases.dispersion) / (self.variation + cases.dispersion)
        # Half of its burst is before an arrival, which is `ahead`; the chain alone has `stock` − 1 there. The truth lies between.
        bias = np.minimum((peak.ahead + peak.stock - 1) / (2 * peak.stock), 1.0)
        seen = occupancy(rate, self._departures, self.bins, peak, ratio, bias)
        return State(step_s, seen, peak.ahead, relaxation, decay, level)

    def batch_mean(self, state: State) -> Floats:
        """Return the mean batch over the life of a request of each length, itself and its burst included, (case, point)."""
        replicas = self.cases.replicas[:, None]
        company = 2 * state.ahead[:, None] * self.company
        return np.minimum((state.seen.mean[:, None] + 1 + company) / replicas + (1 - 1 / replicas) / 2, self.cases.slots[:, None])

    def waits_longer(self, state: State, slack_s: Floats) -> Floats:
        """Return P(wait for a slot > slack) for slack [s] of shape (case,) or (case, k)."""
        waits, decay = state.seen.waits, state.decay
        if slack_s.ndim == 2:
            waits, decay = waits[:, None], decay[:, None]
        longer: Floats = waits * np.exp(-decay * np.maximum(slack_s, 0.0))
        return longer

    def slower(self, state: State, limit_s: Floats, blur: Floats | None = None) -> Floats:
        """Return P(mean step over the life > limit) for each length, (case, point), limits [s] (case, point).

        `blur` is the relative deviation of the lengths that each stands for, where a limit on the whole life asks for it.
        """
        cases, replicas = self.cases, self.cases.replicas
        mean, variance = self.batch_mean(state), np.maximum(state.seen.variance / replicas**2, 1e-6)[:, None]
        step = Grid.at(cases.batch, mean)(state.step_s)
        top = np.max(np.where(np.isfinite(limit_s), limit_s, 0.0), axis=1)
        middle = np.sum(mean * cases.shares, axis=1)
        reach = np.clip(crossing(cases.batch, state.step_s, top), middle + 0.5, np.maximum(cases.slots, middle + 0.5))
        ends = Grid.at(cases.batch, np.stack((middle, reach), axis=1))(state.step_s)
        slope = (ends[:, 1] - ends[:, 0]) / (reach - middle)
        lives = cases.steps * step * state.relaxation[:, None]
        company = 2 * state.ahead[:, None] * self.company
        spread = np.sqrt(variance * kept_variance(lives) + company * (2 + company) / (2 * replicas[:, None]) ** 2)
        ceiling, deviation = self.at_full(state.step_s), slope[:, None] * spread
        if blur is not None:
            ceiling, deviation = ceiling * (1 + 2 * blur), np.hypot(deviation, step * blur)
        skew = np.minimum(2 * spread / mean, 4.0)
        tail = gamma_exceeds((limit_s - step) / np.maximum(deviation, 1e-9 * step), skew)
        return np.where((limit_s >= ceiling) | (cases.steps < 0.5), 0.0, tail)


def slowest_s(misses: Callable[[Floats], Floats], fastest_s: Floats, slowest_s: Floats, allowed: float) -> Floats:
    """Return the mean step [s] that the share `allowed` of requests exceed, (case,), by bisection between two step times."""
    low, high = np.log(fastest_s), np.log(slowest_s)
    for _ in range(24):
        middle = (low + high) / 2
        over = misses(np.exp(middle)) > allowed
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.exp(high)
