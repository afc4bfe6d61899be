"""Small instances for tests: the reference tables, and shorthand for cases that a reader can sum by hand."""

from __future__ import annotations

from dataclasses import replace

from planner.program.instance import (
    Instance,
    Link,
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

HOUR = Period("t0", (1.0,))


def site(
    name: str = "s", periods: int = 1, blocks: int = 1, power_w: float | None = None, racks: float | None = None, **more
) -> Site:
    """Return a site without limits except those given, and free energy unless given."""
    energy = more.pop("energy_usd_per_wh", ((0.0,) * blocks,) * periods)
    return Site(name, (power_w,) * periods, (racks,) * periods, energy, **more)


def system(name: str, *, chips: int = 1, power_w: float = 1000.0, vendor: str = "v", **more) -> System:
    """Return a system of one chip, one kilowatt."""
    return System(name, vendor, chips, power_w, **more)


def flat(rate: float, periods: int = 1, blocks: int = 1) -> tuple[tuple[float, ...], ...]:
    """Return a rate that never changes."""
    return ((rate,) * blocks,) * periods


def work(name: str = "w", rates: dict[str, float] | None = None, periods: int = 1, blocks: int = 1, **more) -> Workload:
    """Return real-time work with constant rates."""
    kind = more.pop("kind", WorkKind.REALTIME)
    table = {b: flat(rate, periods, blocks) for b, rate in (rates or {"b": 1.0}).items()}
    return Workload(name, kind, table, **more)


def one_period(systems: dict[str, float], capacities: dict[str, dict[str, float]], rates: dict[str, float], **more) -> Instance:
    """Return an instance of one hour: systems with a price, what one of each serves alone, and the rates to serve."""
    return Instance(
        periods=(HOUR,),
        blocks=("h0",),
        sites=(more.pop("site", site()),),
        systems=tuple(more.pop("hardware", [system(name) for name in systems])),
        placements=tuple(Placement(name, "s", buy_usd=(price,)) for name, price in systems.items()),
        workloads=(work(rates=rates),),
        options=tuple(
            Option(f"{name}!", "w", name, Role.AGGREGATED, chips=1, capacity_rps=rate) for name, rate in capacities.items()
        ),
        **more,
    )


def buckets(table: dict, workload: str, rate: float) -> dict[str, float]:
    """Return the rate of every bucket of a reference table [1/s]."""
    rows = table["workloads"][workload]
    return {f"b{i}x{j}": rate * part for i, row in enumerate(rows) for j, part in enumerate(row)}


def capacities(table: dict) -> dict[str, dict[str, float]]:
    """Return the capacity of every type for every bucket of a reference table [1/s]."""
    return {
        name: {f"b{i}x{j}": value for i, row in enumerate(gpu["tputs"]) for j, value in enumerate(row)}
        for name, gpu in table["gpus"].items()
    }


def mixed(table: dict, workload: str, rate: float) -> Instance:
    """Return the reference problem of mixed accelerators: one hour, buckets split in any proportion."""
    prices = {name: gpu["cost"] for name, gpu in table["gpus"].items()}
    return one_period(prices, capacities(table), buckets(table, workload, rate))


def split_phases(prefill: dict, decode: dict, workloads: tuple[str, str], rate: float, budget_kw: float | None) -> Instance:
    """Return the reference problem of a prefill pool and a decode pool, sized together under a cap on watts.

    Each phase has its own buckets, so each becomes a workload of its own on options of its own; a unit serves one phase.
    """
    options, works = [], []
    for phase, table, workload in (("p", prefill, workloads[0]), ("d", decode, workloads[1])):
        works.append(work(phase, buckets(table, workload, rate)))
        options += [
            Option(f"{name}/{phase}", phase, name, Role.AGGREGATED, chips=1, capacity_rps=capacity)
            for name, capacity in capacities(table).items()
        ]
    systems = [system(name, power_w=gpu["watts_gpu_only"]) for name, gpu in prefill["gpus"].items()]
    return Instance(
        periods=(HOUR,),
        blocks=("h0",),
        sites=(site(power_w=None if budget_kw is None else 1000.0 * budget_kw),),
        systems=tuple(systems),
        placements=tuple(Placement(name, "s", buy_usd=(gpu["cost"],)) for name, gpu in prefill["gpus"].items()),
        workloads=tuple(works),
        options=tuple(options),
    )


def quick(instance: Instance, **more) -> Instance:
    """Return an instance with other settings."""
    return replace(instance, settings=replace(instance.settings, **more))


__all__ = [
    "Link",
    "Settings",
    "buckets",
    "capacities",
    "flat",
    "mixed",
    "one_period",
    "quick",
    "site",
    "split_phases",
    "system",
    "work",
]
