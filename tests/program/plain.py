"""Random small instances that solve in a blink: for relations that must hold between two solves."""

from __future__ import annotations

from random import Random

from planner.program.instance import (
    Instance,
    Link,
    Offer,
    Option,
    Period,
    Placement,
    Policy,
    Role,
    Site,
    System,
    WorkKind,
    Workload,
)


def plain(seed: int) -> Instance:
    """Return an instance of one or two periods on two or three systems of one chip: buy, rent, prefill, decode, aggregated."""
    random = Random(seed)
    periods = random.randint(1, 2)
    names = ["a", "b", "c"][: random.randint(2, 3)]
    phases = random.random() < 0.5
    options: list[Option] = []
    for name in names:
        # A type either splits the phases or serves them together, so that counting units counts replicas.
        roles = [random.choice([Role.PREFILL, Role.DECODE, Role.AGGREGATED])] if phases else [Role.AGGREGATED]
        for role in roles:
            speed = random.uniform(0.5, 2.5) * {Role.PREFILL: 3, Role.DECODE: 2}.get(role, 1)
            rates = {"short": speed, "long": speed * random.uniform(0.2, 0.9)}
            options.append(Option(f"{name}-{role.value}", "w", name, role, 1, rates, random.uniform(100, 600)))
    sent = frozenset(o.id for o in options if o.role is Role.PREFILL)
    taken = frozenset(o.id for o in options if o.role is Role.DECODE)
    prices = {name: random.uniform(20, 60) for name in names}
    return Instance(
        periods=tuple(Period(f"t{t}", (24.0,)) for t in range(periods)),
        blocks=("h",),
        sites=(
            Site(
                "s",
                power_w=(random.uniform(9000, 30000),) * periods,
                racks=(30.0,) * periods,
                energy_usd_per_wh=tuple((random.uniform(1e-4, 3e-4),) for _ in range(periods)),
                energy_gco2e_per_wh=((0.4,),) * periods,
            ),
        ),
        systems=tuple(
            System(name, random.choice(["red", "green"]), 1, random.uniform(500, 1500), 100.0, 0.5, supply=(12.0,) * periods)
            for name in names
        ),
        placements=tuple(
            Placement(n, "s", tuple(p * 0.9**t for t in range(periods)), (p,) * periods, (1.0,) * periods)
            for n, p in prices.items()
        ),
        offers=tuple(
            Offer(f"rent-{n}", n, "s", "on-demand", (0.6 * p,) * periods) for n, p in prices.items() if random.random() < 0.4
        ),
        workloads=(
            Workload(
                "w",
                WorkKind.REALTIME,
                {b: tuple((random.uniform(0.5, 4.0) * (1 + 0.5 * t),) for t in range(periods)) for b in ("short", "long")},
            ),
        ),
        options=tuple(options),
        links=(Link("l", sent, taken, "s", "s"),) if sent and taken else (),
        policy=Policy(budget_usd=(800.0,) * periods, carbon_limit_g=1e9),
    )
