"""Replicas behind one router wait for each other's work: a short queue carries less per replica than a full one."""

from __future__ import annotations

import pulp

from planner.program.columns import routed
from planner.program.model import Model, Sense, Term
from planner.program.sets import Queue, Sets, Spot
from planner.program.view import View, negative, views

When = tuple[int, int]


def define_queue(model: Model, sets: Sets) -> None:
    """Add `sum_d (pool_d - r open_d) / n_d - (1 - k) sum_d load_d / n_d >= k routed_k` for every part k that options keep free.

    d runs over the options whose replicas share a router (same workload, role and site), n_d is d's full queue. What options
    that keep k free serve is none without the flag (family `routed`): `sum_b a_b sum_d share <= routed_k sum_b a_b` with arrivals
    a_b. Only where all replicas are to be whole: a program without these rows is looser, and its plan is packed afterwards.
    """
    for view in views(model, sets):
        for router, queue in sets.queues.items():
            for part, keeping in queue.keeping.items():
                for t in sets.periods:
                    flag = model.find("routed", (*routed(router, part), t, view.world.id))
                    for h in sets.blocks if flag is not None else ():
                        index = (*routed(router, part), t, h)
                        _define_flag(view, keeping, flag, (t, h), index)
                        view.row("queue", index, [*_free(view, queue, part, (t, h)), (-part, flag)], Sense.GE, 0.0)


def _define_flag(view: View, keeping: tuple[Spot, ...], flag: pulp.LpVariable, when: When, index: tuple[str | int, ...]) -> None:
    """Add the row that raises a queue's flag."""
    arrivals: dict[str, float] = {}
    served = list[Term]()
    for spot in keeping:
        for name, share in view.shares(spot, *when):
            arrivals[name] = view.world.scale[spot.workload, name, *when]
            served.append((arrivals[name], share))
    whole = sum(arrivals.values())
    if whole > 0:
        view.row("routed", index, [*served, (-whole, flag)], Sense.LE, 0.0, unit=whole)


def _free(view: View, queue: Queue, part: float, when: When) -> list[Term]:
    """Return what is there of a full queue, beside its reserve, less the load that may be on it in the long run."""
    terms = list[Term]()
    for spot in queue.spots:
        full = view.sets.options[spot.option].queue_replicas
        pool = view.find("pool", spot.option, spot.site, *when)
        opened = view.find("open", spot.option, spot.site, when[0])
        if pool is not None:
            terms.append((1.0 / full, pool))
            reserve = view.sets.workloads[spot.workload].reserve_replicas
            terms += [] if opened is None else [(-reserve / full, opened)]
            terms += negative([(load / full, share) for load, share in view.load(spot, *when)], 1.0 - part)
    return terms
