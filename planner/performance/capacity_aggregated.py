"""Capacity of aggregated pools under TTFT, TPOT and E2E percentiles, and what requests meet at a given load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InputError
from planner.performance.aggregated_pool import AggregatedPool, first_token_capacity
from planner.performance.capacity_batch import BatchCases, slowest_s
from planner.performance.queueing import Arrivals, Distribution, check_percentile, flat_cases, highest_rate, in_chunks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixedEngine:
    """Aggregated replicas: `iteration_s` [s], (..., batch, tokens), with `batch` sequences in decode and `tokens` of prefill.

    `batch` (batch,) and `tokens` (tokens,) ascend; `tokens` starts at 0 and ends at the chunk budget; `max_batch` is the most
    requests in prefill and decode together.
    """

    iteration_s: Floats
    batch: Floats
    tokens: Floats
    max_batch: ArrayLike


@dataclass(frozen=True, slots=True)
class Limits:
    """A service level: limits [s], each with its own share of requests that must meet it; None = not asked for."""

    ttft_s: ArrayLike | None = None
    ttft_percentile: float = 0.99
    tpot_s: ArrayLike | None = None
    tpot_percentile: float = 0.99
    e2e_s: ArrayLike | None = None
    e2e_percentile: float = 0.99


@dataclass(frozen=True, slots=True)
class _Problem:
    """A call, broadcast and flattened."""

    cases: BatchCases
    iteration_s: Floats
    tokens: Floats
    prompts: Distribution
    limits: dict[str, Floats]
    shape: tuple[int, ...]

    def pool(self, rows: slice, cases: BatchCases | None = None) -> AggregatedPool:
        """Return the pool of some of the cases, or of `cases` in their place."""
        limits = {name: value[rows] for name, value in self.limits.items()}
        prompts = Distribution(self.prompts.values[rows], self.prompts.weights[rows])
        return AggregatedPool(cases or self.cases.take(rows), self.iteration_s[rows], self.tokens, prompts, limits)


def _scalars(limits: Limits, extra_s: ArrayLike, admission_s: ArrayLike) -> dict[str, ArrayLike]:
    """Return the limits by name, those not asked for as infinite; waits for a slot count against the strictest percentile."""
    asked = [
        (name, value, check_percentile(share, f"{name}_percentile"))
        for name, value, share in (
            ("ttft", limits.ttft_s, limits.ttft_percentile),
            ("tpot", limits.tpot_s, limits.tpot_percentile),
            ("e2e", limits.e2e_s, limits.e2e_percentile),
        )
        if value is not None
    ]
    if not asked:
        raise InputError.at("limits", "no limit is given; at least one of ttft_s, tpot_s and e2e_s is needed")
    scalars: dict[str, ArrayLike] = {"tpot_s": np.inf, "tpot_allowed": 0.01, "extra_s": extra_s, "admission_s": admission_s}
    scalars["admission_allowed"] = 1 - max(share for _, _, share in asked)
    for name, value, share in asked:
        scalars[f"{name}_s"], scalars[f"{name}_allowed"] = value, 1 - share
    return scalars


def _problem(
    engine: MixedEngine,
    prompts: Distribution,
    output: Distribution,
    limits: Limits,
    arrivals: Arrivals,
    replicas: ArrayLike,
    extra_s: ArrayLike,
    admission_s: ArrayLike,
) -> _Problem:
    """Return the broadcast of all arguments."""
    iteration = np.asarray(engine.iteration_s, dtype=float)
    iteration = np.concatenate((iteration[..., :1, :], iteration), axis=-2)
    iteration = np.maximum.accumulate(np.maximum.accumulate(iteration, axis=-1), axis=-2)
    batch = np.concatenate(([0.0], np.asarray(engine.batch, dtype=float)))
    tokens = np.asarray(engine.tokens, dtype=float)
    prompt, prompt_weights = np.broadcast_arrays(
        np.asarray(prompts.values, dtype=float), np.asarray(prompts.weights, dtype=float)
    )
    steps, shares = np.broadcast_arrays(np.asarray(output.values, dtype=float), np.asarray(output.weights, dtype=float))
    scalars = _scalars(limits, extra_s, admission_s)
    others = [np.shape(value) for value in (*scalars.values(), arrivals.dispersion, replicas, engine.max_batch)]
    shape = np.broadcast_shapes(iteration.shape[:-2], prompt.shape[:-1], steps.shape[:-1], *others)
    rows = np.array(np.broadcast_to(iteration, (*shape, *iteration.shape[-2:])), dtype=float).reshape(-1, *iteration.shape[-2:])

    def normal(weights: Floats) -> Floats:
        flat = flat_cases(shape, weights, weights.shape[-1])
        shares_of: Floats = flat / flat.sum(axis=1, keepdims=True)
        return shares_of

    cases = BatchCases(
        batch,
        np.floor(flat_cases(shape, engine.max_batch)),
        np.maximum(flat_cases(shape, steps, steps.shape[-1]) - 1, 0.0),
        normal(shares),
        np.maximum(flat_cases(shape, arrivals.dispersion), 1.0),
        flat_cases(shape, replicas),
    )
    rows_of_prompts = Distribution(flat_cases(shape, prompt, prompt.shape[-1]), normal(prompt_weights))
    return _Problem(
        cases, rows, tokens, rows_of_prompts, {name: flat_cases(shape, value) for name, value in scalars.items()}, shape
    )


def aggregated_capacity_rps(
    engine: MixedEngine,
    prompts: Distribution,
    output: Distribution,
    limits: Limits,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    extra_s: ArrayLike = 0.0,
    admission_s: ArrayLike = 0.0,
) -> Floats:
    """Return the highest rate [requests/s] of an aggregated pool at which every limit holds at its percentile.

    `prompts` holds the prompt tokens to prefill (those that no cache holds), `output` the output tokens, first one included;
    `extra_s` [s] a constant part of TTFT (network); `admission_s` [s] how long a request may wait for a slot; `arrivals` the
    stream of the whole pool. All broadcast over leading axes, the shape of the result. Zero where a limit cannot be met at
    any rate. Raises InputError without a limit.
    """
    problem = _problem(engine, prompts, output, limits, arrivals or Arrivals(), replicas, extra_s, admission_s)

    def solve(rows: slice) -> Floats:
        pool = problem.pool(rows)
        rate = highest_rate(pool.excess, 1.0, pool.saturation)
        return first_token_capacity(pool, rate) if "ttft_s" in pool.limits else rate

    return in_chunks(len(problem.iteration_s), solve).reshape(problem.shape)


def aggregated_tpot_s(
    engine: MixedEngine,
    prompts: Distribution,
    output: Distribution,
    rate_rps: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
) -> Floats:
    """Return the percentile of TPOT [s] over requests at a rate [requests/s] of the pool; ∞ at or beyond saturation."""
    allowed = 1 - check_percentile(percentile)

    def figure(pool: AggregatedPool, rate: Floats) -> Floats:
        state = pool.state(rate)
        fastest, slowest = pool.alone_s[:, 0] / 2, 8 * pool.full_s[:, -1]
        return slowest_s(lambda limit_s: pool.tpot_misses(rate, state, limit_s), fastest, slowest, allowed)

    limits = Limits(tpot_s=np.inf, tpot_percentile=percentile)
    return _at_rate(_problem(engine, prompts, output, limits, arrivals or Arrivals(), replicas, 0.0, 0.0), rate_rps, figure)


def aggregated_ttft_s(
    engine: MixedEngine,
    prompts: Distribution,
    output: Distribution,
    rate_rps: ArrayLike,
    percentile: float,
    *,
    arrivals: Arrivals | None = None,
    replicas: ArrayLike = 1,
    extra_s: ArrayLike = 0.0,
) -> Floats:
    """Return the percentile of TTFT [s] at a rate [requests/s] of the pool; arguments as above, ∞ at or beyond saturation."""
    allowed = 1 - check_percentile(percentile)

    def figure(pool: AggregatedPool, rate: Floats) -> Floats:
        low, high = np.full(rate.shape, np.log(1e-4)), np.full(rate.shape, np.log(1e4))
        for _ in range(20):
            middle = (low + high) / 2
            pool.limits["ttft_s"] = np.exp(middle)
            queue, pace = pool.prefill(rate)
            over = queue.misses(pace * np.minimum(rate / pool.cases.replicas, 0.995 * queue.saturation)) > allowed
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        quantile_s: Floats = np.exp(high)
        return quantile_s

    limits = Limits(ttft_s=np.inf, ttft_percentile=percentile)
    ttft = _at_rate(_problem(engine, prompts, output, limits, arrivals or Arrivals(), replicas, 0.0, 0.0), rate_rps, figure)
    total: Floats = ttft + np.asarray(extra_s, dtype=float)
    return total


def _at_rate(problem: _Problem, rate_rps: ArrayLike, figure: Callable[[AggregatedPool, Floats], Floats]) -> Floats:
    """Return a figure of aggregated pools at a rate, ∞ at or beyond saturation."""
    shape = np.broadcast_shapes(problem.shape, np.shape(rate_rps))
    if shape != problem.shape:
        raise InputError.at("rate_rps", f"shape {np.shape(rate_rps)} given; it must broadcast into the engines' {problem.shape}")
    load = flat_cases(shape, rate_rps)

    def solve(rows: slice) -> Floats:
        full = problem.pool(rows).saturation
        calm = np.clip(load[rows], 1e-6 * full, 0.99 * full)
        cases = problem.cases.take(rows).trimmed(calm, problem.iteration_s[rows][:, :, 0] * 2)
        pool = problem.pool(rows, cases)
        return np.where(load[rows] < 0.99 * full, figure(pool, calm), np.inf)

    return in_chunks(len(load), solve).reshape(shape)
