"""What a site can carry: watts, racks, and what it draws at its peak."""

from __future__ import annotations

from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets
from planner.program.view import View, views


def _blocks(sets: Sets, site: str) -> range:
    """Return the blocks whose units can differ: all where an offer is held in some blocks only, else one stands for all."""
    return sets.blocks if any(o.site == site and o.blocks is not None for o in sets.offers.values()) else range(1)


def _weighed(view: View, site: str, when: tuple[int, int], *, racks: bool) -> list[Term]:
    """Return the watts (nameplate) or racks of all units at one of a site's equal sites, as a sum."""
    terms: list[Term] = []
    for system in view.sets.systems_at.get(site, ()):
        weight = view.sets.rack_share[system, site] if racks else view.sets.systems[system].power_w
        terms += [(weight * one, variable) for one, variable in view.present(system, site, *when)]
    return terms


def define_power(model: Model, sets: Sets) -> None:
    """Add `sum_y nameplate_w present <= (1 - headroom) power_w` per site, period and block."""
    for view in views(model, sets):
        for site, place in sets.sites.items():
            for t in sets.periods:
                limit = place.power_w[t]
                for h in _blocks(sets, site) if limit is not None else ():
                    usable = (1.0 - place.headroom) * (limit or 0.0)
                    terms = _weighed(view, site, (t, h), racks=False)
                    view.row("power", (site, t, h), terms, Sense.LE, usable, unit=usable or 1000.0)


def define_racks(model: Model, sets: Sets) -> None:
    """Add `sum_y racks present <= racks` per site, period and block."""
    for view in views(model, sets):
        for site, place in sets.sites.items():
            for t in sets.periods:
                limit = place.racks[t]
                for h in _blocks(sets, site) if limit is not None else ():
                    terms = _weighed(view, site, (t, h), racks=True)
                    view.row("racks", (site, t, h), terms, Sense.LE, limit or 0.0, unit=limit or 1.0)


def define_peak(model: Model, sets: Sets) -> None:
    """Add `peak >= drawn power` [kW] of every block, where a site pays for its peak."""
    for view in views(model, sets):
        for site in sets.sites:
            for t in sets.periods:
                peak = view.find("peak", site, t)
                for h in sets.blocks if peak is not None else ():
                    terms = view.drawn(site, t, h)
                    view.row("peak", (site, t, h), [*terms, (-1000.0, peak)], Sense.LE, 0.0, unit=1000.0)
