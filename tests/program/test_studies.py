"""Studies of several solves, on cases that a reader can sum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program.instance import Future, Period, Role
from planner.program.solve import solve_instance
from planner.program.studies import crossing, flexibility, flexible_only, only_roles, regret, rivals
from tests.program.instances import one_period, site, system
from tests.program.test_reference_cases import phases_of_one_gpu


def stranded():
    """Return 4 rps for two periods on flexible units at 10 or welded ones at 6; the model is replaced with probability 1/2."""
    hardware = [system("flex"), system("wired", flexible=False)]
    base = one_period({"flex": 10.0, "wired": 6.0}, {"flex": {"b": 1.0}, "wired": {"b": 1.0}}, {"b": 4.0}, hardware=hardware)
    return replace(
        base,
        periods=(Period("t0", (1.0,)), Period("t1", (1.0,))),
        sites=(site(periods=2),),
        placements=tuple(replace(p, buy_usd=p.buy_usd * 2) for p in base.placements),
        workloads=tuple(replace(w, rate_rps={"b": ((4.0,), (4.0,))}) for w in base.workloads),
        futures=(Future("replaced", 0.5, option_window={"wired!": (0, 1)}), Future("stays", 0.5)),
    )


def test_what_flexibility_waiting_and_foresight_are_worth():
    """All welded: 24 + 0.5 x 40 = 44; all flexible: 40, the best. Decided at once: 40 as well.

    Known to stay: 24; known to go: 40 (flexible at once). Foresight: 0.5 x 24 + 0.5 x 40 = 32, worth 8.
    """
    study = flexibility(stranded())
    assert study.best.objective_usd == pytest.approx(40.0)
    assert study.welded_value_usd == pytest.approx(0.0)
    assert study.waiting_value_usd == pytest.approx(0.0)
    assert study.foresight_usd == pytest.approx(32.0)
    assert study.foresight_value_usd == pytest.approx(8.0)


def test_the_best_share_of_welded_hardware_can_lie_between_none_and_all():
    """A quarter of the demand goes away with the model: welded units for that quarter are never missed.

    4 rps now, 3 later if the model is replaced. One welded unit is stranded at no loss (its 1 rps is gone): 6 + 3 x 10 = 36 < 40;
    a second costs 2 x 6 + 2 x 10 + 0.5 x 10 = 37.
    """
    futures = (
        Future("replaced", 0.5, option_window={"wired!": (0, 1)}, demand_scale={"w": (1.0, 0.75)}),
        Future("stays", 0.5),
    )
    study = flexibility(replace(stranded(), futures=futures))
    assert study.best.objective_usd == pytest.approx(36.0)
    assert {b.system: b.count for b in study.best.bought} == {"flex": 3, "wired": 1}
    assert study.welded_value_usd == pytest.approx(4.0)


def test_regret_of_pure_strategies():
    """Flexible only: 40 in both futures; welded only: 24 if the model stays, no plan if it goes."""
    table = regret(stranded(), {"flexible": ["flex"], "welded": ["wired"], "both": ["flex", "wired"]})
    assert table.cost_usd["flexible"] == {"replaced": pytest.approx(40.0), "stays": pytest.approx(40.0)}
    assert table.cost_usd["welded"] == {"replaced": None, "stays": pytest.approx(24.0)}
    assert table.regret_usd["flexible"] == {"replaced": pytest.approx(0.0), "stays": pytest.approx(16.0)}
    assert table.worst_usd == {"flexible": pytest.approx(16.0), "welded": None, "both": pytest.approx(0.0)}


def test_without_welded_hardware_none_is_bought():
    placements = flexible_only(stranded()).placements
    assert {p.system: bool(p.buy_usd) for p in placements} == {"flex": True, "wired": False}


def test_rivals_and_where_they_cross():
    """DistServe's GPU: at 1.6 rps one aggregated GPU beats one prefill and one decode; at 10 rps three beat seven.

    Aggregated takes ceil(r / 1.6), disaggregated ceil(r / 5.6) + ceil(r / 10): 1 against 2 up to 1.6, 2 against 2 up to 3.2,
    3 against 2 above: between 1 and 10 the change to a strict advantage comes at 3.2 rps.
    """
    at_ten = rivals(phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=10.0))
    assert at_ten.advantage_usd == pytest.approx(7.0 - 3.0)
    low, high = crossing(phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=1.0), 1.0, 10.0)
    assert low <= 3.2 <= high
    assert high - low < 0.01
    assert crossing(phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=1.0), 5.0, 10.0, steps=2) is None


def test_options_of_one_role_leave_no_link_to_another():
    """Rivals of an instance with links are instances that can be asked: aggregated options alone, and pairs alone."""
    base = phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=10.0)
    assert base.links
    for roles in ({Role.AGGREGATED}, {Role.PREFILL, Role.DECODE}):
        kept = only_roles(base, roles)
        names = {option.id for option in kept.options}
        assert all(link.prefill and link.decode and link.prefill | link.decode <= names for link in kept.links)
        assert solve_instance(kept).objective_usd is not None
