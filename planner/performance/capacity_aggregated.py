"""Capacity of aggregated pools, which prefill in chunks between decode steps (Sarathi-Serve, OSDI'24), under TTFT, TPOT and E2E percentiles.

Each iteration carries the N sequences in decode and up to a budget of C prompt tokens, first come first served, and takes t(N, c). A prompt of L
tokens adds E_L(N) = Σ_chunks t(N, c) − t(N, 0) to the iterations it rides on, so at λ requests/s a token takes on average

    s(N) = t(N, 0) / (1 − λ·E[E_L(N)])

and the number in flight, TPOT and slots follow from s(N) as in a decode pool; with no prompts the two are the same. Prompts that arrive during
a life make its TPOT vary further, by λ·s·(Var E_L + F·E[E_L]²)/steps, within t(N, C). TTFT is that of a prefill queue (`single_server`) which
works off L·t(N, C)/C seconds a prompt; the prompt's own time is its iterations, and half an iteration until the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InputError
from planner.performance.capacity_batch import BatchCases, BatchPool, Grid, State, crossing
from planner.performance.capacity_prefill import PrefillPool
from planner.performance.queueing import Arrivals, Distribution, check_percentile, flat_cases, highest_rate, in_chunks

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

    def __init__(self, cases: BatchCases, iteration_s: Floats, tokens: Floats, prompts: Distribution, limits: dict[str, Floats]) -> None:
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
        busy = self.pool.mean_steps * self.pool.at_full(self.alone_s)[:, 0] / self.slots + self.pool.at_full(self.cost.extra_s)[:, 0]
        prefill = self.mean_prompt / tokens[-1] * self.cost.full_s[:, 0]
        self.saturation = cases.replicas / np.maximum(busy, prefill)

    def state(self, rate: Floats) -> State:
        """Return the pool at a rate."""
        left = 1 - (rate / self.cases.replicas)[:, None] * self.cost.extra_s
        step = self.alone_s / np.maximum(left, 0.02)
        return self.pool.state(rate, np.maximum.accumulate(step, axis=1))

    def _jitter(self, rate: Floats, state: State) -> Floats:
        """Return the variance of the mean step of each length [s²] that prompts in between add, (case, point)."""
        at = Grid.at(self.cases.batch, state.level[:, None])
        each = rate / self.cases.replicas
        step, alone, extra, square, full = (
            at(values)[:, 0] for values in (state.step_s, self.alone_s, self.cost.extra_s, self.cost.extra_square_s2, self.cost.full_s)
        )
        dispersion = 1 + (self.cases.dispersion - 1) / self.cases.replicas
        variance = each * step * (square + (dispersion - 1) * extra**2) / np.maximum(1 - each * extra, 0.02) ** 2
        most = np.maximum((full - step) * (step - alone), 0.0)
        return np.minimum(variance[:, None] / np.maximum(self.cases.steps, 1.0), most[:, None])

    def excess(self, rate: Floats) -> Floats:
        """Return the larger of misses/allowed over TPOT, slots and E2E, (case,)."""
        state = self.state(rate)
        jitter = self._jitter(rate, state)
        busiest = self.pool.at_full(self.cost.full_s)[:, 0]
        shares, steps = self.cases.shares, self.cases.steps
        tpot = np.broadcast_to(self.limits["tpot_s"][:, None], steps.shape)
        slow = np.sum(shares * self.pool.slower(state, tpot, jitter, busiest), axis=1)
        slow = np.where(np.isfinite(self.limits["tpot_s"]), slow, 0.0)
        worst = slow / self.limits["tpot_allowed"]
        waits = self.pool.waits_longer(state, self.limits["admission_s"])
        worst = np.maximum(worst, waits / self.limits["admission_allowed"])
        if "e2e_s" in self.limits:
            worst = np.maximum(worst, self._late(state, jitter, busiest) / self.limits["e2e_allowed"])
        return np.where(self.none, np.inf, worst)

    def _late(self, state: State, jitter: Floats, busiest: Floats) -> Floats:
        """Return the share of requests later than the E2E limit, their prompt taken at its mean, (case,)."""
        at = Grid.at(self.cases.batch, state.level[:, None])
        mean_own = np.einsum("cbp,cp->cb", self.cost.own_s, self.weights)
        left = self.limits["e2e_s"][:, None] - self.limits["extra_s"][:, None] - at(mean_own) - at(self.alone_s) / 2
        steps = self.cases.steps
        slow = self.pool.slower(state, left / np.maximum(steps, 0.5), jitter, busiest)
        step = Grid.at(self.cases.batch, self.pool.batch_mean(state))(state.step_s)
        waits = self.pool.waits_longer(state, left - steps * step)
        return np.sum(self.cases.shares * np.where(left <= 0, 1.0, slow + (1 - slow) * waits), axis=1)

    def prefill(self, rate: Floats) -> PrefillPool:
        """Return the prefill queue with as many sequences in decode as the rate keeps in flight."""
        at = Grid.at(self.cases.batch, self.state(rate).level[:, None])
        full = at(self.cost.full_s)
        cases, prompts = len(full), self.prompts.shape[1]
        own = Grid.at(self.cases.batch, np.repeat(self.state(rate).level, prompts)[:, None])
        per_prompt = self.cost.own_s.transpose(0, 2, 1).reshape(cases * prompts, -1)
        own_s = own(per_prompt).reshape(cases, prompts) + at(self.alone_s) / 2
        work_s = self.prompts * full / self.tokens[-1]
        slack = self.limits["ttft_s"] - self.limits["extra_s"]
        return PrefillPool(work_s, self.weights, slack, self.cases.dispersion, self.cases.replicas, own_s)


def _first_token_capacity(pool: _AggregatedPool, ceiling: Floats) -> Floats:
    """Return the rate up to `ceiling` at which TTFT holds: the prefill queue beside the batch of the ceiling, then beside its own.

    The batch in decode slows the prompts and itself depends on the rate; two evaluations and the secant between them suffice, as prompts slow
    down little from one to the other.
    """
    allowed = pool.limits["ttft_allowed"]

    def capacity(beside: Floats) -> Floats:
        queue = pool.prefill(np.maximum(beside, 1e-6 * pool.saturation))
        return highest_rate(lambda rate: queue.misses(rate) / allowed, 1.0, queue.saturation)

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

    def pool(self, rows: slice) -> _AggregatedPool:
        """Return the pool of some of the cases."""
        limits = {name: value[rows] for name, value in self.limits.items()}
        prompts = Distribution(self.prompts.values[rows], self.prompts.weights[rows])
        return _AggregatedPool(self.cases.take(rows), self.iteration_s[rows], self.tokens, prompts, limits)


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
    prompt, prompt_weights = np.broadcast_arrays(np.asarray(prompts.values, dtype=float), np.asarray(prompts.weights, dtype=float))
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
    return _Problem(cases, rows, tokens, rows_of_prompts, {name: flat_cases(shape, value) for name, value in scalars.items()}, shape)


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
