"""Relations between the answers to related questions, on random instances: no known optimum needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from planner.program.instance import Future, Goal, Instance, Offer, Option, Role
from planner.program.solution import Outcome, Solution
from planner.program.solve import solve_instance
from planner.program.studies import scale_demand
from tests.program.plain import plain

FAST, SLOW = 6, 300
INFEASIBLE = math.inf
SLACK = 3e-6


def cost(instance: Instance) -> float:
    """Return the least cost, infinite where there is no plan."""
    solution = solve_instance(instance)
    assert solution.outcome in {Outcome.OPTIMAL, Outcome.INFEASIBLE}
    if solution.outcome is Outcome.INFEASIBLE:
        return INFEASIBLE
    assert solution.certificate.valid, solution.certificate.violations
    return solution.objective_usd


def below(left: float, right: float) -> bool:
    """Return whether left <= right, up to the gap."""
    return left == right or left <= right + SLACK * max(1.0, abs(right))


def same(left: float, right: float) -> bool:
    """Return whether two costs are equal, up to the gap."""
    return below(left, right) and below(right, left)


@dataclass(frozen=True)
class Relation:
    """What is done to an instance, and what that does to its cost."""

    change: Callable[[Instance], Instance]
    holds: Callable[[float, float], bool]


def each_site(instance: Instance, **more: Callable) -> Instance:
    return replace(instance, sites=tuple(replace(s, **{k: f(getattr(s, k)) for k, f in more.items()}) for s in instance.sites))


def each_system(instance: Instance, **more: object) -> Instance:
    return replace(instance, systems=tuple(replace(s, **more) for s in instance.systems))


def scaled(row: tuple, factor: float) -> tuple:
    return tuple(None if value is None else factor * value for value in row)


def priced(instance: Instance, factor: float) -> Instance:
    """Return the instance with every price times a factor."""
    placements = tuple(
        replace(p, buy_usd=scaled(p.buy_usd, factor), own_usd=scaled(p.own_usd, factor), cash_usd=scaled(p.cash_usd, factor))
        for p in instance.placements
    )
    offers = tuple(replace(o, usd=scaled(o.usd, factor)) for o in instance.offers)
    power = {"energy_usd_per_wh": lambda table: tuple(scaled(row, factor) for row in table)}
    policy = replace(instance.policy, budget_usd=scaled(instance.policy.budget_usd, factor))
    return each_site(replace(instance, placements=placements, offers=offers, policy=policy), **power)


def shuffled(instance: Instance) -> Instance:
    """Return the instance with every set in another order."""
    random = Random(1)

    def mixed(items: tuple) -> tuple:
        items = list(items)
        random.shuffle(items)
        return tuple(items)

    fields = ("sites", "systems", "placements", "workloads", "options", "offers", "links")
    return replace(instance, **{name: mixed(getattr(instance, name)) for name in fields})


def renamed(instance: Instance) -> Instance:
    """Return the instance with its systems named as solvers do not like it."""
    names = {s.id: f"{s.id}/us east +1 [ü]" for s in instance.systems}
    return replace(
        instance,
        systems=tuple(replace(s, id=names[s.id]) for s in instance.systems),
        placements=tuple(replace(p, system=names[p.system]) for p in instance.placements),
        offers=tuple(replace(o, system=names[o.system]) for o in instance.offers),
        options=tuple(replace(o, system=names[o.system]) for o in instance.options),
    )


def halved(instance: Instance) -> Instance:
    """Return the instance with one class split into two of half the rate each."""
    (work,) = instance.workloads
    half = tuple(scaled(row, 0.5) for row in work.rate_rps["short"])
    rates = {"long": work.rate_rps["long"], "short": half, "twin": half}
    options = tuple(replace(o, capacity_rps={**o.capacity_rps, "twin": o.capacity_rps["short"]}) for o in instance.options)
    return replace(instance, workloads=(replace(work, rate_rps=rates),), options=options)


def twice_as_fast(instance: Instance) -> Instance:
    """Return the instance with twice the demand on hardware twice as fast, at half the watt-seconds a request."""
    options = tuple(replace(o, capacity_rps={b: 2 * r for b, r in o.capacity_rps.items()}) for o in instance.options)
    return scale_demand(replace(instance, options=options), 2.0)


def with_twin(instance: Instance) -> Instance:
    """Return the instance with a worse copy of every option."""
    worse = tuple(
        replace(o, id=f"{o.id}-worse", capacity_rps={b: 0.9 * r for b, r in o.capacity_rps.items()}) for o in instance.options
    )
    links = tuple(
        replace(
            link,
            prefill=link.prefill | {f"{o}-worse" for o in link.prefill},
            decode=link.decode | {f"{o}-worse" for o in link.decode},
        )
        for link in instance.links
    )
    return replace(instance, options=instance.options + worse, links=links)


def without(instance: Instance) -> Instance:
    """Return the instance without its first system."""
    name = instance.systems[0].id
    return replace(
        instance,
        placements=tuple(p for p in instance.placements if p.system != name),
        offers=tuple(o for o in instance.offers if o.system != name),
    )


def with_api(instance: Instance) -> Instance:
    """Return the instance with a token API as a rival."""
    fee = (1e-3,) * len(instance.periods)
    api = Option("api", "w", None, Role.API, request_usd={"short": fee, "long": fee})
    return replace(instance, options=(*instance.options, api))


def with_offer(instance: Instance) -> Instance:
    """Return the instance with one more way to rent."""
    offer = Offer("more", instance.systems[0].id, "s", "reserved", (30.0,) * len(instance.periods), term_periods=2)
    return replace(instance, offers=(*instance.offers, offer))


def policy(instance: Instance, **more: object) -> Instance:
    return replace(instance, policy=replace(instance.policy, **more))


def queueing(instance: Instance) -> Instance:
    """Return the instance in which fewer than three replicas behind a router carry less each."""
    options = tuple(replace(o, queue_replicas=3.0, queue_share=0.4) for o in instance.options if o.role is not Role.API)
    return replace(instance, options=(*options, *(o for o in instance.options if o.role is Role.API)))


def unsold(instance: Instance) -> Instance:
    """Return the instance in which requests may be turned away at a price."""
    works = tuple(replace(w, unserved_usd=(1e-3,) * len(instance.periods)) for w in instance.workloads)
    return replace(instance, workloads=works)


def two_alike(instance: Instance) -> Instance:
    """Return the instance with two futures that are the same."""
    return replace(instance, futures=(Future("one", 0.25), Future("two", 0.75)))


RELATIONS = {
    "more demand is never cheaper": Relation(lambda i: scale_demand(i, 1.3), below),
    "less demand is never dearer": Relation(lambda i: scale_demand(i, 0.7), lambda old, new: below(new, old)),
    "less power is never cheaper": Relation(lambda i: each_site(i, power_w=lambda row: scaled(row, 0.6)), below),
    "more power is never dearer": Relation(
        lambda i: each_site(i, power_w=lambda row: scaled(row, 1.5)), lambda old, new: below(new, old)
    ),
    "fewer racks are never cheaper": Relation(lambda i: each_site(i, racks=lambda row: scaled(row, 0.15)), below),
    "headroom is never cheaper": Relation(lambda i: each_site(i, headroom=lambda _: 0.4), below),
    "less supply is never cheaper": Relation(lambda i: each_system(i, supply=(2.0,) * len(i.periods)), below),
    "no limit of supply is never dearer": Relation(lambda i: each_system(i, supply=()), lambda old, new: below(new, old)),
    "dearer hardware is never cheaper": Relation(lambda i: priced(i, 1.2), below),
    "all prices times k cost k times as much": Relation(lambda i: priced(i, 1000.0), lambda old, new: same(1000.0 * old, new)),
    "another currency changes nothing else": Relation(lambda i: priced(i, 1e-3), lambda old, new: same(1e-3 * old, new)),
    "the order of the input changes nothing": Relation(shuffled, same),
    "names change nothing": Relation(renamed, same),
    "a class in two halves costs the same": Relation(halved, same),
    "a worse copy of every option changes nothing": Relation(with_twin, same),
    "one system fewer is never cheaper": Relation(without, below),
    "a token API as a rival is never dearer": Relation(with_api, lambda old, new: below(new, old)),
    "one more offer is never dearer": Relation(with_offer, lambda old, new: below(new, old)),
    "a smaller budget is never cheaper": Relation(lambda i: policy(i, budget_usd=(150.0,) * len(i.periods)), below),
    "a share for vendors is never cheaper": Relation(lambda i: policy(i, vendor_share={"red": 0.5}), below),
    "one kind of system is never cheaper": Relation(lambda i: policy(i, max_systems=1), below),
    "spares are never cheaper": Relation(lambda i: policy(i, spare_fraction=0.2), below),
    "a unit in reserve is never cheaper": Relation(lambda i: policy(i, reserve_units=1), below),
    "queues to keep are never cheaper": Relation(queueing, below),
    "a limit of carbon is never cheaper": Relation(lambda i: policy(i, carbon_limit_g=2e4), below),
    "a smallest order is never cheaper": Relation(lambda i: each_system(i, min_order=3), below),
    "a lead time is never cheaper": Relation(lambda i: each_system(i, lead_time_periods=1), below),
    "a short life is never cheaper": Relation(lambda i: each_system(i, life_periods=1), below),
    "turning requests away at a price is never dearer": Relation(unsold, lambda old, new: below(new, old)),
    "two futures that are alike cost what one does": Relation(two_alike, same),
    "a site in two equal halves is never cheaper": Relation(
        lambda i: each_site(i, count=lambda _: 2, power_w=lambda row: scaled(row, 0.5), racks=lambda row: scaled(row, 0.5)), below
    ),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_relation(name):
    check(name, range(FAST))


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", RELATIONS)
def test_relation_on_three_hundred_scenarios(name):
    check(name, range(FAST, FAST + SLOW))


def check(name: str, seeds: range) -> None:
    relation = RELATIONS[name]
    for seed in seeds:
        instance = plain(seed)
        old, new = base(seed), cost(relation.change(instance))
        assert relation.holds(old, new), (name, seed, old, new)


_COSTS: dict[int, float] = {}


def base(seed: int) -> float:
    """Return the cost of an unchanged instance, solved once."""
    if seed not in _COSTS:
        _COSTS[seed] = cost(plain(seed))
    return _COSTS[seed]


def test_most_scenarios_have_a_plan():
    """Relations between two instances without a plan say nothing."""
    assert sum(base(seed) < INFEASIBLE for seed in range(FAST)) >= FAST - 2


def test_speed_for_speed_the_counts_stay():
    for seed in range(FAST):
        old, new = solve_instance(plain(seed)), solve_instance(twice_as_fast(plain(seed)))
        assert old.outcome == new.outcome
        assert old.objective_usd is None or same(old.objective_usd, new.objective_usd)


def test_the_plan_itself_does_not_depend_on_the_order_of_the_input():
    for seed in range(FAST):
        assert solve_instance(plain(seed)) == solve_instance(shuffled(plain(seed)))


def test_least_carbon_and_least_power_under_a_ceiling_are_no_dearer_than_it():
    for seed in range(3):
        cheapest = solve_instance(plain(seed))
        if cheapest.objective_usd is None:
            continue
        ceiling = 1.2 * cheapest.objective_usd
        for goal in (Goal.LEAST_POWER, Goal.LEAST_CARBON):
            greener: Solution = solve_instance(replace(policy(plain(seed), max_cost_usd=ceiling), goal=goal))
            assert greener.certificate.valid
            assert greener.objective_usd <= ceiling * (1 + 1e-6)
            used = (cheapest.energy_wh, greener.energy_wh) if goal is Goal.LEAST_POWER else (cheapest.carbon_g, greener.carbon_g)
            assert below(used[1], used[0])
