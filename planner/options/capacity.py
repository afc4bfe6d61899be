"""Capacity of deployments inside their promises: the queue model asked once for a workload's mix, then shared out by class.

A replica that keeps its promises on the workload's own mix carries `rate` requests/s of it. One request of class b takes
`work_b` of the replica's time, so it carries `rate · mean work / work_b` of that class alone, and a mix is the weighted sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.demand.classes import RequestClass
from planner.demand.population import Population
from planner.options.deployments import Deployment
from planner.options.table import Role
from planner.performance.capacity_prefill import prefill_capacity_rps
from planner.performance.queueing import Arrivals, Distribution
from planner.scenario.workload import Sla

FloatArray = NDArray[np.float64]
BATCHES = np.unique(np.round(np.geomspace(1, 1024, 41))).astype(np.float64)
BATCH_UTILISATION = 0.95  # work without a latency promise still needs room to end inside its window
TRANSFER_PERCENTILE = 0.95


@dataclass(frozen=True, slots=True)
class Requests:
    """What a workload asks of a replica in one length epoch: its classes, their mix, promises and burstiness.

    `replicas_hint` bounds how many replicas share one queue; `rate_rps` is the rate of the busiest minute at one site.
    """

    classes: tuple[RequestClass, ...]
    population: Population
    sla: Sla
    dispersion: float
    rate_rps: float
    pool_replicas: int
    is_batch: bool

    @property
    def shares(self) -> FloatArray:
        """Return the classes' shares of the requests, shape (class,)."""
        return np.array([item.share for item in self.classes])

    @property
    def mean_output(self) -> float:
        """Return the mean output tokens of a request."""
        return float(self.shares @ [item.osl_tokens for item in self.classes])


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one replica carries: requests/s by class (0 = cannot), what limits it, and the prefill share of its time."""

    rps: FloatArray
    limited_by: str
    prefill_share: float


def capacities(role: Role, deployments: Sequence[Deployment], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    """Return the capacity of each deployment in a role; `extra_s` (deployment,) is added to every TTFT [s]."""
    measure = {Role.PREFILL: _prefill, Role.DECODE: _decode, Role.AGGREGATED: _aggregated}[role]
    return measure(deployments, requests, extra_s)


def _prompt_times(deployments: Sequence[Deployment], requests: Requests) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return prefill service times [s] of the mix (deployment, point) and the classes (deployment, class), and fixed delays."""
    new = np.maximum(requests.population.new_tokens, 1.0)
    cached = requests.population.cached_tokens
    class_new = np.maximum([item.new_tokens for item in requests.classes], 1.0)
    class_cached = np.array([item.cached_tokens for item in requests.classes])
    mix = np.stack([item.step.prefill_service_s(new, cached) for item in deployments])
    alone = np.stack([item.step.prefill_s(new, cached) for item in deployments])
    by_class = np.stack([item.step.prefill_service_s(class_new, class_cached) for item in deployments])
    overhead = np.array([item.step.first_token_overhead_s() for item in deployments])
    fixed = overhead + np.maximum(alone - mix, 0.0) @ requests.population.weight
    return mix, by_class, fixed


def _shared_out(rate: FloatArray, work: FloatArray, requests: Requests) -> FloatArray:
    """Return the rate by class (deployment, class) of deployments that carry `rate` of the mix and spend `work` [s] per class."""
    mean = work @ requests.shares
    return rate[:, None] * mean[:, None] / work


def _prefill(deployments: Sequence[Deployment], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    mix, by_class, fixed = _prompt_times(deployments, requests)
    limit = requests.sla.ttft
    mean = mix @ requests.population.weight
    if requests.is_batch or limit is None:
        rate, limited_by = BATCH_UTILISATION / mean, "throughput"
    else:
        rate, limited_by = _queued(mix, requests, limit.limit - fixed - extra_s, limit.percentile), "ttft"
    return [Capacity(row, limited_by, 1.0) for row in _shared_out(rate, by_class, requests)]


def _queued(service_s: FloatArray, requests: Requests, slack_s: FloatArray, percentile: float) -> FloatArray:
    """Return the rate of one replica [requests/s] in a pool of as many as the workload would need of it."""
    service = Distribution(service_s, requests.population.weight)
    arrivals = Arrivals(requests.dispersion)
    alone = prefill_capacity_rps(service, slack_s, percentile / 100.0, arrivals=arrivals)
    replicas = _pool_size(alone, requests)
    pooled = prefill_capacity_rps(service, slack_s, percentile / 100.0, arrivals=arrivals, replicas=replicas)
    return np.maximum(pooled / replicas, alone)


def _pool_size(rate: FloatArray, requests: Requests) -> FloatArray:
    """Return how many replicas share a queue: half of what the workload needs, so that a smaller pool keeps its promise too."""
    needed = np.floor(requests.rate_rps / np.maximum(rate, 1e-9) / 2.0)
    return np.clip(needed, 1.0, requests.pool_replicas)


def _step_times(deployments: Sequence[Deployment], requests: Requests) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return decode step times [s] of the mix (deployment, batch), of the classes (deployment, batch, class), and memory caps."""
    context = np.array([item.decode_context_tokens for item in requests.classes])
    output = np.array([item.osl_tokens for item in requests.classes])
    mean_context = float(requests.shares * output @ context / (requests.shares @ output))
    whole = float(requests.shares * output @ (context + output / 2.0) / (requests.shares @ output))
    mix = np.stack([item.step.decode_step_s(BATCHES, mean_context) for item in deployments])
    by_class = np.stack([item.step.decode_step_s(BATCHES[:, None], context[None, :]) for item in deployments])
    room = np.array([float(item.step.max_batch(whole)) for item in deployments])
    return mix, by_class, room


def _largest_batch(
    tpot_s: FloatArray, room: FloatArray, limit_s: float
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the largest batch that meets the limit and fits in memory, its grid index, and whether memory was the limit."""
    allowed = (tpot_s <= limit_s) & (BATCHES[None, :] <= room[:, None])
    index = np.where(allowed.any(axis=1), allowed.shape[1] - 1 - np.argmax(allowed[:, ::-1], axis=1), 0)
    batch = np.where(allowed.any(axis=1), BATCHES[index], 0.0)
    beyond = np.minimum(index + 1, len(BATCHES) - 1)
    by_memory = np.take_along_axis(tpot_s, beyond[:, None], 1)[:, 0] <= limit_s
    return batch, index.astype(np.int64), by_memory


def _occupied(batch: FloatArray, requests: Requests, percentile: float, replicas: FloatArray) -> FloatArray:
    """Return the mean sequences in flight per replica at which a pool stays within its batch: a + z sqrt(F a) = B (per pool)."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(percentile / 100.0)
    spread = z * np.sqrt(max(requests.dispersion, 1.0))
    root = (-spread + np.sqrt(spread**2 + 4.0 * batch * replicas)) / 2.0
    return np.asarray(root**2 / replicas, dtype=np.float64)


def _decode(deployments: Sequence[Deployment], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    del extra_s  # the wait before the first token belongs to prefill
    mix, by_class, room = _step_times(deployments, requests)
    limit = requests.sla.tpot
    batch, index, by_memory = _largest_batch(mix, room, limit.limit if limit and not requests.is_batch else np.inf)
    pick = np.arange(len(deployments))
    step = mix[pick, index]
    output = np.array([item.osl_tokens for item in requests.classes])
    work = by_class[pick, index] * output[None, :]
    percentile = limit.percentile if limit else 95.0
    replicas = _pool_size(batch / (step * requests.mean_output), requests)
    busy = batch * BATCH_UTILISATION if requests.is_batch else _occupied(batch, requests, percentile, replicas)
    rate = busy / (work @ requests.shares)
    words = np.where(by_memory, "memory", "tpot")
    return [Capacity(row, str(word), 0.0) for row, word in zip(_shared_out(rate, work, requests), words, strict=True)]


def _aggregated(deployments: Sequence[Deployment], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    """Return capacities where decode steps carry their share of prompts: TPOT(B) = step(B) + interference · B · prefill / OSL."""
    prompts, prompts_by_class, fixed = _prompt_times(deployments, requests)
    mix, by_class, room = _step_times(deployments, requests)
    mean_prompt = prompts @ requests.population.weight
    share = np.array([item.step.interference_share() for item in deployments])
    output = np.array([item.osl_tokens for item in requests.classes])
    tpot = mix + share[:, None] * BATCHES[None, :] * mean_prompt[:, None] / requests.mean_output
    limit = requests.sla.tpot
    batch, index, by_memory = _largest_batch(tpot, room, limit.limit if limit and not requests.is_batch else np.inf)
    pick = np.arange(len(deployments))
    decode_work = by_class[pick, index] * output[None, :] / np.maximum(batch, 1.0)[:, None]
    work = decode_work + prompts_by_class
    saturated = 1.0 / (work @ requests.shares)
    replicas = _pool_size(saturated, requests)
    percentile = limit.percentile if limit else 95.0
    held = batch * BATCH_UTILISATION if requests.is_batch else _occupied(batch, requests, percentile, replicas)
    rate = saturated * held / np.maximum(batch, 1.0)
    limited = np.where(by_memory, "memory", "tpot")
    if requests.sla.ttft is not None and not requests.is_batch:
        # A prompt waits for the prompts before it, each stretched by the decode steps that it shares the chip with.
        stretch = 1.0 + (decode_work @ requests.shares) / mean_prompt
        waiting = _queued(
            prompts * stretch[:, None], requests, requests.sla.ttft.limit - fixed - extra_s, requests.sla.ttft.percentile
        )
        limited = np.where(waiting < rate, "ttft", limited)
        rate = np.minimum(rate, waiting)
    rows = _shared_out(rate, work, requests)
    shares = (prompts_by_class @ requests.shares) / (work @ requests.shares)
    return [Capacity(row, str(word), float(part)) for row, word, part in zip(rows, limited, shares, strict=True)]
