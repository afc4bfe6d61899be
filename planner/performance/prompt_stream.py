"""Prompts on their way through an aggregated pool: what they cost, how a router shares them out, how long they wait.

A router that counts requests in flight gives each of n replicas 1/n of the stream and, beyond that, a request for each that it
completes. A replica slowed down by prompts completes fewer, and fewer of its requests decode while some wait for prefill, so
it is also sent fewer: the arrivals that a prompt queues with are not those of the average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.performance.capacity_batch import BatchCases, Grid, State
from planner.performance.queueing import Distribution, full_house_ratio

Floats = NDArray[np.float64]

_SMALLEST_DISPERSION = 0.2


@dataclass(frozen=True, slots=True)
class Prompts:
    """What prompts cost, by batch size: one table (case, point of the batch, column) read at a batch of each case.

    Columns: what each prompt takes by itself [s], what that adds to the iterations it rides on [s], and the share of a chunk
    by which the last one, partly filled, is shorter than in proportion.
    """

    tokens: Floats
    weights: Floats
    budget: float
    table: Floats
    room: Floats

    @classmethod
    def of(cls, iteration_s: Floats, tokens: Floats, prompts: Distribution) -> Prompts:
        """Return the cost of prompts (case, prompt) on iterations (case, batch, tokens); `tokens` ends at the chunk budget."""
        lengths, budget = prompts.values, float(tokens[-1])
        whole = np.floor(lengths / budget)
        rest = lengths - whole * budget
        index = np.clip(np.searchsorted(tokens, rest, side="right") - 1, 0, len(tokens) - 2)
        share = (rest - tokens[index]) / (tokens[index + 1] - tokens[index])
        low = np.take_along_axis(iteration_s, index[:, None, :], 2)
        high = np.take_along_axis(iteration_s, index[:, None, :] + 1, 2)
        last = np.where(rest[:, None, :] > 0, low + (high - low) * share[:, None, :], 0.0)
        alone, full = iteration_s[:, :, :1], iteration_s[:, :, -1:]
        own = whole[:, None, :] * full + last
        extra = own - (whole + (rest > 0))[:, None, :] * alone
        rising = (iteration_s - alone) / np.maximum(full - alone, 1e-12 * full)
        shorter = 0.5 - np.sum((rising[:, :, 1:] + rising[:, :, :-1]) * np.diff(tokens / budget) / 2, axis=2, keepdims=True)
        room = np.sum(np.where(rest > 0, budget - rest, 0.0) / budget * prompts.weights, axis=1)
        return cls(lengths, prompts.weights, budget, np.concatenate((own, extra, shorter), axis=2), room)

    @property
    def mean_tokens(self) -> Floats:
        """Return the mean length of a prompt [tokens], (case,)."""
        mean: Floats = np.sum(self.tokens * self.weights, axis=1)
        return mean

    def mean(self, values: Floats) -> Floats:
        """Return the mean over prompts of values (case, prompt), (case,)."""
        result: Floats = np.sum(values * self.weights, axis=1)
        return result

    @property
    def own_s(self) -> Floats:
        """Return what each prompt takes by itself [s], (case, batch, prompt)."""
        return self.table[:, :, : self.tokens.shape[1]]

    @property
    def extra_s(self) -> Floats:
        """Return what each prompt adds to the iterations it rides on [s], (case, batch, prompt)."""
        return self.table[:, :, self.tokens.shape[1] : -1]

    def at(self, batch: Floats, level: Floats) -> tuple[Floats, Floats, Floats]:
        """Return own time and extra time [s], (case, prompt), and the last chunk's share, (case, 1), at a batch of each case."""
        index = np.clip(np.searchsorted(batch, level, side="right") - 1, 0, len(batch) - 2)
        share = ((level - batch[index]) / (batch[index + 1] - batch[index]))[:, None]
        cases, count = np.arange(len(level)), self.tokens.shape[1]
        row = self.table[cases, index] * (1 - share) + self.table[cases, index + 1] * share
        return row[:, :count], row[:, count:-1], row[:, -1:]


@dataclass(frozen=True, slots=True)
class Router:
    """How a stream is shared out to n replicas by requests in flight, (case,) each.

    A replica receives a stream of `dispersion` F/n, that of taking turns, and for the rest that of its own departures: of
    Poisson's at most, none if all answers are equally long. `own_clock` is the part of the arrivals that follows the replica's
    departures: what is not the pool's stream, and not shared with the others, with whom it is busy together in a burst.
    """

    dispersion: Floats
    own_clock: Floats

    @classmethod
    def of(cls, cases: BatchCases) -> Router:
        """Return the router of some cases."""
        mean = np.maximum(np.sum(cases.steps * cases.shares, axis=1), 1e-9)
        spread = np.sum(cases.steps**2 * cases.shares, axis=1) / mean**2 - 1
        departing, turns = np.clip(spread, 0.0, 1.0), 1 / cases.replicas
        received = np.maximum(cases.dispersion * turns + departing * (1 - turns), 1e-3)
        together = np.clip((cases.dispersion - departing) * turns / received, 0.0, 1.0)
        return cls(np.maximum(received, _SMALLEST_DISPERSION), (1 - turns) * (1 - together))


@dataclass(frozen=True, slots=True)
class Traffic:
    """Prompts of one replica beside the batch at which departures balance arrivals, (case,) or (case, prompt).

    `step_s` [s] is the mean iteration; `own_s` what a prompt takes itself and `work_s` what later ones wait for it [s]; arrivals
    come at `busy_rps` while prompts are in the queue and at `quiet_rps` while none is [1/s], by `pace` slower than on average.
    """

    step_s: Floats
    own_s: Floats
    work_s: Floats
    pace: Floats
    busy_rps: Floats
    quiet_rps: Floats

    @classmethod
    def of(cls, rate: Floats, state: State, cases: BatchCases, prompts: Prompts, router: Router, times_s: Floats) -> Traffic:
        """Return the traffic at a rate of the pool [1/s]; `times_s` (2, case, point) iterations without and with a full chunk.

        With j of the requests in flight in prefill, others decode and leave: the busy engine has (own/work)·(1 − ρ) fewer
        in decode than on average.
        """
        at = Grid.at(cases.batch, state.level[:, None])
        step, alone, full = (at(values)[:, 0] for values in (state.step_s, times_s[0], times_s[1]))
        own, _, _ = prompts.at(cases.batch, state.level)
        own = own + alone[:, None] / 2
        work = prompts.tokens * (full / prompts.budget)[:, None]
        each, mean_work, mean_own = rate / cases.replicas, prompts.mean(work), prompts.mean(own)
        load = np.minimum(each * mean_work, 1.0)
        fewer = np.clip(mean_own / mean_work * (1 - load) / np.maximum(state.level, 1e-9), 0.0, 1.0)
        more = np.minimum(each * mean_own / np.maximum(state.level, 1e-9), 1.0)
        pace = 1 - router.own_clock * (1 - np.minimum(step / full, 1.0) * (1 - fewer))
        quiet = 1 - router.own_clock * (1 - np.maximum(step / alone, 1.0) * (1 + more))
        return cls(step, own, work, pace, each * pace, each * quiet)

    def response_s(self, prompts: Prompts, dispersion: Floats) -> tuple[Floats, Floats]:
        """Return the mean of the time to first token [s], (case,), and its squared coefficient of variation.

        The mean wait is that of M/G/1 (Pollaczek and Khinchine) and what bursts add to it in GI/M/1; the conditional wait is
        taken as exponential.
        """
        mean, square = prompts.mean(self.work_s), prompts.mean(self.work_s**2)
        load = np.minimum(self.busy_rps * mean, 0.98)
        busy = np.clip(full_house_ratio(self.busy_rps, 1 / mean, dispersion), 1e-6, 0.98)
        wait = np.maximum((busy / (1 - busy) - load / (1 - load)) * mean + load / (1 - load) * square / (2 * mean), 0.0)
        own = prompts.mean(self.own_s)
        variance = prompts.mean((self.own_s - own[:, None]) ** 2) + np.maximum(2 * wait**2 / busy - wait**2, 0.0)
        return own + wait, variance / (own + wait) ** 2
