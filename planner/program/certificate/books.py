"""The counts of a solution as one future sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from planner.program.instance import Future, Instance, Offer, Option, Placement, Site, System, Workload
from planner.program.solution import Bought, Flow, Moved, Pool, Rented, Retired, Sent, Solution, Unserved

TOLERANCE = Fraction(1, 10**6)
_CERTAIN = Future("", 1.0)


@dataclass(frozen=True, slots=True)
class Books:
    """One future's view: who is who, and what was decided, decisions common to all futures included."""

    instance: Instance
    solution: Solution
    future: Future
    sites: Mapping[str, Site]
    systems: Mapping[str, System]
    placements: Mapping[tuple[str, str], Placement]
    offers: Mapping[str, Offer]
    workloads: Mapping[str, Workload]
    options: Mapping[str, Option]
    bought: Mapping[tuple[str, str, int], int]
    retired: Mapping[tuple[str, str, int, int], int]
    rented: Mapping[tuple[str, int], int]
    flows: tuple[Flow, ...]
    pools: tuple[Pool, ...]
    sent: tuple[Sent, ...]
    moved: tuple[Moved, ...]
    unserved: tuple[Unserved, ...]

    @property
    def world(self) -> str:
        """Return the future's id."""
        return self.future.id

    @property
    def periods(self) -> range:
        """Return the periods."""
        return range(len(self.instance.periods))

    @property
    def blocks(self) -> range:
        """Return the blocks."""
        return range(len(self.instance.blocks))

    def hours(self, t: int, h: int) -> Fraction:
        """Return the length of a block [h]."""
        return Fraction(self.instance.periods[t].block_hours[h])

    def count(self, site: str) -> int:
        """Return how many equal sites a site stands for."""
        return self.sites[site].count if site else 1

    def rate(self, workload: str, request_class: str, t: int, h: int) -> Fraction:
        """Return what arrives [1/s], in this future."""
        scale = self.future.demand_scale.get(workload)
        factor = Fraction(1) if scale is None else Fraction(scale[t])
        return factor * Fraction(self.workloads[workload].rate_rps[request_class][t][h])

    def factor(self, table: Mapping[str, tuple[float, ...]], name: str, t: int) -> Fraction:
        """Return this future's factor on a price."""
        return Fraction(table[name][t]) if name in table else Fraction(1)

    def first_delivery(self, system: str) -> int:
        """Return the first period in which a system is delivered, in this future."""
        return self.future.available_from.get(system, self.systems[system].available_from)

    def vintages(self, system: str, site: str) -> Iterable[tuple[int, int, int, int]]:
        """Yield (arrival, first period, end, units) of the initial stock (-1) and of every purchase."""
        placement, horizon = self.placements[system, site], len(self.periods)
        if placement.initial:
            yield -1, 0, horizon if placement.initial_life is None else placement.initial_life, placement.initial
        life = self.systems[system].life_periods
        for t in self.periods:
            units = self.bought.get((system, site, t), 0)
            if units:
                yield t, max(t, self.first_delivery(system)), horizon if life is None else t + life, units

    def owned(self, system: str, site: str, t: int) -> int:
        """Return the owned units that are there in a period, recomputed from purchases, retirements and lives."""
        there = 0
        for arrived, first, end, units in self.vintages(system, site):
            if first <= t < end:
                gone = sum(self.retired.get((system, site, arrived, tau), 0) for tau in range(t + 1))
                there += units - gone
        return there

    def held(self, offer: Offer, t: int) -> int:
        """Return the units of an offer that are held in a period."""
        return sum(self.rented.get((offer.id, begun), 0) for begun in range(max(0, t - offer.term_periods + 1), t + 1))

    def present(self, system: str, site: str, t: int, h: int) -> int:
        """Return all units of a system at one of a site's equal sites in a block."""
        hired = [o for o in self.offers.values() if (o.system, o.site) == (system, site) and (o.blocks is None or h in o.blocks)]
        return self.owned(system, site, t) + sum(self.held(offer, t) for offer in hired)


def open_books(instance: Instance, solution: Solution) -> list[Books]:
    """Return the books of every future (of the one certain future where none are named)."""
    return [_book(instance, solution, future) for future in sorted(instance.futures, key=lambda f: f.id) or [_CERTAIN]]


def _book(instance: Instance, solution: Solution, future: Future) -> Books:
    """Return one future's books."""

    def mine(record: Bought | Retired | Rented | Flow | Pool | Sent | Moved | Unserved) -> bool:
        return record.future in {"", future.id}

    bought: dict[tuple[str, str, int], int] = defaultdict(int)
    for purchase in filter(mine, solution.bought):
        bought[purchase.system, purchase.site, purchase.period] += purchase.count
    retired: dict[tuple[str, str, int, int], int] = defaultdict(int)
    for leaving in filter(mine, solution.retired):
        retired[leaving.system, leaving.site, leaving.arrived, leaving.period] += leaving.count
    rented: dict[tuple[str, int], int] = defaultdict(int)
    for lease in filter(mine, solution.rented):
        rented[lease.offer, lease.period] += lease.count
    return Books(
        instance=instance,
        solution=solution,
        future=future,
        sites={item.id: item for item in instance.sites},
        systems={item.id: item for item in instance.systems},
        placements={(item.system, item.site): item for item in instance.placements},
        offers={item.id: item for item in instance.offers},
        workloads={item.id: item for item in instance.workloads},
        options={item.id: item for item in instance.options},
        bought=dict(bought),
        retired=dict(retired),
        rented=dict(rented),
        flows=tuple(filter(mine, solution.flows)),
        pools=tuple(filter(mine, solution.pools)),
        sent=tuple(filter(mine, solution.sent)),
        moved=tuple(filter(mine, solution.moved)),
        unserved=tuple(filter(mine, solution.unserved)),
    )
