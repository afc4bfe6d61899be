"""The plan under several futures: what each costs, what flexibility, waiting and foresight are worth, what strategies regret."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.words import usd
from planner.plan.risk import FutureRow, RegretRow, Risk
from planner.program.instance import Instance
from planner.program.solution import Outcome, Solution
from planner.program.studies import Flexibility, Regret, flexibility, regret

GAP = 1e-3
MOST_VENDORS = 4
LABELS = {
    "any": "any hardware",
    "flexible": "only hardware that can run any model",
    "wired": "only hardware wired to one model",
}


def risk_of(context: Context, shown: str, allowed: Allowance | None) -> Risk | None:
    """Return what the futures mean for the plan; without an allowance only what the plan itself says. None without futures."""
    if not context.instance.futures or context.solution.objective_usd is None:
        return None
    bare = Risk(
        shown=shown,
        expected_usd=context.solution.objective_usd,
        futures=_futures(context),
        wired_share=wired_share(context),
    )
    if allowed is None:
        return bare.model_copy(update={"words": _words(bare)})
    studied = _flexible(bare, flexibility(context.instance, _solver(allowed)))
    table = regret(context.instance, strategies(context.instance), _solver(allowed))
    full = studied.model_copy(update={"regrets": _regrets(table)})
    if allowed.left_s <= 0.0:
        allowed.skip("some of the studies")
    return full.model_copy(update={"words": _words(full)})


def _futures(context: Context) -> tuple[FutureRow, ...]:
    costs, notes = context.solution.cost_by_future_usd, {case.id: case.note for case in context.scenario.futures}
    return tuple(
        FutureRow(
            id=one.id,
            note=notes.get(one.id, ""),
            probability=one.probability,
            net_present_cost_usd=costs[one.id],
            words=f"{one.id} ({one.probability:.0%}): {usd(costs[one.id])}",
        )
        for one in sorted(context.instance.futures, key=lambda one: one.id)
        if one.id in costs
    )


def wired_share(context: Context) -> float | None:
    """Return the share of the common purchases' power that is wired to one model [1]; None without common purchases."""
    systems = {system.id: system for system in context.instance.systems}
    wired = flexible = 0.0
    for row in context.solution.bought:
        if not row.future:
            watts = row.count * context.site_counts[row.site] * systems[row.system].power_w
            wired, flexible = (wired, flexible + watts) if systems[row.system].flexible else (wired + watts, flexible)
    return wired / (wired + flexible) if wired + flexible else None


def strategies(instance: Instance) -> Mapping[str, set[str]]:
    """Return the pure strategies, each the systems that it may buy or rent: any, flexible only, wired only, one vendor."""
    every = {system.id for system in instance.systems}
    wired = {system.id for system in instance.systems if not system.flexible}
    found = {"any": every}
    if wired and every - wired:
        found |= {"flexible": every - wired, "wired": wired}
    vendors = sorted({system.vendor for system in instance.systems})
    if 1 < len(vendors) <= MOST_VENDORS and not instance.policy.vendor_share:
        found |= {f"vendor:{name}": {system.id for system in instance.systems if system.vendor == name} for name in vendors}
    return found


def _solver(allowed: Allowance) -> Callable[[Instance], Solution]:
    """Return a solver within the allowance; what time does not allow has no plan."""
    return lambda instance: allowed.solve(instance, GAP) or Solution(Outcome.NO_SOLUTION)


def _flexible(bare: Risk, study: Flexibility) -> Risk:
    return bare.model_copy(
        update={
            "flexible_only_usd": study.flexible.objective_usd,
            "wired_value_usd": study.welded_value_usd,
            "committed_usd": study.committed.objective_usd,
            "waiting_value_usd": study.waiting_value_usd,
            "foresight_value_usd": study.foresight_value_usd,
        }
    )


def _regrets(table: Regret) -> tuple[RegretRow, ...]:
    return tuple(_regret(table, name) for name in sorted(table.cost_usd, key=lambda name: (name != "any", name)))


def _regret(table: Regret, name: str) -> RegretRow:
    label = LABELS.get(name, f"only {name.removeprefix('vendor:')}")
    regrets, worst = table.regret_usd[name], table.worst_usd[name]
    stuck = sorted(future for future, value in regrets.items() if value is None)
    words = f"{label}: no plan in {', '.join(stuck)}" if stuck else f"{label}: at worst {usd(worst or 0.0)} more than the best"
    return RegretRow(
        strategy=name,
        label=label,
        cost_by_future_usd=dict(table.cost_usd[name]),
        regret_by_future_usd=dict(regrets),
        worst_regret_usd=worst,
        words=words,
    )


def _words(risk: Risk) -> tuple[str, ...]:
    lines = [
        f"expected net present cost {usd(risk.expected_usd)}; " + ", ".join(row.words for row in risk.futures),
        f"fleet, pools, power and money are shown as they are in '{risk.shown}'",
    ]
    if risk.wired_share is not None and risk.wired_share > 0:
        lines.append(f"{risk.wired_share:.0%} of the power bought before the futures part is wired to one model")
    if risk.wired_value_usd is not None:
        lines.append(f"hardware wired to one model saves {usd(risk.wired_value_usd)} in spite of its risk")
    elif risk.flexible_only_usd is None and risk.committed_usd is not None:
        lines.append("without hardware wired to one model there is no plan")
    if risk.waiting_value_usd is not None:
        lines.append(f"deciding later instead of now saves {usd(risk.waiting_value_usd)}")
    if risk.foresight_value_usd is not None:
        lines.append(f"knowing the future beforehand would save {usd(risk.foresight_value_usd)}")
    return (*lines, *(row.words for row in risk.regrets if row.strategy != "any"))
