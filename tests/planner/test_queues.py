"""Promises hold wherever and whenever a plan serves: in the smaller of two halls, and by night on rented hardware."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.service import sla_rows
from planner.program.solve import solve_instance
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

SEARCHED_WITHIN = 1.005


def retrieval(rate: float) -> dict[str, Any]:
    """Return long prompts with a tight first token, of which a lone replica can promise little."""
    return SMALL["workloads"][0] | {
        "id": "rag",
        "demand": {"profile": "rag_long_context", "rate": f"{rate} requests/s"},
        "sla": {"ttft": {"limit": "4 s", "percentile": 95.0}, "tpot": {"limit": "40 ms", "percentile": 95.0}},
    }


def worst(context: Context) -> float:
    """Return the largest part of a promise that is used anywhere."""
    return max(row.predicted_s / row.limit_s for row in sla_rows(context))


def without_queues(context: Context) -> Context:
    """Return the plan that takes a few replicas for as good as many."""
    options = tuple(replace(option, queue_replicas=0.0, queue_share=0.0) for option in context.instance.options)
    instance = replace(context.instance, options=options)
    return replace(context, instance=instance, solution=solve_instance(instance))


@pytest.fixture(scope="module")
def halls(catalog: Catalog) -> Context:
    """Return a workload that no hall can take alone."""
    sites = [SMALL["sites"][0] | {"id": name, "power": power} for name, power in (("east", "45 kW"), ("west", "45 kW"))]
    horizon = {"start": "2027-01-01", "periods": 1, "period": "year"}
    solver = {"gap": 0.02, "time_limit": "30 s"}
    return solved(small(workloads=[retrieval(6.0)], sites=sites, horizon=horizon, solver=solver), catalog)


def test_the_smaller_of_two_halls_keeps_its_promises(halls: Context):
    assert {row.site for row in sla_rows(halls)} == {"east", "west"}
    assert worst(halls) <= SEARCHED_WITHIN


def test_without_queues_it_would_not(halls: Context):
    assert worst(without_queues(halls)) > SEARCHED_WITHIN


@pytest.fixture(scope="module")
def rented(catalog: Catalog) -> Context:
    """Return a workload on hardware rented by the hour: as few replicas by night as its load needs."""
    acquisition = {"buy": False, "rent": True}
    solver = {"gap": 0.02, "time_limit": "30 s"}
    return solved(small(workloads=[retrieval(12.0)], sites=[], acquisition=acquisition, solver=solver), catalog)


def test_promises_hold_by_night(rented: Context):
    replicas = {pool.block: 0 for pool in rented.solution.pools}
    for pool in rented.solution.pools:
        replicas[pool.block] += pool.replicas
    assert min(replicas.values()) < max(replicas.values())
    assert worst(rented) <= SEARCHED_WITHIN
