"""Options that another option beats for every class leave before the program is built; no optimum changes by it.

B dominates A if both serve the same workload in the same role on the same system, B may stand and link wherever and whenever
A may, and m = floor(units of A / units of B) >= 1 replicas of B, in the units that one A takes, do at least what it does: for
every class `m capacity_B >= capacity_A`, at no more watt-seconds, bytes, fees, grams or breaches per request, and they make as
much of a full queue, of which B keeps no more free. Then any plan that uses A becomes, with every replica of A replaced by m of
B, a plan that is feasible and no dearer: units, watts and racks stay, load and energy fall, and a queue's free part does not.
"""

from __future__ import annotations

from dataclasses import replace

from planner.program.instance import Instance, Option, Role
from planner.program.sets import footprint

SAME = 1e-12


def prune(instance: Instance) -> tuple[Instance, dict[str, str]]:
    """Return the instance without dominated options, and which option dominates each of those left out."""
    systems = {system.id: system for system in instance.systems}
    reach = _reach(instance)
    horizon = len(instance.periods)
    windows = {name for future in instance.futures for name in future.option_window}
    groups: dict[tuple[str, str, Role], list[Option]] = {}
    for option in sorted(instance.options, key=lambda o: o.id):
        if option.system is not None and option.system in systems and option.id not in windows:
            groups.setdefault((option.workload, option.system, option.role), []).append(option)
    beaten: dict[str, str] = {}
    for (_, system, _), options in groups.items():
        sizes = {option.id: footprint(option, systems[system]) for option in options}
        for loser in options:
            for winner in options:
                free = winner.id != loser.id and winner.id not in beaten
                if free and _stands(winner, loser, reach, horizon) and _serves(winner, loser, sizes):
                    beaten[loser.id] = winner.id
                    break
    kept = tuple(option for option in instance.options if option.id not in beaten)
    return replace(instance, options=kept), beaten


def _reach(instance: Instance) -> dict[str, frozenset[str]]:
    """Return the links that each option is on."""
    reach: dict[str, set[str]] = {}
    for link in instance.links:
        for option in link.prefill | link.decode:
            reach.setdefault(option, set()).add(link.id)
    return {option: frozenset(links) for option, links in reach.items()}


def _stands(winner: Option, loser: Option, reach: dict[str, frozenset[str]], horizon: int) -> bool:
    """Return whether the winner may stand, and hand over, wherever and whenever the loser may."""
    everywhere = winner.sites is None or (loser.sites is not None and loser.sites <= winner.sites)
    first = winner.first_period <= loser.first_period
    last = (winner.end_period or horizon) >= (loser.end_period or horizon)
    linked = reach.get(loser.id, frozenset()) <= reach.get(winner.id, frozenset())
    return everywhere and first and last and linked


def _serves(winner: Option, loser: Option, sizes: dict[str, float]) -> bool:
    """Return whether whole winners, in the units of one loser, serve every class of it at no more expense."""
    times = int(sizes[loser.id] / sizes[winner.id] + SAME) if sizes[winner.id] > 0 else 0
    if times < 1 or not _queues(winner, loser, times):
        return False
    return all(
        times * winner.capacity_rps.get(name, 0.0) >= rate and _per_request(winner, loser, name)
        for name, rate in loser.capacity_rps.items()
        if rate > 0
    )


def _queues(winner: Option, loser: Option, times: int) -> bool:
    """Return whether so many winners make as much of a full queue as one loser, and keep no more of it free."""
    if loser.queue_replicas <= 0:
        return winner.queue_share <= 0
    as_full = 0 < winner.queue_replicas <= times * loser.queue_replicas * (1 + SAME)
    return as_full and winner.queue_share <= loser.queue_share


def _per_request(winner: Option, loser: Option, name: str) -> bool:
    """Return whether a request of a class costs the winner no more of anything."""
    energy = winner.busy_w / winner.capacity_rps[name] <= loser.busy_w / loser.capacity_rps[name] * (1 + SAME)
    sent = winner.kv_bytes.get(name, 0.0) <= loser.kv_bytes.get(name, 0.0)
    missed = winner.breach_usd.get(name, 0.0) <= loser.breach_usd.get(name, 0.0)
    emitted = winner.request_gco2e.get(name, 0.0) <= loser.request_gco2e.get(name, 0.0)
    fees = zip(winner.request_usd.get(name, ()), loser.request_usd.get(name, ()), strict=False)
    paid = not winner.request_usd.get(name) or (bool(loser.request_usd.get(name)) and all(w <= other for w, other in fees))
    return energy and sent and missed and emitted and paid
