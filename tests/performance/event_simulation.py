"""A small discrete-event simulation of prefill, decode and aggregated pools: the judge of the formulas, sharing no code with them.

Arrivals are a gamma renewal process. A prefill pool is a first-come-first-served queue before `replicas` servers. Decode and aggregated
replicas run iteration by iteration: a sequence joins and leaves only at the border of an iteration, every sequence in the batch gains one
token in it, and a request goes to the replica with the fewest requests in flight.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WARM_UP = 0.03


def gamma_gaps(rng: np.random.Generator, count: int, coefficient_of_variation: float) -> Floats:
    """Return inter-arrival gaps of mean one, gamma distributed with the given coefficient of variation."""
    if coefficient_of_variation == 0:
        return np.ones(count)
    shape = 1 / coefficient_of_variation**2
    return rng.gamma(shape, 1 / shape, count)


def prefill_response_s(arrival_s: Floats, service_s: Floats, replicas: int) -> Floats:
    """Return wait + service [s] of each request of a first-come-first-served pool."""
    if replicas == 1:
        backlog = np.cumsum(service_s[:-1] - np.diff(arrival_s))
        backlog = np.concatenate(([0.0], backlog))
        return backlog - np.minimum.accumulate(np.minimum(backlog, 0.0)) + service_s
    free = [0.0] * replicas
    response = np.empty(len(arrival_s))
    for i, (arrived, service) in enumerate(zip(arrival_s.tolist(), service_s.tolist(), strict=True)):
        done = max(free[0], arrived) + service
        heapq.heapreplace(free, done)
        response[i] = done - arrived
    return response


@dataclass(slots=True)
class Served:
    """What each request met: time to first token, time from first to last token [s], and tokens after the first."""

    ttft_s: Floats
    decode_s: Floats
    steps: Floats

    @property
    def tpot_s(self) -> Floats:
        """Return (E2E − TTFT)/(OSL − 1) [s], zero for answers of one token."""
        return self.decode_s / np.maximum(self.steps, 1)

    @property
    def e2e_s(self) -> Floats:
        """Return arrival to last token [s]."""
        return self.ttft_s + self.decode_s


class Replica:
    """One engine: a batch that decodes together, a queue for admission, and prompts prefilled in chunks of at most `chunk` tokens."""

    def __init__(self, iteration_s: Callable[[int, int], float], max_batch: int, chunk: int, served: Served) -> None:
        self.iteration_s, self.max_batch, self.chunk, self.served = iteration_s, max_batch, chunk, served
        self.now_s, self.iteration = 0.0, 0
        self.batch: list[tuple[int, int, float]] = []
        self.waiting: deque[tuple[int, float, int, int]] = deque()
        self.prompts: deque[list[float]] = deque()

    @property
    def in_flight(self) -> int:
        """Return requests waiting, in prefill or in decode."""
        return len(self.batch) + len(self.waiting) + len(self.prompts)

    def submit(self, request: int, arrived_s: float, prompt: int, steps: int) -> None:
        """Queue a request that arrived at `arrived_s`; call after `run_to(arrived_s)`."""
        if not self.in_flight:
            self.now_s = max(self.now_s, arrived_s)
        self.waiting.append((request, arrived_s, prompt, steps))

    def run_to(self, until_s: float) -> None:
        """Run whole iterations until the clock is at or past `until_s`."""
        while self.now_s < until_s and self.in_flight:
            self._admit()
            if self.prompts:
                self._mixed_iteration()
            elif self.batch:
                self._decode_iterations(until_s)

    def _admit(self) -> None:
        while self.waiting and len(self.batch) + len(self.prompts) < self.max_batch:
            request, arrived_s, prompt, steps = self.waiting.popleft()
            if prompt:
                self.prompts.append([request, arrived_s, prompt, steps])
            else:
                self._first_token(request, arrived_s, steps)

    def _first_token(self, request: int, arrived_s: float, steps: int) -> None:
        self.served.ttft_s[request] = self.now_s - arrived_s
        if steps:
            heapq.heappush(self.batch, (self.iteration + steps, request, self.now_s))

    def _finish(self) -> None:
        while self.batch and self.batch[0][0] <= self.iteration:
            _, request, began_s = heapq.heappop(self.batch)
            self.served.decode_s[request] = self.now_s - began_s

    def _decode_iterations(self, until_s: float) -> None:
        step_s = self.iteration_s(len(self.batch), 0)
        count = min(self.batch[0][0] - self.iteration, max(1, -int((self.now_s - until_s) // step_s)))
        self.iteration += count
        self.now_s += count * step_s
        self._finish()

    def _mixed_iteration(self) -> None:
        room, done = self.chunk, []
        while self.prompts and room:
            head = self.prompts[0]
            taken = min(room, head[2])
            head[2] -= taken
            room -= taken
            if not head[2]:
                done.append(self.prompts.popleft())
        self.now_s += self.iteration_s(len(self.batch), self.chunk - room)
        self.iteration += 1
        self._finish()
        for request, arrived_s, _, steps in done:
            self._first_token(request, arrived_s, steps)


def serve(
    arrival_s: Floats,
    prompts: Sequence[int],
    steps: Sequence[int],
    iteration_s: Callable[[int, int], float],
    *,
    max_batch: int,
    chunk: int = 0,
    replicas: int = 1,
) -> Served:
    """Return what each request met in a pool of engines; prompts of zero tokens make it a decode pool (TTFT is then the wait for admission)."""
    count = len(arrival_s)
    served = Served(np.zeros(count), np.zeros(count), np.asarray(steps, float))
    pool = [Replica(iteration_s, max_batch, chunk, served) for _ in range(replicas)]
    for i, (arrived, prompt, tokens) in enumerate(zip(arrival_s.tolist(), prompts, steps, strict=True)):
        for replica in pool:
            replica.run_to(arrived)
        min(pool, key=lambda replica: replica.in_flight).submit(i, arrived, prompt, tokens)
    for replica in pool:
        replica.run_to(1e15)
    return served


def settled(values: Floats) -> Floats:
    """Return the values without the warm-up."""
    return values[int(WARM_UP * len(values)) :]


def capacity_rps(attained: Callable[[float], float], percentile: float, low_rps: float, high_rps: float) -> float:
    """Return the highest rate [requests/s] at which the share of requests within their limits is still `percentile`, by bisection."""
    if attained(low_rps) < percentile:
        return 0.0
    while high_rps / low_rps > 1.006:
        middle = (low_rps * high_rps) ** 0.5
        low_rps, high_rps = (middle, high_rps) if attained(middle) >= percentile else (low_rps, middle)
    return (low_rps * high_rps) ** 0.5
