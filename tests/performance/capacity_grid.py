"""The grid of pools on which formulas and event simulation are compared: lengths, burstiness, limits, percentiles and pool sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from event_simulation import Floats, capacity_rps, gamma_gaps, prefill_response_s, serve, settled
from scipy.special import ndtri

from planner.performance.capacity import (
    Arrivals,
    DecodeEngine,
    Distribution,
    Limits,
    MixedEngine,
    aggregated_capacity_rps,
    decode_capacity_rps,
    prefill_capacity_rps,
)

# Prompt and answer lengths of the conversation service of Azure, week of May 2024 (DynamoLLM, Stojkovic et al., HPCA 2025; public data set,
# CC-BY 4.0): percentile -> tokens.
AZURE_PROMPT = {0: 50, 1: 71, 5: 206, 10: 297, 25: 553, 50: 928, 75: 2394, 90: 3830, 95: 4913, 99: 6683, 99.9: 6701, 100: 7999}
AZURE_ANSWER = {0: 1, 1: 1, 5: 1, 10: 2, 25: 6, 50: 41, 75: 112, 90: 342, 95: 455, 99: 694, 99.9: 1431, 100: 1500}
LENGTHS = ("constant", "lognormal", "azure")
VARIATIONS = (1.0, 2.0, 3.5)
PERCENTILES = (0.9, 0.99)
REPLICAS = (1, 2, 8)
SEED = 20240517

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


@cache
def lengths(name: str, field: str, count: int, seed: int) -> Integers:
    """Return sampled tokens of a field (prompt, answer) under one of the three kinds of length distribution."""
    rng = np.random.default_rng(
        [seed, len(name), ("prompt", "answer").index(field)]
    )  # prompts and answers independent of each other
    mean = {"prompt": 1000, "answer": 100}[field]
    if name == "constant":
        return np.full(count, mean)
    # One draw in each of `count` slices of the probability, so that a short run has the tail of the distribution and not its own.
    share = (rng.permutation(count) + rng.random(count)) / count
    if name == "lognormal":
        sample = mean * np.exp(ndtri(share) - 0.5)
        return np.clip(np.round(sample), 1, 15 * mean).astype(np.int64)
    table = AZURE_PROMPT if field == "prompt" else AZURE_ANSWER
    return np.maximum(np.round(np.interp(100 * share, list(table), list(table.values()))), 1).astype(np.int64)


def quadrature(name: str, field: str) -> Distribution:
    """Return the same distribution as the planner sees it: conditional means of another sample."""
    return Distribution.of_sample(lengths(name, field, 200_000, SEED + 1), 24)


@cache
def arrivals_s(variation: float, count: int) -> Floats:
    """Return arrival times of a stream of one request per second."""
    return np.cumsum(gamma_gaps(np.random.default_rng([SEED, int(10 * variation)]), count, variation))


@dataclass(frozen=True)
class Case:
    """One pool: `saturation_rps` is a rate it can certainly not sustain, `within(rate)` the simulated share inside each limit."""

    kind: str
    lengths: str
    variation: float
    limit: str
    percentile: float
    replicas: int
    predicted: Callable[[], float]
    within: Callable[[float], float]
    saturation_rps: float

    def simulated(self) -> float:
        """Return the capacity by simulation [requests/s]."""
        return capacity_rps(self.within, self.percentile, 0.01 * self.saturation_rps, self.saturation_rps)

    @property
    def name(self) -> str:
        """Return a readable identity."""
        return f"{self.kind}-{self.lengths}-cv{self.variation:g}-{self.limit}-p{100 * self.percentile:g}-x{self.replicas}"


def prefill_cases(count: int = 120_000) -> Iterator[Case]:
    """Yield prefill pools; limits of 2 (tight) and 8 (loose) times the service time at the percentile."""
    for name, variation, limit, percentile, replicas in product(LENGTHS, VARIATIONS, ("tight", "loose"), PERCENTILES, REPLICAS):
        service_s = 1e-3 + 1e-4 * lengths(name, "prompt", count, SEED)
        points = quadrature(name, "prompt")
        limit_s = float(np.quantile(service_s, percentile)) * {"tight": 2, "loose": 8}[limit]
        service = Distribution(1e-3 + 1e-4 * points.values, points.weights)

        def within(
            rate: float,
            service_s: Floats = service_s,
            variation: float = variation,
            limit_s: float = limit_s,
            replicas: int = replicas,
        ) -> float:
            response = prefill_response_s(arrivals_s(variation, count) / rate, service_s, replicas)
            return float(np.mean(settled(response) <= limit_s))

        def predicted(
            service: Distribution = service,
            limit_s: float = limit_s,
            percentile: float = percentile,
            variation: float = variation,
            replicas: int = replicas,
        ) -> float:
            stream = Arrivals.of_gaps(variation)
            return float(prefill_capacity_rps(service, limit_s, percentile, arrivals=stream, replicas=replicas))

        yield Case("prefill", name, variation, limit, percentile, replicas, predicted, within, replicas / service_s.mean())


BATCH = np.unique(np.round(np.geomspace(1, 256, 24)))
TOKENS = np.concatenate(([0.0], np.linspace(32, 512, 16)))


def decode_step_s(batch: int, tokens: int) -> float:
    """Return a decode step [s] that is bound by memory, then by compute; no prompt tokens."""
    del tokens
    return max(0.012 + 0.0001 * batch, 0.0003 * batch)


def mixed_step_s(batch: int, tokens: int) -> float:
    """Return an iteration [s] with prompt tokens in it."""
    return 0.002 + max(0.010 + 0.0001 * batch, 4e-5 * (batch + tokens))


def decode_cases(count: int = 24_000) -> Iterator[Case]:
    """Yield decode pools: bound by TPOT at 24 (tight) or 96 (loose) sequences, or by the memory of 48 (memory)."""
    engine_s = np.array([decode_step_s(int(size), 0) for size in BATCH])
    for name, variation, limit, percentile, replicas in product(
        LENGTHS, VARIATIONS, ("tight", "loose", "memory"), PERCENTILES, REPLICAS
    ):
        steps = lengths(name, "answer", count, SEED) - 1
        bound, slots = {"tight": (24, 256), "loose": (96, 256), "memory": (200, 48)}[limit]
        limit_s = decode_step_s(bound, 0) * 1.0001
        patience_s = 1.05 * decode_step_s(slots, 0)

        def within(
            rate: float,
            steps: Integers = steps,
            variation: float = variation,
            limits: tuple[float, float] = (limit_s, patience_s),
            slots: int = slots,
            replicas: int = replicas,
        ) -> float:
            times = arrivals_s(variation, count) / rate
            served = serve(times, [0] * count, steps.tolist(), decode_step_s, max_batch=slots, replicas=replicas)
            return float(np.mean((settled(served.tpot_s) <= limits[0]) & (settled(served.ttft_s) <= limits[1])))

        def predicted(
            name: str = name,
            limit_s: float = limit_s,
            percentile: float = percentile,
            variation: float = variation,
            slots: int = slots,
            replicas: int = replicas,
        ) -> float:
            engine, answers = DecodeEngine(engine_s, BATCH, slots), quadrature(name, "answer")
            stream = Arrivals.of_gaps(variation)
            return float(decode_capacity_rps(engine, answers, limit_s, percentile, arrivals=stream, replicas=replicas))

        top = replicas * min(slots, bound) / (steps.mean() * decode_step_s(min(slots, bound), 0))
        yield Case("decode", name, variation, limit, percentile, replicas, predicted, within, 1.1 * top)


def aggregated_cases(count: int = 12_000) -> Iterator[Case]:
    """Yield aggregated pools: bound by TTFT (ttft), TPOT (tpot) or E2E (e2e); longer runs where bursts are rarer."""
    iteration_s = np.array([[mixed_step_s(int(size), int(tokens)) for tokens in TOKENS] for size in BATCH])
    for name, variation, limit, percentile, replicas in product(
        LENGTHS, VARIATIONS, ("ttft", "tpot", "e2e"), PERCENTILES, REPLICAS
    ):
        size = round(count * variation)
        prompts, steps = lengths(name, "prompt", size, SEED), lengths(name, "answer", size, SEED) - 1
        ttft_s, tpot_s = {"ttft": (1.5, 0.05), "tpot": (5.0, 0.0205), "e2e": (np.inf, np.inf)}[limit]
        e2e_s = 1.5 + 0.018 * float(np.quantile(steps, percentile)) if limit == "e2e" else np.inf

        def within(
            rate: float,
            drawn: tuple[Integers, Integers] = (prompts, steps),
            variation: float = variation,
            limits: tuple[float, float, float] = (ttft_s, tpot_s, e2e_s),
            replicas: int = replicas,
        ) -> float:
            times = arrivals_s(variation, len(drawn[0])) / rate
            served = serve(times, drawn[0].tolist(), drawn[1].tolist(), mixed_step_s, max_batch=128, chunk=512, replicas=replicas)
            met = zip((served.ttft_s, served.tpot_s, served.e2e_s), limits, strict=True)
            return float(min(np.mean(settled(figure) <= limit) for figure, limit in met))

        def predicted(
            name: str = name,
            limits: tuple[float, float, float] = (ttft_s, tpot_s, e2e_s),
            percentile: float = percentile,
            variation: float = variation,
            replicas: int = replicas,
        ) -> float:
            engine = MixedEngine(iteration_s, BATCH, TOKENS, 128)
            asked = [(limit if np.isfinite(limit) else None, percentile) for limit in limits]
            level = Limits(*asked[0], *asked[1], *asked[2])
            drawn = quadrature(name, "prompt"), quadrature(name, "answer")
            stream = Arrivals.of_gaps(variation)
            patience_s = min(limits[0] / 2, 1e3)
            return float(
                aggregated_capacity_rps(engine, *drawn, level, arrivals=stream, replicas=replicas, admission_s=patience_s)
            )

        each_s = steps.mean() * mixed_step_s(128, 0) / 128 + prompts.mean() / 512 * (mixed_step_s(32, 512) - mixed_step_s(32, 0))
        yield Case("aggregated", name, variation, limit, percentile, replicas, predicted, within, 1.1 * replicas / each_s)


def all_cases() -> list[Case]:
    """Return the whole grid."""
    return [*prefill_cases(), *decode_cases(), *aggregated_cases()]
