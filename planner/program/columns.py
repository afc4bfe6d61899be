"""The variables of the program: which exist, and the sums of them that several constraint families share.

======== ===================================== ======== ==================================================================
family   index                                 kind     meaning
======== ===================================== ======== ==================================================================
share    option, class, site, t, h, world      [0, 1]   part of a class's rate that an option serves (see `World.scale`)
unserved workload, class, t, h, world          [0, 1]   part of a block's arrivals turned away
moved    workload, class, t, h, h', world      [0, 1]   part of a period's batch requests that arrive in h and are served in h'
sent     link, option, class, t, h, world      >= 0     share that an option puts on, or takes from, a link
pool     option, site, t, h, world             integer  replicas up (where they are whole inside the program)
open     option, site, t, world                binary   a pool that is used and so keeps its reserve
routed   workload, role, site, part, t, world  binary   a router is used for options that keep this part of its queue free
used     system, site, t, world                binary   a system that is used and so keeps its reserve
buy      system, site, t, stage                integer  units that arrive
retire   system, site, arrived, t, stage       integer  units taken out at the start of t
rent     offer, t, stage                       integer  units whose commitment begins in t
owned    system, site, t, world                >= 0     owned units present (whole because buy and retire are)
order    system, t, stage                      binary   an order is placed
kind     system                                binary   a system is bought or rented at all
peak     site, t, world                        >= 0     highest drawn power [kW]
======== ===================================== ======== ==================================================================
"""

from __future__ import annotations

from planner.program.instance import Goal, Role, WorkKind
from planner.program.model import Index, Model
from planner.program.sets import Sets, Spot
from planner.program.view import View, views

WHOLE_POOLS_AT_MOST = 400
# Which part of a column's index is its period, where it belongs to one; the last part is its future.
PERIOD_AT = {"share": 3, "unserved": 2, "moved": 2, "sent": 3, "pool": 2, "open": 2, "routed": 4, "used": 2}


def define_columns(model: Model, sets: Sets, *, routing: bool = True) -> None:
    """Create every variable of an instance, or those of its fleet alone."""
    for view in views(model, sets):
        if routing:
            _define_shares(view)
            _define_unserved(view)
            _define_moves(view)
            _define_pools(view)
            _define_routers(view)
        _define_owned(view)
        _define_rented(view)
        _define_flags(view)


def whole_pools(sets: Sets) -> bool:
    """Return whether pools are whole numbers inside the program (else replicas are packed afterwards)."""
    wanted = sets.instance.settings.integer_pools
    if wanted is not None:
        return wanted
    pooled = sum(len(spots) for (system, site), spots in sets.spots_at.items() if sets.whole_pools(system, site))
    return pooled * len(sets.periods) * len(sets.blocks) * len(sets.worlds) <= WHOLE_POOLS_AT_MOST


def keeps_queues(sets: Sets) -> bool:
    """Return whether queues are kept long enough inside the program: where replicas must be whole, else when they are packed."""
    return bool(sets.queues) and bool(sets.instance.settings.integer_pools)


def _define_shares(view: View) -> None:
    """Create the routing of every class to every spot that can serve it."""
    sets = view.sets
    for spot in sets.spots:
        option = sets.options[spot.option]
        able = set(option.request_usd) if spot.role is Role.API else {b for b, rate in option.capacity_rps.items() if rate > 0}
        for request_class in sorted(able.intersection(sets.classes(spot.workload))):
            for t in view.window(spot):
                for h in sets.blocks:
                    if view.world.scale[spot.workload, request_class, t, h] > 0:
                        view.model.column("share", (spot.option, request_class, spot.site, t, h, view.world.id))


def _define_unserved(view: View) -> None:
    """Create the part turned away where a workload has a price for it, or the question is how well it can be served."""
    soft = view.sets.instance.goal is Goal.BEST_SERVICE
    for (workload, request_class, t, h), rate in sorted(view.world.arrivals.items()):
        if rate > 0 and (soft or view.sets.workloads[workload].unserved_usd):
            view.model.column("unserved", (workload, request_class, t, h, view.world.id), upper=1)


def _define_moves(view: View) -> None:
    """Create the shifts of batch work from the block in which it arrives to the blocks of its window."""
    count = len(view.sets.blocks)
    for (workload, request_class, t, h), rate in sorted(view.world.arrivals.items()):
        item = view.sets.workloads[workload]
        if item.kind is not WorkKind.BATCH or rate <= 0:
            continue
        for served in item.served_in(h, count):
            if view.sets.hours(t, served) > 0:
                view.model.column("moved", (workload, request_class, t, h, served, view.world.id))


def _define_owned(view: View) -> None:
    """Create purchases, retirements and what is owned; decisions before the futures part are made once."""
    model, sets = view.model, view.sets
    for (system, site), placement in sets.placements.items():
        for t in sets.periods:
            index: Index = (system, site, t, view.order_stage(system, t))
            if model.find("buy", index) is None and can_buy(view, system, site, t):
                model.column("buy", index, integer=True)
        for arrived, t in sorted(placement.retire_usd):
            index = (system, site, arrived, t, sets.stage(view.world, t))
            source = placement.initial if arrived < 0 else view.bought(system, site, arrived)
            if source and t > arrived and model.find("retire", index) is None:
                model.column("retire", index, integer=True)
        if placement.initial or any(view.bought(system, site, t) for t in sets.periods):
            for t in sets.periods:
                model.column("owned", (system, site, t, view.world.id))


def _define_rented(view: View) -> None:
    """Create the commitments of every offer."""
    for offer in view.sets.offers.values():
        for t in view.sets.periods:
            index = (offer.id, t, view.sets.stage(view.world, t))
            if offer.usd[t] is not None and view.model.find("rent", index) is None:
                view.model.column("rent", index, integer=True)


def can_buy(view: View, system: str, site: str, t: int) -> bool:
    """Return whether units of a system can arrive at a site in a period (a common order: in any world)."""
    sets = view.sets
    prices = sets.placements[system, site].buy_usd
    if not prices or prices[t] is None or sets.order_period(system, t) < 0:
        return False
    common = view.order_stage(system, t) == ""
    worlds = views(view.model, sets) if common else [view]
    return any(t >= other.available_from(system) for other in worlds)


def needs_pool(sets: Sets, spot: Spot) -> bool:
    """Return whether whole units alone would not make a spot's replicas whole."""
    return sets.workloads[spot.workload].reserve_replicas > 0 or sets.whole_pools(spot.system, spot.site)


def _define_pools(view: View) -> None:
    """Create replica counts where counting units is not enough; they need not be whole where units make them so."""
    sets, whole = view.sets, whole_pools(view.sets)
    for spot in sets.spots:
        integer = needs_pool(sets, spot)
        counted = whole and bool(spot.system) and (integer or (keeps_queues(sets) and spot.router in sets.queues))
        for t in view.window(spot):
            for h in sets.blocks if counted else ():
                if view.load(spot, t, h):
                    view.model.column("pool", (spot.option, spot.site, t, h, view.world.id), integer=integer)
            if spot.system and sets.workloads[spot.workload].reserve_replicas > 0:
                view.model.column("open", (spot.option, spot.site, t, view.world.id), upper=1, integer=True)


def _define_routers(view: View) -> None:
    """Create the flags of queues."""
    for router, queue in view.sets.queues.items() if keeps_queues(view.sets) else ():
        for part in queue.keeping:
            for t in view.sets.periods:
                view.model.column("routed", (*routed(router, part), t, view.world.id), upper=1, integer=True)


def routed(router: tuple[str, Role, str], part: float) -> Index:
    """Return the beginning of an index of a queue's flag: its router, and the part that options keep free."""
    return router[0], router[1].value, router[2], f"{part:.6g}"


def _define_flags(view: View) -> None:
    """Create the yes-or-no variables and the peaks."""
    model, sets, policy = view.model, view.sets, view.sets.instance.policy
    for system, site in sets.spots_at:
        for t in sets.periods if policy.reserve_units > 0 else ():
            model.column("used", (system, site, t, view.world.id), upper=1, integer=True)
    for system, item in sets.systems.items():
        for t in sets.periods if item.min_order > 1 else ():
            index = (system, t, view.order_stage(system, t))
            if model.find("order", index) is None:
                model.column("order", index, upper=1, integer=True)
        if policy.max_systems is not None and model.find("kind", (system,)) is None:
            model.column("kind", (system,), upper=1, integer=True)
    for site, place in sets.sites.items():
        for t in sets.periods:
            if place.peak_usd_per_w and place.peak_usd_per_w[t]:
                model.column("peak", (site, t, view.world.id))
