"""Whether every request is served by something that can: demand, windows, links, capacity, replicas, units."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from planner.program.certificate.books import TOLERANCE, Books
from planner.program.instance import Option, Role, WorkKind

Key = tuple[str, str, int, int]
Place = tuple[str, str, int, int]
Queue = tuple[str, Role, str, int, int]


def check_service(books: Books) -> Iterator[str]:
    """Yield what is wrong with the service of a future."""
    yield from _ability(books)
    yield from _demand(books)
    yield from _handover(books)
    yield from _capacity(books)
    yield from _queues(books)


def _differs(left: Fraction, right: Fraction, scale: Fraction) -> bool:
    """Return whether two rates differ by more than the tolerance, relative to a scale."""
    return abs(left - right) > TOLERANCE * max(scale, Fraction(1, 10**12))


def _window(books: Books, option: Option) -> range:
    """Return the periods in which an option can serve."""
    first, end = books.future.option_window.get(option.id, (option.first_period, option.end_period))
    return range(first, len(books.periods) if end is None else end)


def _ability(books: Books) -> Iterator[str]:
    """Yield flows on options that cannot serve the class, the site or the period."""
    for flow in books.flows:
        option = books.options[flow.option]
        work = books.workloads[option.workload]
        able = option.request_usd if option.role is Role.API else option.capacity_rps
        if flow.rate_rps < 0 or not (flow.request_class in able and (option.role is Role.API or able[flow.request_class])):
            yield f"{flow.option} cannot serve {flow.request_class}"
        if flow.period not in _window(books, option):
            yield f"{flow.option} cannot serve in period {flow.period}"
        allowed = (option.sites is None or flow.site in option.sites) and (work.sites is None or flow.site in work.sites)
        if option.role is not Role.API and not (allowed and (option.system or "", flow.site) in books.placements):
            yield f"{flow.option} must not stand at {flow.site}"


def _demand(books: Books) -> Iterator[str]:
    """Yield classes and blocks of which more or less is served than arrives."""
    taken: dict[Key, Fraction] = defaultdict(Fraction)
    for flow in books.flows:
        option = books.options[flow.option]
        if option.role is not Role.DECODE:
            taken[option.workload, flow.request_class, flow.period, flow.block] += Fraction(flow.rate_rps)
    lost: dict[Key, Fraction] = defaultdict(Fraction)
    for away in books.unserved:
        lost[away.workload, away.request_class, away.period, away.block] += Fraction(away.rate_rps)
    for work in books.instance.workloads:
        for request_class in work.rate_rps:
            for t in books.periods:
                if work.kind is WorkKind.BATCH:
                    yield from _batch(books, (work.id, request_class, t), taken, lost)
                    continue
                for h in books.blocks:
                    key = (work.id, request_class, t, h)
                    arrives = books.rate(*key)
                    if _differs(taken[key] + lost[key], arrives, arrives):
                        done = f"{float(taken[key]):.9g} are served, {float(lost[key]):.9g} are not"
                        yield f"{key}: {float(arrives):.9g}/s arrive, {done}"


def _batch(books: Books, key: tuple[str, str, int], taken: dict[Key, Fraction], lost: dict[Key, Fraction]) -> Iterator[str]:
    """Yield blocks in which batch work is lost, invented, or served outside its window."""
    workload, request_class, t = key
    item = books.workloads[workload]
    out: dict[int, Fraction] = defaultdict(Fraction)
    into: dict[int, Fraction] = defaultdict(Fraction)
    for move in books.moved:
        if (move.workload, move.request_class, move.period) == key:
            requests = Fraction(move.rate_rps) * books.hours(t, move.served_block)
            out[move.arrived_block] += requests
            into[move.served_block] += requests
            if move.served_block not in item.served_in(move.arrived_block, len(books.blocks)):
                yield f"{key}: work of block {move.arrived_block} served in {move.served_block}, outside its window"
    whole = sum((books.rate(workload, request_class, t, h) * books.hours(t, h) for h in books.blocks), Fraction())
    for h in books.blocks:
        arrives = (books.rate(workload, request_class, t, h) - lost[workload, request_class, t, h]) * books.hours(t, h)
        if _differs(out[h], arrives, whole):
            yield f"{key}: block {h} brings {float(arrives):.9g} requests per second-hour, {float(out[h]):.9g} are placed"
        served = taken[workload, request_class, t, h] * books.hours(t, h)
        if _differs(served, into[h], whole):
            yield f"{key}: block {h} serves {float(served):.9g}, was given {float(into[h]):.9g}"


def _handover(books: Books) -> Iterator[str]:
    """Yield links that bring more, or less, to decode than prefill sends, or more than they carry."""
    named: dict[tuple[str, str, int, int], dict[str, Fraction]] = defaultdict(dict)
    for part in books.sent:
        named[part.option, part.request_class, part.period, part.block][part.link] = Fraction(part.rate_rps)
    balance: dict[tuple[str, str, int, int], Fraction] = defaultdict(Fraction)
    size: dict[tuple[str, str, int, int], Fraction] = defaultdict(Fraction)
    traffic: dict[tuple[str, int, int], Fraction] = defaultdict(Fraction)
    for flow in books.flows:
        option = books.options[flow.option]
        if option.role not in {Role.PREFILL, Role.DECODE}:
            continue
        links = _links(books, option, flow.site)
        total = Fraction(flow.rate_rps)
        parts = named.get((flow.option, flow.request_class, flow.period, flow.block), {})
        mine = {link: parts.get(link, Fraction()) for link in links} if len(links) > 1 else dict.fromkeys(links, total)
        if _differs(sum(mine.values(), Fraction()), total, total):
            yield f"{flow.option} at {flow.site} serves {flow.rate_rps:.9g}/s, but its links carry another rate"
        for link, rate in mine.items():
            place = (link, flow.request_class, flow.period, flow.block)
            balance[place] += rate if option.role is Role.PREFILL else -rate
            size[place] += rate
            if option.role is Role.PREFILL:
                sent = Fraction(option.kv_bytes.get(flow.request_class, 0.0)) * rate / books.count(flow.site)
                traffic[link, flow.period, flow.block] += sent
    for place, rest in balance.items():
        if _differs(rest, Fraction(), size[place]):
            yield f"link {place[0]}: {float(rest):.9g}/s of {place[1]} are prefilled and not decoded"
    for (name, t, h), sent in traffic.items():
        limit = next(link.bandwidth_bytes_s for link in books.instance.links if link.id == name)
        if limit is not None and sent > Fraction(limit) * (1 + TOLERANCE):
            yield f"link {name}: {float(sent):.9g} bytes/s in period {t}, block {h}; it carries {limit:.9g}"


def _links(books: Books, option: Option, site: str) -> list[str]:
    """Return the links that an option at a site can use."""
    if option.role is Role.PREFILL:
        return [link.id for link in books.instance.links if option.id in link.prefill and link.from_site == site]
    return [link.id for link in books.instance.links if option.id in link.decode and link.to_site == site]


def _footprint(books: Books, option: Option) -> Fraction:
    """Return the units that a replica takes."""
    chips = books.systems[option.system or ""].chips
    return Fraction(1, chips // option.chips) if option.chips <= chips else Fraction(math.ceil(Fraction(option.chips, chips)))


def _loads(books: Books) -> dict[tuple[str, str, int, int], Fraction]:
    """Return the busy replicas of every pool, recomputed from rates and capacities."""
    loads: dict[tuple[str, str, int, int], Fraction] = defaultdict(Fraction)
    for flow in books.flows:
        option = books.options[flow.option]
        capacity = option.capacity_rps.get(flow.request_class, 0.0)
        if option.system is not None and capacity > 0:
            busy = Fraction(flow.rate_rps) / Fraction(capacity) / books.count(flow.site)
            loads[flow.option, flow.site, flow.period, flow.block] += busy
    return loads


def _capacity(books: Books) -> Iterator[str]:
    """Yield pools that are too small, and systems whose units do not hold the pools."""
    replicas = {(pool.option, pool.site, pool.period, pool.block): pool.replicas for pool in books.pools}
    units: dict[Place, Fraction] = defaultdict(Fraction)
    sizes: dict[Place, list[tuple[Fraction, int]]] = defaultdict(list)
    loads = _loads(books)
    for (name, site, t, h), load in loads.items():
        option = books.options[name]
        reserve = books.workloads[option.workload].reserve_replicas
        there = replicas.get((name, site, t, h), 0)
        if load > (there - reserve) * (1 + TOLERANCE):
            yield f"{name} at {site}, period {t}, block {h}: load {float(load):.9g} on {there} replicas, {reserve} in reserve"
        size = _footprint(books, option)
        units[option.system or "", site, t, h] += size * (load + reserve)
        sizes[option.system or "", site, t, h].append((size, there))
    for pool in books.pools:
        option, place = books.options[pool.option], (pool.site, pool.period, pool.block)
        if (pool.option, *place) not in loads and option.system is not None:
            sizes[option.system, *place].append((_footprint(books, option), pool.replicas))
            units[option.system, *place] += 0
    policy = books.instance.policy
    for (system, site, t, h), needed in units.items():
        there = books.present(system, site, t, h)
        usable = (1 - Fraction(policy.spare_fraction)) * there - policy.reserve_units
        if needed > usable + TOLERANCE * max(needed, Fraction(1)):
            short = f"{float(needed):.9g} units needed, {float(usable):.9g} of {there} usable"
            yield f"{system} at {site}, period {t}, block {h}: {short}"
        if _bins(sizes[system, site, t, h]) > there - policy.reserve_units:
            yield f"{system} at {site}, period {t}, block {h}: the replicas do not fit into {there} whole units"


def _queues(books: Books) -> Iterator[str]:
    """Yield queues, of all replicas of a workload in one role at one site, that are too short for the load that is on them."""
    loads = _loads(books)
    there: dict[Queue, Fraction] = defaultdict(Fraction)
    busy: dict[Queue, Fraction] = defaultdict(Fraction)
    for pool in books.pools:
        option = books.options[pool.option]
        if option.queue_replicas > 0:
            key = (option.workload, option.role, pool.site, pool.period, pool.block)
            load = loads.get((pool.option, *key[2:]), Fraction())
            reserve = books.workloads[option.workload].reserve_replicas if load else 0
            there[key] += (pool.replicas - reserve) / Fraction(option.queue_replicas)
            busy[key] += load / Fraction(option.queue_replicas)
    for (name, site, t, h), load in loads.items():
        option = books.options[name]
        kept = Fraction(option.queue_share)
        key = (option.workload, option.role, site, t, h)
        if load and kept and there[key] < (kept + (1 - kept) * busy[key]) * (1 - TOLERANCE):
            words = f"{float(there[key]):.6g} of a full queue for a load of {float(busy[key]):.6g}; keeps {float(kept):.3g} free"
            yield f"{name} at {site}, period {t}, block {h}: {words}"


def _bins(sizes: list[tuple[Fraction, int]]) -> int:
    """Return the whole units that replicas fill, largest first, each into the first unit with room."""
    full = 0
    rooms: list[Fraction] = []
    for size, number in sorted(sizes, key=lambda pair: -pair[0]):
        if size >= 1:
            full += number * int(size)
            continue
        rest = number
        for place, room in enumerate(rooms):
            put = min(rest, room // size)
            rooms[place] -= put * size
            rest -= put
        per_unit = int(1 / size)
        rooms += [1 - min(per_unit, rest - done) * size for done in range(0, rest, per_unit)]
    return full + len(rooms)
