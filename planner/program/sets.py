"""The index sets of the program, sorted so that the order of the input never changes the answer, and what follows from them.

A *spot* is an option at a site where it may work; a *world* is one future with its own rates, prices and windows (an instance
without futures has one, named `""`). Who may stand where is decided here once: cooling, rack density, links, windows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from planner.program.instance import Instance, Link, Offer, Option, Placement, Role, Site, System, WorkKind, Workload

TINY = 1e-9
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class World:
    """One future: `scale` [1/s] is, keyed (workload, class, period, block), the rate that a share of 1 stands for."""

    id: str
    probability: float
    scale: Mapping[tuple[str, str, int, int], float]
    arrivals: Mapping[tuple[str, str, int, int], float]
    buy_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rent_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    energy_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    supply: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    available_from: Mapping[str, int] = field(default_factory=dict)
    option_window: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)

    def factor(self, table: Mapping[str, tuple[float, ...]], item: str, period: int) -> float:
        """Return the factor that `table` gives an item in a period (1 where it gives none)."""
        row = table.get(item)
        return 1.0 if row is None else row[period]


@dataclass(frozen=True, slots=True)
class Spot:
    """An option at a site where it may work; `system` and `site` are `""` for a token API."""

    option: str
    site: str
    system: str
    workload: str
    role: Role
    footprint: float

    @property
    def router(self) -> tuple[str, Role, str]:
        """Return the router that its replicas stand behind: one for all of a workload's in one role at one site."""
        return self.workload, self.role, self.site


@dataclass(frozen=True, slots=True)
class Queue:
    """The spots whose replicas share a router, and those of them that keep a part of a full queue free, by that part."""

    spots: tuple[Spot, ...]
    keeping: Mapping[float, tuple[Spot, ...]]


@dataclass(frozen=True, slots=True)
class Sets:
    """Everything that the constraint families loop over; all sequences sorted by id."""

    instance: Instance
    periods: range
    blocks: range
    sites: Mapping[str, Site]
    systems: Mapping[str, System]
    workloads: Mapping[str, Workload]
    options: Mapping[str, Option]
    placements: Mapping[tuple[str, str], Placement]
    offers: Mapping[str, Offer]
    offers_at: Mapping[tuple[str, str], tuple[Offer, ...]]
    sites_of: Mapping[str, tuple[str, ...]]
    systems_at: Mapping[str, tuple[str, ...]]
    class_names: Mapping[str, tuple[str, ...]]
    links: Mapping[str, Link]
    rack_share: Mapping[tuple[str, str], float]
    spots: tuple[Spot, ...]
    spots_at: Mapping[tuple[str, str], tuple[Spot, ...]]
    spots_of: Mapping[str, tuple[Spot, ...]]
    queues: Mapping[tuple[str, Role, str], Queue]
    worlds: tuple[World, ...]
    codes: Mapping[str, str]

    def hours(self, period: int, block: int) -> float:
        """Return the length of a block in a period [h]."""
        return self.instance.periods[period].block_hours[block]

    def count(self, site: str) -> int:
        """Return how many equal sites a site stands for (1 for the nowhere of a token API)."""
        return self.sites[site].count if site else 1

    def stage(self, world: World, decided: int) -> str:
        """Return whose decision it is: `""` while the futures have not parted, else the world's id."""
        return "" if decided < self.instance.settings.reveal_period or len(self.worlds) == 1 else world.id

    def order_period(self, system: str, arrival: int) -> int:
        """Return the period in which an arrival is ordered."""
        return arrival - self.systems[system].lead_time_periods

    def window(self, option: str, world: World) -> range:
        """Return the periods in which an option can serve in a world."""
        item = self.options[option]
        first, end = world.option_window.get(option, (item.first_period, item.end_period))
        return range(max(first, 0), len(self.periods) if end is None else min(end, len(self.periods)))

    def classes(self, workload: str) -> tuple[str, ...]:
        """Return a workload's classes, sorted."""
        return self.class_names[workload]

    def unit_load(self, spot: Spot, request_class: str, period: int, block: int, world: World) -> float:
        """Return the busy replicas at ONE of a spot's equal sites if it served a share of 1 of a class; 0 where it cannot."""
        capacity = self.options[spot.option].capacity_rps.get(request_class, 0.0)
        if capacity <= 0:
            return 0.0
        return world.scale[spot.workload, request_class, period, block] / capacity / self.count(spot.site)

    def offers_of(self, system: str, site: str) -> tuple[Offer, ...]:
        """Return the offers of a system at a site."""
        return self.offers_at.get((system, site), ())

    def whole_pools(self, system: str, site: str) -> bool:
        """Return whether counting a system's units alone could overstate its replicas, so that pools must be whole themselves.

        One option that shares units evenly needs no count of its own; several options, or replicas of several units, do.
        """
        spots = self.spots_at.get((system, site), ())
        return len(spots) > 1 or any(spot.footprint > 1 for spot in spots)


def footprint(option: Option, system: System) -> float:
    """Return the units that one replica takes: 1/k where k replicas share a unit, or a whole number of units."""
    if option.chips <= 0:
        return 0.0
    if option.chips <= system.chips:
        return 1.0 / (system.chips // option.chips)
    return float(math.ceil(option.chips / system.chips))


def rack_share(system: System, site: Site) -> float | None:
    """Return the racks that one unit takes at a site, or None where it cannot stand (too dense for the site's racks).

    Units smaller than a rack share one as far as whole units fit, in space and in watts.
    """
    if system.racks <= 0:
        return 0.0
    limit = site.rack_power_w
    if system.racks >= 1:
        dense = limit is not None and system.power_w / system.racks > limit * (1 + TINY)
        return None if dense else system.racks
    per_rack = 1.0 / system.racks
    if limit is not None and system.power_w > 0:
        per_rack = min(per_rack, limit / system.power_w)
    whole = math.floor(per_rack + TINY)
    return None if whole == 0 else 1.0 / whole


def cooled(system: System, site: Site) -> bool:
    """Return whether a site offers a kind of cooling that a system can use."""
    return not system.cooling or not site.cooling or bool(system.cooling & site.cooling)


def _standing(instance: Instance) -> dict[tuple[str, str], float]:
    """Return the rack share of every placement that the site's cooling and racks allow."""
    sites = {site.id: site for site in instance.sites}
    systems = {system.id: system for system in instance.systems}
    standing = {}
    for placement in sorted(instance.placements, key=lambda p: (p.system, p.site)):
        system, site = systems[placement.system], sites[placement.site]
        share = rack_share(system, site)
        if share is not None and cooled(system, site):
            standing[system.id, site.id] = share
    return standing


def _linked(instance: Instance, option: Option, site: str) -> bool:
    """Return whether a prefill or decode option has a link at a site."""
    if option.role is Role.PREFILL:
        return any(option.id in link.prefill and link.from_site == site for link in instance.links)
    if option.role is Role.DECODE:
        return any(option.id in link.decode and link.to_site == site for link in instance.links)
    return True


def _spots(instance: Instance, standing: Mapping[tuple[str, str], float]) -> tuple[Spot, ...]:
    """Return every option at every site where it may work, sorted."""
    workloads = {workload.id: workload for workload in instance.workloads}
    systems = {system.id: system for system in instance.systems}
    spots = []
    for option in sorted(instance.options, key=lambda o: o.id):
        allowed = workloads[option.workload].sites
        if option.role is Role.API:
            spots.append(Spot(option.id, "", "", option.workload, option.role, 0.0))
            continue
        for system, site in standing:
            fits = option.system == system and (option.sites is None or site in option.sites)
            if fits and (allowed is None or site in allowed) and _linked(instance, option, site):
                size = footprint(option, systems[system])
                spots.append(Spot(option.id, site, system, option.workload, option.role, size))
    return tuple(spots)


def _scales(instance: Instance, factor: Mapping[str, tuple[float, ...]]) -> tuple[dict[tuple[str, str, int, int], float], ...]:
    """Return (scale, arrivals) of one world [1/s]: batch shares are of a period's requests, served evenly over a block."""
    scale: dict[tuple[str, str, int, int], float] = {}
    arrivals: dict[tuple[str, str, int, int], float] = {}
    for workload in instance.workloads:
        growth = factor.get(workload.id)
        for request_class, rates in workload.rate_rps.items():
            for t, row in enumerate(rates):
                hours = instance.periods[t].block_hours
                scaled = [rate * (1.0 if growth is None else growth[t]) for rate in row]
                whole = sum(rate * hour for rate, hour in zip(scaled, hours, strict=True))
                for h, rate in enumerate(scaled):
                    key = (workload.id, request_class, t, h)
                    arrivals[key] = rate
                    batch = workload.kind is WorkKind.BATCH
                    scale[key] = (whole / hours[h] if hours[h] > 0 else 0.0) if batch else rate
    return scale, arrivals


def _worlds(instance: Instance) -> tuple[World, ...]:
    """Return the worlds, sorted; one certain world where the instance names no futures."""
    if not instance.futures:
        scale, arrivals = _scales(instance, {})
        return (World("", 1.0, scale, arrivals),)
    worlds = []
    for future in sorted(instance.futures, key=lambda f: f.id):
        scale, arrivals = _scales(instance, future.demand_scale)
        tables = (future.buy_scale, future.rent_scale, future.energy_scale, future.supply, future.available_from)
        worlds.append(World(future.id, future.probability, scale, arrivals, *tables, future.option_window))
    return tuple(worlds)


def _codes(instance: Instance) -> dict[str, str]:
    """Return a short ASCII name for every id, the id itself where it is one: solvers and files mangle anything else."""
    ids = {item.id for group in (instance.sites, instance.systems, instance.offers, instance.workloads) for item in group}
    ids |= {item.id for group in (instance.options, instance.links, instance.futures) for item in group}
    ids |= {name for workload in instance.workloads for name in workload.rate_rps}
    ids |= set(instance.policy.vendor_share)
    plain = {name for name in ids if re.fullmatch("[A-Za-z][A-Za-z0-9]{0,15}", name)}
    others = sorted(ids - plain)
    return {name: name for name in plain} | {name: f"x.{number}" for number, name in enumerate(others)}


def _queues(spots: Iterable[Spot], options: Mapping[str, Option]) -> dict[tuple[str, Role, str], Queue]:
    """Return, by router, the spots that queue behind it, where any of them carries less in a short queue."""
    groups = _grouped((spot.router, spot) for spot in spots if options[spot.option].queue_replicas > 0)
    queues = {}
    for router, group in groups.items():
        kept = sorted((options[spot.option].queue_share, spot.option, spot) for spot in group)
        keeping = _grouped((share, spot) for share, _, spot in kept if share > 0)
        if keeping:
            queues[router] = Queue(group, keeping)
    return queues


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """Return the values of each key, in order."""
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}


def prepare(instance: Instance) -> Sets:
    """Return the index sets of an instance."""
    standing = _standing(instance)
    spots = _spots(instance, standing)
    placements = {(p.system, p.site): p for p in instance.placements if (p.system, p.site) in standing}
    offers = {o.id: o for o in sorted(instance.offers, key=lambda i: i.id) if (o.system, o.site) in standing}
    return Sets(
        instance=instance,
        periods=range(len(instance.periods)),
        blocks=range(len(instance.blocks)),
        sites={item.id: item for item in sorted(instance.sites, key=lambda i: i.id)},
        systems={item.id: item for item in sorted(instance.systems, key=lambda i: i.id)},
        workloads={item.id: item for item in sorted(instance.workloads, key=lambda i: i.id)},
        options={item.id: item for item in sorted(instance.options, key=lambda i: i.id)},
        placements={key: placements[key] for key in sorted(placements)},
        offers=offers,
        offers_at=_grouped(((offer.system, offer.site), offer) for offer in offers.values()),
        sites_of=_grouped(standing),
        systems_at=_grouped((site, system) for system, site in standing),
        class_names={item.id: tuple(sorted(item.rate_rps)) for item in instance.workloads},
        links={item.id: item for item in sorted(instance.links, key=lambda i: i.id)},
        rack_share=standing,
        spots=spots,
        spots_at=_grouped(((spot.system, spot.site), spot) for spot in spots if spot.system),
        spots_of=_grouped((spot.workload, spot) for spot in spots),
        queues=_queues(spots, {item.id: item for item in instance.options}),
        worlds=_worlds(instance),
        codes=_codes(instance),
    )
