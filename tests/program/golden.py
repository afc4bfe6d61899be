"""For every family of constraints the smallest instance in which it appears; its golden LP file holds that family's rows alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    WorkKind,
    Workload,
)
from tests.program.instances import one_period, site, system, work


def base(**more) -> Instance:
    """Return one system, one class."""
    return one_period({"gpu": 100.0}, {"gpu": {"b": 2.0}}, {"b": 5.0}, **more)


def twice(instance: Instance) -> Instance:
    """Return an instance over two periods."""
    return replace(
        instance,
        periods=(Period("t0", (1.0,)), Period("t1", (1.0,))),
        sites=(site(periods=2),),
        placements=tuple(replace(p, buy_usd=p.buy_usd * 2) for p in instance.placements),
        workloads=(work(rates={"b": 5.0}, periods=2),),
    )


def batch() -> Instance:
    """Return batch work over two blocks."""
    job = Workload("job", WorkKind.BATCH, {"b": ((3.0, 1.0),)}, window_blocks=1)
    instance = base()
    return replace(
        instance,
        periods=(Period("t0", (12.0, 12.0)),),
        blocks=("day", "night"),
        sites=(site(blocks=2),),
        workloads=(job,),
        options=(Option("gpu!", "job", "gpu", Role.AGGREGATED, 1, {"b": 2.0}),),
    )


def phases(links: int = 1, bandwidth: float | None = None) -> Instance:
    """Return a prefill and a decode option."""
    options = (
        Option("p", "w", "gpu", Role.PREFILL, 1, {"b": 4.0}, kv_bytes={"b": 1000.0}),
        Option("d", "w", "gpu", Role.DECODE, 1, {"b": 3.0}),
    )
    joined = tuple(Link(f"l{i}", frozenset({"p"}), frozenset({"d"}), "s", "s", bandwidth) for i in range(links))
    return replace(base(), options=options, links=joined)


def two_pools() -> Instance:
    """Return two workloads on one system: pools must be whole."""
    instance = base()
    option = instance.options[0]
    return replace(instance, workloads=(work(), work("v")), options=(option, replace(option, id="other!", workload="v")))


def reserved() -> Instance:
    """Return a pool of which one replica may fail."""
    return replace(base(), workloads=(work(rates={"b": 5.0}, reserve_replicas=1),))


def queueing() -> Instance:
    """Return two options behind one router, of which a queue of four or of eight keeps a part free; one replica may fail."""
    instance = base()
    option = replace(instance.options[0], queue_replicas=4.0, queue_share=0.1)
    finer = replace(option, id="finer!", capacity_rps={"b": 1.0}, queue_replicas=8.0, queue_share=0.05)
    works = (work(reserve_replicas=1),)
    return replace(instance, workloads=works, options=(option, finer), settings=Settings(integer_pools=True))


def policy(**more) -> Instance:
    """Return a policy."""
    cash = tuple(replace(p, cash_usd=(90.0,)) for p in base().placements)
    return replace(base(), placements=cash, policy=Policy(**more))


def retiring() -> Instance:
    """Return stock that can be sold and purchases that live one period."""
    instance = twice(base(hardware=[system("gpu", life_periods=1)]))
    placements = tuple(replace(p, initial=2, retire_usd={(-1, 1): -10.0}) for p in instance.placements)
    return replace(instance, placements=placements)


def late() -> Instance:
    """Return a retirement that one future delays beyond the unit's arrival."""
    instance = twice(base())
    placements = tuple(replace(p, retire_usd={(0, 1): -10.0}) for p in instance.placements)
    futures = (Future("late", 0.5, available_from={"gpu": 2}), Future("soon", 0.5))
    return replace(instance, placements=placements, futures=futures, settings=Settings(reveal_period=1))


GOLDEN: dict[str, Callable[[], Instance]] = {
    "serve": base,
    "arrive": batch,
    "window": batch,
    "handover": phases,
    "split": lambda: phases(links=2),
    "fabric": lambda: phases(bandwidth=2000.0),
    "capacity": two_pools,
    "reserve": reserved,
    "queue": queueing,
    "routed": queueing,
    "inventory": base,
    "standby": lambda: policy(reserve_units=1),
    "guard": lambda: one_period({"gpu": 100.0}, {"gpu": {"b": 1.7e6}}, {"b": 1.0}),
    "ownership": retiring,
    "retirement": retiring,
    "lifetime": late,
    "power": lambda: base(site=site(power_w=10_000.0, headroom=0.1)),
    "racks": lambda: base(site=site(racks=4.0), hardware=[system("gpu", racks=0.3)]),
    "peak": lambda: base(site=site(peak_usd_per_w=(0.5,)), hardware=[system("gpu", idle_w=200.0)]),
    "supply": lambda: base(hardware=[system("gpu", supply=(8.0,))]),
    "smallest": lambda: base(hardware=[system("gpu", min_order=4)]),
    "largest": lambda: base(hardware=[system("gpu", min_order=4, supply=(8.0,))]),
    "offered": lambda: replace(base(), offers=(Offer("rent", "gpu", "s", "on-demand", (20.0,), supply=(3.0,)),)),
    "budget": lambda: policy(budget_usd=(1000.0,)),
    "capex": lambda: policy(capex_limit_usd=1000.0),
    "vendor": lambda: policy(vendor_share={"v": 0.6}),
    "flexible": lambda: replace(policy(min_flexible_share=0.4), systems=(system("gpu", flexible=False),)),
    "acquired": lambda: policy(max_systems=1),
    "kinds": lambda: policy(max_systems=1),
    "carbon": lambda: replace(
        policy(carbon_limit_g=5000.0), placements=tuple(replace(p, buy_gco2e=900.0) for p in base().placements)
    ),
    "ceiling": lambda: policy(max_cost_usd=700.0),
    "tail": lambda: replace(
        base(),
        futures=(Future("high", 0.5, demand_scale={"w": (2.0,)}), Future("low", 0.5)),
        settings=Settings(reveal_period=0, tail_weight=0.5, tail=0.5),
    ),
}

__all__ = ["GOLDEN", "Placement"]
