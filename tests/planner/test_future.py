"""A plan for several futures shows one world, whose rows add up to that world's cost."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.figures import figures_of
from planner.answer.future import in_likeliest_future
from planner.answer.money import cost_items, drivers_of
from planner.answer.volume import served, tokens_served
from planner.economics.evaluation import net_present_cost
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

HGX = "nvidia-h100-sxm/hgx-dgx-h100-8-gpu-server"
FUTURES = [
    {"id": "boom", "probability": 0.4, "demand": {"chat": 1.5}},
    {"id": "shortage", "probability": 0.6, "demand": {"chat": 0.8}, "price": {HGX: 1.3}, "energy": {"hall": 2.0}},
]


@pytest.fixture(scope="module")
def context(catalog: Catalog) -> Context:
    workload = copy.deepcopy(SMALL["workloads"][0]) | {"demand": {"profile": "chat_realtime", "rate": "40 requests/s"}}
    horizon = {"start": "2027-01-01", "periods": 3, "period": "year"}
    return solved(
        small(hardware={"include": ["nvidia-h100-sxm"]}, workloads=[workload], horizon=horizon, futures=FUTURES), catalog
    )


def test_rows_add_up_to_the_cost_of_the_future_that_is_shown(context: Context):
    """Dearer machines, dearer energy, less demand: the 60 % future at its own prices."""
    shown = in_likeliest_future(context)
    total = net_present_cost(cost_items(shown, drivers_of(shown)))
    assert total == pytest.approx(context.solution.cost_by_future_usd["shortage"], rel=1e-9)
    assert total == pytest.approx(shown.solution.objective_usd, rel=1e-9)


def test_expected_cost_and_the_other_futures_are_in_the_notes(context: Context):
    notes = " ".join(in_likeliest_future(context).notes)
    assert "likeliest future, 'shortage' (60%)" in notes
    assert "boom (40%) $" in notes
    assert "Expected net present cost $" in notes


def test_tokens_are_those_of_the_future_that_is_shown(context: Context):
    """Eight tenths of what the scenario asks for, whatever the other future asks."""
    shown = in_likeliest_future(context)
    demand = context.demand
    asked = sum(
        (demand.rates_rps[row] * context.hours * 3600.0).sum() * (demand.classes[row].isl_tokens + demand.classes[row].osl_tokens)
        for row in demand.rows_of("chat")
    )
    assert tokens_served(served(shown)).sum() == pytest.approx(0.8 * asked, rel=1e-6)
    drivers = drivers_of(shown)
    assert all(np.isfinite(figure.value) for figure in figures_of(shown, drivers, cost_items(shown, drivers)))


def test_a_scenario_without_futures_is_shown_as_it_is(catalog: Catalog):
    certain = solved(small(), catalog)
    assert in_likeliest_future(certain) is certain
