"""Every dollar has a pool that it belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economics.small import BOX, SITE, book, clock
from planner.economics.attribution import Use, present_usd_by_pool, shares_by_pool
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


used = st.floats(0.0, 100.0)


@given(used, used, used, used, used)
def test_the_pools_pay_for_everything_exactly_once(a: float, b: float, c: float, d: float, e: float) -> None:
    """Whatever they use, and whatever lies idle."""
    use = Use({(SITE, BOX): {"prefill": a, "decode": b}, ("", "api"): {"api": e}}, {SITE: {"prefill": c, "decode": d}})
    shares = shares_by_pool(rows(), use)
    assert all(sum(parts.values()) == pytest.approx(1.0) for parts in shares.values())
    assert sum(present_usd_by_pool(rows(), shares).values()) == pytest.approx(net_present_cost(rows()), rel=1e-9)


def test_a_machine_is_shared_by_its_use_and_a_site_by_its_own() -> None:
    """The box three to one, energy one to one."""
    use = Use({(SITE, BOX): {"prefill": 3.0, "decode": 1.0}}, {SITE: {"prefill": 1.0, "decode": 1.0}})
    shares = shares_by_pool(rows(), use)
    by_line = {item.line: shares[item.id] for item in rows()}
    assert by_line["opex.staff"] == {"decode": 0.25, "prefill": 0.75}
    assert by_line["opex.energy"] == {"decode": 0.5, "prefill": 0.5}


def test_idle_machines_are_paid_by_those_at_work_at_the_site_or_anywhere() -> None:
    """Nobody uses the box: the site's pools pay, else all."""
    running = [item for item in rows() if item.line == "opex.staff"]
    (at_site,) = shares_by_pool(running, Use(of_sites={SITE: {"prefill": 3.0, "decode": 1.0}})).values()
    assert at_site == {"decode": 0.25, "prefill": 0.75}
    (anywhere,) = shares_by_pool(running, Use(of_items={(SITE, BOX): {"prefill": 0.0}}, of_all={"decode": 2.0})).values()
    assert anywhere == {"decode": 1.0}


def test_a_plan_that_nobody_uses_belongs_to_nobody() -> None:
    """All of it under no name."""
    shares = shares_by_pool(rows(), Use())
    assert present_usd_by_pool(rows(), shares) == {"": pytest.approx(net_present_cost(rows()))}


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
