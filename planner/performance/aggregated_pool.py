"""Aggregated pools as a function of the rate: decode slowed by chunks of prefill (Sarathi-Serve, OSDI'24), and the reverse.

Each iteration carries the N sequences in decode and up to a budget of C prompt tokens, first come first served, and takes
t(N, c). A prompt of L tokens adds E_L(N) = Σ_chunks t(N, c) − t(N, 0) to the iterations it rides on, so at λ requests/s a
token takes on average

    s(N) = t(N, 0) / (1 − λ·E[E_L(N)])

and the number in flight, TPOT and slots follow from s(N) as in a decode pool; with no prompts the two are the same. Prompts
that arrive during a life make its TPOT vary further, by λ·s·(Var E_L + F·E[E_L]²)/steps, within t(N, C). TTFT is that of a
prefill queue (`single_server`) which works off L·t(N, C)/C seconds a prompt; the prompt's own time is its iterations, and
half an iteration until the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.performance.capacity_batch import BatchCases, BatchPool, Grid, Interference, State, crossing
from planner.performance.capacity_prefill import PrefillPool
from planner.performance.queueing import Distribution, Peakedness, full_house_ratio, highest_rate

Floats = NDArray[np.float64]


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


class AggregatedPool:
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
        # A router by requests in flight comes close to taking turns, F/n; departures out of turn keep it from becoming a clock.
        self.split = np.maximum(cases.dispersion / cases.replicas, 0.4)
        self.saturation = cases.replicas / np.maximum(busy, prefill)
        self._known_rate: Floats | None = None
        self._known_extra_s = self.cost.extra_s

    def _extra_s(self, rate: Floats) -> Floats:
        """Return the mean time that a prompt adds to the iterations it rides on [s], (case, point of the batch).

        It rides alone, or in full chunks when others are queued with it, which an arrival finds in the proportion of a busy
        GI/M/1 server.
        """
        if rate is self._known_rate:
            return self._known_extra_s
        each, work = rate / self.cases.replicas, self.mean_prompt * self.half_full_s / self.tokens[-1]
        packed = full_house_ratio(each, 1 / work, self.split)[:, None]
        full = self.mean_prompt[:, None] * (self.cost.full_s - self.alone_s) / self.tokens[-1]
        extra: Floats = self.cost.extra_s + packed * np.maximum(full - self.cost.extra_s, 0.0)
        self._known_rate, self._known_extra_s = rate, extra
        return extra

    def state(self, rate: Floats) -> State:
        """Return the pool at a rate."""
        left = 1 - (rate / self.cases.replicas)[:, None] * self._extra_s(rate)
        step = self.alone_s / np.maximum(left, 0.02)
        return self.pool.state(rate, np.maximum.accumulate(step, axis=1))

    def interference(self, rate: Floats, state: State) -> Interference:
        """Return what prompts do to the mean step of a life: those of its own burst beyond the average, and the variance."""
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
        late: Floats = np.sum(self.cases.shares * np.where(left <= 0, 1.0, slow + (1 - slow) * waits), axis=1)
        return late

    def prefill(self, rate: Floats) -> PrefillPool:
        """Return the prefill queue of one replica, with as many sequences in decode as the pool's rate keeps in flight.

        A router that counts requests in flight, most of them in decode, cannot even out the prompts: each replica queues its
        own share.
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


def first_token_capacity(pool: AggregatedPool, ceiling: Floats) -> Floats:
    """Return the rate up to `ceiling` at which TTFT holds: a prefill queue beside the batch of the ceiling, then its own.

    The batch in decode slows the prompts and itself depends on the rate; two evaluations and the secant between them suffice,
    as prompts slow down little from one to the other.
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
