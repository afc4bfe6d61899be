"""The smallest whole fleet that serves a workload: which deployments, how many of them, and what they carry in a month."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.options.table import OptionRow, Role

HOURS_PER_MONTH = 730.0
SECONDS_PER_HOUR = 3600.0
MOST_UNITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What one deployment makes of a workload, for its shape of the week in the last period with demand.

    steady, bursts      replicas that each block's busiest hour keeps busy, and those that its busiest minute adds, shape (block,)
    hours               of each block in a month [h], shape (block,)
    mtok_month          Mtok/month (of all kinds) of that demand
    busy_hours_mtok     replica-hours that a million tokens keep busy at the mean rates [h/Mtok]
    """

    row: OptionRow
    steady: FloatArray
    bursts: FloatArray
    hours: FloatArray
    mtok_month: float
    busy_hours_mtok: float

    def carried_mtok_month(self, replicas: int) -> float:
        """Return what some replicas carry in a month [Mtok] if the busiest minute is just carried."""
        return self.mtok_month * self._scale(replicas)

    def carried_mtok_hour(self, replicas: int) -> float:
        """Return what an hour of them carries [Mtok] where they are held as each block of the week needs."""
        scale = self._scale(replicas)
        held = float((scale * self.steady + math.sqrt(scale) * self.bursts) @ self.hours)
        return replicas * self.mtok_month * scale / held

    def _scale(self, replicas: int) -> float:
        """Return the multiple of the demand that some replicas carry [1].

        Demand of `s` times the volume has `s` times the hourly load, and bursts that grow with its square root (the standard
        deviation of counts): the smallest root of `s · steady + √s · bursts = replicas` over the blocks.
        """
        busy = self.steady > 0.0
        steady, bursts = self.steady[busy], np.maximum(self.bursts[busy], 0.0)
        roots = (np.sqrt(bursts**2 + 4.0 * steady * replicas) - bursts) / (2.0 * steady)
        return float(roots.min() ** 2)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Whole units of one or two systems with the replicas on them; `loads[i]` runs `replicas[i]` times on `units[i]` units.

    A pair on one kind of unit shares the units: `units` then holds all of them once and a zero.
    """

    loads: tuple[Load, ...]
    units: tuple[int, ...]
    replicas: tuple[int, ...]

    @property
    def mtok_month(self) -> float:
        """Return what it carries in a month [Mtok]: the lesser of its halves."""
        return min(load.carried_mtok_month(count) for load, count in zip(self.loads, self.replicas, strict=True))

    @property
    def mtok_hour(self) -> float:
        """Return what an hour of it carries where it follows the blocks of the week [Mtok]."""
        return min(load.carried_mtok_hour(count) for load, count in zip(self.loads, self.replicas, strict=True))


def tokens_month(context: Context, workload: str) -> FloatArray:
    """Return input, cached input and output that a workload asks for [Mtok/month], shape (3, period)."""
    demand, total = context.demand, np.zeros((3, context.periods))
    for row in demand.rows_of(workload):
        item = demand.classes[row]
        mean = (demand.rates_rps[row] * context.hours).sum(axis=1) / context.hours.sum(axis=1)
        kinds = np.array([item.new_tokens, item.cached_tokens, item.osl_tokens])
        total += np.outer(kinds, mean * SECONDS_PER_HOUR * HOURS_PER_MONTH / 1e6)
    return total


def load_of(context: Context, row: OptionRow) -> Load | None:
    """Return what a deployment makes of its workload, or None where it cannot serve every class of it."""
    demand, tokens = context.demand, tokens_month(context, row.workload).sum(axis=0)
    with_demand = np.flatnonzero(tokens > 0.0)
    if not with_demand.size:
        return None
    last = int(with_demand[-1])
    classes = [one for one in demand.rows_of(row.workload) if demand.peak_rps[one, last].any()]
    rates = np.array([row.capacity_rps.get(demand.classes[one].id, 0.0) for one in classes])
    if not rates.all():
        return None
    hourly, minute, mean = (
        (table[classes, last] / rates[:, None]).sum(axis=0) for table in (demand.peak_hour_rps, demand.peak_rps, demand.rates_rps)
    )
    hours = context.hours[last] * HOURS_PER_MONTH / context.hours[last].sum()
    return Load(row, hourly, minute - hourly, hours, float(tokens[last]), float(mean @ hours / tokens[last]))


def chosen_loads(context: Context, workload: str) -> tuple[Load, ...]:
    """Return the deployment, or the prefill and the decode one, that do most of a workload's work in the plan; () = no machine.

    Only deployments that serve every class count: a comparison of volumes needs one that can grow alone.
    """
    hours: dict[str, float] = {}
    for (_, option), busy in context.load.items():
        if option in context.rows and context.rows[option].workload == workload:
            chips = context.rows[option].chips
            hours[option] = hours.get(option, 0.0) + float((busy * context.hours).sum()) * chips
    loads = [load for option in hours if (load := load_of(context, context.rows[option])) is not None]
    best = {role: _busiest([load for load in loads if load.row.role is role], hours) for role in Role}
    one, pair = best[Role.AGGREGATED], [best[Role.PREFILL], best[Role.DECODE]]
    apart = [load for load in pair if load is not None]
    if len(apart) == 2 and (one is None or sum(hours[load.row.id] for load in apart) > hours[one.row.id]):
        return tuple(apart)
    return () if one is None else (one,)


def _busiest(loads: list[Load], hours: dict[str, float]) -> Load | None:
    return max(loads, key=lambda load: (hours[load.row.id], load.row.id), default=None)


def fleets(loads: tuple[Load, ...], chips: tuple[int, ...], *, shared: bool) -> Iterator[Fleet]:
    """Yield small whole fleets of some deployments on units of `chips` accelerators each.

    `shared`: both halves of a pair stand on the same kind of unit and may share it.
    """
    if len(loads) == 1:
        units = max(1, math.ceil(loads[0].row.chips / chips[0]))
        yield Fleet(loads, (units,), (_fit(units, chips[0], loads[0].row.chips),))
    elif shared:
        yield from _shared(loads, chips[0])
    else:
        least = [max(1, math.ceil(load.row.chips / size)) for load, size in zip(loads, chips, strict=True)]
        for first in range(1, MOST_UNITS + 1):
            for second in range(1, MOST_UNITS + 1):
                both = (first * least[0], second * least[1])
                counts = [_fit(many, size, load.row.chips) for many, size, load in zip(both, chips, loads, strict=True)]
                yield Fleet(loads, both, tuple(counts))


def _shared(loads: tuple[Load, ...], chips: int) -> Iterator[Fleet]:
    """Yield every split of the fewest units that hold both halves of a pair."""
    first, second = (load.row.chips for load in loads)
    units = 1 if first + second <= chips else math.ceil(first / chips) + math.ceil(second / chips)
    whole = units * chips
    for count in range(1, (whole - second) // first + 1):
        rest = (whole - count * first) // second
        if rest:
            yield Fleet(loads, (units, 0), (count, rest))


def _fit(units: int, chips: int, needed: int) -> int:
    """Return how many replicas stand on some units: whole in each, or one over several."""
    return units * (chips // needed) if needed <= chips else units * chips // needed


def best_of(found: Iterable[tuple[Fleet, float]]) -> tuple[Fleet, float] | None:
    """Return the fleet and its price that carries a million tokens cheapest; the smaller one of equals."""
    return min(found, key=lambda one: (one[1] / one[0].mtok_month, sum(one[0].units), one[0].replicas), default=None)
