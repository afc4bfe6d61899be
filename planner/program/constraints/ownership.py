"""What is owned: arrivals, retirements and the end of life."""

from __future__ import annotations

from dataclasses import dataclass

from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets
from planner.program.view import View, negative, views


@dataclass(frozen=True, slots=True)
class Vintage:
    """Units that arrive together (-1: initial stock), there in first <= t < end; how many is a sum or a number."""

    arrived: int
    first: int
    end: int
    units: list[Term]
    stock: float


def vintages(view: View, system: str, site: str) -> list[Vintage]:
    """Return the initial stock and every purchase of a system at a site.

    A common order that a world delivers late arrives when that world first delivers.
    """
    placement, horizon = view.sets.placements[system, site], len(view.sets.periods)
    found: list[Vintage] = []
    if placement.initial:
        end = horizon if placement.initial_life is None else min(horizon, placement.initial_life)
        found.append(Vintage(-1, 0, end, [], float(placement.initial)))
    life = view.sets.systems[system].life_periods
    for t in view.sets.periods:
        units = view.bought(system, site, t)
        if units:
            end = horizon if life is None else min(horizon, t + life)
            found.append(Vintage(t, max(t, view.available_from(system)), end, units, 0.0))
    return found


def define_ownership(model: Model, sets: Sets) -> None:
    """Add `owned[t] = owned[t-1] + arrivals[t] - retired[t] - expired[t]` per system, site and world.

    A purchase that arrives in v is there in v <= t < v + life; what is left of it then expires.
    """
    for view in views(model, sets):
        for system, site in sets.placements:
            groups = vintages(view, system, site)
            for t in sets.periods if groups else ():
                owned = view.find("owned", system, site, t)
                before = view.find("owned", system, site, t - 1)
                terms: list[Term] = [(1.0, owned), *([] if before is None else [(-1.0, before)])]
                stock = 0.0
                for vintage in groups:
                    stock += vintage.stock * ((t == vintage.first < vintage.end) - (t == vintage.end > vintage.first))
                    terms += _change(view, system, site, t, vintage)
                view.row("ownership", (system, site, t), terms, Sense.EQ, stock)


def _change(view: View, system: str, site: str, t: int, vintage: Vintage) -> list[Term]:
    """Return what a vintage puts on the left side of the balance of period t: arrival, retirements, or the end of the rest."""
    if vintage.first >= vintage.end:
        return []
    terms: list[Term] = []
    if t == vintage.first:
        terms += negative(vintage.units)
    if vintage.first <= t < vintage.end:
        terms += view.retired(system, site, vintage.arrived, range(t, t + 1))
    if t == vintage.end:
        gone = view.retired(system, site, vintage.arrived, range(vintage.first, vintage.end))
        terms += [*vintage.units, *negative(gone)]
    return terms


def define_retirement(model: Model, sets: Sets) -> None:
    """Add `sum_t retire[v,t] <= buy[v]` (or the initial stock), and `retire[v,t] = 0` outside its life (family `lifetime`)."""
    for view in views(model, sets):
        for system, site in sets.placements:
            for vintage in vintages(view, system, site):
                index = (system, site, vintage.arrived)
                out = view.retired(*index, range(len(sets.periods)))
                late = view.retired(*index, range(vintage.end, len(sets.periods)))
                early = view.retired(*index, range(vintage.first))
                if out:
                    view.row("retirement", index, [*out, *negative(vintage.units)], Sense.LE, vintage.stock)
                if late or early:
                    view.row("lifetime", index, [*late, *early], Sense.LE, 0.0)
