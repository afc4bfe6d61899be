"""Capacity of decode pools under a TPOT or E2E percentile, and what requests meet at a given load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.performance.capacity_batch import BatchCases, BatchPool, Grid, State, crossing, slowest_s, spacing
from planner.performance.queueing import Arrivals, Distribution, check_percentile, flat_cases, highest_rate, in_chunks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """A limit on E2E: `limit_s` [s] at `percentile`, of which `before_s` [s] has passed when decode begins (TTFT, transfers)."""

    limit_s: ArrayLike
    percentile: float
    before_s: ArrayLike = 0.0


@dataclass(frozen=True, slots=True)
class DecodeEngine:
    """Decode replicas: `step_s` [s], (..., batch), on ascending sizes `batch`, (batch,), and the memory's `max_batch`."""

    step_s: Floats
    batch: Floats
    max_batch: ArrayLike


class _DecodePool:
    """Misses of TPOT, admission and E2E as a function of the rate."""

    def __init__(self, cases: BatchCases, step_s: Floats, limits: dict[str, Floats]) -> None:
        largest = crossing(cases.batch, step_s, limits["tpot_s"])
        enough = np.where(np.isfinite(largest), np.maximum(3 * largest + 16, 1), np.inf)
        slots = np.maximum(np.floor(np.minimum(cases.slots, enough)), 1.0)
        self.none = (cases.slots < 1) | (step_s[:, 0] > limits["tpot_s"])
        self.pool = BatchPool(BatchCases(cases.batch, slots, cases.steps, cases.shares, cases.dispersion, cases.replicas))
        self.step_s, self.limits = step_s, limits
        self.saturation = self.pool.saturation(step_s)
        self.blur = spacing(cases.steps) / np.maximum(cases.steps, 0.5)

    def state(self, rate: Floats) -> State:
        """Return the pool at a rate."""
        return self.pool.state(rate, self.step_s)

    def tpot_misses(self, state: State) -> Floats:
        """Return the share of requests slower than the TPOT limit or longer without a slot than allowed, (case,)."""
        cases = self.pool.cases
        limit = np.broadcast_to(self.limits["tpot_s"][:, None], cases.steps.shape)
        slow = np.sum(cases.shares * self.pool.slower(state, limit), axis=1)
        missed: Floats = np.maximum(slow, self.pool.waits_longer(state, self.limits["admission_s"]))
        return missed

    def e2e_misses(self, state: State) -> Floats:
        """Return the share of requests that are later than the E2E limit, (case,)."""
        cases = self.pool.cases
        left = self.limits["e2e_s"][:, None]
        slow = self.pool.slower(state, left / np.maximum(cases.steps, 0.5), self.blur)
        step = Grid.at(cases.batch, self.pool.batch_mean(state))(self.step_s)
        waits = self.pool.waits_longer(state, left - cases.steps * step)
        late = np.where(left <= 0, 1.0, slow + (1 - slow) * waits)
        missed: Floats = np.sum(cases.shares * late, axis=1)
        return missed

    def excess(self, rate: Floats) -> Floats:
        """Return the larger of misses/allowed over all limits, (case,)."""
        state = self.state(rate)
        worst = self.tpot_misses(state) / self.limits["tpot_allowed"]
        if "e2e_s" in self.limits:
            worst = np.maximum(worst, self.e2e_misses(state) / self.limits["e2e_allowed"])
        return np.where(self.none, np.inf, worst)


def _with_empty(batch: Floats, step_s: Floats) -> tuple[Floats, Floats]:
    """Return grid and steps with the empty batch in front (as fast as the smallest), non-decreasing."""
    grid = np.concatenate(([0.0], np.asarray(batch, dtype=float)))
    rows = np.concatenate((step_s[..., :1], step_s), axis=-1)
    return grid, np.maximum.accumulate(rows, axis=-1)


@dataclass(frozen=True, slots=True)
class _Problem:
    """A call, broadcast and flattened."""

    cases: BatchCases
    step_s: Floats
    limits: dict[str, Floats]
    shape: tuple[int, ...]

    def pool(self, rows: slice) -> _DecodePool:
        """Return the pool of some of the cases."""
        limits = {name: value[rows] for name, value in self.limits.items()}
        return _DecodePool(self.cases.take(rows), self.step_s[rows], limits)


def _problem(
    engine: DecodeEngine,
    output: Distribution,
    tpot_limit_s: ArrayLike,
    percentile: float,
    arrivals: Arrivals,
    replicas: ArrayLike,
    admission_s: ArrayLike,
    e2e: EndToEnd | None,
) -> _Problem:
    """Return the broadcast of all arguments."""
    values, weights = np.broadcast_arrays(np.asarray(output.values, dtype=float), np.asarray(output.weights, dtype=float))
    grid, rows = _with_empty(engine.batch, np.asarray(engine.step_s, dtype=float))
    scalars: dict[str, ArrayLike] = {"tpot_s": tpot_limit_s, "admission_s": admission_s}
    scalars["tpot_allowed"] = 1 - check_percentile(percentile)
    if e2e is not None:
        scalars["e2e_s"] = np.asarray(e2e.limit_s, dtype=float) - np.asarray(e2e.before_s, dtype=float)
        scalars["e2e_allowed"] = 1 - check_percentile(e2e.percentile, "e2e.percentile")
    dispersion = np.maximum(np.asarray(arrivals.dispersion, dtype=float), 1.0)
    others = [np.shape(value) for value in (*scalars.values(), dispersion, replicas, engine.max_batch)]
    shape = np.broadcast_shapes(values.shape[:-1], rows.shape[:-1], *others)
    points = values.shape[-1]
    shares = flat_cases(shape, weights, points)
    cases = BatchCases(
        grid,
        np.floor(flat_cases(shape, engine.max_batch)),
        np.maximum(flat_cases(shape, values, points) - 1, 0.0),
        shares / shares.sum(axis=1, keepdims=True),
        flat_cases(shape, dispersion),
        flat_cases(shape, replicas),
    )
    limits = {name: flat_cases(shape, value) for name, value in scalars.items()}
    return _Problem(cases, flat_cases(shape, rows, len(grid)), limits, shape)


def decode_capacity_rps(
    engine: DecodeEngine,
    output: Distribution,
    tpot_limit_s: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    admission_s: ArrayLike = 0.0,
    e2e: EndToEnd | None = None,
) -> Floats:
    """Return the highest rate [requests/s] of a decode pool at which its percentiles hold.

    The percentile of requests must have TPOT = (E2E − TTFT)/(OSL − 1) within `tpot_limit_s` [s] and must not wait for a slot
    for more than `admission_s` [s] (zero: at most 1 − p of the requests find every slot taken); with `e2e` its limit must
    hold too. `output` holds output tokens, first one included; `arrivals` the stream of the whole pool, which goes to the
    replica with the fewest in flight. All broadcast over leading axes, the shape of the result. Zero where a single sequence
    is too slow or does not fit.
    """
    problem = _problem(engine, output, tpot_limit_s, percentile, arrivals or Arrivals(), replicas, admission_s, e2e)

    def solve(rows: slice) -> Floats:
        pool = problem.pool(rows)
        return highest_rate(pool.excess, 1.0, pool.saturation)

    return in_chunks(len(problem.step_s), solve).reshape(problem.shape)


def decode_tpot_s(
    engine: DecodeEngine,
    output: Distribution,
    rate_rps: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
) -> Floats:
    """Return the percentile of TPOT [s] over requests at a rate [requests/s] of the pool; ∞ at or beyond saturation."""
    allowed = 1 - check_percentile(percentile)

    def quantile(pool: BatchPool, state: State) -> Floats:
        shares, ones = pool.cases.shares, np.ones_like(pool.cases.steps)
        fastest, slowest = state.step_s[:, 0] / 2, 8 * state.step_s[:, -1]
        return slowest_s(lambda s: np.sum(shares * pool.slower(state, s[:, None] * ones), axis=1), fastest, slowest, allowed)

    return _at_rate(engine, output, rate_rps, arrivals or Arrivals(), replicas, quantile)


def decode_wait_s(
    engine: DecodeEngine,
    output: Distribution,
    rate_rps: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
) -> Floats:
    """Return the percentile of the wait for a slot [s] at a rate [requests/s] of the pool; ∞ at or beyond saturation."""
    allowed = 1 - check_percentile(percentile)

    def quantile(_: BatchPool, state: State) -> Floats:
        return np.maximum(np.log(np.maximum(state.seen.waits, 1e-300) / allowed), 0.0) / np.maximum(state.decay, 1e-300)

    return _at_rate(engine, output, rate_rps, arrivals or Arrivals(), replicas, quantile)


def _at_rate(
    engine: DecodeEngine,
    output: Distribution,
    rate_rps: ArrayLike,
    arrivals: Arrivals,
    replicas: ArrayLike,
    figure: Callable[[BatchPool, State], Floats],
) -> Floats:
    """Return a figure of decode pools at a rate, ∞ at or beyond saturation."""
    rates = np.asarray(rate_rps, dtype=float)
    problem = _problem(engine, output, np.zeros(rates.shape) + np.inf, 0.9, arrivals, replicas, 0.0, None)
    load = flat_cases(problem.shape, rates)

    def solve(rows: slice) -> Floats:
        cases, step_s = problem.cases.take(rows), problem.step_s[rows]
        full = BatchPool(cases).saturation(step_s)
        calm = np.clip(load[rows], 1e-6 * full, 0.995 * full)
        pool = BatchPool(cases.trimmed(calm, step_s))
        return np.where(load[rows] < 0.995 * full, figure(pool, pool.state(calm, step_s)), np.inf)

    return in_chunks(len(load), solve).reshape(problem.shape)
