"""What requests meet at a load: the percentiles of TTFT and TPOT of a pool, by the queue model that sized it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.options.capacity import (
    BATCHES,
    CHUNK_BUDGETS,
    FloatArray,
    Requests,
    mixed_engine,
    prompt_times,
    step_times,
    with_budget,
)
from planner.options.table import OptionRow, Role
from planner.performance.aggregated_pool import slots_enough
from planner.performance.capacity_aggregated import MixedEngine, aggregated_tpot_s, aggregated_ttft_s
from planner.performance.capacity_decode import DecodeEngine, decode_tpot_s
from planner.performance.capacity_prefill import prefill_ttft_s
from planner.performance.queueing import Arrivals, Distribution
from planner.performance.step_model import StepModel


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """A pool at work: busy replicas and replicas that are up, one entry per case, shape (case,)."""

    load: FloatArray
    replicas: FloatArray


def latencies_s(
    row: OptionRow, epoch: int, requests: Requests, pools: PoolLoad, percentiles: dict[str, float]
) -> dict[str, FloatArray]:
    """Return the predicted percentile [s] of each metric that a pool decides, shape (case,).

    A prefill pool decides TTFT, a decode pool TPOT, an aggregated one both. A load of other classes than the workload's own
    mix counts as the mix that keeps as many replicas busy. Infinite beyond saturation; empty where the capacity was measured,
    and where neither is promised (an E2E promise is kept by the capacity alone).
    """
    if row.step is None:
        return {}
    rate = pools.load * row.mix_rps[epoch]
    if row.role is Role.PREFILL:
        return {"ttft": _prefill(row, requests, rate, pools.replicas, percentiles["ttft"])} if "ttft" in percentiles else {}
    if row.role is Role.DECODE:
        return {"tpot": _decode(row.step, requests, rate, pools.replicas, percentiles["tpot"])} if "tpot" in percentiles else {}
    return _aggregated(row, requests, rate, pools.replicas, percentiles) if percentiles.keys() & {"ttft", "tpot"} else {}


def _prefill(row: OptionRow, requests: Requests, rate: FloatArray, replicas: FloatArray, percentile: float) -> FloatArray:
    assert row.step is not None
    mix, _, fixed = prompt_times([row.step], requests)
    service = Distribution(np.repeat(mix, len(rate), axis=0), requests.population.weight)
    arrivals = Arrivals(requests.dispersion)
    extra = float(fixed[0]) + row.extra_s
    return np.asarray(prefill_ttft_s(service, rate, percentile, arrivals=arrivals, replicas=replicas, extra_s=extra))


def _decode(step: StepModel, requests: Requests, rate: FloatArray, replicas: FloatArray, percentile: float) -> FloatArray:
    mix, _, room = step_times([step], requests)
    engine = DecodeEngine(np.repeat(mix, len(rate), axis=0), BATCHES, np.repeat(room, len(rate)))
    return np.asarray(
        decode_tpot_s(engine, requests.output, rate, percentile, arrivals=Arrivals(requests.dispersion), replicas=replicas)
    )


def _aggregated(
    row: OptionRow, requests: Requests, rate: FloatArray, replicas: FloatArray, percentiles: dict[str, float]
) -> dict[str, FloatArray]:
    """Return the percentiles at the chunk budget that keeps the promises best."""
    assert row.step is not None
    _, _, fixed = prompt_times([row.step], requests)
    _, _, room = step_times([row.step], requests)
    limits = {name: limit.limit for name, limit in requests.sla.limits().items()}
    whole = mixed_engine([row.step], requests, room)
    room = _slots(whole, limits.get("tpot", np.inf))
    whole = MixedEngine(np.repeat(whole.iteration_s, len(rate), axis=0), whole.batch, whole.tokens, np.repeat(room, len(rate)))
    extra = float(fixed[0]) + row.extra_s
    tried = [_at_budget(with_budget(whole, budget), requests, rate, replicas, percentiles, extra) for budget in CHUNK_BUDGETS]
    strain = np.stack([np.max([found[name] / limits[name] for name in found], axis=0) for found in tried])
    best = np.argmin(np.nan_to_num(strain, nan=np.inf), axis=0)
    cases = np.arange(len(rate))
    return {name: np.stack([found[name] for found in tried])[best, cases] for name in tried[0]}


def _slots(engine: MixedEngine, tpot_s: float) -> FloatArray:
    """Return the slots of a replica that count, as where its capacity was found."""
    enough = slots_enough(engine.batch, engine.iteration_s[:, :, 0], np.array([tpot_s]))
    return np.asarray(np.minimum(np.asarray(engine.max_batch, dtype=np.float64), enough), dtype=np.float64)


def _at_budget(
    engine: MixedEngine, requests: Requests, rate: FloatArray, replicas: FloatArray, percentiles: dict[str, float], extra_s: float
) -> dict[str, FloatArray]:
    prompts = Distribution(np.maximum(requests.population.new_tokens, 1.0), requests.population.weight)
    arrivals = Arrivals(requests.dispersion)
    found: dict[str, FloatArray] = {}
    if "ttft" in percentiles:
        found["ttft"] = aggregated_ttft_s(
            engine, prompts, requests.output, rate, percentiles["ttft"], arrivals=arrivals, replicas=replicas, extra_s=extra_s
        )
    if "tpot" in percentiles:
        found["tpot"] = aggregated_tpot_s(
            engine, prompts, requests.output, rate, percentiles["tpot"], arrivals=arrivals, replicas=replicas
        )
    return found
