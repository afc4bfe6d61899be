"""Whole replicas of a plan: the fewest that carry its load, keep its reserve, and make its queues as long as they must be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from planner.program.sets import Sets, Spot
from planner.program.solution import Flow, Pool

Key = tuple[str, str, int, int, str]
SLACK = 1e-7


@dataclass(frozen=True, slots=True)
class Standing:
    """The replicas of one option behind a router: its pool's key, their number and load, and those of a full queue."""

    key: Key
    replicas: int
    load: float
    reserve: int
    full: float
    share: float


def pools(sets: Sets, served: Iterable[Flow], stated: Mapping[Key, int]) -> tuple[Pool, ...]:
    """Return the fewest whole replicas for what is served; `stated` are those that may be up where a queue needs more."""
    loads = _loads(sets, served)
    fewest = {key: max(1, math.ceil(load - SLACK)) + _reserve(sets, key[0]) for key, load in loads.items()}
    for group in _queues(sets, loads, fewest, stated):
        fewest.update(_filled(group, stated))
    return tuple(sorted(Pool(*key, number, loads.get(key, 0.0)) for key, number in fewest.items()))


def short_queues(sets: Sets, found: Iterable[Pool]) -> dict[Key, float]:
    """Return the replicas that pools lack because the queue they share is too short, by pool."""
    counts = {(p.option, p.site, p.period, p.block, p.future): p for p in found}
    loads = {key: pool.load for key, pool in counts.items() if pool.load > 0}
    replicas = {key: pool.replicas for key, pool in counts.items()}
    lacking = {}
    for group in _queues(sets, loads, replicas, {}):
        missing, worst = _missing(group)
        if missing > 1e-6 and worst is not None:
            lacking[worst.key] = missing * worst.full
    return lacking


def _loads(sets: Sets, served: Iterable[Flow]) -> dict[Key, float]:
    """Return the busy replicas of every pool, at one of a site's equal sites."""
    loads: dict[Key, float] = {}
    for flow in served:
        option = sets.options[flow.option]
        if option.system is not None:
            key = (flow.option, flow.site, flow.period, flow.block, flow.future)
            busy = flow.rate_rps / option.capacity_rps[flow.request_class] / sets.count(flow.site)
            loads[key] = loads.get(key, 0.0) + busy
    return loads


def _reserve(sets: Sets, option: str) -> int:
    return sets.workloads[sets.options[option].workload].reserve_replicas


def _queues(
    sets: Sets, loads: Mapping[Key, float], replicas: Mapping[Key, int], stated: Mapping[Key, int]
) -> Iterator[list[Standing]]:
    """Yield every queue in every block in which it works, with the replicas that are, or may be, behind its router."""
    whens: dict[tuple[str, str], set[tuple[int, int, str]]] = {}
    for option, site, period, block, world in loads:
        whens.setdefault((option, site), set()).add((period, block, world))
    for queue in sets.queues.values():
        at_work = {when for spot in queue.spots for when in whens.get((spot.option, spot.site), ())}
        for t, h, world in sorted(at_work):
            keys: list[tuple[Spot, Key]] = [(spot, (spot.option, spot.site, t, h, world)) for spot in queue.spots]
            there = [(spot, key) for spot, key in keys if key in replicas or stated.get(key, 0)]
            yield [_standing(sets, spot, key, replicas, loads) for spot, key in there]


def _standing(sets: Sets, spot: Spot, key: Key, replicas: Mapping[Key, int], loads: Mapping[Key, float]) -> Standing:
    option, load = sets.options[spot.option], loads.get(key, 0.0)
    reserve = _reserve(sets, spot.option) if load > 0 else 0
    return Standing(key, replicas.get(key, 0), load, reserve, option.queue_replicas, option.queue_share)


def _missing(group: list[Standing]) -> tuple[float, Standing | None]:
    """Return the part of a full queue that is missing, and the busy pool that misses it most (None: nothing works there)."""
    there = math.fsum((pool.replicas - pool.reserve) / pool.full for pool in group)
    load = math.fsum(pool.load / pool.full for pool in group)
    busy = [pool for pool in group if pool.load > 0]
    if not busy:
        return 0.0, None
    worst = max(busy, key=lambda pool: pool.share)
    return max(0.0, worst.share + (1.0 - worst.share) * load - there), worst


def _filled(group: list[Standing], stated: Mapping[Key, int]) -> dict[Key, int]:
    """Return the replicas of a queue with as many more as it must have, of those that may be up; busy pools first."""
    missing, _ = _missing(group)
    counts = {}
    for pool in sorted(group, key=lambda one: (one.load <= 0, one.key)):
        more = min(stated.get(pool.key, 0) - pool.replicas, math.ceil(missing * pool.full - SLACK))
        if more > 0:
            counts[pool.key] = pool.replicas + more
            missing -= more / pool.full
    return counts
