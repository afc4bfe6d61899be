"""How much an infeasible scenario needs at least: the watts and racks that the least hungry fleet takes, solved for by itself.

The program names the fewest limits that must move; how far is found here, by the same program with every price at nothing and
a unit paid for by the watts or racks that it takes.
"""

from __future__ import annotations

from dataclasses import replace

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.worth import MOVABLE, raised
from planner.program.instance import Instance, Offer, Placement, Site
from planner.program.solution import Change, Solution

GAP = 1e-3
MEASURED = frozenset({"power", "racks"})


def least_changes(context: Context, allowed: Allowance) -> tuple[Change, ...]:
    """Return the changes with the least watts and racks that do; as they were where one cannot be moved, or time is up."""
    changes = list(context.solution.changes)
    soft = any(workload.unserved_usd for workload in context.instance.workloads)
    if soft or not all(change.family in MOVABLE - {"vendor"} for change in changes):
        return context.solution.changes
    for number, change in enumerate(changes):
        if change.family in MEASURED:
            solution = allowed.solve(_weighed(_moved(context.instance, changes), change), GAP)
            changes[number] = change if solution is None else _used(change, solution)
    return tuple(changes)


def _moved(instance: Instance, changes: list[Change]) -> Instance:
    """Return the instance with every limit at what is needed, and a little more for the sake of rounding."""
    for change in changes:
        place = change.index[0] if change.family in {*MEASURED, "supply"} else ""
        instance = raised(instance, change.family, place, change.need * (1.0 + 1e-9) - change.have)
    return instance


def _used(change: Change, solution: Solution) -> Change:
    """Return a change that asks for no more than what a plan uses of the limit."""
    used = [one.used for one in solution.slacks if one.family == change.family and one.index[0] == change.index[0]]
    least = max(used, default=change.need)
    return replace(change, need=least) if change.have < least < change.need else change


def _weighed(instance: Instance, change: Change) -> Instance:
    """Return the instance in which nothing costs anything but the watts or racks of units at one site."""
    systems = {system.id: system for system in instance.systems}

    def placed(one: Placement) -> Placement:
        system = systems[one.system]
        weight = (system.power_w / 1e3 if change.family == "power" else system.racks) if one.site == change.index[0] else 0.0
        return replace(
            one,
            buy_usd=tuple(None if usd is None else 0.0 for usd in one.buy_usd),
            own_usd=(weight,) * len(instance.periods),
            retire_usd=dict.fromkeys(one.retire_usd, 0.0),
        )

    return replace(
        instance,
        sites=tuple(_unpriced(site) for site in instance.sites),
        placements=tuple(map(placed, instance.placements)),
        offers=tuple(_unrented(offer) for offer in instance.offers),
        policy=replace(instance.policy, carbon_usd_per_g=0.0),
        settings=replace(instance.settings, tail_weight=0.0),
    )


def _unpriced(site: Site) -> Site:
    return replace(site, energy_usd_per_wh=tuple((0.0,) * len(row) for row in site.energy_usd_per_wh), peak_usd_per_w=())


def _unrented(offer: Offer) -> Offer:
    return replace(offer, usd=tuple(None if usd is None else 0.0 for usd in offer.usd))
