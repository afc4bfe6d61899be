"""Every request of a class is served, in the block it arrives in."""

from __future__ import annotations

from planner.program.instance import WorkKind
from planner.program.model import Model, Sense
from planner.program.sets import Sets
from planner.program.view import views


def define_serve(model: Model, sets: Sets) -> None:
    """Add `sum_d share[d,b,h] + unserved[b,h] = 1` for every class and block of real-time work with arrivals.

    The shares run over prefill, aggregated and API options; decode follows from the links (family `handover`).
    """
    for view in views(model, sets):
        for (workload, request_class, t, h), rate in sorted(view.world.arrivals.items()):
            if rate <= 0 or sets.workloads[workload].kind is WorkKind.BATCH:
                continue
            terms = view.served(workload, request_class, t, h)
            unserved = view.find("unserved", workload, request_class, t, h)
            if unserved is not None:
                terms.append((1.0, unserved))
            view.row("serve", (workload, request_class, t, h), terms, Sense.EQ, 1.0)
