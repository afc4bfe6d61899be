"""Batch work waits for the valley, but not beyond its window."""

from __future__ import annotations

from planner.program.instance import WorkKind
from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets, World
from planner.program.view import View, negative, views


def _moved(view: View, key: tuple[str, str, int], pairs: list[tuple[int, int]]) -> list[Term]:
    """Return the shifts between pairs of (arrival, service) blocks, as a sum."""
    found = (view.find("moved", *key, arrived, served) for arrived, served in pairs)
    return [(1.0, variable) for variable in found if variable is not None]


def define_arrive(model: Model, sets: Sets) -> None:
    """Add `sum_h' moved[h,h'] + f_h unserved[h] = f_h`: what arrives in h, a part f_h of the period's requests, is placed."""
    for view in views(model, sets):
        for (workload, request_class, t, h), rate in sorted(view.world.arrivals.items()):
            if rate <= 0 or sets.workloads[workload].kind is not WorkKind.BATCH:
                continue
            key = (workload, request_class, t)
            part = arriving_part(view.world, (*key, h))
            terms = _moved(view, key, [(h, served) for served in sets.blocks])
            unserved = view.find("unserved", *key, h)
            if unserved is not None:
                terms.append((part, unserved))
            view.row("arrive", (*key, h), terms, Sense.EQ, part)


def define_window(model: Model, sets: Sets) -> None:
    """Add `sum_d share[d,h'] = sum_h moved[h,h']`: what a block serves is what was put off into it, from inside the window."""
    batch = [workload for workload, item in sets.workloads.items() if item.kind is WorkKind.BATCH]
    for view in views(model, sets):
        keys = [(workload, b, t) for workload in batch for b in sets.classes(workload) for t in sets.periods]
        for key in keys:
            for h in sets.blocks:
                moved = _moved(view, key, [(arrived, h) for arrived in sets.blocks])
                view.row("window", (*key, h), [*view.served(*key, h), *negative(moved)], Sense.EQ, 0.0)


def arriving_part(world: World, key: tuple[str, str, int, int]) -> float:
    """Return the part of a period's batch requests of a class that arrives in a block."""
    return world.arrivals[key] / world.scale[key] if world.scale[key] > 0 else 0.0
