"""Capacity of prefill pools under a TTFT percentile: G/G/n, first come first served, on the real distribution of prompts.

One replica is GI/G/1, solved by `single_server`. A pool of n behind one queue (or a router that picks the replica with the
least work) waits with the probability that an arrival finds n requests in flight (`queueing.occupancy`), and then as long as
a server n times as fast would make it wait; the exact decay rate of GI/G/n is that of this fast server (Takahashi 1981; Neuts
& Takahashi 1981), the same separation of the probability of delay from the delay as in Allen–Cunneen and in Whitt,
Approximations for the GI/G/m queue (1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.performance.queueing import (
    Arrivals,
    Bins,
    Departures,
    Distribution,
    Peakedness,
    check_percentile,
    flat_cases,
    highest_rate,
    in_chunks,
    occupancy,
    overlap,
)
from planner.performance.single_server import Density, ResponseTail

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cases:
    """The arguments of a call, broadcast and flattened: one row a case."""

    service_s: Floats
    weights: Floats
    limit_s: Floats
    dispersion: Floats
    replicas: Floats
    shape: tuple[int, ...]

    def pool(self, rows: slice) -> PrefillPool:
        """Return the pool of some of the cases."""
        return PrefillPool(
            self.service_s[rows], self.weights[rows], self.limit_s[rows], self.dispersion[rows], self.replicas[rows]
        )


def _cases(service: Distribution, limit_s: ArrayLike, arrivals: Arrivals, replicas: ArrayLike, extra_s: ArrayLike) -> _Cases:
    """Return the broadcast of all arguments over the leading axes of the service times."""
    values, weights = np.broadcast_arrays(np.asarray(service.values, dtype=float), np.asarray(service.weights, dtype=float))
    slack = np.asarray(limit_s, dtype=float) - np.asarray(extra_s, dtype=float)
    dispersion = np.maximum(np.asarray(arrivals.dispersion, dtype=float), 1.0)
    servers = np.asarray(replicas, dtype=float)
    shape = np.broadcast_shapes(values.shape[:-1], slack.shape, dispersion.shape, servers.shape)
    points = values.shape[-1]

    return _Cases(
        flat_cases(shape, values, points),
        flat_cases(shape, weights, points),
        flat_cases(shape, slack),
        flat_cases(shape, dispersion),
        flat_cases(shape, servers),
        shape,
    )


class PrefillPool:
    """TTFT of prefill pools as a function of the rate: what does not depend on the rate is computed once."""

    def __init__(
        self, work_s: Floats, weights: Floats, limit_s: Floats, dispersion: Floats, replicas: Floats, own_s: Floats | None = None
    ) -> None:
        """Prepare service times [s], (case, point), and a limit [s], index of dispersion and number of replicas, (case,).

        `own_s`, (case, point), is what a request itself takes where that differs from the work that later ones wait for.
        """
        work = Density.of(work_s, weights)
        own = work if own_s is None else Density.of(own_s, weights)
        self.tail = ResponseTail(work, own, limit_s, dispersion, replicas)
        self.replicas, self.dispersion = replicas, dispersion
        self.release = 1 / work.mean_s
        self.saturation = replicas * self.release
        # However idle the pool, a request that takes longer than the limit by itself misses it: inverting far out in a long
        # tail loses sight of that.
        self.least = own.longer_than(limit_s)
        self.late = limit_s <= own.start_s
        self.pooled = bool(np.any(replicas > 1))
        if self.pooled:
            self.overlap = overlap(work_s, weights / weights.sum(axis=1, keepdims=True))
            self.bins = Bins.of(replicas)
            self.departures = Departures.linear(self.release, self.bins)
            self.shift_random_s, self.shift_burst_s = self._first_wait_shift(work)

    def misses(self, rate: Floats) -> Floats:
        """Return P(wait + service > limit), (case,)."""
        waiting, idle = self.tail.waiting(rate)
        if self.pooled:
            waits = self._waits(rate, idle)[:, None]
            # Where no request can be in time nothing is asked of the wait, and a limit near nought would overflow.
            shift_s = np.where(self.late, 0.0, self._shift_s(rate))[:, None]
            delayed = (waiting - idle[:, None]) / (1 - idle)[:, None] * np.exp(-self.tail.s * shift_s)
            several = self.replicas[:, None] > 1
            waiting = np.where(several, 1 - waits + waits * delayed, waiting)
        return np.where(self.late, 1.0, np.maximum(self.tail.exceeds(waiting), self.least))

    def _first_wait_shift(self, density: Density) -> tuple[Floats, Floats]:
        """Return how much longer the first in line waits than before a fast server [s]: replicas out of step, and in step.

        Out of step it waits for the first of n residual services, not for a residual of S/n; in step, on average halfway from
        the mean of S/n to the first of n whole services.
        """
        fresh, residual = density.first_of(self.replicas)
        random = residual - density.second_s2 / (2 * density.mean_s * self.replicas)
        burst = (fresh - density.mean_s / self.replicas) / 2
        return random, np.maximum(burst, random)

    def _shift_s(self, rate: Floats) -> Floats:
        """Return the shift of the conditional wait [s]: out of step (Poisson, near saturation) to in step (bursts, idle pool)."""
        share = (self.dispersion - 1) / (self.dispersion + 6) * np.sqrt(np.maximum(1 - rate / self.saturation, 0))
        return (1 - share) * self.shift_random_s + share * self.shift_burst_s

    def _waits(self, rate: Floats, idle: Floats) -> Floats:
        """Return P(all replicas busy) as an arrival finds it, (case,)."""
        peak = Peakedness.of(rate, self.release, self.dispersion, self.overlap)
        return occupancy(rate, self.departures, self.bins, peak, 1 - idle).waits


def prefill_capacity_rps(
    service: Distribution,
    limit_s: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    extra_s: ArrayLike = 0.0,
) -> Floats:
    """Return the highest rate [requests/s] of a pool at which the percentile of wait + service + extra meets the limit.

    `service` holds prefill times [s], values (..., point); `limit_s` the TTFT limit [s]; `extra_s` constant delays [s] (KV
    transfer, network round trip); `arrivals` the stream of the whole pool; `replicas` servers behind one queue. All broadcast
    over the leading axes, which are the shape of the result. Zero where the limit cannot be met at any rate. Raises
    InputError for a percentile outside [0.5, 0.9999].
    """
    allowed = 1 - check_percentile(percentile)
    cases = _cases(service, limit_s, arrivals or Arrivals(), replicas, extra_s)

    def solve(rows: slice) -> Floats:
        pool = cases.pool(rows)
        return highest_rate(pool.misses, allowed, pool.saturation)

    return in_chunks(len(cases.limit_s), solve).reshape(cases.shape)


def prefill_attainment(
    service: Distribution,
    limit_s: ArrayLike,
    rate_rps: ArrayLike,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    extra_s: ArrayLike = 0.0,
) -> Floats:
    """Return the share of requests with wait + service + extra within `limit_s` [s] at a rate [requests/s] of the pool.

    Zero at or beyond saturation.
    """
    rate, limit = np.broadcast_arrays(np.asarray(rate_rps, dtype=float), np.asarray(limit_s, dtype=float))
    cases = _cases(service, limit, arrivals or Arrivals(), replicas, extra_s)
    load = flat_cases(cases.shape, rate)

    def solve(rows: slice) -> Floats:
        pool = cases.pool(rows)
        stable = load[rows] < 0.999 * pool.saturation
        calm = np.clip(load[rows], 1e-3 * pool.saturation, 0.999 * pool.saturation)
        return np.where(stable, 1 - pool.misses(calm), 0.0)

    return in_chunks(len(load), solve).reshape(cases.shape)


def prefill_ttft_s(
    service: Distribution,
    rate_rps: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    extra_s: ArrayLike = 0.0,
) -> Floats:
    """Return the percentile of wait + service + extra [s] at a rate [requests/s] of the pool; ∞ at or beyond saturation.

    Bisection on the limit between the shortest service and a thousand mean services.
    """
    check_percentile(percentile)
    stream, mean = arrivals or Arrivals(), service.mean
    shape = np.broadcast_shapes(
        mean.shape, np.shape(rate_rps), np.shape(stream.dispersion), np.shape(replicas), np.shape(extra_s)
    )
    low, high = np.zeros(shape) + np.log(1e-2 * mean), np.zeros(shape) + np.log(1e3 * mean)
    for _ in range(18):
        middle = (low + high) / 2
        met = prefill_attainment(service, np.exp(middle), rate_rps, arrivals=stream, replicas=replicas) >= percentile
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    stable = np.asarray(rate_rps, dtype=float) * mean < 0.999 * np.asarray(replicas, dtype=float)
    return np.where(stable, np.exp((low + high) / 2) + np.asarray(extra_s, dtype=float), np.inf)
