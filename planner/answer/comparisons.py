"""Rival plans for the same demand under the same queue model: aggregated or disaggregated only, owned only, each vendor alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.words import usd
from planner.plan.evidence import Comparison
from planner.program.instance import Instance, Placement, Role
from planner.program.solution import Outcome
from planner.program.studies import only_options

GAP = 0.01
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
        cost, words = solution.objective_usd, f"{rival.label}: no plan meets what is asked"
        if solution.outcome is Outcome.OPTIMAL and cost is not None:
            words = f"{rival.label}: {usd(cost)}, {_against(cost, context.solution.objective_usd, solution.gap or 0.0)}"
        row = Comparison(id=rival.id, label=rival.label, outcome=solution.outcome.value, net_present_cost_usd=cost, words=words)
        found.append(row)
    return tuple(found)


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
