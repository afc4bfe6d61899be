"""Random small instances that use every part of the program at once: for relations between solves, not for known optima."""

from __future__ import annotations

from random import Random

from planner.program.instance import (
    Future,
    Instance,
    Link,
    Offer,
    Option,
    Period,
    Placement,
    Policy,
    Role,
    Settings,
    Site,
    System,
    WorkKind,
    Workload,
)


def rich(seed: int, *, futures: bool = False) -> Instance:
    """Return a feasible instance of two periods, two blocks, two sites, two workloads, buying, renting and an API."""
    random = Random(seed)
    periods, blocks = 2, 2
    names = ["a", "b", "c"][: random.randint(2, 3)]
    sites = ("east", "west")[: random.randint(1, 2)]
    systems = tuple(_system(random, name) for name in names)
    placements = tuple(_placement(random, name, site) for name in names for site in sites)
    options, links = _options(random, systems, sites)
    return Instance(
        periods=tuple(Period(f"t{t}", (random.choice([8.0, 12.0]), 12.0)) for t in range(periods)),
        blocks=("day", "night"),
        sites=tuple(_site(random, site) for site in sites),
        systems=systems,
        placements=placements,
        offers=tuple(_offer(random, name, sites[0]) for name in names if random.random() < 0.5),
        workloads=(
            Workload("chat", WorkKind.REALTIME, _rates(random, ["short", "long"], periods, blocks)),
            Workload("night", WorkKind.BATCH, _rates(random, ["job"], periods, blocks), window_blocks=random.randint(0, 1)),
        ),
        options=options,
        links=links,
        policy=_policy(random),
        futures=_futures(random) if futures else (),
        settings=Settings(time_limit_s=60.0),
    )


def _site(random: Random, name: str) -> Site:
    """Return a site that may be tight in watts, with dearer days than nights and sometimes a demand charge."""
    energy = tuple((random.uniform(1e-4, 3e-4), random.uniform(5e-5, 1e-4)) for _ in range(2))
    return Site(
        name,
        power_w=(random.uniform(8000, 40000),) * 2,
        racks=(random.choice([None, 10.0]),) * 2,
        energy_usd_per_wh=energy,
        headroom=random.choice([0.0, 0.1]),
        peak_usd_per_w=random.choice([(), (0.01, 0.01)]),
        energy_gco2e_per_wh=((0.4, 0.3), (0.35, 0.3)),
        rack_power_w=random.choice([None, 40000.0]),
    )


def _system(random: Random, name: str) -> System:
    """Return a system of one to eight chips."""
    chips = random.choice([1, 4, 8])
    return System(
        name,
        vendor=random.choice(["red", "green"]),
        chips=chips,
        power_w=900.0 * chips,
        idle_w=200.0 * chips,
        racks=random.choice([0.1, 0.25]),
        flexible=name != "c",
        supply=random.choice([(), (6.0, 8.0)]),
        available_from=random.choice([0, 0, 1]),
        lead_time_periods=random.choice([0, 0, 1]),
        min_order=random.choice([1, 1, 2]),
        life_periods=random.choice([None, None, 1]),
    )


def _placement(random: Random, name: str, site: str) -> Placement:
    """Return prices that fall, and sometimes stock that stands there and can be sold."""
    price = random.uniform(20, 60)
    initial = random.choice([0, 0, 2])
    return Placement(
        name,
        site,
        buy_usd=(price, 0.85 * price),
        cash_usd=(1.1 * price, price),
        own_usd=(random.uniform(0, 4), random.uniform(0, 4)),
        retire_usd={(-1, 1): -0.2 * price, (0, 1): -0.3 * price},
        initial=initial,
        buy_gco2e=100.0,
        rent_gco2e=20.0,
    )


def _offer(random: Random, name: str, site: str) -> Offer:
    """Return an offer by the period, all day or at night only."""
    price = random.uniform(15, 40)
    blocks = random.choice([None, None, frozenset({1})])
    return Offer(
        f"rent-{name}", name, site, "on-demand", (price, price), random.choice([1, 2]), blocks, (price, price), (5.0, 5.0)
    )


def _rates(random: Random, classes: list[str], periods: int, blocks: int) -> dict[str, tuple[tuple[float, ...], ...]]:
    """Return rates that grow."""
    return {
        name: tuple(tuple(random.uniform(0.2, 3.0) * (1 + t) for _ in range(blocks)) for t in range(periods)) for name in classes
    }


def _options(random: Random, systems: tuple[System, ...], sites: tuple[str, ...]) -> tuple[tuple[Option, ...], tuple[Link, ...]]:
    """Return both phases and the whole of each workload on each system, an API that takes everything, and a link per site."""
    options = []
    for system in systems:
        for workload, classes in (("chat", ["short", "long"]), ("night", ["job"])):
            for role, factor in ((Role.PREFILL, 3.0), (Role.DECODE, 2.0), (Role.AGGREGATED, 1.0)):
                chips = random.choice([c for c in (1, 2, 4, 8) if c <= system.chips] + [2 * system.chips])
                rate = {b: random.choice([0.0, 1.0, 1.0]) * factor * chips * random.uniform(0.3, 1.2) for b in classes}
                kv = {b: 1e6 * random.uniform(1, 4) for b in classes}
                name = f"{workload}-{role.value}-{system.id}"
                options.append(Option(name, workload, system.id, role, chips, rate, 400.0 * chips, kv))
    for workload, classes in (("chat", ["short", "long"]), ("night", ["job"])):
        fee = {b: (random.uniform(1e-3, 4e-3),) * 2 for b in classes}
        options.append(
            Option(f"{workload}-api", workload, None, Role.API, request_usd=fee, request_gco2e=dict.fromkeys(classes, 0.1))
        )
    sent = frozenset(o.id for o in options if o.role is Role.PREFILL)
    taken = frozenset(o.id for o in options if o.role is Role.DECODE)
    links = [Link(f"in-{site}", sent, taken, site, site, random.choice([None, 2e7])) for site in sites]
    if len(sites) == 2:
        links.append(Link("across", sent, taken, sites[0], sites[1], 5e6))
    return tuple(options), tuple(links)


def _policy(random: Random) -> Policy:
    """Return a few limits."""
    return Policy(
        budget_usd=random.choice([(), (400.0, None)]),
        vendor_share=random.choice([{}, {}, {"red": 0.6}]),
        min_flexible_share=random.choice([0.0, 0.0, 0.3]),
        max_systems=random.choice([None, 2]),
        reserve_units=random.choice([0, 0, 1]),
        spare_fraction=random.choice([0.0, 0.05]),
        carbon_usd_per_g=random.choice([0.0, 1e-6]),
    )


def _futures(random: Random) -> tuple[Future, ...]:
    """Return three futures: as expected, twice the demand at higher prices, and the welded hardware stranded."""
    return (
        Future("base", 0.5),
        Future("high", 0.25, demand_scale={"chat": (1.0, 2.0)}, buy_scale={"a": (1.0, 1.3)}, energy_scale={"east": (1.0, 1.5)}),
        Future(
            "replaced",
            0.25,
            option_window={f"chat-{role}-c": (0, 1) for role in ("prefill", "decode", "aggregated")},
            available_from={"b": 1},
            supply={"a": (3.0, 3.0)},
        ),
    )
