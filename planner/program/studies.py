"""Questions that take several solves: what flexibility is worth, what each pure strategy would regret, where rivals cross.

Every one is a handful of variations of one instance, each solved and certified like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from planner.program.instance import Future, Instance, Option, Role
from planner.program.solution import Outcome, Solution
from planner.program.solve import solve_instance

Solver = Callable[[Instance], Solution]


@dataclass(frozen=True, slots=True)
class Flexibility:
    """What hardware that can change its model, and decisions that can wait, are worth [USD, expected and discounted].

    best        two-stage optimum on all hardware
    flexible    optimum without welded hardware; `welded_value` = flexible - best: what welded hardware saves in spite of its risk
    committed   optimum if everything were decided before the futures part; `waiting_value` = committed - best
    foresight   expected cost if each future were known beforehand; `foresight_value` = best - foresight (EVPI)
    `None` where a variation has no plan.
    """

    best: Solution
    flexible: Solution
    committed: Solution
    foresight_usd: float | None

    @property
    def welded_value_usd(self) -> float | None:
        """Return what welded hardware saves."""
        return _difference(self.flexible.objective_usd, self.best.objective_usd)

    @property
    def waiting_value_usd(self) -> float | None:
        """Return what deciding later saves."""
        return _difference(self.committed.objective_usd, self.best.objective_usd)

    @property
    def foresight_value_usd(self) -> float | None:
        """Return what knowing the future would save."""
        return _difference(self.best.objective_usd, self.foresight_usd)


def _difference(left: float | None, right: float | None) -> float | None:
    """Return left - right where both are known."""
    return None if left is None or right is None else left - right


def flexibility(instance: Instance, solve: Solver = solve_instance) -> Flexibility:
    """Return the value of flexibility, of waiting and of foresight for an instance with futures."""
    known = [(future.probability, solve(certain(instance, future)).objective_usd) for future in instance.futures]
    costs = [probability * cost for probability, cost in known if cost is not None]
    return Flexibility(
        best=solve(instance),
        flexible=solve(flexible_only(instance)),
        committed=solve(replace(instance, settings=replace(instance.settings, reveal_period=len(instance.periods)))),
        foresight_usd=sum(costs) if len(costs) == len(known) else None,
    )


def certain(instance: Instance, future: Future) -> Instance:
    """Return the instance in which one future is sure to come."""
    return replace(instance, futures=(replace(future, probability=1.0),))


def flexible_only(instance: Instance) -> Instance:
    """Return the instance without hardware that is welded to one model."""
    return only_systems(instance, {system.id for system in instance.systems if system.flexible})


def only_systems(instance: Instance, systems: Iterable[str]) -> Instance:
    """Return the instance in which only some systems can be bought or rented; what stands there already stays."""
    kept = set(systems)
    placements = tuple(p if p.system in kept else replace(p, buy_usd=()) for p in instance.placements)
    return replace(instance, placements=placements, offers=tuple(o for o in instance.offers if o.system in kept))


def only_roles(instance: Instance, roles: Iterable[Role]) -> Instance:
    """Return the instance in which only options in some roles may be deployed."""
    wanted = set(roles)
    return only_options(instance, lambda option: option.role in wanted)


def only_options(instance: Instance, allowed: Callable[[Option], bool]) -> Instance:
    """Return the instance with some of its options; links and futures name no other, and no link has one end alone."""
    options = tuple(option for option in instance.options if allowed(option))
    kept = {option.id for option in options}
    links = [replace(link, prefill=link.prefill & kept, decode=link.decode & kept) for link in instance.links]
    futures = [
        replace(one, option_window={name: when for name, when in one.option_window.items() if name in kept})
        for one in instance.futures
    ]
    linked = tuple(link for link in links if link.prefill and link.decode)
    return replace(instance, options=options, links=linked, futures=tuple(futures))


@dataclass(frozen=True, slots=True)
class Regret:
    """What each strategy costs in each future, and how much more than the best there [USD]; None where it has no plan."""

    cost_usd: Mapping[str, Mapping[str, float | None]]
    regret_usd: Mapping[str, Mapping[str, float | None]]
    worst_usd: Mapping[str, float | None] = field(default_factory=dict)


def regret(instance: Instance, strategies: Mapping[str, Iterable[str]], solve: Solver = solve_instance) -> Regret:
    """Return the regret table of pure strategies, each a set of systems that it may buy or rent."""
    futures = instance.futures or (Future("", 1.0),)
    best = {future.id: solve(certain(instance, future)).objective_usd for future in futures}
    costs: dict[str, dict[str, float | None]] = {}
    for name, systems in sorted(strategies.items()):
        own = only_systems(instance, systems)
        costs[name] = {future.id: solve(certain(own, future)).objective_usd for future in futures}
    regrets = {name: {f: _difference(cost, best[f]) for f, cost in row.items()} for name, row in costs.items()}
    worst = {name: _worst(list(row.values())) for name, row in regrets.items()}
    return Regret(costs, regrets, worst)


def _worst(row: list[float | None]) -> float | None:
    """Return the largest regret, None if a strategy has no plan in some future."""
    known = [value for value in row if value is not None]
    return max(known) if known and len(known) == len(row) else None


@dataclass(frozen=True, slots=True)
class Rivals:
    """Aggregated against disaggregated serving under one model of capacity: both optima at one scale of demand."""

    scale: float
    aggregated: Solution
    disaggregated: Solution

    @property
    def advantage_usd(self) -> float | None:
        """Return what disaggregation saves (negative: costs) [USD]."""
        return _difference(self.aggregated.objective_usd, self.disaggregated.objective_usd)


def rivals(instance: Instance, scale: float = 1.0, solve: Solver = solve_instance) -> Rivals:
    """Return the cheapest aggregated-only and the cheapest disaggregated-only plan, demand times `scale`."""
    scaled = scale_demand(instance, scale)
    together = only_roles(scaled, {Role.AGGREGATED, Role.API})
    apart = only_roles(scaled, {Role.PREFILL, Role.DECODE, Role.API})
    return Rivals(scale, solve(together), solve(apart))


def crossing(
    instance: Instance, low: float, high: float, *, steps: int = 12, solve: Solver = solve_instance
) -> tuple[float, float] | None:
    """Return two scales of demand between which the cheaper of aggregated and disaggregated changes, None if it never does.

    Bisection: costs are steps, so the answer is an interval, its width (high - low) / 2^steps, or wider where a solve found no
    plan on the way.
    """

    def ahead(scale: float) -> bool | None:
        advantage = rivals(instance, scale, solve).advantage_usd
        return None if advantage is None else advantage > 0

    first, last = ahead(low), ahead(high)
    if first is None or last is None or first == last:
        return None
    for _ in range(steps):
        middle = 0.5 * (low + high)
        there = ahead(middle)
        if there is None:
            break
        low, high = (middle, high) if there == first else (low, middle)
    return low, high


def scale_demand(instance: Instance, factor: float) -> Instance:
    """Return the instance with all its rates times a factor."""

    def scaled(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(factor * rate for rate in row) for row in rows)

    works = (replace(w, rate_rps={b: scaled(rows) for b, rows in w.rate_rps.items()}) for w in instance.workloads)
    return replace(instance, workloads=tuple(works))


def has_plan(solution: Solution) -> bool:
    """Return whether a solution holds a plan."""
    return solution.outcome in {Outcome.OPTIMAL, Outcome.FEASIBLE}
