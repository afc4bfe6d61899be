"""The best latency that anything on the market can reach: an unloaded replica, the shortest queue that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.items import Catalog
from planner.demand.population import weighted_quantile
from planner.demand.table import DemandTable
from planner.options.deployments import Deployment, Deployments
from planner.options.market import Market
from planner.scenario import CLOUD, Scenario
from planner.scenario.workload import Workload

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Best:
    """The best that any deployment does for a promise [s], without load, and on which system.

    `tokens` is the prompt length that decides.
    """

    workload: str
    metric: str
    percentile: float
    limit_s: float
    reached_s: float
    system: str
    tokens: float

    @property
    def missed(self) -> bool:
        """Return whether not even an idle replica keeps the promise."""
        return self.reached_s > self.limit_s


def best_latencies(scenario: Scenario, catalog: Catalog, market: Market, demand: DemandTable, workload: Workload) -> list[Best]:
    """Return, for each promise of a workload, the best that any listed system does without load; [] where none can run it."""
    found, _ = Deployments(catalog, market).of(workload)
    return [best for best in (_best(scenario, demand, workload, found, name) for name in workload.sla.limits()) if best]


def _best(scenario: Scenario, demand: DemandTable, workload: Workload, found: list[Deployment], metric: str) -> Best | None:
    limit = workload.sla.limits()[metric]
    population = demand.workload(workload.id).populations[0].condensed((12, 4))
    reached = []
    for item in found:
        times = _times(item, metric, population.input_tokens, population.cached_tokens, population.output_tokens)
        at = weighted_quantile(times, population.weight, limit.percentile / 100.0)
        wait = 0.0 if metric == "tpot" else min(_round_trips(scenario, item))
        reached.append((at + wait, item.offering.id))
    if not reached:
        return None
    seconds, system = min(reached)
    tokens = weighted_quantile(population.input_tokens, population.weight, limit.percentile / 100.0)
    return Best(workload.id, metric, limit.percentile, limit.limit, seconds, system, tokens)


def _times(item: Deployment, metric: str, isl: FloatArray, cached: FloatArray, osl: FloatArray) -> FloatArray:
    """Return the latency of requests served alone [s]."""
    first = item.step.first_token_overhead_s() + item.step.prefill_s(np.maximum(isl - cached, 1.0), cached)
    step = item.step.decode_step_s(1.0, isl + osl / 2.0)
    return {"ttft": first, "tpot": step, "e2e": first + np.maximum(osl - 1.0, 0.0) * step}[metric]


def _round_trips(scenario: Scenario, item: Deployment) -> Iterator[float]:
    """Yield the network round trips of the places where a system may stand [s]."""
    by_site = {site.id: site.round_trip for site in scenario.sites} | {CLOUD: scenario.acquisition.cloud_round_trip}
    return (by_site[site] for site in item.offering.sites)
