"""Aggregated pools as a function of the rate: decode slowed by chunks of prefill (Sarathi-Serve, OSDI'24), and the reverse.

Each iteration carries the N sequences in decode and up to a budget of C prompt tokens, first come first served, and takes
t(N, c). A prompt of L tokens adds E_L(N) = Σ_chunks t(N, c) − t(N, 0) to the iterations it rides on, so at λ requests/s a
token takes on average

    s(N) = t(N, 0) / (1 − λ·E[E_L(N)])

and the number in flight and the wait for slots follow from s(N) as in a decode pool; with no prompts the two are the same. TPOT
and E2E of a request depend on the prompts within its life (`prompt_interference`). TTFT is that of a prefill queue
(`single_server`) which works off L·t(N, C)/C seconds a prompt; the prompt's own time is its iterations, and half an iteration
until the next one begins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.performance.capacity_batch import BatchCases, BatchPool, Grid, State, crossing
from planner.performance.capacity_prefill import PrefillPool
from planner.performance.prompt_interference import Interference
from planner.performance.prompt_stream import Prompts, Traffic
from planner.performance.queueing import BOTH_FINE, SHORT_FINE, Distribution, coarser, full_house_ratio, highest_rate

Floats = NDArray[np.float64]

_BUSIEST = 0.99  # share of its time that an engine may carry prompts; beyond, no percentile can be predicted
_SLOTS_PER_KEPT, _MORE_SLOTS = 3, 16  # slots that count, by the batch that keeps TPOT


def slots_enough(batch: Floats, alone_s: Floats, tpot_s: Floats) -> Floats:
    """Return the slots of a replica that count at decode steps `alone_s` (case, batch): far more than those that keep TPOT.

    Infinite where every batch keeps `tpot_s`.
    With more of them full every prompt would ride in a slow iteration: a load that never fills them would count as too much.
    """
    largest = crossing(batch, alone_s, tpot_s)
    return np.where(np.isfinite(largest), np.maximum(_SLOTS_PER_KEPT * largest + _MORE_SLOTS, 1.0), np.inf)


class AggregatedPool:
    """Misses of TPOT and E2E of aggregated pools as a function of the rate, and the prefill queue at a batch size."""

    def __init__(
        self, cases: BatchCases, iteration_s: Floats, tokens: Floats, prompts: Distribution, limits: dict[str, Floats]
    ) -> None:
        self.limits = limits
        answers = coarser(Distribution(cases.steps, cases.shares), BOTH_FINE if "e2e_s" in limits else SHORT_FINE, 0.5)
        self.alone_s, self.full_s = iteration_s[:, :, 0], iteration_s[:, :, -1]
        self.prompts = Prompts.of(iteration_s, tokens, coarser(prompts, SHORT_FINE))
        self.extra_s = np.einsum("cbp,cp->cb", self.prompts.extra_s, self.prompts.weights)
        enough = slots_enough(cases.batch, self.alone_s, limits["tpot_s"])
        slots = np.maximum(np.floor(np.minimum(cases.slots, enough)), 1.0)
        self.none = (cases.slots < 1) | (self.alone_s[:, 0] > limits["tpot_s"])
        self.cases = BatchCases(cases.batch, slots, answers.values, answers.weights, cases.dispersion, cases.replicas)
        self.pool = BatchPool(self.cases)
        self.interference = Interference(self.pool, self.alone_s, self.full_s, self.prompts)
        self.mean_prompt = self.prompts.mean_tokens
        busy = self.pool.mean_steps * self.pool.at_full(self.alone_s)[:, 0] / slots + self.pool.at_full(self.extra_s)[:, 0]
        self.half_full_s = Grid.at(cases.batch, slots[:, None] / 2)(self.full_s)[:, 0]
        self.saturation = cases.replicas / np.maximum(busy, self.mean_prompt / self.prompts.budget * self.full_s[:, 0])
        self._known_rate: Floats | None = None
        self._known_extra_s = self.extra_s

    def _extra_s(self, rate: Floats) -> Floats:
        """Return the mean time that a prompt adds to the iterations it rides on [s], (case, point of the batch).

        It rides alone, or in full chunks when others are queued with it, which an arrival finds in the proportion of a busy
        GI/M/1 server.
        """
        if rate is self._known_rate:
            known: Floats = self._known_extra_s
            return known
        each, work = rate / self.cases.replicas, self.mean_prompt * self.half_full_s / self.prompts.budget
        packed = full_house_ratio(each, 1 / work, self.interference.router.dispersion)[:, None]
        full = self.mean_prompt[:, None] * (self.full_s - self.alone_s) / self.prompts.budget
        extra: Floats = self.extra_s + packed * np.maximum(full - self.extra_s, 0.0)
        self._known_rate, self._known_extra_s = rate, extra
        return extra

    def state(self, rate: Floats) -> State:
        """Return the pool at a rate."""
        left = 1 - (rate / self.cases.replicas)[:, None] * self._extra_s(rate)
        step = self.alone_s / np.maximum(left, 0.02)
        return self.pool.state(rate, np.maximum.accumulate(step, axis=1))

    def tpot_misses(self, rate: Floats, state: State, limit_s: Floats) -> Floats:
        """Return the share of requests slower than a TPOT limit [s] of each case, (case,)."""
        slow: Floats = np.sum(self.cases.shares * self.interference.slower(rate, state, limit_s), axis=1)
        return slow

    def excess(self, rate: Floats) -> Floats:
        """Return the larger of misses/allowed over TPOT, slots and E2E, (case,)."""
        state, limits = self.state(rate), self.limits
        worst = self.pool.waits_longer(state, limits["admission_s"]) / limits["admission_allowed"]
        if np.any(np.isfinite(limits["tpot_s"])):
            worst = np.maximum(worst, self.tpot_misses(rate, state, limits["tpot_s"]) / limits["tpot_allowed"])
        if "e2e_s" in limits:
            worst = np.maximum(worst, self.e2e_misses(rate, state) / limits["e2e_allowed"])
        return np.where(self.none | self._overloaded(rate, state), np.inf, worst)

    def _overloaded(self, rate: Floats, state: State) -> NDArray[np.bool_]:
        """Return whether prompts come faster than full chunks beside the batch work them off, (case,)."""
        full = Grid.at(self.cases.batch, state.level[:, None])(self.full_s)[:, 0]
        return rate / self.cases.replicas * self.mean_prompt / self.prompts.budget * full > _BUSIEST

    def e2e_misses(self, rate: Floats, state: State) -> Floats:
        """Return the share of requests later than the E2E limit, (case,)."""
        left = self.limits["e2e_s"] - self.limits["extra_s"]
        slow = self.interference.later(rate, state, left)
        step = Grid.at(self.cases.batch, self.pool.batch_mean(state))(state.step_s)
        waits = self.pool.waits_longer(state, left[:, None] - self.cases.steps * step)
        late: Floats = np.sum(self.cases.shares * (slow + (1 - slow) * waits), axis=1)
        return late

    def prefill(self, rate: Floats) -> tuple[PrefillPool, Floats]:
        """Return the prefill queue of one replica beside the batch that the pool's rate keeps in flight, and arrivals' pace.

        A router that counts requests in flight, most of them in decode, cannot even out the prompts: each replica queues its
        own share, and gets less of it while prompts slow it down (`prompt_stream.Router`).
        """
        router = self.interference.router
        traffic = Traffic.of(rate, self.state(rate), self.cases, self.prompts, router, self.interference.times_s)
        slack, single = self.limits["ttft_s"] - self.limits["extra_s"], np.ones(len(rate))
        queue = PrefillPool(traffic.work_s, self.prompts.weights, slack, router.dispersion, single, traffic.own_s)
        return queue, traffic.pace


def first_token_capacity(pool: AggregatedPool, ceiling: Floats) -> Floats:
    """Return the rate up to `ceiling` at which TTFT holds: a prefill queue beside the batch of the ceiling, then its own.

    The batch in decode slows the prompts and itself depends on the rate; two evaluations and the secant between them suffice,
    as prompts slow down little from one to the other.
    """
    allowed = pool.limits["ttft_allowed"]

    def capacity(beside: Floats) -> Floats:
        queue, pace = pool.prefill(np.maximum(beside, 1e-6 * pool.saturation))
        return pool.cases.replicas * highest_rate(lambda rate: queue.misses(rate * pace) / allowed, 1.0, queue.saturation)

    first = capacity(ceiling)
    short = np.minimum(first, ceiling)
    if np.all(first >= ceiling):
        return ceiling
    second = capacity(short)
    rise = (second - first) / np.where(ceiling > short, ceiling - short, 1.0)
    meeting = (second + rise * short) / (1 + np.maximum(rise, 0.0))
    return np.where(first >= ceiling, ceiling, np.clip(meeting, short, np.minimum(second, ceiling)))
