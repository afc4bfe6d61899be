"""Capacity of deployments inside their promises: the queue model asked once for a workload's mix, then shared out by class.

A replica that keeps its promises on the workload's own mix carries `rate` requests/s of it. One request of class b takes
`work_b` of the replica's time, so it carries `rate · mean work / work_b` of that class alone, and a mix is the weighted sum.

Replicas behind one router wait for each other's work: a few carry less each than many. The rate is that of a full queue; what a
shorter one gives up is told beside it, as the part of a full queue that it keeps free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.demand.classes import RequestClass
from planner.demand.population import Population
from planner.options.table import Role
from planner.performance.capacity_aggregated import Limits, MixedEngine, aggregated_capacity_rps
from planner.performance.capacity_decode import DecodeEngine, EndToEnd, decode_capacity_rps
from planner.performance.capacity_prefill import prefill_capacity_rps
from planner.performance.queueing import Arrivals, Distribution
from planner.performance.step_model import StepModel
from planner.scenario.workload import Limit, Sla

FloatArray = NDArray[np.float64]
BATCHES = np.unique(np.round(np.geomspace(1, 1024, 41))).astype(np.float64)
MIXED_BATCHES = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0])
CHUNK_TOKENS = np.array([0.0, 128.0, 256.0, 512.0, 1024.0, 2048.0])
CHUNK_BUDGETS = (256.0, 512.0, 2048.0)  # prompt tokens that an engine may be set to carry in one iteration; the best is taken
BATCH_UTILISATION = 0.95  # work without a latency promise still needs room to end inside its window
SHORTER_QUEUES = (0.75, 0.5, 0.25, 0.1, 0.0)  # of a full queue, one replica at least, at which the loss is measured
LARGEST_SHARE = 0.95
SMALLEST_QUEUE = 1e-6
SEARCHED_TO = 0.99  # rates are searched up to 99.3 % of saturation, beyond which no percentile can be predicted
FIRST_TOKEN_PART = 0.25  # of an E2E promise without one for TTFT
ADMISSION_PART = 0.1  # of the time before the first token, which a request may wait for a slot in the batch
DEFAULT_LIMIT = Limit.model_validate({"limit": "1 s"})


@dataclass(frozen=True, slots=True)
class Requests:
    """What a workload asks of a replica in one length epoch: its classes, their mix, promises and burstiness.

    `pool_replicas` bounds how many replicas share one queue; `rate_rps` is the rate of the busiest minute at one site, in the
    period that needs fewest replicas.
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
    def output(self) -> Distribution:
        """Return the output tokens of the mix as quadrature."""
        return Distribution(self.population.output_tokens, self.population.weight)

    @property
    def decode_context(self) -> float:
        """Return the mean context of a decode step of the mix [tokens]."""
        tokens = self.shares * [item.osl_tokens for item in self.classes]
        return float(tokens @ [item.decode_context_tokens for item in self.classes] / tokens.sum())

    @property
    def mean_output(self) -> float:
        """Return the mean output tokens of a request."""
        return float(self.shares @ [item.osl_tokens for item in self.classes])


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one replica carries: requests/s of the mix and by class (0 = cannot), what limits it, its prefill share of time.

    It carries that in a queue of `queue_replicas` (0: any) or more. In a shorter one, of a part x of them, the load is at most
    `(x - queue_share) / (1 - queue_share)` of a full queue's.
    """

    mix_rps: float
    rps: FloatArray
    limited_by: str
    prefill_share: float
    queue_replicas: float = 0.0
    queue_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    """Replicas behind one router, shape (deployment,) each: one's rate in a full queue, how many fill it, what it keeps free."""

    rate: FloatArray
    replicas: FloatArray
    share: FloatArray

    @classmethod
    def none(cls, rate: FloatArray) -> Queue:
        """Return work that does not wait for a promise: any number of replicas carries as much each."""
        return cls(rate, np.zeros_like(rate), np.zeros_like(rate))


def capacities(role: Role, deployments: Sequence[StepModel], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    """Return the capacity of each deployment in a role; `extra_s` (deployment,) is added to every TTFT [s]."""
    measure = {Role.PREFILL: _prefill, Role.DECODE: _decode, Role.AGGREGATED: _aggregated}[role]
    return measure(deployments, requests, extra_s)


def prompt_times(deployments: Sequence[StepModel], requests: Requests) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return prefill service times [s] of the mix (deployment, point) and the classes (deployment, class), and fixed delays."""
    new = np.maximum(requests.population.new_tokens, 1.0)
    cached = requests.population.cached_tokens
    class_new = np.maximum([item.new_tokens for item in requests.classes], 1.0)
    class_cached = np.array([item.cached_tokens for item in requests.classes])
    mix = np.stack([item.prefill_service_s(new, cached) for item in deployments])
    alone = np.stack([item.prefill_s(new, cached) for item in deployments])
    by_class = np.stack([item.prefill_service_s(class_new, class_cached) for item in deployments])
    overhead = np.array([item.first_token_overhead_s() for item in deployments])
    fixed = overhead + np.maximum(alone - mix, 0.0) @ requests.population.weight
    return mix, by_class, fixed


def _shared_out(rate: FloatArray, work: FloatArray, requests: Requests) -> FloatArray:
    """Return the rate by class (deployment, class) of deployments that carry `rate` of the mix and spend `work` [s] per class."""
    mean = work @ requests.shares
    return rate[:, None] * mean[:, None] / work


def _prefill(deployments: Sequence[StepModel], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    mix, by_class, fixed = prompt_times(deployments, requests)
    budget_s, promise = _first_token_s(requests), requests.sla.ttft or requests.sla.e2e
    if requests.is_batch or promise is None:
        queue, limited_by = Queue.none(BATCH_UTILISATION / (mix @ requests.population.weight)), "throughput"
    else:
        queue, limited_by = _queued(mix, requests, budget_s - fixed - extra_s, promise.percentile), "ttft"
    parts = np.ones(len(deployments))
    return _told(queue, _shared_out(queue.rate, by_class, requests), [limited_by] * len(deployments), parts)


def _told(queue: Queue, rows: FloatArray, words: Sequence[str], parts: FloatArray) -> list[Capacity]:
    """Return capacities from a queue, rates by class (deployment, class), what limits them, and prefill's shares of the time."""
    columns = zip(queue.rate, rows, words, parts, queue.replicas, queue.share, strict=True)
    return [
        Capacity(float(rate), row, str(word), float(part), float(replicas), float(share))
        for rate, row, word, part, replicas, share in columns
    ]


def _queued(service_s: FloatArray, requests: Requests, slack_s: FloatArray, percentile: float) -> Queue:
    """Return the queues of prefill replicas."""
    service, arrivals = Distribution(service_s, requests.population.weight), Arrivals(requests.dispersion)

    def rate_of(replicas: FloatArray | float) -> FloatArray:
        return prefill_capacity_rps(service, slack_s, percentile / 100.0, arrivals=arrivals, replicas=replicas)

    return _pooled(rate_of, requests)


def step_times(deployments: Sequence[StepModel], requests: Requests) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return decode step times [s] of the mix (deployment, batch), of the classes (deployment, batch, class), and memory caps."""
    context = np.array([item.decode_context_tokens for item in requests.classes])
    output = np.array([item.osl_tokens for item in requests.classes])
    whole = float(requests.shares * output @ (context + output / 2.0) / (requests.shares @ output))
    mix = np.stack([item.decode_step_s(BATCHES, requests.decode_context) for item in deployments])
    by_class = np.stack([item.decode_step_s(BATCHES[:, None], context[None, :]) for item in deployments])
    room = np.array([float(item.max_batch(whole)) for item in deployments])
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


def _limit_s(limit: Limit | None, requests: Requests) -> float:
    """Return a limit [s], infinite where nothing is promised."""
    return np.inf if limit is None or requests.is_batch else limit.limit


def _decode(deployments: Sequence[StepModel], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    """Return decode capacities; of an E2E promise alone, `FIRST_TOKEN_PART` is left to prefill."""
    del extra_s  # the wait before the first token belongs to prefill
    mix, by_class, room = step_times(deployments, requests)
    tpot, e2e = requests.sla.tpot, requests.sla.e2e
    batch, index, by_memory = _largest_batch(mix, room, _limit_s(tpot, requests))
    work = (
        by_class[np.arange(len(deployments)), index]
        * [item.osl_tokens for item in requests.classes]
        / np.maximum(batch, 1.0)[:, None]
    )
    if requests.is_batch or (tpot is None and e2e is None):
        queue = Queue.none(np.where(batch > 0, BATCH_UTILISATION / (work @ requests.shares), 0.0))
    else:
        engine = DecodeEngine(mix, BATCHES, room)
        queue = _pooled(lambda replicas: _decode_rate(engine, requests, replicas), requests)
    words = np.where(by_memory, "memory", "tpot" if tpot is not None else "e2e")
    return _told(queue, _shared_out(queue.rate, work, requests), words.tolist(), np.zeros(len(deployments)))


def _decode_rate(engine: DecodeEngine, requests: Requests, replicas: FloatArray | float) -> FloatArray:
    tpot, e2e = requests.sla.tpot, requests.sla.e2e
    before_s = _first_token_s(requests)
    end = None if e2e is None else EndToEnd(e2e.limit, e2e.percentile / 100.0, before_s)
    return decode_capacity_rps(
        engine,
        requests.output,
        _limit_s(tpot, requests) if tpot is not None else 1e3,
        (tpot or e2e or DEFAULT_LIMIT).percentile / 100.0,
        arrivals=Arrivals(requests.dispersion),
        replicas=replicas,
        admission_s=ADMISSION_PART * before_s,
        e2e=end,
    )


def _first_token_s(requests: Requests) -> float:
    """Return the time that a request may spend before it decodes [s]."""
    ttft, e2e = requests.sla.ttft, requests.sla.e2e
    if ttft is not None:
        return ttft.limit
    return FIRST_TOKEN_PART * e2e.limit if e2e is not None else 0.0


def _pooled(rate_of: Callable[[FloatArray | float], FloatArray], requests: Requests) -> Queue:
    """Return the queues of deployments whose pools of so many replicas carry `rate_of` them [requests/s].

    A full queue is half of the replicas that the workload needs, at most `requests.pool_replicas`: a fleet may stand at two sites
    without loss. How many are needed is read from the largest pool, whose replicas carry most: never more than there will be.
    """

    def each(replicas: FloatArray) -> FloatArray:
        return np.asarray(SEARCHED_TO * rate_of(replicas) / replicas, dtype=np.float64)

    most = float(requests.pool_replicas)
    half = requests.rate_rps / np.maximum(rate_of(most) / most, 1e-9) / 2.0
    full = np.clip(np.floor(half), 1.0, most)
    rate = each(full)
    shares = [_kept_free(rate, each, full, np.maximum(np.floor(part * full), 1.0)) for part in SHORTER_QUEUES]
    return Queue(rate, np.clip(half, SMALLEST_QUEUE, most), np.clip(np.max(shares, axis=0), 0.0, LARGEST_SHARE))


def _kept_free(rate: FloatArray, each: Callable[[FloatArray], FloatArray], full: FloatArray, fewer: FloatArray) -> FloatArray:
    """Return the part of a full queue that fewer replicas would keep free.

    What a queue carries is convex in its replicas (as many as it has, less about the root of them: Halfin and Whitt 1981), so the
    line from a full queue through a shorter one lies below it for those that are shorter still.
    """
    part = fewer / full
    carried = part * np.divide(each(fewer), rate, out=np.ones_like(rate), where=rate > 0.0)
    shorter = (fewer < full) & (carried < part)
    return np.where(shorter, (part - carried) / np.where(shorter, 1.0 - carried, 1.0), 0.0)


def _aggregated(deployments: Sequence[StepModel], requests: Requests, extra_s: FloatArray) -> list[Capacity]:
    """Return the capacities of pools whose decode steps carry chunks of other requests' prompts."""
    _, prompts, fixed = prompt_times(deployments, requests)
    mix, by_class, room = step_times(deployments, requests)
    output = np.array([item.osl_tokens for item in requests.classes])
    share = np.array([item.interference_share() for item in deployments])
    disturbed = mix + share[:, None] * BATCHES[None, :] * (prompts @ requests.shares)[:, None] / requests.mean_output
    batch, index, by_memory = _largest_batch(disturbed, room, _limit_s(requests.sla.tpot, requests))
    decode = by_class[np.arange(len(deployments)), index] * output[None, :] / np.maximum(batch, 1.0)[:, None]
    work = decode + prompts
    saturated = np.where(batch > 0, 1.0 / (work @ requests.shares), 0.0)
    words = np.where(by_memory, "memory", "tpot")
    if requests.is_batch or not requests.sla.limits():
        queue = Queue.none(BATCH_UTILISATION * saturated)
    else:
        engine = mixed_engine(deployments, requests, room)
        queue = _pooled(lambda replicas: _best_chunks(engine, requests, fixed + extra_s, replicas), requests)
        first = next(name for name in ("ttft", "e2e", "tpot") if name in requests.sla.limits())
        words = np.where(queue.rate < 0.9 * saturated, first, words)
    parts = (prompts @ requests.shares) / (work @ requests.shares)
    return _told(queue, _shared_out(queue.rate, work, requests), words.tolist(), parts)


def mixed_engine(deployments: Sequence[StepModel], requests: Requests, room: FloatArray) -> MixedEngine:
    """Return the iteration times (deployment, batch, tokens) of replicas that prefill in chunks between decode steps."""
    context = requests.decode_context
    behind = float(requests.shares @ [item.isl_tokens / 2.0 for item in requests.classes])
    grid = [item.mixed_step_s(MIXED_BATCHES[:, None], context, CHUNK_TOKENS[None, 1:], behind) for item in deployments]
    alone = [item.decode_step_s(MIXED_BATCHES, context)[:, None] for item in deployments]
    iteration = np.stack([np.concatenate(pair, axis=1) for pair in zip(alone, grid, strict=True)])
    return MixedEngine(iteration, MIXED_BATCHES, CHUNK_TOKENS, room)


def _best_chunks(engine: MixedEngine, requests: Requests, extra_s: FloatArray, replicas: FloatArray | float) -> FloatArray:
    """Return the rate with each deployment's best chunk budget: small chunks keep TPOT, large ones waste fewer iterations."""
    rates = [_aggregated_rate(with_budget(engine, budget), requests, extra_s, replicas) for budget in CHUNK_BUDGETS]
    return np.asarray(np.nanmax(rates, axis=0), dtype=np.float64)


def with_budget(engine: MixedEngine, budget_tokens: float) -> MixedEngine:
    """Return the replicas with a smaller chunk budget [tokens]."""
    kept = engine.tokens <= budget_tokens
    return replace(engine, iteration_s=engine.iteration_s[:, :, kept], tokens=engine.tokens[kept])


def _aggregated_rate(engine: MixedEngine, requests: Requests, extra_s: FloatArray, replicas: FloatArray | float) -> FloatArray:
    sla = requests.sla
    asked = {
        name: (None if limit is None else limit.limit, (limit or DEFAULT_LIMIT).percentile / 100.0)
        for name, limit in (("ttft", sla.ttft), ("tpot", sla.tpot), ("e2e", sla.e2e))
    }
    return aggregated_capacity_rps(
        engine,
        Distribution(np.maximum(requests.population.new_tokens, 1.0), requests.population.weight),
        requests.output,
        Limits(*asked["ttft"], *asked["tpot"], *asked["e2e"]),
        arrivals=Arrivals(requests.dispersion),
        replicas=replicas,
        extra_s=extra_s,
        admission_s=ADMISSION_PART * _first_token_s(requests),
    )
