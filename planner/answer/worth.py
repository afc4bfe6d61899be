"""What one more kW, rack, unit of supply, dollar of budget or point of a vendor's share saves.

At the margin: the duals of the program without whole numbers (with the whole numbers held, units cannot change and a limit of
units is worth nothing). Exactly: the program solved again with room for one unit more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.program.instance import Instance, Site
from planner.program.prices import shadow_prices
from planner.program.solution import Slack

POINTS = 0.05
ONE = {"racks": "rack", "units": "unit", "kinds": "kind", "%": "point"}
MOVABLE = frozenset({"power", "racks", "supply", "budget", "capex", "vendor", "carbon"})


@dataclass(frozen=True, slots=True)
class Worth:
    """What one more of a limit saves [USD per unit that people count in], and how that was found."""

    usd: float
    words: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A binding limit: its slack, whose it is, its unit, what a program's unit is in it, and what one system more takes of it."""

    slack: Slack
    place: str
    unit: str
    scale: float
    step: float


def margins(context: Context, asked: Iterable[Asked], allowed: Allowance) -> dict[tuple[str, str], Worth]:
    """Return the worth of limits at the margin; a limit that no dual speaks for is worth nothing."""
    settings = replace(context.instance.settings, time_limit_s=max(allowed.left_s, 0.1))
    duals = shadow_prices(replace(context.instance, settings=settings))
    found: dict[tuple[str, str], Worth] = {}
    for one in asked:
        mine = (dual.usd_per_unit for dual in duals if (dual.family, _owner(dual.index, one)) == (one.slack.family, one.place))
        usd = max(0.0, sum(mine) * _basis(context, one)) / one.scale
        saves = f"one more {ONE.get(one.unit, one.unit)} saves about {usd:,.{0 if usd >= 10 else 2}f} USD at the margin"
        found[one.slack.family, one.place] = Worth(usd, saves)
    return found


def _owner(index: tuple[str, ...], one: Asked) -> str:
    return index[0] if one.place and index else ""


def _basis(context: Context, one: Asked) -> float:
    """Return what a dual is multiplied by: a share's row is in watts and periods of everything, its limit is zero."""
    if one.slack.family not in {"vendor", "flexible"}:
        return 1.0
    watts = {system.id: system.power_w for system in context.instance.systems}
    return sum(float(n.sum()) * watts[name] * context.site_counts[site] for (site, name), n in context.owned.items())


def exact(context: Context, asked: Iterable[Asked], allowed: Allowance) -> dict[tuple[str, str], Worth]:
    """Return the worth of limits from solving again with room for one unit more; those that time does not allow are left out."""
    wanted = [one for one in asked if one.slack.family in MOVABLE and one.step > 0]
    base = allowed.solve(context.instance) if wanted else None
    found: dict[tuple[str, str], Worth] = {}
    for number, one in enumerate(wanted):
        moved = None if base is None else allowed.solve(raised(context.instance, one.slack.family, one.place, one.step))
        if base is None or moved is None or base.objective_usd is None or moved.objective_usd is None:
            allowed.skip(f"the worth of {len(wanted) - number} of {len(wanted)} limits")
            break
        saves, more = max(0.0, base.objective_usd - moved.objective_usd), one.step * one.scale
        words = f"{more:,.1f} {one.unit} more save {saves:,.0f} USD: {saves / more:,.0f} USD per {one.unit}, solved again"
        found[one.slack.family, one.place] = Worth(saves / more, words)
    return found


def raised(instance: Instance, family: str, place: str, step: float) -> Instance:
    """Return the instance with `step` more of a limit (in the program's unit) in every period."""
    if family in {"power", "racks"}:
        sites = tuple(_larger(site, family, step) if site.id == place else site for site in instance.sites)
        return replace(instance, sites=sites)
    if family == "supply":
        systems = tuple(replace(s, supply=_plus(s.supply, step)) if s.id == place else s for s in instance.systems)
        return replace(instance, systems=systems)
    policy = instance.policy
    if family == "vendor":
        policy = replace(policy, vendor_share={**policy.vendor_share, place: min(1.0, policy.vendor_share[place] + step)})
    elif family == "budget":
        policy = replace(policy, budget_usd=_plus(policy.budget_usd, step))
    elif family == "capex" and policy.capex_limit_usd is not None:
        policy = replace(policy, capex_limit_usd=policy.capex_limit_usd + step)
    elif family == "carbon" and policy.carbon_limit_g is not None:
        policy = replace(policy, carbon_limit_g=policy.carbon_limit_g + step)
    return replace(instance, policy=policy)


def _larger(site: Site, family: str, step: float) -> Site:
    """Return a site with more racks, or with more watts that may be used after headroom."""
    if family == "racks":
        return replace(site, racks=_plus(site.racks, step))
    return replace(site, power_w=_plus(site.power_w, step / (1.0 - site.headroom)))


def _plus(row: tuple[float | None, ...], step: float) -> tuple[float | None, ...]:
    return tuple(None if value is None else value + step for value in row)
