"""What limits are worth, and the price at which a system would be bought.

A shadow price is the dual of a limit. With the whole numbers fixed it says what the limit is worth to the routing of the chosen
fleet; in the relaxation without whole numbers it says what it is worth to the fleet itself. Both are marginal; `worth` solves
again with the limit moved and says what one whole step really saves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from planner.program.adapter import Request, solve
from planner.program.build import build
from planner.program.certificate import certify
from planner.program.extract import SLACK_FAMILIES
from planner.program.instance import Instance, Placement, Policy, Site
from planner.program.matrix import Matrix, from_problem
from planner.program.model import Model
from planner.program.prune import prune
from planner.program.relaxation import relax
from planner.program.sets import Sets, prepare
from planner.program.solution import Outcome, Solution
from planner.program.solve import solve_instance

NOTHING = 1e-9


@dataclass(frozen=True, slots=True, order=True)
class ShadowPrice:
    """What one more unit of a limit saves [USD per W, rack, unit, USD ... of the family]; `binding` if none of it is left."""

    family: str
    index: tuple[str, ...]
    usd_per_unit: float
    binding: bool


def shadow_prices(instance: Instance, *, fixed: Solution | None = None) -> tuple[ShadowPrice, ...]:
    """Return the worth of every limit at the margin, from the duals of a linear program; zeros are left out.

    With `fixed`, the program's whole numbers are held at that solution's; without, they are let go. () where it has no optimum.
    """
    pruned, _ = prune(instance)
    sets = prepare(pruned)
    model = build(sets)
    matrix = from_problem(model.problem)
    request = Request(time_limit_s=instance.settings.time_limit_s)
    if fixed is None:
        optimum = relax(matrix, request)
        outcome, values, duals = optimum.outcome, optimum.values, optimum.duals
    else:
        answer = solve(matrix.fixed(_counts(model, sets, matrix, fixed)), request)
        outcome, values, duals = answer.outcome, answer.values, answer.row_duals
    if outcome is not Outcome.OPTIMAL or duals is None or values is None:
        return ()
    activity = matrix.activity(values)
    found = []
    for number, name in enumerate(matrix.rows):
        row = model.rows[name]
        if row.family not in SLACK_FAMILIES:
            continue
        # One more unit of the right side changes the scaled objective by the dual: a saving is its negative.
        usd = -float(duals[number]) * model.scale / row.unit
        tight = abs(activity[number] - row.rhs) <= 1e-7 * max(1.0, abs(row.rhs))
        if abs(usd) > NOTHING or tight:
            found.append(ShadowPrice(row.family, tuple(str(part) for part in row.index if part != ""), usd, tight))
    return tuple(sorted(found))


def relaxed_cost(instance: Instance, time_limit_s: float) -> float | None:
    """Return the least cost without whole numbers [USD]: no plan costs less. Infinite if there is none; None if time is up."""
    model = build(prepare(prune(instance)[0]))
    optimum = relax(from_problem(model.problem), Request(time_limit_s=time_limit_s))
    if optimum.outcome is Outcome.INFEASIBLE:
        return math.inf
    return optimum.bound * model.scale if optimum.outcome is Outcome.OPTIMAL else None


def _counts(model: Model, sets: Sets, matrix: Matrix, solution: Solution) -> np.ndarray:
    """Return the values of a solution's whole numbers, as a vector over the program's columns (zero elsewhere)."""
    values: dict[str, float] = {}
    for bought in solution.bought:
        values[model.name("buy", (bought.system, bought.site, bought.period, bought.future))] = bought.count
    for retired in solution.retired:
        index = (retired.system, retired.site, retired.arrived, retired.period, retired.future)
        values[model.name("retire", index)] = retired.count
    for rented in solution.rented:
        values[model.name("rent", (rented.offer, rented.period, rented.future))] = rented.count
    for pool in solution.pools:
        key = (pool.option, pool.site, pool.period, pool.block, pool.future)
        values[model.name("pool", key)] = pool.replicas
        if pool.load > 0:
            values[model.name("open", (*key[:3], key[4]))] = 1
        values[model.name("used", (sets.options[pool.option].system or "", pool.site, pool.period, pool.future))] = 1
    for bought in solution.bought:
        stage = sets.stage(next(iter(sets.worlds)), sets.order_period(bought.system, bought.period)) and bought.future
        values[model.name("order", (bought.system, bought.period, stage))] = 1
        values[model.name("kind", (bought.system,))] = 1
    for rented in solution.rented:
        values[model.name("kind", (sets.offers[rented.offer].system,))] = 1
    return np.array([values.get(column, 0.0) for column in matrix.columns])


@dataclass(frozen=True, slots=True)
class Worth:
    """What moving one limit by `step` saves, from solving again: a certified difference, not a margin [USD]."""

    family: str
    name: str
    step: float
    saves_usd: float | None
    moved: Solution


def worth(instance: Instance, base: Solution, family: str, name: str, step: float) -> Worth:
    """Return what `step` more of a limit saves.

    Families: `power` [W] or `racks` of a site, `supply` of a system [units, in every period], `budget` [USD, in every period],
    `capex` [USD], `carbon` [g], `kinds`. Raises ValueError for another.
    """
    moved = solve_instance(_moved(instance, family, name, step))
    both = base.objective_usd is not None and moved.objective_usd is not None
    saves = (base.objective_usd or 0.0) - (moved.objective_usd or 0.0) if both else None
    return Worth(family, name, step, saves, moved)


def _plus(row: tuple[float | None, ...], step: float) -> tuple[float | None, ...]:
    """Return limits moved by a step."""
    return tuple(None if value is None else value + step for value in row)


def _moved(instance: Instance, family: str, name: str, step: float) -> Instance:
    """Return the instance with one limit moved."""
    if family in {"power", "racks"}:
        return replace(instance, sites=tuple(_site(site, family, step) if site.id == name else site for site in instance.sites))
    if family == "supply":
        systems = tuple(replace(s, supply=_plus(s.supply, step)) if s.id == name else s for s in instance.systems)
        return replace(instance, systems=systems)
    return replace(instance, policy=_policy(instance.policy, family, step))


def _site(site: Site, family: str, step: float) -> Site:
    """Return a site with more usable watts, or racks."""
    if family == "racks":
        return replace(site, racks=_plus(site.racks, step))
    return replace(site, power_w=_plus(site.power_w, step / (1.0 - site.headroom)))


def _policy(policy: Policy, family: str, step: float) -> Policy:
    """Return a policy with one limit moved."""
    if family == "budget":
        return replace(policy, budget_usd=_plus(policy.budget_usd, step))
    if family == "capex" and policy.capex_limit_usd is not None:
        return replace(policy, capex_limit_usd=policy.capex_limit_usd + step)
    if family == "carbon" and policy.carbon_limit_g is not None:
        return replace(policy, carbon_limit_g=policy.carbon_limit_g + step)
    if family == "kinds" and policy.max_systems is not None:
        return replace(policy, max_systems=policy.max_systems + int(step))
    message = f"{family}: no such limit to move"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class EntryPrice:
    """The highest price at which a system would still be bought, relative to the price in the instance.

    factor  of all that the system's purchase, possession and retirement cost, and of its cash; below it the optimum buys `units`
            of it, above it none. None: never, even free; `inf`: it is bought at any price, because nothing else will do.
    """

    system: str
    factor: float | None
    units: int
    solution: Solution | None


def entry_price(instance: Instance, system: str, *, rounds: int = 8) -> EntryPrice:
    """Return the price factor at which a system enters the optimum, by Dinkelbach's iteration on exact solves.

    It maximises, over plans with n >= 1 units bought, (cost without the system - the plan's other costs) / what n units cost now.
    The iteration starts from a price of nothing and rises; it ends where a solve at the new price finds nothing better.
    """
    without = solve_instance(_priced(instance, system, None))
    if without.objective_usd is None:
        with_it = solve_instance(instance)
        return EntryPrice(system, float("inf") if with_it.objective_usd is not None else None, _units(with_it, system), with_it)
    factor, best = 0.0, EntryPrice(system, None, 0, None)
    for _ in range(rounds):
        priced = _priced(instance, system, factor)
        solution = solve_instance(priced)
        if solution.objective_usd is None:
            break
        # Costs are linear in the factor: what the plan costs at the next one less what it costs at this one is what it pays.
        paid = certify(_priced(instance, system, factor + 1.0), solution).cost_usd - certify(priced, solution).cost_usd
        if not _units(solution, system) or paid <= 0:
            break
        higher = factor + (without.objective_usd - solution.objective_usd) / paid
        if higher <= factor * (1 + 1e-7) + 1e-12:
            break
        factor = higher
        best = EntryPrice(system, factor, _units(solution, system), solution)
    return best


def _units(solution: Solution, system: str) -> int:
    """Return the units of a system that a solution buys."""
    return sum(bought.count for bought in solution.bought if bought.system == system)


def _priced(instance: Instance, system: str, factor: float | None) -> Instance:
    """Return the instance with a system's price times a factor; None takes it off the market.

    What stands there at the start was paid for: where there is such stock, possession costs what it does.
    """

    def priced(one: Placement) -> Placement:
        if one.system != system:
            return one
        if factor is None:
            return replace(one, buy_usd=())
        return replace(
            one,
            buy_usd=tuple(None if usd is None else factor * usd for usd in one.buy_usd),
            cash_usd=tuple(factor * usd for usd in one.cash_usd),
            own_usd=one.own_usd if one.initial else tuple(factor * usd for usd in one.own_usd),
            retire_usd={(v, t): usd if v < 0 else factor * usd for (v, t), usd in one.retire_usd.items()},
        )

    offers = instance.offers if factor is not None else tuple(o for o in instance.offers if o.system != system)
    return replace(instance, placements=tuple(priced(p) for p in instance.placements), offers=offers)
