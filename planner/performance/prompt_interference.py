"""What a request of an aggregated pool meets between its tokens: other prompts, the batch, and its own wait before them.

A life of D decode steps may take a time t. With N in decode an iteration takes t₀(N) without and t_C(N) with a full chunk, so
k = (t − D·t₀)/(t_C − t₀) of the D may carry full chunks, and prompts may work for K = k·t_C. What comes in the meantime waits its
turn, so the request is late when the engine is not idle of prompts for D − k iterations in time (`idle_passage`).

* A prompt brings its extra time E, times t_C/(t_C − t₀); alone in its iterations as far as the limit leaves them idle, in full
  chunks otherwise. It also joins the batch: for the rest of the life the others step slower.
* The batch N over the life is a gamma variable; K falls with it. Its variance holds what pauses of decode add: a pause holds
  back departures.
* Prompts that arrived during the request's own time to first token stand behind it when it begins to decode. What its own last
  chunk leaves free takes some of them along.
* Of n replicas one receives what the router sends: its share of the stream and, as far as replicas are not busy together,
  one for each that it completes, so that fewer come while it is slow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.performance.capacity_batch import (
    BatchPool,
    Grid,
    State,
    crossing,
    gamma_exceeds,
    kept_variance,
    spacing,
)
from planner.performance.idle_passage import Lives, Response, late
from planner.performance.prompt_stream import Prompts, Router, Traffic

Floats = NDArray[np.float64]

_LONGEST_S = 1e5  # a limit of infinity
_SMALLEST_GAP = 0.01  # of an iteration, that a full chunk adds at least
_LARGEST_SHAPE = 64.0  # of the batch's gamma variable, as far as the inversion resolves it; narrower ones are shifted


class Interference:
    """Shares of late requests of aggregated pools in a given state, by the length of the answer."""

    def __init__(self, pool: BatchPool, alone_s: Floats, full_s: Floats, prompts: Prompts) -> None:
        """Take a pool, its iterations without and with a full chunk [s], (case, point of the batch), and its prompts."""
        self.pool, self.alone_s, self.full_s, self.prompts = pool, alone_s, full_s, prompts
        self.router, self.times_s = Router.of(pool.cases), np.stack((alone_s, full_s))

    def slower(self, rate: Floats, state: State, limit_s: Floats) -> Floats:
        """Return P(mean step over the life > limit), (case, length), for limits [s] of shape (case,)."""
        cases = self.pool.cases
        limit = np.minimum(limit_s, _LONGEST_S)
        steps = np.maximum(cases.steps, 1.0)
        reach = crossing(cases.batch, self.alone_s, limit)
        lives, batch, spread = self._lives(rate, state, steps, limit[:, None] * steps, reach, from_arrival=False)
        # Even an iteration full of prompts is fast enough up to some batch.
        tight = crossing(cases.batch, self.full_s, limit)[:, None]
        beyond = gamma_exceeds((tight - batch) / spread, np.minimum(2 * spread / batch, 4.0))
        slow = np.where(tight < np.inf, np.minimum(late(lives), beyond), 0.0)
        never = (limit >= self.pool.at_full(self.full_s)[:, 0])[:, None]
        # A mean below one step stands for answers of one step, and others of none that cannot miss.
        return np.where(never, 0.0, slow * np.minimum(cases.steps, 1.0))

    def later(self, rate: Floats, state: State, limit_s: Floats) -> Floats:
        """Return P(first token and life together take longer), (case, length), for limits [s] of shape (case,)."""
        steps = self.pool.cases.steps
        within = np.broadcast_to(np.clip(limit_s, 1e-9, _LONGEST_S)[:, None], steps.shape)
        lives, _, _ = self._lives(rate, state, steps, within, np.full(len(limit_s), np.inf), from_arrival=True)
        return np.where(limit_s[:, None] > 0, late(lives), 1.0)

    def _lives(
        self, rate: Floats, state: State, steps: Floats, time_s: Floats, reach: Floats, *, from_arrival: bool
    ) -> tuple[Lives, Floats, Floats]:
        """Return lives of `steps` within `time_s` [s], (case, length), and mean and deviation of the batch they meet.

        `reach` is a batch up to which step times are made linear, at most some deviations away. With `from_arrival` the time
        to first token counts too.
        """
        traffic = Traffic.of(rate, state, self.pool.cases, self.prompts, self.router, self.times_s)
        mean_response, variation = traffic.response_s(self.prompts, self.router.dispersion)
        response = mean_response[:, None]
        decoding = np.maximum(time_s - response, 1e-9) if from_arrival else time_s
        life = _Life.of(self.pool, state, steps, decoding, reach, self.times_s, traffic.step_s)
        extra, short = self._extra_s(life)
        held, held_square = life.held(self.pool, extra, self.prompts.weights)
        busy, quiet = traffic.busy_rps[:, None], traffic.quiet_rps[:, None]
        behind = _ahead(busy, response + decoding, self.router.dispersion[:, None])
        clump = 1 + 2 * behind
        # What this life's own prompts add to the batch comes with them, not with the batch that it finds.
        joining = busy * decoding * (life.kept / 2) ** 2 * clump * (1 + 2 * held + held_square)
        variance = life.variance * self._restless(state, held, held_square)
        variance = np.maximum(variance - joining, 0.1 * variance)
        joined = life.lost_s * life.kept / 2 * (1 + held)
        slack = life.slack_s(time_s, short) + joined * busy * decoding
        slack = slack + self.prompts.room[:, None] * life.full_s * np.maximum(1 - life.full_s / response, 0.0)
        blur = life.alone_s * life.stretch * spacing(steps) if from_arrival else np.zeros_like(steps)
        shape = np.clip(life.batch**2 / variance, 9.0 if from_arrival else 0.0, _LARGEST_SHAPE)
        scale = np.sqrt((life.lost_s**2 * variance + blur**2) / shape)
        idle = np.minimum(life.idle_s, time_s)
        found = Lives(
            slack + shape * scale,
            extra * life.stretch,
            self.prompts.weights.T[:, :, None],
            joined,
            busy * (time_s - idle) + quiet * idle,
            busy,
            clump,
            behind,
            Response.of(response, variation[:, None]),
            life.stretch if from_arrival else None,
            scale,
            shape,
        )
        return found, life.batch, np.sqrt(variance)

    def _extra_s(self, life: _Life) -> tuple[Floats, Floats]:
        """Return what each prompt adds to the life [s], (prompt, case, length), and the last chunk's share, (case, 1)."""
        cases, prompts = self.pool.cases, self.prompts
        _, alone, short = prompts.at(cases.batch, np.sum(life.batch * cases.shares, axis=1))
        packed = np.clip(life.chunks / np.maximum(life.steps, 0.5), 0.0, 1.0)
        full = prompts.tokens.T[:, :, None] * (life.gap_s * packed / prompts.budget)
        return alone.T[:, :, None] * (1 - packed) + full, short

    def _restless(self, state: State, held: Floats, held_square: Floats) -> Floats:
        """Return how much more the batch varies because pauses hold back departures, (case, length).

        Half of the variance z is that of departures and does not change; an arrival counts 1 + `held`.
        """
        peak = 2 * (1 + 2 * state.ahead * self.pool.overlap)[:, None] / self.pool.cases.replicas[:, None]
        peak = np.maximum(peak, 1.0)
        more: Floats = ((peak - 1) * (1 + held) ** 2 + held_square - held**2 + 1) / peak
        return more


@dataclass(frozen=True, slots=True)
class _Life:
    """Lives of `steps` and the batch and the iterations that they meet, (case, length).

    `batch` and `variance` are those of the mean batch over the life, which keeps the share `kept` of the variance at an
    instant; `chunks` the full chunks that fit beside the steps, and `lost_s` what one more in the batch takes of their time.
    """

    steps: Floats
    batch: Floats
    variance: Floats
    kept: Floats
    alone_s: Floats
    full_s: Floats
    chunks: Floats
    lost_s: Floats

    @classmethod
    def of(
        cls, pool: BatchPool, state: State, steps: Floats, decoding_s: Floats, reach: Floats, times_s: Floats, step_s: Floats
    ) -> _Life:
        """Return lives that may take `decoding_s` [s] each, with step times made linear from the mean batch to `reach`."""
        cases, replicas = pool.cases, pool.cases.replicas[:, None]
        batch = pool.batch_mean(state)
        kept = kept_variance(steps * step_s[:, None] * state.relaxation[:, None])
        company = 2 * state.ahead[:, None] * pool.company
        variance = np.maximum(state.seen.variance[:, None] / replicas**2, 1e-6) * kept
        variance = variance + company * (2 + company) / (2 * replicas) ** 2
        far = np.clip(reach[:, None] - batch, 0.5, np.maximum(3 * np.sqrt(variance), 1.0))
        here, there = (Grid.at(cases.batch, size) for size in (batch, batch + far))
        alone, full = here(times_s[0]), here(times_s[1])
        chunks = (decoding_s - steps * alone) / np.maximum(full - alone, _SMALLEST_GAP * alone)
        alone_there, full_there = there(times_s[0]), there(times_s[1])
        chunks_there = (decoding_s - steps * alone_there) / np.maximum(full_there - alone_there, _SMALLEST_GAP * alone)
        lost = np.maximum((chunks * full - chunks_there * full_there) / far, 1e-9 * alone * np.maximum(steps, 0.5))
        return cls(steps, batch, variance, kept, alone, full, chunks, lost)

    @property
    def gap_s(self) -> Floats:
        """Return what a full chunk adds to an iteration [s]."""
        return np.maximum(self.full_s - self.alone_s, _SMALLEST_GAP * self.alone_s)

    @property
    def stretch(self) -> Floats:
        """Return the time of an iteration with a full chunk over what the chunk adds to it."""
        return self.full_s / self.gap_s

    @property
    def _whole(self) -> Floats:
        """Return the iterations that may carry full chunks, of the steps: iterations are whole."""
        return np.floor(np.clip(self.chunks, 0.0, self.steps))

    @property
    def idle_s(self) -> Floats:
        """Return how long the engine must be idle of prompts during the life [s]."""
        return np.maximum(self.steps - 1 - self._whole, 0.0) * self.alone_s

    def slack_s(self, time_s: Floats, short: Floats) -> Floats:
        """Return the time that prompts may work [s] if the batch stays at its mean; the last chunk of a row is `short`."""
        part = np.clip(1 - (self.chunks - self._whole), 0.0, 1.0)
        slack: Floats = (time_s - self.steps * self.alone_s) * self.stretch + self.full_s * 2 * short * part
        return slack

    def held(self, pool: BatchPool, extra_s: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Return the mean and mean square of the departures that a prompt's extra time [s] holds back."""
        pace = self.batch / (pool.mean_steps[:, None] * self.alone_s)
        columns = weights.T[:, :, None]
        return pace * np.sum(extra_s * columns, axis=0), pace**2 * np.sum(extra_s**2 * columns, axis=0)


def _ahead(rate: Floats, window_s: Floats, dispersion: Floats) -> Floats:
    """Return the requests beyond the mean that follow an arrival of a gamma renewal stream within an exponential window."""
    turn = np.exp(-np.log1p(dispersion / (rate * window_s)) / dispersion)
    return np.where(np.abs(dispersion - 1) < 1e-6, 0.0, turn / (1 - turn) - rate * window_s)
