"""Queues: few replicas behind a router carry less each, so a fleet that is spread thin needs more of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from planner.program import solve as solving
from planner.program.certificate import certify
from planner.program.instance import Instance, Option, Placement, Role, Settings
from planner.program.prune import prune
from planner.program.solution import Pool
from planner.program.solve import solve_instance
from tests.program.instances import one_period, site, system, work

ROOM = 4


def two_halls(options: tuple[Option, ...], rate: float, prices: dict[str, tuple[float, float]], room: int = ROOM) -> Instance:
    """Return two halls with room for so many units each; a unit is one replica, priced by hall."""
    base = one_period({}, {}, {"b": rate}, hardware=[system(name, racks=1.0) for name in prices])
    return replace(
        base,
        sites=(site("east", racks=float(room)), site("west", racks=float(room))),
        placements=tuple(
            Placement(name, hall, buy_usd=(price,))
            for name, pair in prices.items()
            for hall, price in zip(("east", "west"), pair, strict=True)
        ),
        options=options,
        settings=Settings(gap=1e-6, time_limit_s=60.0),
    )


def option(name: str, capacity: float, full: float, share: float) -> Option:
    return Option(f"{name}!", "w", name, Role.AGGREGATED, 1, {"b": capacity}, queue_replicas=full, queue_share=share)


def test_a_hall_that_serves_little_needs_a_unit_more():
    """A full queue is 4 units, and a quarter of one is kept free. 6 requests/s, one a unit, in two halls of 4 units.

    Six units would do without queues. With 4 in one hall (load 4), the other serves 2: half a full queue, which needs
    0.75 · 0.5 + 0.25 = 0.625 of one, 2.5 units. So seven; 3 and 3 would serve 2 · 4 · (0.75 - 0.25) / 0.75 = 5.33 only.
    """
    thin = two_halls((option("gpu", 1.0, 4.0, 0.25),), 6.0, {"gpu": (100.0, 100.0)})
    plan = solve_instance(thin)
    assert plan.objective_usd == pytest.approx(700.0)
    assert plan.certificate is not None
    assert plan.certificate.valid
    free = replace(thin, options=(option("gpu", 1.0, 0.0, 0.0),))
    assert solve_instance(free).objective_usd == pytest.approx(600.0)


def test_a_router_with_a_full_queue_keeps_nothing_free():
    """Beyond a full queue, every replica can be busy: 8 requests/s on 8 units in one hall."""
    plan = solve_instance(two_halls((option("gpu", 1.0, 4.0, 0.25),), 8.0, {"gpu": (100.0, 200.0)}, room=8))
    assert plan.objective_usd == pytest.approx(800.0)


def test_other_hardware_behind_the_router_makes_the_queue_longer():
    """Two kinds, one unit of each: alone neither is a full queue of two, together they are."""
    options = (option("big", 1.0, 2.0, 0.5), option("red", 1.0, 2.0, 0.5))
    plan = solve_instance(two_halls(options, 2.0, {"big": (100.0, 900.0), "red": (100.0, 900.0)}, room=2))
    assert plan.objective_usd == pytest.approx(200.0)


def cheapest_by_trying(instance: Instance, room: int) -> float | None:
    """Return the least cost over all counts of units; what each count serves is a fractional knapsack."""
    (rates,) = (w.rate_rps for w in instance.workloads)
    price = {(p.system, p.site): p.buy_usd[0] or 0.0 for p in instance.placements}
    places = sorted(price)
    best: float | None = None
    for counts in product(range(room + 1), repeat=len(places)):
        units = dict(zip(places, counts, strict=True))
        if any(sum(n for (_, s), n in units.items() if s == hall) > room for hall in ("east", "west")):
            continue
        cost = sum(price[place] * n for place, n in units.items())
        able = sum(most_served(instance, {y: n for (y, s), n in units.items() if s == hall}) for hall in ("east", "west"))
        if able >= rates["b"][0][0] * (1 - 1e-9) and (best is None or cost < best):
            best = cost
    return best


def most_served(instance: Instance, units: dict[str, int]) -> float:
    """Return the largest rate of one hall, over all choices of the options that are used."""
    options = {o.system or "": o for o in instance.options}
    there = sum(n / options[y].queue_replicas for y, n in units.items())
    best = 0.0
    for used in product((False, True), repeat=len(units)):
        names = [y for y, chosen in zip(units, used, strict=True) if chosen and units[y]]
        share = max((options[y].queue_share for y in names), default=0.0)
        room, served = (there - share) / (1.0 - share), 0.0
        for y in sorted(names, key=lambda y: -options[y].capacity_rps["b"] * options[y].queue_replicas):
            load = max(0.0, min(float(units[y]), room * options[y].queue_replicas))
            room -= load / options[y].queue_replicas
            served += load * options[y].capacity_rps["b"]
        best = max(best, served)
    return best


def drawn(seed: int) -> Instance:
    """Return two kinds of unit in two halls of random prices, queues and demand."""
    random = Random(seed)
    names = ("gpu", "tpu")
    options = tuple(
        option(name, random.uniform(0.7, 1.5), random.choice([2.0, 3.5, 5.0]), random.choice([0.1, 0.3, 0.5])) for name in names
    )
    prices = {name: (random.uniform(80, 120), random.uniform(80, 120)) for name in names}
    return two_halls(options, random.uniform(1.0, 7.0), prices)


@pytest.mark.parametrize("seed", range(25))
def test_plans_are_the_cheapest_of_all(seed):
    instance = drawn(seed)
    plan, least = solve_instance(instance), cheapest_by_trying(instance, ROOM)
    assert plan.objective_usd == (None if least is None else pytest.approx(least, rel=1e-6))
    assert least is None or (plan.certificate is not None and plan.certificate.valid)


@pytest.mark.slow
def test_plans_are_the_cheapest_of_hundreds():
    for seed in range(25, 400):
        plan, least = solve_instance(drawn(seed)), cheapest_by_trying(drawn(seed), ROOM)
        assert plan.objective_usd == (None if least is None else pytest.approx(least, rel=1e-6)), seed


def test_the_certificate_refuses_a_queue_that_is_too_short():
    instance = two_halls((option("gpu", 1.0, 4.0, 0.25),), 6.0, {"gpu": (100.0, 100.0)})
    plan = solve_instance(instance)
    (short,) = [pool for pool in plan.pools if pool.replicas < ROOM]
    fewer = replace(short, replicas=short.replicas - 1)
    pools = tuple(sorted(fewer if pool is short else pool for pool in plan.pools))
    refused = certify(instance, replace(plan, pools=pools))
    assert not refused.valid
    assert any("of a full queue" in words for words in refused.violations)


def test_the_certificate_counts_idle_replicas_against_the_units():
    """Replicas that are up without load make a queue longer only if there are units for them."""
    instance = two_halls((option("gpu", 1.0, 4.0, 0.25),), 3.0, {"gpu": (100.0, 300.0)})
    plan = solve_instance(instance)
    idle = Pool("gpu!", "west", 0, 0, "", 1, 0.0)
    assert certify(instance, plan).valid
    assert not certify(instance, replace(plan, pools=tuple(sorted((*plan.pools, idle))))).valid


def with_copies(instance: Instance) -> Instance:
    """Return the instance with copies of every option, of which some are worse and some only queue otherwise."""
    random = Random(7)
    copies = tuple(
        replace(
            o,
            id=f"{o.id}-{number}",
            capacity_rps={"b": o.capacity_rps["b"] * random.choice([0.9, 1.0])},
            queue_replicas=o.queue_replicas * random.choice([0.8, 1.0, 1.3]),
            queue_share=max(0.0, o.queue_share + random.choice([-0.1, 0.0, 0.1])),
        )
        for o in instance.options
        for number in range(3)
    )
    return replace(instance, options=instance.options + copies)


def test_pruning_changes_no_optimum_of_queues(monkeypatch):
    cases = [with_copies(drawn(seed)) for seed in range(12)]
    assert sum(len(prune(case)[1]) for case in cases) > len(cases)
    kept = [solve_instance(case).objective_usd for case in cases]
    monkeypatch.setattr(solving, "prune", lambda instance: (instance, {}))
    for case, cost in zip(cases, kept, strict=True):
        assert solve_instance(case).objective_usd == (None if cost is None else pytest.approx(cost, rel=1e-6))


def test_a_queue_is_kept_in_every_block_of_a_packed_plan():
    """Units that are there by night only are rented for the queue, although the load alone would need fewer."""
    rates = {"b": 8.0}
    base = two_halls((option("gpu", 1.0, 8.0, 0.25),), 8.0, {"gpu": (100.0, 100.0)}, room=8)
    two = replace(base.periods[0], block_hours=(12.0, 12.0))
    instance = replace(
        base,
        periods=(two,),
        blocks=("day", "night"),
        sites=tuple(site(name, blocks=2, racks=8.0) for name in ("east", "west")),
        workloads=(replace(work(rates=rates, blocks=2), rate_rps={"b": ((8.0, 2.0),)}),),
    )
    plan = solve_instance(replace(instance, settings=replace(instance.settings, integer_pools=False)))
    assert plan.certificate is not None
    assert plan.certificate.valid
    (night,) = [pool for pool in plan.pools if pool.block == 1]
    assert night.replicas == 4  # 0.75 · 2/8 + 0.25 = 0.4375 of eight
    assert plan.objective_usd == pytest.approx(800.0)
