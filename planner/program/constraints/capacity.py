"""Load stays inside replicas, replicas inside units, and nothing is served by no unit at all."""

from __future__ import annotations

import pulp

from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets, Spot
from planner.program.view import View, negative, views

GUARDED_LOAD = 0.01


def define_capacity(model: Model, sets: Sets) -> None:
    """Add `sum_b load <= pool - r open` where replicas are counted, and `sum_b load <= L open` (family `reserve`) where r > 0.

    load is rate over capacity; r replicas of a pool that is used may fail; L is the load if the spot served everything.
    """
    for view in views(model, sets):
        for spot in sets.spots:
            for t in view.window(spot):
                opened = view.find("open", spot.option, spot.site, t)
                for h in sets.blocks:
                    _define_pool(view, spot, (t, h), opened)


def _define_pool(view: View, spot: Spot, when: tuple[int, int], opened: pulp.LpVariable | None) -> None:
    """Add the rows of one pool in one block."""
    terms = view.load(spot, *when)
    index = (spot.option, spot.site, *when)
    pool = view.find("pool", *index)
    if pool is not None:
        view.row("capacity", index, [*terms, (-1.0, pool), *_kept(view, spot, opened)], Sense.LE, 0.0)
    if opened is not None and terms:
        largest = sum(value for value, _ in terms)
        view.row("reserve", index, [*terms, (-largest, opened)], Sense.LE, 0.0, unit=largest or 1.0)


def _kept(view: View, spot: Spot, opened: pulp.LpVariable | None) -> list[Term]:
    """Return the replicas that a pool keeps in reserve, as a sum."""
    return [] if opened is None else [(float(view.sets.workloads[spot.workload].reserve_replicas), opened)]


def define_inventory(model: Model, sets: Sets) -> None:
    """Add `sum_d footprint (pool, or load + reserve) <= (1 - spares) present - r used` per system, site and block.

    r units of a system that serves anything may fail at once: `share <= used` (family `standby`).
    """
    policy = sets.instance.policy
    for view in views(model, sets):
        for (system, site), spots in sorted(sets.spots_at.items()):
            for t in sets.periods:
                used = view.find("used", system, site, t)
                kept: list[Term] = [] if used is None else [(float(policy.reserve_units), used)]
                for h in sets.blocks:
                    terms = _occupied(view, spots, t, h)
                    if not terms:
                        continue
                    there = negative(view.present(system, site, t, h), 1.0 - policy.spare_fraction)
                    view.row("inventory", (system, site, t, h), [*terms, *there, *kept], Sense.LE, 0.0)
                    if used is not None:
                        _define_standby(view, spots, (t, h), used)


def _occupied(view: View, spots: tuple[Spot, ...], t: int, h: int) -> list[Term]:
    """Return the units that a system's pools take in a block, as a sum."""
    terms: list[Term] = []
    for spot in spots:
        pool = view.find("pool", spot.option, spot.site, t, h)
        busy = view.load(spot, t, h)
        kept = _kept(view, spot, view.find("open", spot.option, spot.site, t)) if busy else []
        replicas = [*busy, *kept] if pool is None else [(1.0, pool)]
        terms += [(spot.footprint * value, variable) for value, variable in replicas]
    return terms


def _define_standby(view: View, spots: tuple[Spot, ...], when: tuple[int, int], used: pulp.LpVariable) -> None:
    """Add `share <= used`: a system that serves anything keeps its reserve."""
    for spot in spots:
        for request_class, share in view.shares(spot, *when):
            index = (spot.option, request_class, spot.site, *when)
            view.row("standby", index, [(1.0, share), (-1.0, used)], Sense.LE, 0.0)


def define_guard(model: Model, sets: Sets) -> None:
    """Add `share <= units` wherever serving a whole class takes less than `GUARDED_LOAD` units.

    Valid because units are whole, so any share needs one. Without it a load below the solver's feasibility tolerance is
    served by no unit at all ("phantom zero").
    """
    for view in views(model, sets):
        for spot in sets.spots:
            for t in view.window(spot) if spot.system else ():
                for h in sets.blocks:
                    _guard(view, spot, t, h)


def _guard(view: View, spot: Spot, t: int, h: int) -> None:
    """Add the guard of those of a spot's shares whose load is small enough to need one."""
    for request_class, share in view.shares(spot, t, h):
        if spot.footprint * view.unit_load(spot, request_class, t, h) >= GUARDED_LOAD:
            continue
        pool = view.find("pool", spot.option, spot.site, t, h)
        units = view.present(spot.system, spot.site, t, h) if pool is None else [(1.0, pool)]
        view.row("guard", (spot.option, request_class, spot.site, t, h), [(1.0, share), *negative(units)], Sense.LE, 0.0)
