"""How fast the integer program is, as ratios within one run.

`python -m benchmarks.program_speed [melange|middle|flagship|large|crowded ...]`; without a name the first three. CPU seconds of
this process (and of CBC, which is a child) are compared, so that other work on the machine changes little.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pulp

from benchmarks.program_instances import LARGE, MIDDLE, make
from planner.program.instance import Instance, Option, Period, Placement, Role, Site, System, WorkKind, Workload
from planner.program.solution import Solution
from planner.program.solve import solve_instance

BUCKETS, TYPES, SLICES = 60, 8, 8
CROWDED_RPS = 650.0  # in its last quarter at least 4.5 MW of the 5.4 that the sites have
HERE = Path(__file__).parent


def cpu_s() -> float:
    """Return the CPU seconds of this process and its children so far [s]."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def table(seed: int) -> tuple[list[float], list[float], list[list[float]]]:
    """Return prices [USD/h], rates [1/s] by bucket, and capacities [1/s] by type and bucket, as in arXiv 2404.14527."""
    random = Random(seed)
    prices = sorted(round(random.uniform(0.5, 12.0), 3) for _ in range(TYPES))
    rates = [random.uniform(0.05, 1.0) for _ in range(BUCKETS)]
    size = [1.0 + 0.12 * b for b in range(BUCKETS)]
    fast = [price * random.uniform(0.8, 1.6) for price in prices]
    capacity = [[fast[g] / size[b] * random.uniform(0.7, 1.3) for b in range(BUCKETS)] for g in range(TYPES)]
    # The smallest types cannot hold the longest requests inside the target.
    for g in range(TYPES // 2):
        for b in range(BUCKETS):
            if b > BUCKETS * (g + 2) / (TYPES / 2 + 2):
                capacity[g][b] = 0.0
    return prices, rates, capacity


def melange_by_cbc(seed: int) -> tuple[float, float]:
    """Return (cost, CPU seconds) of Mélange's own formulation: slices of buckets in binaries, counts, CBC as PuLP calls it."""
    prices, rates, capacity = table(seed)
    began = cpu_s()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        problem = pulp.LpProblem("GpuAllocation", pulp.LpMinimize)
        slices = [(b, rates[b] / SLICES) for b in range(BUCKETS) for _ in range(SLICES)]
        put = [[problem.add_variable(f"x_{i}_{g}", 0, 1, pulp.LpInteger) for g in range(TYPES)] for i in range(len(slices))]
        count = [problem.add_variable(f"y_{g}", 0, None, pulp.LpInteger) for g in range(TYPES)]
        problem += pulp.lpSum([prices[g] * count[g] for g in range(TYPES)])
        for i in range(len(slices)):
            problem += pulp.lpSum(put[i]) == 1
        for g in range(TYPES):
            loads = [rate / capacity[g][b] * put[i][g] for i, (b, rate) in enumerate(slices) if capacity[g][b] > 0]
            problem += pulp.lpSum(loads) <= count[g]
            for i, (b, _) in enumerate(slices):
                if capacity[g][b] <= 0:
                    problem += put[i][g] == 0
        problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=60))
    return float(pulp.value(problem.objective)), cpu_s() - began


def ours(seed: int) -> Instance:
    """Return the same question as an instance of ours."""
    prices, rates, capacity = table(seed)
    names = [f"gpu{g}" for g in range(TYPES)]
    return Instance(
        periods=(Period("hour", (1.0,)),),
        blocks=("h",),
        sites=(Site("s", (None,), (None,), ((0.0,),)),),
        systems=tuple(System(name, "v", 1, 700.0) for name in names),
        placements=tuple(Placement(name, "s", buy_usd=(price,)) for name, price in zip(names, prices, strict=True)),
        workloads=(Workload("w", WorkKind.REALTIME, {f"b{b}": ((rate,),) for b, rate in enumerate(rates)}),),
        options=tuple(
            Option(f"{name}!", "w", name, Role.AGGREGATED, 1, {f"b{b}": capacity[g][b] for b in range(BUCKETS)})
            for g, name in enumerate(names)
        ),
    )


def timed(instance: Instance) -> tuple[Solution, float]:
    """Return a solution and the CPU seconds that it took [s]."""
    began = cpu_s()
    solution = solve_instance(instance)
    return solution, cpu_s() - began


def melange() -> None:
    """Print CBC's time on Mélange's formulation over ours, and both costs."""
    for seed in range(2):
        solution, seconds = timed(ours(seed))
        cost, theirs = melange_by_cbc(seed)
        dearer = cost / (solution.objective_usd or 1.0) - 1.0
        print(
            f"melange {BUCKETS} buckets x {TYPES} types, seed {seed}: ours {seconds:.2f} s, {solution.objective_usd:.3f} USD/h "
            f"({solution.outcome}); CBC on slices {theirs:.2f} s, {cost:.3f} USD/h (+{dearer:.2%}); "
            f"{theirs / seconds:.1f} x faster"
        )


def report(name: str, instance: Instance) -> None:
    """Print what solving an instance took and what it gave."""
    began = time.perf_counter()
    solution, seconds = timed(instance)
    wall = time.perf_counter() - began
    gap = "no plan" if solution.gap is None else f"gap {solution.gap:.2%}"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {solution.rows} x {solution.columns}, {solution.outcome}, {gap}, {seconds:.1f} CPU-s, {wall:.1f} s wall, "
        f"{memory:.0f} MiB"
    )


def middle() -> None:
    """Print 60 options x 30 classes x 12 periods to 1 %."""
    report("60 options x 30 classes x 12 periods", make(MIDDLE, 0, gap=0.01, time_limit_s=60.0))


def flagship() -> None:
    """Print the flagship of the examples, posed as the planner poses it, to its own gap."""
    report("flagship", posed(HERE.parent / "examples" / "flagship.yaml"))


def large() -> None:
    """Print 8 workloads x 4 sites x 12 quarters x 6 blocks x the whole catalog to 2 %, at most 300 s."""
    report("8 workloads x 4 sites x 12 quarters x 6 blocks", posed(HERE / "large.yaml"))


def crowded() -> None:
    """Print the same size with 30 systems made up so that all are bought somewhere, a sixth of the watts to spare."""
    report("the same, 30 systems, tight sites", make(replace(LARGE, rate_rps=CROWDED_RPS), 0, gap=0.02, time_limit_s=300.0))


def posed(path: Path) -> Instance:
    """Return the instance of a scenario, caught on its way to the solver."""
    from catalog.load import load_catalog
    from planner import pipeline
    from planner.scenario.read import read_scenario

    caught: list[Instance] = []

    def catch(instance: Instance, _progress: object) -> Solution:
        caught.append(instance)
        raise StopIteration

    original, pipeline.solve_instance = pipeline.solve_instance, catch
    try:
        pipeline.make_plan(read_scenario(path), load_catalog(), folder=path.parent)
    except StopIteration:
        pass
    finally:
        pipeline.solve_instance = original
    return caught[0]


RUNS: dict[str, Callable[[], None]] = {
    "melange": melange,
    "middle": middle,
    "flagship": flagship,
    "large": large,
    "crowded": crowded,
}


if __name__ == "__main__":
    for chosen in [name for name in sys.argv[1:] if name in RUNS] or ["melange", "middle", "flagship"]:
        RUNS[chosen]()
