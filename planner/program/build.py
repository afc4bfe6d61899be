"""The program's table of contents: an instance becomes a PuLP problem, family by family."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from planner.program.columns import define_columns
from planner.program.constraints.capacity import define_capacity, define_guard, define_inventory
from planner.program.constraints.facility import define_peak, define_power, define_racks
from planner.program.constraints.handover import define_handover
from planner.program.constraints.market import define_offered, define_smallest_order, define_supply
from planner.program.constraints.ownership import define_ownership, define_retirement
from planner.program.constraints.policy import define_budget, define_carbon, define_ceiling, define_kinds, define_shares
from planner.program.constraints.queue import define_queue
from planner.program.constraints.serve import define_serve
from planner.program.constraints.window import define_arrive, define_window
from planner.program.drivers import define_costs
from planner.program.goal import define_tail, merged, scaling, score
from planner.program.model import Model, Term, linear
from planner.program.sets import Sets

FAMILIES: Mapping[str, Callable[[Model, Sets], None]] = {
    "serve": define_serve,
    "arrive": define_arrive,
    "window": define_window,
    "handover": define_handover,
    "capacity": define_capacity,
    "queue": define_queue,
    "inventory": define_inventory,
    "guard": define_guard,
    "ownership": define_ownership,
    "retirement": define_retirement,
    "power": define_power,
    "racks": define_racks,
    "peak": define_peak,
    "supply": define_supply,
    "smallest": define_smallest_order,
    "offered": define_offered,
    "budget": define_budget,
    "shares": define_shares,
    "kinds": define_kinds,
    "carbon": define_carbon,
    "ceiling": define_ceiling,
    "tail": define_tail,
}


def build(sets: Sets) -> Model:
    """Return the whole program of an instance: columns, costs, every family of constraints, and the objective."""
    model = Model(sets.codes)
    with _nothing_collected():
        define_columns(model, sets)
        define_costs(model, sets)
        for define in FAMILIES.values():
            define(model, sets)
        set_objective(model, score(model, sets))
    return model


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the collector of cycles away while a program grows: it would walk through all of it again and again, for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


FLEET = ("ownership", "retirement", "power", "racks", "supply", "smallest", "offered", "budget", "shares", "kinds", "tail")


def build_fleet(sets: Sets) -> Model:
    """Return the program of the fleet alone: what is bought, rented and retired, and every limit on it; no requests."""
    model = Model(sets.codes)
    define_columns(model, sets, routing=False)
    define_costs(model, sets)
    for family in FLEET:
        FAMILIES[family](model, sets)
    set_objective(model, score(model, sets))
    return model


def set_objective(model: Model, terms: list[Term]) -> None:
    """Give the problem an objective, scaled; the scale [natural unit] is kept in `model.scale`."""
    terms = merged(terms)
    model.scale = scaling(terms)
    model.problem.objective = None
    model.problem.setObjective(linear({variable: value / model.scale for value, variable in terms}))
