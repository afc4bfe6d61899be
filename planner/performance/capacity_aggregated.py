"""Capacity of aggregated pools, which prefill in chunks between decode steps (Sarathi-Serve, OSDI'24), under TTFT, TPOT and E2E percentiles.

Each iteration carries the N sequences in decode and up to a budget of C prompt tokens, first come first served, and takes t(N, c). A prompt of L
tokens adds E_L(N) = Σ_chunks t(N, c) − t(N, 0) to the iterations it rides on, so at λ requests/s a token takes on average

    s(N) = t(N, 0) / (1 − λ·E[E_L(N)])

and the number in flight, TPOT and slots follow from s(N) as in a decode pool; with no prompts the two are the same. Prompts that arrive during
a life make its TPOT vary further, by λ·s·(Var E_L + F·E[E_L]²)/steps, within t(N, C). TTFT is that of a prefill queue (`single_server`) which
works off L·t(N, C)/C seconds a prompt; the prompt's own time is its iterations, and half an iteration until the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InputError
from planner.performance.capacity_batch import BatchCases, BatchPool, Grid, Interference, State, crossing, slowest_s
from planner.performance.capacity_prefill import PrefillPool
from planner.performance.queueing import (
    Arrivals,
    Distribution,
    Peakedness,
    check_percentile,
    flat_cases,
    full_house_ratio,
    highest_rate,
    in_chunks,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixedEngine:
    """Aggregated replicas: `iteration_s` [s] of shape (..., batch, tokens) for `batch` sequences in decode and `tokens` of prefill.

    `batch` (batch,) and `tokens` (tokens,) ascend; `tokens` starts at 0 and ends at the chunk budget; `max_batch` is the most requests in
    prefill and decode together.
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
class _Prompts:
    """What prompts cost at each batch size of the grid, all (case, point): means over the prompts unless said otherwise."""

    extra_s: Floats
    extra_square_s2: Floats
    own_s: Floats
    full_s: Floats

    @classmethod
    def of(cls, iteration_s: Floats, tokens: Floats, prompts: Floats, weights: Floats) -> _Prompts:
        """Return the cost of prompts (case, prompt) with weights on iterations (case, batch, tokens)."""
        budget = tokens[-1]
        whole = np.floor(prompts / budget)
        rest = prompts - whole * budget
        index = np.clip(np.searchsorted(tokens, rest, side="right") - 1, 0, len(tokens) - 2)
        share = (rest - tokens[index]) / (tokens[index + 1] - tokens[index])
        low = np.take_along_axis(iteration_s, index[:, None, :], 2)
        high = np.take_along_axis(iteration_s, index[:, None, :] + 1, 2)
        last = np.where(rest[:, None, :] > 0, low + (high - low) * share[:, None, :], 0.0)
        alone, full = iteration_s[:, :, :1], iteration_s[:, :, -1:]
        own = whole[:, None, :] * full + last
        carried = whole[:, None, :] + (rest > 0)[:, None, :]
        extra = own - carried * alone
        return cls(
            np.einsum("cbp,cp->cb", extra, weights),
            np.einsum("cbp,cp->cb", extra**2, weights),
            own,
            full[:, :, 0],
        )


class _AggregatedPool:
    """Misses of TPOT and E2E of aggregated pools as a function of the rate, and the prefill queue at a batch size."""

    def __init__(
        self, cases: BatchCases, iteration_s: Floats, tokens: Floats, prompts: Distribution, limits: dict[str, Floats]
    ) -> None:
        self.cases, self.limits, self.tokens = cases, limits, tokens
        self.prompts, self.weights = prompts.values, prompts.weights
        self.alone_s = iteration_s[:, :, 0]
        self.cost = _Prompts.of(iteration_s, tokens, self.prompts, self.weights)
        self.mean_prompt = np.sum(self.prompts * self.weights, axis=1)
        largest = crossing(cases.batch, self.alone_s, limits["tpot_s"])
        enough = np.where(np.isfinite(largest), np.maximum(3 * largest + 16, 1), np.inf)
        self.slots = np.maximum(np.floor(np.minimum(cases.slots, enough)), 1.0)
        self.none = (cases.slots < 1) | (self.alone_s[:, 0] > limits["tpot_s"])
        self.pool = BatchPool(BatchCases(cases.batch, self.slots, cases.steps, cases.shares, cases.dispersion, cases.replicas))
        busy = (
            self.pool.mean_steps * self.pool.at_full(self.alone_s)[:, 0] / self.slots + self.pool.at_full(self.cost.extra_s)[:, 0]
        )
        prefill = self.mean_prompt / tokens[-1] * self.cost.full_s[:, 0]
        self.half_full_s = Grid.at(cases.batch, self.slots[:, None] / 2)(self.cost.full_s)[:, 0]
        self.split = 1 + (cases.dispersion - 1) / cases.replicas
        self.saturation = cases.replicas / np.maximum(busy, prefill)

    def _extra_s(self, rate: Floats) -> Floats:
        """Return the mean time that a prompt adds to the iterations it rides on [s], (case, point of the batch).

        It rides alone, or in full chunks when others are queued with it, which an arrival finds in the proportion of a busy GI/M/1 server.
        """
        each, work = rate / self.cases.replicas, self.mean_prompt * self.half_full_s / self.tokens[-1]
        packed = full_house_ratio(each, 1 / work, self.split)[:, None]
        full = self.mean_prompt[:, None] * (self.cost.full_s - self.alone_s) / self.tokens[-1]
        return self.cost.extra_s + packed * np.maximum(full - self.cost.extra_s, 0.0)

    def state(self, rate: Floats) -> State:
        """Return the pool at a rate."""
        left = 1 - (rate / self.cases.replicas)[:, None] * self._extra_s(rate)
        step = self.alone_s / np.maximum(left, 0.02)
        return self.pool.state(rate, np.maximum.accumulate(step, axis=1))

    def interference(self, rate: Floats, state: State) -> Interference:
        """Return what the prompts of a life do to its mean step: those of its own burst on top of the average, and their variance."""
        at = Grid.at(self.cases.batch, state.level[:, None])
        each = (rate / self.cases.replicas)[:, None]
        square = self.cost.extra_square_s2 + self._extra_s(rate) ** 2 - self.cost.extra_s**2
        step, alone, extra, square, full = (
            at(values) for values in (state.step_s, self.alone_s, self._extra_s(rate), square, self.cost.full_s)
        )
        stretch = 1 / np.maximum(1 - each * extra, 0.02)
        steps = np.maximum(self.cases.steps, 1.0)
        split = self.split[:, None]
        behind = Peakedness.of(each, 1 / (steps * step), split, np.ones_like(split)).ahead
        mean = behind * extra * stretch / steps
        during = each * step * steps * (square + 2 * behind * extra**2)
        variance = (during + behind * (square + behind * extra**2)) * (stretch / steps) ** 2
        variance = np.minimum(variance, np.maximum((full - step) * (step - alone), 0.0))
        return Interference(mean + variance / (2 * step), variance, self.pool.at_full(self.cost.full_s)[:, 0])

    def excess(self, rate: Floats) -> Floats:
        """Return the larger of misses/allowed over TPOT, slots and E2E, (case,)."""
        state = self.state(rate)
        prefill = self.interference(rate, state)
        shares, steps = self.cases.shares, self.cases.steps
        tpot = np.broadcast_to(self.limits["tpot_s"][:, None], steps.shape)
        slow = np.sum(shares * self.pool.slower(state, tpot, prefill), axis=1)
        slow = np.where(np.isfinite(self.limits["tpot_s"]), slow, 0.0)
        worst = slow / self.limits["tpot_allowed"]
        waits = self.pool.waits_longer(state, self.limits["admission_s"])
        worst = np.maximum(worst, waits / self.limits["admission_allowed"])
        if "e2e_s" in self.limits:
            worst = np.maximum(worst, self._late(state, prefill) / self.limits["e2e_allowed"])
        return np.where(self.none, np.inf, worst)

    def _late(self, state: State, prefill: Interference) -> Floats:
        """Return the share of requests later than the E2E limit, their prompt taken at its mean, (case,)."""
        at = Grid.at(self.cases.batch, state.level[:, None])
        mean_own = np.einsum("cbp,cp->cb", self.cost.own_s, self.weights)
        left = self.limits["e2e_s"][:, None] - self.limits["extra_s"][:, None] - at(mean_own) - at(self.alone_s) / 2
        steps = self.cases.steps
        slow = self.pool.slower(state, left / np.maximum(steps, 0.5), prefill)
        step = Grid.at(self.cases.batch, self.pool.batch_mean(state))(state.step_s)
        waits = self.pool.waits_longer(state, left - steps * step)
        return np.sum(self.cases.shares * np.where(left <= 0, 1.0, slow + (1 - slow) * waits), axis=1)

    def prefill(self, rate: Floats) -> PrefillPool:
        """Return the prefill queue of one replica, with as many sequences in decode as the pool's rate keeps in flight.

        A router that counts requests in flight, most of them in decode, cannot even out the prompts: each replica queues its own share.
        """
        at = Grid.at(self.cases.batch, self.state(rate).level[:, None])
        full = at(self.cost.full_s)
        cases, prompts = len(full), self.prompts.shape[1]
        own = Grid.at(self.cases.batch, np.repeat(self.state(rate).level, prompts)[:, None])
        per_prompt = self.cost.own_s.transpose(0, 2, 1).reshape(cases * prompts, -1)
        own_s = own(per_prompt).reshape(cases, prompts) + at(self.alone_s) / 2
        work_s = self.prompts * full / self.tokens[-1]
        slack = self.limits["ttft_s"] - self.limits["extra_s"]
        return PrefillPool(work_s, self.weights, slack, self.split, np.ones(cases), own_s)


def _first_token_capacity(pool: _AggregatedPool, ceiling: Floats) -> Floats:
    """Return the rate up to `ceiling` at which TTFT holds: the prefill queue beside the batch of the ceiling, then beside its own.

    The batch in decode slows the prompts and itself depends on the rate; two evaluations and the secant between them suffice, as prompts slow
    down little from one to the other.
    """
    allowed = pool.limits["ttft_allowed"]

    def capacity(beside: Floats) -> Floats:
        queue = pool.prefill(np.maximum(beside, 1e-6 * pool.saturation))
        return pool.cases.replicas * highest_rate(lambda rate: queue.misses(rate) / allowed, 1.0, queue.saturation)

    first = capacity(ceiling)
    short = np.minimum(first, ceiling)
    if np.all(first >= ceiling):
        return ceiling
    second = capacity(short)
    rise = (second - first) / np.where(ceiling > short, ceiling - short, 1.0)
    meeting = (second + rise * short) / (1 + np.maximum(rise, 0.0))
    return np.where(first >= ceiling, ceiling, np.clip(meeting, short, np.minimum(second, ceiling)))


@dataclass(frozen=True, slots=True)
class _Problem:
    """A call, broadcast and flattened."""

    cases: BatchCases
    iteration_s: Floats
    tokens: Floats
    prompts: Distribution
    limits: dict[str, Floats]
    shape: tuple[int, ...]

    def pool(self, rows: slice, cases: BatchCases | None = None) -> _AggregatedPool:
        """Return the pool of some of the cases, or of `cases` in their place."""
        limits = {name: value[rows] for name, value in self.limits.items()}
        prompts = Distribution(self.prompts.values[rows], self.prompts.weights[rows])
        return _AggregatedPool(cases or self.cases.take(rows), self.iteration_s[rows], self.tokens, prompts, limits)


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
        return flat / flat.sum(axis=1, keepdims=True)

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

    `prompts` holds the prompt tokens to prefill (those that no cache holds), `output` the output tokens, first one included; `extra_s` [s] a
    constant part of TTFT (network); `admission_s` [s] how long a request may wait for a slot; `arrivals` the stream of the whole pool. All
    broadcast over leading axes, the shape of the result. Zero where a limit cannot be met at any rate. Raises InputError without a limit.
    """
    problem = _problem(engine, prompts, output, limits, arrivals or Arrivals(), replicas, extra_s, admission_s)

    def solve(rows: slice) -> Floats:
        pool = problem.pool(rows)
        rate = highest_rate(pool.excess, 1.0, pool.saturation)
        return _first_token_capacity(pool, rate) if "ttft_s" in pool.limits else rate

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
    """Return the percentile of TPOT [s] over requests at a rate [requests/s] of the pool; arguments as above, ∞ at or beyond saturation."""
    allowed = 1 - check_percentile(percentile)

    def figure(pool: _AggregatedPool, rate: Floats) -> Floats:
        state = pool.state(rate)
        return slowest_s(pool.pool, state, allowed, pool.interference(rate, state))

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

    def figure(pool: _AggregatedPool, rate: Floats) -> Floats:
        low, high = np.full(rate.shape, np.log(1e-4)), np.full(rate.shape, np.log(1e4))
        for _ in range(20):
            middle = (low + high) / 2
            pool.limits["ttft_s"] = np.exp(middle)
            queue = pool.prefill(rate)
            over = queue.misses(np.minimum(rate / pool.cases.replicas, 0.995 * queue.saturation)) > allowed
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return np.exp(high)

    limits = Limits(ttft_s=np.inf, ttft_percentile=percentile)
    ttft = _at_rate(_problem(engine, prompts, output, limits, arrivals or Arrivals(), replicas, 0.0, 0.0), rate_rps, figure)
    return ttft + np.asarray(extra_s, dtype=float)


def _at_rate(problem: _Problem, rate_rps: ArrayLike, figure: Callable[[_AggregatedPool, Floats], Floats]) -> Floats:
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
