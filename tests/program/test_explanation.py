"""What would have to change: the fewest limits, and numbers that indeed make the plan feasible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program.explanation import alternatives, relaxed_changes, smallest_changes
from planner.program.instance import Period, Policy
from planner.program.solution import Change, Outcome, Slack
from planner.program.solve import solve_instance
from tests.program.brute_force import KINDS
from tests.program.instances import one_period, site, system


def test_power_have_and_need():
    """12 rps at 1 rps and 1 kW a unit need 12 kW; the site has 10 kW, of which a tenth is kept free: 9 kW."""
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 12.0}, site=site(power_w=10_000.0, headroom=0.1))
    solution = solve_instance(instance)
    assert solution.outcome is Outcome.INFEASIBLE
    (change,) = solution.changes
    assert (change.family, change.index) == ("power", ("s",))
    assert change.have == pytest.approx(9_000.0)
    assert change.need == pytest.approx(12_000.0)


def test_the_cheaper_of_two_repairs_is_chosen_and_each_is_offered():
    """Power and racks both allow 3 units, supply 10; 5 are needed. Both must move; supply need not."""
    hardware = [system("y", racks=1.0, supply=(10.0,))]
    limits = site(power_w=3000.0, racks=3.0)
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 5.0}, site=limits, hardware=hardware)
    changes = smallest_changes(instance)
    assert {change.family: (change.have, round(change.need, 6)) for change in changes} == {
        "power": (3000.0, 5000.0),
        "racks": (3.0, 5.0),
    }
    assert alternatives(instance) == {}, "no single family is enough"


def test_supply_alone():
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 5.0}, hardware=[system("y", supply=(2.0,))])
    assert solve_instance(instance).changes == (Change("supply", ("y", "0"), 2.0, pytest.approx(5.0)),)
    assert list(alternatives(instance)) == ["supply"]


def test_a_class_that_nothing_can_serve_is_named():
    instance = one_period({"y": 1.0}, {"y": {"short": 1.0}}, {"short": 2.0, "long": 3.0})
    (change,) = solve_instance(instance).changes
    assert (change.family, change.index, change.have, change.need) == (
        "serve",
        ("w", "long"),
        pytest.approx(0.0),
        pytest.approx(3.0),
    )


def test_budget_and_vendor_share():
    """Only red sells; half of nothing is its share. Its need is the whole."""
    instance = one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 2.0}, hardware=[system("y", vendor="red")])
    (change,) = solve_instance(replace(instance, policy=Policy(vendor_share={"red": 0.5}))).changes
    assert (change.family, change.index, change.have, change.need) == ("vendor", ("red",), 0.5, pytest.approx(1.0))
    placements = tuple(replace(p, cash_usd=(10.0,)) for p in instance.placements)
    (change,) = solve_instance(replace(instance, placements=placements, policy=Policy(budget_usd=(15.0,)))).changes
    assert (change.family, change.have, change.need) == ("budget", 15.0, pytest.approx(20.0))


@pytest.mark.parametrize("have", [1.0, 1e-3])
@pytest.mark.parametrize("family", ["budget", "capex", "carbon"])
def test_of_one_limit_the_least_that_does_is_told(family, have):
    """40 rps on units of 7 rps at 10 or 3 rps at 4.4 (USD, or grams): four of each make 40 at 57.6; six large ones cost 60.

    However little there is of it: nothing goes unserved for the sake of a limit that can move.
    """
    instance = one_period({"a": 1.0, "b": 1.0}, {"a": {"b": 7.0}, "b": {"b": 3.0}}, {"b": 40.0})
    weighed = zip(instance.placements, (10.0, 4.4), strict=True)
    instance = replace(instance, placements=tuple(replace(p, cash_usd=(w,), buy_gco2e=w) for p, w in weighed))
    limits = {
        "budget": Policy(budget_usd=(have,)),
        "capex": Policy(capex_limit_usd=have),
        "carbon": Policy(carbon_limit_g=have),
    }
    (change,) = smallest_changes(replace(instance, policy=limits[family]))
    assert (change.family, change.have, change.need) == (family, pytest.approx(have), pytest.approx(57.6))


def test_what_is_left_unserved_is_told_where_most_of_it_is():
    """Nothing can be bought; of a class with 0.001 rps in one block and 5 in the other, all of the 5 are left."""
    instance = one_period({"y": 1.0}, {}, {"b": 1.0})
    period = Period("t0", (1.0, 1.0))
    instance = replace(
        instance,
        periods=(period,),
        blocks=("h0", "h1"),
        sites=(site(blocks=2),),
        workloads=(replace(instance.workloads[0], rate_rps={"b": ((0.001, 5.0),)}),),
    )
    (change,) = smallest_changes(instance)
    assert (change.family, change.have, change.need) == ("serve", pytest.approx(0.0), pytest.approx(5.0))


def test_in_parts_of_units_limits_move_no_more_than_for_whole_ones():
    """12.5 rps at 1 rps and 1 kW a unit: 12.5 kW in parts of units, 13 kW in whole ones."""
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 12.5}, site=site(power_w=10_000.0))
    assert [change.need for change in relaxed_changes(instance)] == [pytest.approx(12_500.0)]
    assert [change.need for change in smallest_changes(instance)] == [pytest.approx(13_000.0)]


def test_stock_that_cannot_grow_is_named_in_units():
    """Two units stand there and none can be bought; 3.5 rps at 1 rps a unit need 4 (in parts: 3.5)."""
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 3.5})
    stock = tuple(replace(p, buy_usd=(), initial=2) for p in instance.placements)
    (change,) = solve_instance(replace(instance, placements=stock)).changes
    assert (change.family, change.index, change.have) == ("inventory", ("y", "s"), pytest.approx(2.0))
    assert change.need == pytest.approx(3.5)


def test_shares_are_among_the_limits_that_a_plan_reports():
    """8 rps cost 8 USD on red units (1 rps), blue ones (2 rps, wired) or both; red has at most half, wired at most three quarters."""
    hardware = [system("r", vendor="red"), system("b", vendor="blue", flexible=False)]
    instance = one_period({"r": 1.0, "b": 2.0}, {"r": {"b": 1.0}, "b": {"b": 2.0}}, {"b": 8.0}, hardware=hardware)
    policy = Policy(vendor_share={"red": 0.5}, min_flexible_share=0.25)
    solution = solve_instance(replace(instance, policy=policy))
    spent = {bought.system: bought.count * (1.0 if bought.system == "r" else 2.0) for bought in solution.bought}
    red = spent["r"] / sum(spent.values())
    assert Slack("vendor", ("red",), 0.5, pytest.approx(red)) in solution.slacks
    assert Slack("flexible", (), 0.75, pytest.approx(1.0 - red)) in solution.slacks


def test_a_share_of_nothing_or_of_everything_has_a_need_too():
    """Red may have no share, and it alone sells: it needs all of it."""
    instance = one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 2.0}, hardware=[system("y", vendor="red")])
    (change,) = smallest_changes(replace(instance, policy=Policy(vendor_share={"red": 0.0})))
    assert (change.have, change.need) == (0.0, pytest.approx(1.0))


def moved(instance, changes):
    """Return an instance with its limits moved as changes say."""
    for change in changes:
        if change.family in {"power", "racks"}:
            key = "power_w" if change.family == "power" else "racks"
            value = (change.need * (1 + 1e-9),) * len(instance.periods)
            instance = replace(instance, sites=tuple(replace(s, **{key: value}) for s in instance.sites))
        elif change.family == "supply":
            name, t = change.index[0], int(change.index[1])
            grown = tuple(
                replace(s, supply=tuple(change.need if i == t else v for i, v in enumerate(s.supply))) if s.id == name else s
                for s in instance.systems
            )
            instance = replace(instance, systems=grown)
        elif change.family == "budget":
            t = int(change.index[0])
            budget = tuple(change.need * (1 + 1e-9) if i == t else v for i, v in enumerate(instance.policy.budget_usd))
            instance = replace(instance, policy=replace(instance.policy, budget_usd=budget))
        else:
            return None
    return instance


@pytest.mark.parametrize("kind", ["growing", "aggregated", "phases"])
def test_moving_the_limits_as_told_makes_a_plan(kind):
    tried = 0
    for seed in range(40):
        case = KINDS[kind](seed)
        if case.cost is None:
            changes = smallest_changes(case.instance)
            assert changes, (kind, seed)
            repaired = moved(case.instance, changes)
            if repaired is not None:
                tried += 1
                assert solve_instance(repaired).outcome is Outcome.OPTIMAL, (kind, seed, changes)
    assert tried >= 3
