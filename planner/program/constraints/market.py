"""What the market delivers: supply, smallest orders, units on offer."""

from __future__ import annotations

from planner.program.model import Model, Sense
from planner.program.sets import Sets, World
from planner.program.view import negative, views

DILUTION = 50.0


def largest_need(sets: Sets, system: str) -> float:
    """Return more units of a system than any plan of least cost takes in at once.

    That is what would serve everything it can serve, at every site, with its reserves; fifty times as many where shares of
    vendors could make it worth buying units that serve nothing.
    """
    policy = sets.instance.policy
    need = max(_need(sets, system, world, t, h) for world in sets.worlds for t in sets.periods for h in sets.blocks)
    return need * (DILUTION if policy.vendor_share or policy.min_flexible_share > 0 else 1.0)


def _need(sets: Sets, system: str, world: World, t: int, h: int) -> float:
    """Return the units of a system that would serve everything in one block."""
    policy, need = sets.instance.policy, 0.0
    for site in sets.sites_of.get(system, ()):
        units = 1.0 + policy.reserve_units
        for spot in sets.spots_at.get((system, site), ()):
            busy = sum(sets.unit_load(spot, b, t, h, world) for b in sets.classes(spot.workload))
            units += spot.footprint * (busy + 1 + sets.workloads[spot.workload].reserve_replicas)
        need += sets.count(site) * units
    return need / (1.0 - policy.spare_fraction)


def define_supply(model: Model, sets: Sets) -> None:
    """Add `sum_s buy <= supply` per system and period; in each world that has a supply of its own."""
    for view in views(model, sets):
        for system, item in sets.systems.items():
            supply = view.world.supply.get(system, item.supply)
            for t in sets.periods if supply else ():
                limit = supply[t]
                if limit is not None:
                    view.row("supply", (system, t), view.arrivals(system, t), Sense.LE, limit, unit=max(1.0, limit))


def define_smallest_order(model: Model, sets: Sets) -> None:
    """Add `min_order order <= sum_s buy <= M order` per system and period (families `smallest`, `largest`)."""
    done: set[tuple[str, int, str]] = set()
    for view in views(model, sets):
        for system, item in sets.systems.items():
            for t in sets.periods if item.min_order > 1 else ():
                index = (system, t, view.order_stage(system, t))
                order, terms = model.find("order", index), view.arrivals(system, t)
                if index in done or not terms:
                    continue
                done.add(index)
                supply = item.supply[t] if item.supply else None
                most = max(float(item.min_order), largest_need(sets, system) if supply is None else supply)
                model.row("smallest", index, [(float(item.min_order), order), *negative(terms)], Sense.LE, 0.0)
                model.row("largest", index, [*terms, (-most, order)], Sense.LE, 0.0, unit=most)


def define_offered(model: Model, sets: Sets) -> None:
    """Add `units held <= supply` per offer and period, over all the equal sites."""
    for view in views(model, sets):
        for offer in sets.offers.values():
            for t in sets.periods if offer.supply else ():
                limit = offer.supply[t]
                if limit is not None:
                    terms = [(sets.count(offer.site) * one, held) for one, held in view.rented(offer, t)]
                    view.row("offered", (offer.id, t), terms, Sense.LE, limit, unit=max(1.0, limit))
