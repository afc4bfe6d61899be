"""Random small instances, each with its optimum found by trying every plan: no solver, no linear programming.

Whether a fleet serves two classes that may be split in any proportion has a closed form. Fleet n with capacities m[d, b] serves
rates r iff for every weighting w >= 0 of the classes  sum_b w_b r_b <= sum_d n_d max_b (w_b m[d, b])  (linear programming duality).
Along w = (w, 1 - w) the right side less the left is convex and piecewise linear, so only its corners, where w m[d, 0] = (1 - w) m[d, 1], and
the two ends need a look.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random

import numpy as np

from planner.program.instance import (
    Instance,
    Link,
    Option,
    Period,
    Placement,
    Policy,
    Role,
    ShareBasis,
    Site,
    System,
    WorkKind,
    Workload,
)

EXACT = 1e-9


@dataclass(frozen=True)
class Case:
    """An instance and its least cost [USD], None if nothing is feasible."""

    instance: Instance
    cost: float | None


def serves(fleets: np.ndarray, capacity: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return, for every fleet (fleet, system), whether it serves two classes at given rates."""
    weights = [0.0, 1.0]
    for first, second in capacity:
        if first + second > 0:
            weights.append(second / (first + second))
    fine = np.ones(len(fleets), dtype=bool)
    for weight in weights:
        pair = np.array([weight, 1.0 - weight])
        most = (capacity * pair).max(axis=1)
        fine &= fleets @ most >= (rates * pair).sum() * (1 - EXACT) - 1e-12
    return fine


def _grid(sizes: list[int]) -> np.ndarray:
    """Return every vector of counts up to given sizes."""
    return np.array(list(itertools.product(*(range(size + 1) for size in sizes))), dtype=float)


def _numbers(random: Random, count: int) -> list[float]:
    """Return capacities: usually a few requests per second, sometimes none, sometimes plenty."""
    return [random.choice([0.0, 0.4, 1.0, random.uniform(0.2, 4.0), random.uniform(5, 60)]) for _ in range(count)]


def _cheapest(cost: np.ndarray, feasible: np.ndarray) -> float | None:
    """Return the least cost of the feasible plans."""
    return float(cost[feasible].min()) if feasible.any() else None


def aggregated(seed: int) -> Case:
    """Return a case of two classes on up to four systems under limits of watts, racks, supply, orders, kinds and vendors."""
    random = Random(seed)
    kinds = random.randint(1, 4)
    supply = [random.randint(1, 5) for _ in range(kinds)]
    price = [round(random.uniform(1, 40), 2) for _ in range(kinds)]
    watts = [random.choice([500.0, 700.0, 1000.0, 6500.0]) for _ in range(kinds)]
    racks = [random.choice([0.1, 0.25, 0.5, 1.0]) for _ in range(kinds)]
    smallest = [random.choice([1, 1, 1, 2, 3]) for _ in range(kinds)]
    vendor = [random.choice("xy") for _ in range(kinds)]
    capacity = np.array([_numbers(random, 2) for _ in range(kinds)])
    rates = np.array([random.choice([0.0, 0.3, random.uniform(0.1, 8)]), random.uniform(0.1, 8)])
    power = random.choice([None, None, random.uniform(2000, 20000)])
    space = random.choice([None, None, float(random.randint(1, 4))])
    most_kinds = random.choice([None, None, 1, 2])
    share = random.choice([None, None, 0.5, 0.7])
    fleets = _grid(supply)
    cost = fleets @ np.array(price)
    fine = serves(fleets, capacity, rates)
    if power is not None:
        fine &= fleets @ np.array(watts) <= power * (1 + EXACT)
    if space is not None:
        fine &= fleets @ np.array(racks) <= space * (1 + EXACT)
    if most_kinds is not None:
        fine &= (fleets > 0).sum(axis=1) <= most_kinds
    if share is not None:
        mine = fleets @ np.array([p if v == "x" else 0.0 for p, v in zip(price, vendor, strict=True)])
        fine &= mine <= share * cost + 1e-9
    for number, least in enumerate(smallest):
        fine &= (fleets[:, number] == 0) | (fleets[:, number] >= least)
    names = [f"y{i}" for i in range(kinds)]
    instance = Instance(
        periods=(Period("t", (1.0,)),),
        blocks=("h",),
        sites=(Site("s", (power,), (space,), ((0.0,),)),),
        systems=tuple(
            System(n, vendor[i], 1, watts[i], racks=racks[i], supply=(supply[i],), min_order=smallest[i])
            for i, n in enumerate(names)
        ),
        placements=tuple(Placement(n, "s", buy_usd=(price[i],)) for i, n in enumerate(names)),
        workloads=(Workload("w", WorkKind.REALTIME, {f"b{j}": ((rates[j],),) for j in range(2)}),),
        options=tuple(
            Option(f"{n}!", "w", n, Role.AGGREGATED, 1, {f"b{j}": capacity[i, j] for j in range(2)}) for i, n in enumerate(names)
        ),
        policy=Policy(max_systems=most_kinds, vendor_share={} if share is None else {"x": share}, share_basis=ShareBasis.SPEND),
    )
    return Case(instance, _cheapest(cost, fine))


def phases(seed: int) -> Case:
    """Return a case of prefill and decode pools on up to three systems, which share each system's units, under a cap on watts."""
    random = Random(seed)
    kinds = random.randint(1, 3)
    price = np.array([round(random.uniform(1, 40), 2) for _ in range(kinds)])
    watts = np.array([random.choice([500.0, 700.0, 1000.0]) for _ in range(kinds)])
    prefill = np.array([_numbers(random, 2) for _ in range(kinds)])
    decode = np.array([_numbers(random, 2) for _ in range(kinds)])
    rates = np.array([random.uniform(0.1, 5), random.choice([0.0, random.uniform(0.1, 5)])])
    power = random.choice([None, random.uniform(2500, 8000)])
    most = 4 if kinds < 3 else 3
    pools = _grid([most] * (2 * kinds))
    units = pools[:, :kinds] + pools[:, kinds:]
    fine = serves(pools[:, :kinds], prefill, rates) & serves(pools[:, kinds:], decode, rates) & (units <= most).all(axis=1)
    if power is not None:
        fine &= units @ watts <= power * (1 + EXACT)
    names = [f"y{i}" for i in range(kinds)]
    options = [Option(f"{n}p", "w", n, Role.PREFILL, 1, {f"b{j}": prefill[i, j] for j in range(2)}) for i, n in enumerate(names)]
    options += [Option(f"{n}d", "w", n, Role.DECODE, 1, {f"b{j}": decode[i, j] for j in range(2)}) for i, n in enumerate(names)]
    link = Link("l", frozenset(f"{n}p" for n in names), frozenset(f"{n}d" for n in names), "s", "s")
    instance = Instance(
        periods=(Period("t", (1.0,)),),
        blocks=("h",),
        sites=(Site("s", (power,), (None,), ((0.0,),)),),
        systems=tuple(System(n, "v", 1, watts[i], supply=(most,)) for i, n in enumerate(names)),
        placements=tuple(Placement(n, "s", buy_usd=(price[i],)) for i, n in enumerate(names)),
        workloads=(Workload("w", WorkKind.REALTIME, {f"b{j}": ((rates[j],),) for j in range(2)}),),
        options=tuple(options),
        links=(link,),
    )
    return Case(instance, _cheapest(units @ price, fine))


def growing(seed: int) -> Case:
    """Return a case of two periods: prices and demand move, purchases last, stock stands there, a unit may live one period."""
    random = Random(seed)
    kinds = random.randint(1, 3)
    supply = [[random.randint(0, 3) for _ in range(2)] for _ in range(kinds)]
    price = [[round(random.uniform(1, 20), 2) for _ in range(2)] for _ in range(kinds)]
    own = [[round(random.uniform(0, 3), 2) for _ in range(2)] for _ in range(kinds)]
    stock = [random.choice([0, 0, 1]) for _ in range(kinds)]
    life = [random.choice([None, None, 1]) for _ in range(kinds)]
    capacity = [random.uniform(0.3, 3) for _ in range(kinds)]
    rates = [random.uniform(0.2, 4), random.uniform(0.2, 8)]
    budget = [random.choice([None, random.uniform(5, 40)]) for _ in range(2)]
    plans = _grid([n for pair in supply for n in pair])
    cost, fine = np.zeros(len(plans)), np.ones(len(plans), dtype=bool)
    there, cash = np.zeros((2, len(plans))), np.zeros((2, len(plans)))
    for i in range(kinds):
        early, late = plans[:, 2 * i], plans[:, 2 * i + 1]
        owned = [stock[i] + early, stock[i] + late + (early if life[i] is None else 0)]
        for t in range(2):
            there[t] += capacity[i] * owned[t]
            cash[t] += price[i][t] * (early, late)[t]
            cost += price[i][t] * (early, late)[t] + own[i][t] * owned[t]
    for t in range(2):
        fine &= there[t] >= rates[t] * (1 - EXACT)
        limit = budget[t]
        if limit is not None:
            fine &= cash[t] <= limit * (1 + EXACT)
    names = [f"y{i}" for i in range(kinds)]
    instance = Instance(
        periods=(Period("t0", (1.0,)), Period("t1", (1.0,))),
        blocks=("h",),
        sites=(Site("s", (None, None), (None, None), ((0.0,), (0.0,))),),
        systems=tuple(System(n, "v", 1, 1000.0, supply=tuple(supply[i]), life_periods=life[i]) for i, n in enumerate(names)),
        placements=tuple(
            Placement(n, "s", tuple(price[i]), tuple(price[i]), tuple(own[i]), initial=stock[i]) for i, n in enumerate(names)
        ),
        workloads=(Workload("w", WorkKind.REALTIME, {"b": tuple((rate,) for rate in rates)}),),
        options=tuple(Option(f"{n}!", "w", n, Role.AGGREGATED, 1, {"b": capacity[i]}) for i, n in enumerate(names)),
        policy=Policy(budget_usd=tuple(budget)),
    )
    return Case(instance, _cheapest(cost, fine))


def valley(seed: int) -> Case:
    """Return a case of a real-time and a batch workload that share whole units over two blocks of a day."""
    random = Random(seed)
    kinds = random.randint(1, 2)
    most = 4
    price = np.array([round(random.uniform(1, 20), 2) for _ in range(kinds)])
    live = np.array([random.uniform(0.3, 3) for _ in range(kinds)])
    batch = np.array([random.uniform(0.3, 3) for _ in range(kinds)])
    hours = (random.choice([8.0, 12.0]), random.choice([12.0, 16.0]))
    arrives = [random.uniform(0.2, 4), random.uniform(0, 2)]
    waiting = [random.uniform(0, 2), random.uniform(0, 2)]
    window = random.choice([0, 1])
    best: float | None = None
    for fleet in _grid([most] * kinds):
        splits = _grid([int(n) for n in fleet])
        rooms = []
        for h in range(2):
            fine = splits @ live >= arrives[h] * (1 - EXACT)
            rooms.append(float(((fleet - splits) @ batch)[fine].max()) if fine.any() else -1.0)
        if min(rooms) < 0:
            continue
        if window == 0:
            enough = all(rooms[h] >= waiting[h] * (1 - EXACT) for h in range(2))
        else:
            enough = sum(rooms[h] * hours[h] for h in range(2)) >= sum(waiting[h] * hours[h] for h in range(2)) * (1 - EXACT)
        cost = float(fleet @ price)
        if enough and (best is None or cost < best):
            best = cost
    names = [f"y{i}" for i in range(kinds)]
    options = [Option(f"{n}r", "r", n, Role.AGGREGATED, 1, {"b": live[i]}) for i, n in enumerate(names)]
    options += [Option(f"{n}n", "n", n, Role.AGGREGATED, 1, {"b": batch[i]}) for i, n in enumerate(names)]
    instance = Instance(
        periods=(Period("t", hours),),
        blocks=("day", "night"),
        sites=(Site("s", (None,), (None,), ((0.0, 0.0),)),),
        systems=tuple(System(n, "v", 1, 1000.0, supply=(most,)) for n in names),
        placements=tuple(Placement(n, "s", (price[i],)) for i, n in enumerate(names)),
        workloads=(
            Workload("r", WorkKind.REALTIME, {"b": (tuple(arrives),)}),
            Workload("n", WorkKind.BATCH, {"b": (tuple(waiting),)}, window_blocks=window),
        ),
        options=tuple(options),
    )
    return Case(instance, best)


KINDS = {"aggregated": aggregated, "phases": phases, "growing": growing, "valley": valley}
