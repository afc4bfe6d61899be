"""What the program promises as a whole, on cases that a reader can sum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.errors import InputError, TooLarge
from planner.program.instance import (
    Future,
    Goal,
    Link,
    Offer,
    Option,
    Period,
    Placement,
    Policy,
    Role,
    Settings,
    WorkKind,
    Workload,
)
from planner.program.solution import Outcome
from planner.program.solve import solve_instance
from tests.program.instances import flat, one_period, quick, site, system, work


def two_periods(instance, rates=(5.0, 5.0), prices=None):
    """Return an instance over two periods, its rates and prices by period."""
    prices = prices or {p.system: p.buy_usd * 2 for p in instance.placements}
    (job,) = instance.workloads
    return replace(
        instance,
        periods=(Period("t0", (1.0,)), Period("t1", (1.0,))),
        sites=tuple(
            replace(s, power_w=s.power_w * 2, racks=s.racks * 2, energy_usd_per_wh=s.energy_usd_per_wh * 2)
            for s in instance.sites
        ),
        placements=tuple(replace(p, buy_usd=prices[p.system]) for p in instance.placements),
        workloads=(replace(job, rate_rps={"b": ((rates[0],), (rates[1],))}),),
    )


@pytest.mark.parametrize("ratio", [10.0**power for power in range(13)])
def test_nothing_is_served_by_no_unit_however_fast_the_unit(ratio):
    """One request a second on a unit that could serve `ratio` of them still takes one unit: no phantom zero."""
    solution = solve_instance(one_period({"box": 1000.0}, {"box": {"b": ratio}}, {"b": 1.0}))
    assert solution.objective_usd == pytest.approx(1000.0)
    assert [bought.count for bought in solution.bought] == [1]


@pytest.mark.parametrize("tiny", [10.0**-power for power in range(1, 10)])
def test_a_tiny_class_beside_a_large_one_is_served_by_real_units(tiny):
    """`small` can only go to the dear box, however little of it there is: 10 cheap units and one dear one."""
    rates = {"large": 10.0, "small": tiny}
    capacity = {"cheap": {"large": 1.0}, "dear": {"large": 0.0, "small": 1.0}}
    solution = solve_instance(one_period({"cheap": 1.0, "dear": 500.0}, capacity, rates))
    assert solution.objective_usd == pytest.approx(510.0)
    assert solution.certificate.valid


def test_equal_cost_goes_to_fewer_kinds_then_less_power_then_the_first_name():
    """Two units of one kind, or one each of two, all cost 20: one kind; of two such kinds the one that draws less; then by name."""
    rates = {"b": 2.0}
    capacity = {name: {"b": 1.0} for name in "xyz"}
    hardware = [system("x", power_w=900.0), system("y", power_w=700.0), system("z", power_w=700.0)]
    solution = solve_instance(one_period(dict.fromkeys("xyz", 10.0), capacity, rates, hardware=hardware))
    assert [(bought.system, bought.count) for bought in solution.bought] == [("y", 2)]


def test_a_replica_of_two_units_takes_both():
    """16 chips on 8-chip servers at 3 rps: 4 rps take 2 replicas, 4 servers; parts of a replica do not exist."""
    instance = one_period({"y": 10.0}, {}, {"b": 4.0}, hardware=[system("y", chips=8)])
    instance = replace(instance, options=(Option("wide", "w", "y", Role.AGGREGATED, 16, {"b": 3.0}),))
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(40.0)
    assert [(pool.replicas, round(pool.load, 6)) for pool in solution.pools] == [(2, pytest.approx(4 / 3))]


@pytest.mark.parametrize("whole", [None, True, False])
def test_replicas_are_whole_even_where_the_program_lets_them_be_fractions(whole):
    """Two models at 1.2 replicas each need 2 + 2 replicas of half a unit: 2 units, though 2.4 halves would fit 1.2 units."""
    options = tuple(Option(f"{w}!", w, "y", Role.AGGREGATED, 4, {"b": 1.0}) for w in "vw")
    instance = one_period({"y": 10.0}, {}, {"b": 1.2}, hardware=[system("y", chips=8)])
    instance = replace(instance, workloads=(work("v", {"b": 1.2}), work("w", {"b": 1.2})), options=options)
    solution = solve_instance(quick(instance, integer_pools=whole))
    assert solution.objective_usd == pytest.approx(20.0)
    assert [pool.replicas for pool in solution.pools] == [2, 2]
    assert solution.certificate.valid, solution.certificate.violations


def test_a_night_job_fills_the_valley():
    """Chat needs 4 units by day and 1 by night; a job of 2 units' work a day (24 h x 1 rps) fits the night's 3 free units.

    12 h x 3 units >= 24 h x 1 rps at 1 rps a unit: 36 >= 24. Without waiting (window 0) the day needs 5.
    """
    blocks = ("day", "night")
    chat = Workload("chat", WorkKind.REALTIME, {"b": ((4.0, 1.0),)})
    base = one_period({"y": 10.0}, {}, {"b": 1.0})
    for window, cost in ((1, 40.0), (0, 50.0)):
        job = Workload("job", WorkKind.BATCH, {"b": flat(1.0, 1, 2)}, window_blocks=window)
        instance = replace(
            base,
            periods=(Period("t", (12.0, 12.0)),),
            blocks=blocks,
            sites=(site(blocks=2),),
            workloads=(chat, job),
            options=tuple(Option(f"{w}!", w, "y", Role.AGGREGATED, 1, {"b": 1.0}) for w in ("chat", "job")),
        )
        solution = solve_instance(instance)
        assert solution.objective_usd == pytest.approx(cost)
        night = sum(flow.rate_rps for flow in solution.flows if flow.option == "job!" and flow.block == 1)
        assert night == pytest.approx(2.0) if window else night == pytest.approx(1.0)


def test_purchases_wait_for_demand_and_for_lower_prices():
    """5 rps now, 9 later at 1 rps a unit; 10 USD now, 6 later: buy 5, then 4: 50 + 24."""
    instance = two_periods(one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 5.0}), (5.0, 9.0), {"y": (10.0, 6.0)})
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(74.0)
    assert [(bought.period, bought.count) for bought in solution.bought] == [(0, 5), (1, 4)]


def test_a_lead_time_and_a_short_life_are_kept():
    """Units that live one period must be bought twice: 2 x 5 x 10; with a lead time of a period the first cannot be served."""
    base = one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 5.0})
    assert solve_instance(two_periods(replace(base, systems=(system("y", life_periods=1),)))).objective_usd == pytest.approx(
        100.0
    )
    late = solve_instance(two_periods(replace(base, systems=(system("y", lead_time_periods=1),))))
    assert late.outcome is Outcome.INFEASIBLE


def test_what_stands_idle_is_sold():
    """Demand falls from 5 to 2 units; each of the 3 idle ones brings 4 USD and saves 1 USD of upkeep."""
    base = two_periods(one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 5.0}), (5.0, 2.0))
    (placement,) = base.placements
    instance = replace(base, placements=(replace(placement, initial=5, own_usd=(1.0, 1.0), retire_usd={(-1, 1): -4.0}),))
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(5 * 1 + 2 * 1 - 3 * 4)
    assert [(gone.arrived, gone.period, gone.count) for gone in solution.retired] == [(-1, 1, 3)]


def test_rent_bridges_what_purchases_cannot():
    """A bought unit comes in the second period; the first is rented at 3 USD, the second bought at 5 beats renting at 6."""
    base = two_periods(one_period({"y": 5.0}, {"y": {"b": 1.0}}, {"b": 2.0}), (2.0, 2.0))
    instance = replace(base, systems=(system("y", available_from=1),), offers=(Offer("o", "y", "s", "on-demand", (3.0, 6.0)),))
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(2 * 3 + 2 * 5)


def test_many_equal_edge_sites_each_get_whole_units():
    """100 shops at 0.012 rps each and 1 rps a box: one box per shop, 100 boxes, although 1.2 boxes would do for all."""
    instance = one_period({"box": 7.0}, {"box": {"b": 1.0}}, {"b": 1.2}, site=site(count=100, power_w=1500.0))
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(700.0)
    assert [bought.count for bought in solution.bought] == [1]


def test_energy_and_peak_are_paid_as_drawn():
    """2 units idle at 100 W, 1.5 busy replicas at 400 W: 800 W; 1 h at 0.001 USD/Wh, and 0.01 USD a watt of peak: 0.8 + 8."""
    place = site(energy_usd_per_wh=((0.001,),), peak_usd_per_w=(0.01,))
    instance = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 1.5}, site=place, hardware=[system("y", idle_w=100.0)])
    instance = replace(instance, options=tuple(replace(o, busy_w=400.0) for o in instance.options))
    solution = solve_instance(instance)
    assert solution.cost_usd == {"buy": pytest.approx(2.0), "energy": pytest.approx(0.8), "peak": pytest.approx(8.0)}
    assert solution.energy_wh == pytest.approx(800.0)


def test_dense_racks_and_wrong_cooling_are_not_options():
    """A 130 kW rack cannot stand where a rack may draw 20 kW, nor a water-cooled one in air."""
    hardware = [system("rack", power_w=130e3, racks=1.0), system("wet", cooling=frozenset({"liquid"})), system("dry")]
    prices = {"rack": 1.0, "wet": 1.0, "dry": 50.0}
    place = site(rack_power_w=20e3, cooling=frozenset({"air"}))
    solution = solve_instance(one_period(prices, {n: {"b": 9.0} for n in prices}, {"b": 1.0}, site=place, hardware=hardware))
    assert [bought.system for bought in solution.bought] == ["dry"]


def test_phases_stay_on_their_side_of_a_missing_link():
    """Prefill is cheap in the east, decode in the west; with no link across, both are bought in the east."""
    options = (
        Option("p", "w", "pre", Role.PREFILL, 1, {"b": 1.0}, kv_bytes={"b": 1e6}),
        Option("d", "w", "dec", Role.DECODE, 1, {"b": 1.0}),
    )
    base = one_period({"pre": 1.0}, {}, {"b": 2.0}, hardware=[system("pre"), system("dec")])
    sites = (site("s"), site("west"))
    placements = (Placement("pre", "s", (1.0,)), Placement("dec", "s", (10.0,)), Placement("dec", "west", (2.0,)))
    home = Link("home", frozenset({"p"}), frozenset({"d"}), "s", "s")
    for band, cost in ((None, 2 * 1 + 2 * 10), (2e6, 2 * 1 + 2 * 2), (1e6, 2 * 1 + 10 + 2)):
        links = (home,) if band is None else (home, Link("wan", frozenset({"p"}), frozenset({"d"}), "s", "west", band))
        instance = replace(base, sites=sites, placements=placements, options=options, links=links)
        solution = solve_instance(instance)
        assert solution.objective_usd == pytest.approx(cost), band
        assert solution.certificate.valid


def test_the_best_service_of_a_fixed_stock_turns_the_cheapest_requests_away():
    """Two whole units at 1 rps, gold and iron 1.5 rps each; a lost request costs 5 USD or 1.

    Both units on gold lose 1.5 iron (1.5 x 3,600 USD an hour); one each would lose 0.5 gold and 0.5 iron (3 x 3,600).
    """
    base = one_period({"y": 1.0}, {}, {"b": 1.0})
    works = (work("gold", {"b": 1.5}, unserved_usd=(5.0,)), work("iron", {"b": 1.5}, unserved_usd=(1.0,)))
    options = tuple(Option(f"{w}!", w, "y", Role.AGGREGATED, 1, {"b": 1.0}) for w in ("gold", "iron"))
    stock = tuple(replace(p, buy_usd=(), initial=3) for p in base.placements)
    instance = replace(base, workloads=works, options=options, placements=stock, goal=Goal.BEST_SERVICE)
    solution = solve_instance(
        replace(instance, sites=(site(power_w=2000.0),), placements=tuple(replace(p, initial=2) for p in stock))
    )
    assert solution.outcome is Outcome.OPTIMAL
    assert {away.workload: pytest.approx(away.rate_rps) for away in solution.unserved} == {"iron": 1.5}
    assert solution.score == pytest.approx(1.5 * 3600)


def test_a_missed_sla_is_priced_and_used_only_where_it_pays():
    """Keeping the SLA takes 3 units at 10; missing it (1 USD per 1,000 requests) takes 1: 10 + 3 x 3,600 / 1,000 = 20.8."""
    base = one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 3.0})
    late = Option("late", "w", "y", Role.AGGREGATED, 1, {"b": 3.0}, breach_usd={"b": 0.001}, breach="ttft")
    solution = solve_instance(replace(base, options=(*base.options, late)))
    assert solution.objective_usd == pytest.approx(20.8)
    assert solution.cost_usd["breach"] == pytest.approx(10.8)


def test_common_orders_hedge_and_later_ones_follow_the_future():
    """Demand is 2 or 6 (even odds). Now a unit costs 10, later 14: buy 2 now; 4 more only if needed: 20 + 0.5 x 4 x 14 = 48.

    Ordered now for the worst: 60. With a price of 30 later: min(60, 20 + 60) = 60, all now.
    """
    for later, cost, now in ((14.0, 48.0, 2), (30.0, 60.0, 6)):
        base = two_periods(one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 1.0}), (2.0, 2.0), {"y": (10.0, later)})
        futures = (Future("high", 0.5, demand_scale={"w": (1.0, 3.0)}), Future("low", 0.5))
        solution = solve_instance(replace(base, futures=futures, settings=Settings(reveal_period=1)))
        assert solution.objective_usd == pytest.approx(cost)
        assert [b.count for b in solution.bought if b.future == ""] == [now]
        assert solution.certificate.valid, solution.certificate.violations


def test_a_weight_on_the_worst_future_buys_insurance():
    """As above at 22 later: expected 20 + 0.5 x 88 = 64 > 60 already; at 19: 58 < 60, but the worst future costs 96 > 60."""
    base = two_periods(one_period({"y": 10.0}, {"y": {"b": 1.0}}, {"b": 1.0}), (2.0, 2.0), {"y": (10.0, 19.0)})
    futures = (Future("high", 0.5, demand_scale={"w": (1.0, 3.0)}), Future("low", 0.5))
    neutral = solve_instance(replace(base, futures=futures))
    averse = solve_instance(replace(base, futures=futures, settings=Settings(tail_weight=0.5, tail=0.5)))
    assert (neutral.objective_usd, averse.objective_usd) == (pytest.approx(58.0), pytest.approx(60.0))
    assert averse.cost_by_future_usd == {"high": pytest.approx(60.0), "low": pytest.approx(60.0)}


def test_welded_hardware_is_hedged_when_the_model_may_be_replaced():
    """Welded units at 4 serve only the old model; flexible at 10. The model goes with probability 0.5 after the first period.

    4 rps: all welded costs 16 now and 0.5 x 4 x 10 later = 36; all flexible 40; welded wins although half the time stranded.
    """
    base = two_periods(
        one_period({"flex": 10.0, "wired": 4.0}, {"flex": {"b": 1.0}, "wired": {"b": 1.0}}, {"b": 4.0}), (4.0, 4.0)
    )
    futures = (Future("replaced", 0.5, option_window={"wired!": (0, 1)}), Future("stays", 0.5))
    solution = solve_instance(replace(base, futures=futures))
    assert solution.objective_usd == pytest.approx(36.0)
    assert sum(b.count for b in solution.bought if b.system == "wired") == 4


def test_a_share_of_flexible_hardware_is_kept():
    base = one_period({"flex": 10.0, "wired": 4.0}, {"flex": {"b": 1.0}, "wired": {"b": 1.0}}, {"b": 4.0})
    hardware = (system("flex"), system("wired", flexible=False))
    solution = solve_instance(replace(base, systems=hardware, policy=Policy(min_flexible_share=0.5)))
    spent = {b.system: b.count * {"flex": 10.0, "wired": 4.0}[b.system] for b in solution.bought}
    assert spent["flex"] >= sum(spent.values()) / 2 - 1e-9


def test_progress_is_told_and_limits_are_kept():
    told = []
    solution = solve_instance(one_period({"y": 1.0}, {"y": {"b": 0.7}}, {"b": 9.0}), told.append)
    assert solution.outcome is Outcome.OPTIMAL
    assert all(p.gap >= 0 for p in told)


def test_nonsense_is_refused_by_field():
    base = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 1.0})
    wrong = {
        "workloads.w.rate_rps": replace(base, workloads=(work(rates={"b": float("nan")}),)),
        "options.y!.system": replace(base, options=(replace(base.options[0], system="nobody"),)),
        "sites.s.power_w": replace(base, sites=(replace(site(), power_w=(-1.0,)),)),
        "placements.y@s.buy_usd": replace(base, placements=(Placement("y", "s", (1.0, 2.0)),)),
        "futures": replace(base, futures=(Future("a", 0.5),)),
    }
    for field, instance in wrong.items():
        with pytest.raises(InputError, match=field.replace("!", "!")):
            solve_instance(instance)


def test_a_program_beyond_all_bounds_is_refused_before_it_is_built():
    base = one_period({"y": 1.0}, {"y": {"b": 1.0}}, {"b": 1.0})
    many = tuple(replace(base.options[0], id=f"o{i}") for i in range(40_000))
    rates = {f"b{j}": ((1.0,),) for j in range(60)}
    with pytest.raises(TooLarge, match="Cut the options"):
        solve_instance(replace(base, options=many, workloads=(replace(base.workloads[0], rate_rps=rates),)))
