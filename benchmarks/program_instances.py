"""Instances of a planner's real sizes, made from a seed: many kinds of system, demand that breathes, prices that fall."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from planner.program.instance import (
    Instance,
    Link,
    Offer,
    Option,
    Period,
    Placement,
    Role,
    Settings,
    Site,
    System,
    WorkKind,
    Workload,
)

UNITS = [(1, 700.0, 0.05), (8, 8000.0, 0.2), (8, 10200.0, 0.25), (72, 130000.0, 1.0), (1, 23000.0, 0.4)]


@dataclass(frozen=True)
class Shape:
    """How large: counts of everything, and the requests per second that the first period brings to all workloads together."""

    systems: int
    options_per_role: int
    workloads: int
    classes: int
    sites: int
    periods: int
    blocks: int
    rate_rps: float
    batch: int = 1


def _systems(random: Random, shape: Shape) -> list[System]:
    """Return cards, servers, racks and wafers of a few vendors."""
    made = []
    for number in range(shape.systems):
        chips, watts, racks = random.choice(
            [(1, 700.0, 0.05), (8, 8000.0, 0.2), (8, 10200.0, 0.25), (72, 130000.0, 1.0), (1, 23000.0, 0.4)]
        )
        start = random.choice([0, 0, 0, random.randint(0, max(0, shape.periods // 2))])
        supply = tuple(float(random.choice([4, 10, 40, 100])) * (2 if chips == 1 else 1) for _ in range(shape.periods))
        vendor = f"vendor{number % 6}"
        made.append(
            System(
                f"sys{number:02d}",
                vendor,
                chips,
                watts,
                0.3 * watts,
                racks,
                supply=supply,
                available_from=start,
                lead_time_periods=random.choice([0, 0, 1]),
            )
        )
    return made


def _capacity(random: Random, shape: Shape, chips: int, speed: float, role: Role) -> dict[str, float]:
    """Return what a replica serves of every class: long requests cost more, some classes not at all."""
    base = {Role.PREFILL: 3.0, Role.DECODE: 2.0, Role.AGGREGATED: 1.0}[role] * chips * speed
    return {
        f"b{b}": 0.0 if random.random() < 0.05 else round(base * 0.35 * random.uniform(0.8, 1.25) / (1.0 + 1.2 * b), 4)
        for b in range(shape.classes)
    }


def make(shape: Shape, seed: int = 0, gap: float = 0.01, time_limit_s: float = 60.0) -> Instance:
    """Return an instance of a shape."""
    random = Random(seed)
    systems = _systems(random, shape)
    sites = _sites(shape)
    placements, offers = _prices(random, shape, systems, sites)
    options, links = _options(random, shape, systems, sites)
    return Instance(
        periods=tuple(Period(f"q{t}", (2190.0 / shape.blocks,) * shape.blocks) for t in range(shape.periods)),
        blocks=tuple(f"h{h}" for h in range(shape.blocks)),
        sites=tuple(sites),
        systems=tuple(systems),
        placements=tuple(placements),
        offers=tuple(offers),
        workloads=tuple(_works(shape)),
        options=tuple(options),
        links=tuple(links),
        settings=Settings(gap=gap, time_limit_s=time_limit_s),
    )


def _sites(shape: Shape) -> list[Site]:
    """Return equal shares of six megawatts, with a tariff that changes by the block."""
    tariff = tuple(
        tuple((0.06 + 0.04 * (h % 3)) * 1.3 / 1000 * 0.98**t for h in range(shape.blocks)) for t in range(shape.periods)
    )
    watts, space = (6e6 / shape.sites,) * shape.periods, (None,) * shape.periods
    return [Site(f"site{s}", watts, space, tariff, headroom=0.1) for s in range(shape.sites)]


def _prices(random: Random, shape: Shape, systems: list[System], sites: list[Site]) -> tuple[list[Placement], list[Offer]]:
    """Return every system at every site, to buy, and a third of them to rent by the year."""
    placements, offers = [], []
    for item in systems:
        price = item.power_w * random.uniform(18, 45)
        for place in sites:
            buy = tuple(price * 0.97**t * (1 - 0.15 * t / shape.periods) for t in range(shape.periods))
            own = tuple(price * 0.02 * 0.98**t for t in range(shape.periods))
            placements.append(Placement(item.id, place.id, buy, buy, own))
            if random.random() < 0.3:
                rent = tuple(price * 0.11 * 0.98**t for t in range(shape.periods))
                offers.append(Offer(f"rent-{item.id}-{place.id}", item.id, place.id, "reserved", rent, term_periods=4))
    return placements, offers


def _options(random: Random, shape: Shape, systems: list[System], sites: list[Site]) -> tuple[list[Option], list[Link]]:
    """Return every workload on every system in every role, and a link at every site."""
    options, links = [], []
    for w in range(shape.workloads):
        names: dict[Role, list[str]] = {role: [] for role in Role}
        for item in systems:
            speed = random.uniform(0.5, 2.0) * item.power_w / item.chips / 1000
            for role in (Role.PREFILL, Role.DECODE, Role.AGGREGATED):
                for n in range(shape.options_per_role):
                    chips = min(item.chips, random.choice([1, 2, 4, 8])) if item.chips > 1 else random.choice([1, 2, 4])
                    name = f"w{w}/{item.id}/{role.value}/{n}"
                    watts = 0.6 * item.power_w * chips / item.chips
                    options.append(
                        Option(name, f"w{w}", item.id, role, chips, _capacity(random, shape, chips, speed, role), watts)
                    )
                    names[role].append(name)
        sent, taken = frozenset(names[Role.PREFILL]), frozenset(names[Role.DECODE])
        links += [Link(f"l{w}{place.id}", sent, taken, place.id, place.id) for place in sites]
    return options, links


def _works(shape: Shape) -> list[Workload]:
    """Return workloads whose days are shifted against each other, the last ones batch."""
    day, works = [1.0, 0.6, 0.25, 0.45, 0.9, 0.7, 0.3, 0.8], []
    for w in range(shape.workloads):
        kind = WorkKind.BATCH if w >= shape.workloads - shape.batch else WorkKind.REALTIME
        share = shape.rate_rps / shape.workloads
        rates = {
            f"b{b}": tuple(
                tuple(round(share / (1 + b) * day[(h + w) % 8] * 1.08**t, 5) for h in range(shape.blocks))
                for t in range(shape.periods)
            )
            for b in range(shape.classes)
        }
        works.append(Workload(f"w{w}", kind, rates, window_blocks=shape.blocks - 1 if kind is WorkKind.BATCH else 0))
    return works


FLAGSHIP = Shape(systems=30, options_per_role=2, workloads=3, classes=4, sites=1, periods=12, blocks=4, rate_rps=200.0)
MIDDLE = Shape(systems=20, options_per_role=1, workloads=3, classes=10, sites=1, periods=12, blocks=1, rate_rps=100.0, batch=0)
LARGE = Shape(systems=30, options_per_role=1, workloads=8, classes=4, sites=4, periods=12, blocks=6, rate_rps=1500.0)
