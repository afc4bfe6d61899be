"""Every dollar has a pool that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock
from planner.economics.attribution import Use, present_usd_by_pool
from planner.economics.carbon import Emissions
from planner.economics.definitions import FIGURES
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.figures import (
    FleetService,
    carbon_figures,
    fleet_figures,
    utilisation_figures,
    workload_figures,
)
from planner.economics.lines import Driver, DriverSeries, LineItem
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES
from planner.economics.unit_costs import PoolCost, TokenVolume, Utilisation

TIME = clock()
BOOK = book(TIME)
ON = line_switches(BOOK, {})


def rows() -> tuple[LineItem, ...]:
    """Return two boxes, their energy, and an API."""
    series = [
        *ownership_series(SITE, BOX, [1.0, 1.0, 0, 0]),
        DriverSeries(Driver.IT_KWH, (1000.0,) * 4, SITE),
        DriverSeries(Driver.MTOK_OUTPUT, (5.0,) * 4, "", "api"),
    ]
    return evaluate(COST_LINES, series, BOOK, TIME, ON)


def each(*values: float) -> np.ndarray:
    """Return a use by period."""
    return np.asarray(values, dtype=np.float64)


used = st.lists(st.floats(0.0, 100.0), min_size=4, max_size=4).map(lambda values: each(*values))


@given(used, used, used, used, used)
def test_the_pools_pay_for_everything_exactly_once(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, e: np.ndarray
) -> None:
    """Whatever they use, and whatever lies idle."""
    use = Use({(SITE, BOX): {"prefill": a, "decode": b}, ("", "api"): {"api": e}}, {SITE: {"prefill": c, "decode": d}})
    shared = present_usd_by_pool(rows(), use)
    assert sum(shared.values()) == pytest.approx(net_present_cost(rows()), rel=1e-9)


def test_use_decides_period_by_period() -> None:
    """Prefill alone in year 1, decode alone after: energy of year 1 is prefill's."""
    energy = [item for item in rows() if item.line == "opex.energy"]
    shared = present_usd_by_pool(energy, Use(of_sites={SITE: {"prefill": each(1, 0, 0, 0), "decode": each(0, 1, 1, 1)}}))
    assert shared["prefill"] == pytest.approx(energy[0].present_usd[0])
    assert shared["decode"] == pytest.approx(sum(energy[0].present_usd[1:]))


def test_idle_machines_are_paid_by_those_at_work() -> None:
    """Nobody uses the box in the last two years; prefill and decode share that three to one, as the rest."""
    running = [item for item in rows() if item.line == "opex.staff"]
    shared = present_usd_by_pool(running, Use({(SITE, BOX): {"prefill": each(3, 3, 0, 0), "decode": each(1, 1, 0, 0)}}))
    assert shared["prefill"] == pytest.approx(3 * shared["decode"])
    assert sum(shared.values()) == pytest.approx(net_present_cost(running))


def test_a_plan_that_nobody_uses_belongs_to_nobody() -> None:
    """All of it under no name."""
    assert present_usd_by_pool(rows(), Use()) == {"": pytest.approx(net_present_cost(rows()))}


def test_every_figure_that_is_computed_is_defined() -> None:
    """No number without its definition."""
    found = (
        workload_figures([PoolCost(10.0, 1, 1, 1)], TokenVolume(1e6, 1e6, 1e6), 5.0)
        | fleet_figures(FleetService(1000.0, 2000.0, 1500.0))
        | carbon_figures(Emissions(1.0, 1.0), 1e6)
        | utilisation_figures(Utilisation(4e6, 2e6, 1e6), 8.0)
    )
    assert set(found) <= set(FIGURES)
    assert found["usd_per_mtok"] == pytest.approx(10 / 3)
    assert found["usd_per_user_month"] == 2.0
    assert found["joules_per_token"] == 1.5
    assert found["provisioned_joules_per_token"] * found["tokens_s_per_mw"] == pytest.approx(1e6)
    assert found["usd_per_mtok_at_sla_feasible"] == pytest.approx(4.0)


def test_what_does_not_exist_is_absent() -> None:
    """No cached tokens, no users, nothing served."""
    found = workload_figures([PoolCost(10.0, 1, 0, 1)], TokenVolume(1e6, 0.0, 1e6))
    assert set(found) == {"usd_per_mtok", "usd_per_mtok_input", "usd_per_mtok_output", "tokens_per_usd"}
    assert fleet_figures(FleetService(0.0, 1.0, 1.0)) == {}
    assert carbon_figures(Emissions(1, 1), 0.0) == {}
