"""Rival plans for the same demand under the same queue model: aggregated or disaggregated only, owned only, each vendor alone."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.evidence import change_row
from planner.answer.needs import Need
from planner.answer.words import usd
from planner.plan.evidence import Comparison
from planner.program.explanation import relaxed_changes
from planner.program.instance import Instance, Placement, Role
from planner.program.prices import relaxed_cost
from planner.program.prune import prune
from planner.program.solution import Outcome, Solution
from planner.program.studies import crossing, only_options
from planner.program.studies import rivals as rivalry

GAP = 0.01
ALIKE = 1e-4
SCALES = (0.0625, 0.25, 1.0, 2.0, 4.0)
STEPS = 3
MOST_VENDORS = 8


@dataclass(frozen=True, slots=True)
class Rival:
    """A restriction of the question: its name, and the instance that it leaves."""

    id: str
    label: str
    instance: Instance


def comparison_rows(context: Context, allowed: Allowance) -> tuple[Comparison, ...]:
    """Return the rivals' costs beside the plan's; those that time does not allow are left out, and noted."""
    found: list[Comparison] = []
    wanted = list(rivals(context))
    for number, rival in enumerate(wanted):
        solution = allowed.solve(rival.instance, max(GAP, context.scenario.solver.gap))
        if solution is None:
            allowed.skip(f"{len(wanted) - number} of {len(wanted)} rival plans")
            break
        cost, words = solution.objective_usd, ""
        if solution.outcome is not Outcome.OPTIMAL or cost is None:
            words = _no_plan(context, rival)
        else:
            words = f"{rival.label}: {usd(cost)}, {_against(cost, context.solution.objective_usd, solution.gap or 0.0)}"
        row = Comparison(id=rival.id, label=rival.label, outcome=solution.outcome.value, net_present_cost_usd=cost, words=words)
        found.append(row)
    return tuple(found)


def bound_rows(context: Context, allowed: Allowance) -> tuple[Comparison, ...]:
    """Return what the rivals of a program too large to solve again cost at least, from their relaxations, beside its own."""
    end = time.perf_counter() + allowed.left_s
    own = relaxed_cost(context.instance, max(allowed.left_s, 0.1))
    found: list[Comparison] = []
    wanted = list(rivals(context))
    for number, rival in enumerate(wanted):
        left = end - time.perf_counter()
        least = None if own is None or left <= 0.0 else relaxed_cost(rival.instance, left)
        if own is None or least is None:
            allowed.skip(f"{len(wanted) - number} of {len(wanted)} rival plans")
            break
        found.append(_bound_row(context, rival, least, own))
    return tuple(found)


def _no_plan(context: Context, rival: Rival) -> str:
    """Return that a rival has no plan, and why: workloads that nothing in it can serve, or else limits that are too tight."""
    stuck = sorted({work.id for work in rival.instance.workloads for name in work.rate_rps if not _served(rival, work.id, name)})
    why = f"nothing in it serves {', '.join(stuck)} inside its promises"
    if not stuck:
        changes = relaxed_changes(prune(rival.instance)[0])
        needs = [change_row(context, Need(change, change.need, is_enough=False)).words for change in changes]
        why = "; ".join(needs)
    return f"{rival.label}: no plan meets what is asked{': ' if why else ''}{why}"


def _served(rival: Rival, workload: str, name: str) -> bool:
    """Return whether an option alone, or prefill and decode together, can serve a class."""
    able = {
        option.role
        for option in rival.instance.options
        if option.workload == workload and (option.capacity_rps.get(name, 0.0) > 0.0 or name in option.request_usd)
    }
    return bool(able & {Role.AGGREGATED, Role.API}) or {Role.PREFILL, Role.DECODE} <= able


def _bound_row(context: Context, rival: Rival, least: float, own: float) -> Comparison:
    if math.isinf(least):
        outcome = Outcome.INFEASIBLE.value
        return Comparison(
            id=rival.id, label=rival.label, outcome=outcome, net_present_cost_usd=None, words=_no_plan(context, rival)
        )
    more = least / own - 1.0
    than = "no more than the plan" if more <= ALIKE else f"{more:.1%} more than the plan"
    words = f"{rival.label}: at least {usd(least)}; without whole units {than}"
    return Comparison(id=rival.id, label=rival.label, outcome="bound", net_present_cost_usd=None, words=words, bound_usd=least)


def crossing_row(context: Context, allowed: Allowance) -> tuple[Comparison, ...]:
    """Return which of aggregated and disaggregated is the cheaper at multiples of the demand, and where that changes first.

    Multiples at which one of them has no plan say nothing; () if there is but one that does.
    """
    if not {Role.AGGREGATED, Role.DECODE} <= {option.role for option in context.instance.options}:
        return ()

    def solve(instance: Instance) -> Solution:
        return allowed.solve(instance, max(GAP, context.scenario.solver.gap)) or Solution(Outcome.NO_SOLUTION)

    found = ((scale, rivalry(context.instance, scale, solve).advantage_usd) for scale in SCALES)
    known = [(scale, advantage > 0) for scale, advantage in found if advantage is not None]
    if len(known) < 2:
        if allowed.left_s <= 0.0:
            allowed.skip("where aggregated and disaggregated cross")
        return ()
    for (low, first), (high, last) in itertools.pairwise(known):
        if first != last:
            below, above = crossing(context.instance, low, high, steps=STEPS, solve=solve) or (low, high)
            return (_crossing(f"{_pools(first)} up to {below:.2g} times the demand, {_pools(last)} from {above:.2g} times"),)
    return (_crossing(f"{_pools(known[0][1])} from {known[0][0]:.2g} to {known[-1][0]:.2g} times the demand"),)


def _pools(apart: bool) -> str:
    return "disaggregated pools are the cheaper" if apart else "aggregated pools are the cheaper"


def _crossing(words: str) -> Comparison:
    label = "aggregated against disaggregated"
    return Comparison(id="crossing", label=label, outcome="crossing", net_present_cost_usd=None, words=f"{label}: {words}")


def _against(cost: float, plan: float | None, gap: float) -> str:
    if plan is None:
        return "where the plan found none"
    more = cost / plan - 1.0
    if abs(more) <= max(gap, 1e-6):
        return "as good as the plan"
    return f"{abs(more):.1%} {'more' if more > 0 else 'less'} than the plan"


def rivals(context: Context) -> Iterator[Rival]:
    """Yield every restriction that says something: what the scenario forbids anyway, or has no alternative to, is left out."""
    instance, roles = context.instance, {option.role for option in context.instance.options}
    if {Role.AGGREGATED, Role.DECODE} <= roles:
        together = only_options(instance, lambda option: option.role in {Role.AGGREGATED, Role.API})
        yield Rival("aggregated", "aggregated pools only", together)
        apart = only_options(instance, lambda option: option.role is not Role.AGGREGATED)
        yield Rival("disaggregated", "disaggregated pools only", apart)
    if _buys(instance) and (instance.offers or Role.API in roles):
        own = only_options(instance, lambda option: option.role is not Role.API)
        yield Rival("owned", "owned hardware only", replace(own, offers=()))
        yield Rival("not-owned", "no purchases", replace(instance, placements=tuple(map(_not_for_sale, instance.placements))))
    yield from _vendors(instance)


def _buys(instance: Instance) -> bool:
    return any(placement.buy_usd for placement in instance.placements)


def _vendors(instance: Instance) -> Iterator[Rival]:
    """Yield each vendor alone; a limit on its own share does not hold then."""
    owner = {system.id: system.vendor for system in instance.systems}
    vendors = sorted({owner[option.system] for option in instance.options if option.system is not None})
    if not 1 < len(vendors) <= MOST_VENDORS:
        return
    lifted = " (its limit of a share lifted)" if instance.policy.vendor_share else ""
    for vendor in vendors:
        alone = only_systems(instance, {name for name, whose in owner.items() if whose == vendor})
        yield Rival(f"vendor:{vendor}", f"{vendor} only{lifted}", replace(alone, policy=replace(alone.policy, vendor_share={})))


def only_systems(instance: Instance, systems: set[str]) -> Instance:
    """Return the instance in which only some systems may be bought, rented and used (token APIs stay)."""
    kept = only_options(instance, lambda option: option.system is None or option.system in systems)
    placements = tuple(one if one.system in systems else _not_for_sale(one) for one in kept.placements)
    return replace(kept, placements=placements, offers=tuple(offer for offer in kept.offers if offer.system in systems))


def _not_for_sale(placement: Placement) -> Placement:
    return replace(placement, buy_usd=(), cash_usd=())
