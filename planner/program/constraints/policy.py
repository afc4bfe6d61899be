"""Limits that somebody chose: budgets, shares of vendors, kinds of system, carbon, a ceiling on cost."""

from __future__ import annotations

import pulp

from planner.program.constraints.market import largest_need
from planner.program.goal import expected, merged
from planner.program.instance import ShareBasis
from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets
from planner.program.view import View, views


def spent(view: View, t: int) -> list[Term]:
    """Return the cash [USD, undiscounted] that purchases and rents take in a period, as a sum."""
    sets, world = view.sets, view.world
    terms = purchases(view, t)
    for offer in sets.offers.values():
        if offer.cash_usd:
            cash = sets.count(offer.site) * offer.cash_usd[t] * world.factor(world.rent_scale, offer.id, t)
            terms += [(cash * one, held) for one, held in view.rented(offer, t)]
    return terms


def purchases(view: View, t: int) -> list[Term]:
    """Return the cash [USD, undiscounted] that purchases arriving in a period take, as a sum."""
    terms: list[Term] = []
    for (system, site), placement in view.sets.placements.items():
        if placement.cash_usd:
            cash = view.sets.count(site) * placement.cash_usd[t] * view.world.factor(view.world.buy_scale, system, t)
            terms += [(cash * one, variable) for one, variable in view.bought(system, site, t)]
    return terms


def define_budget(model: Model, sets: Sets) -> None:
    """Add `cash of period t <= budget_usd[t]`, and `cash of all purchases <= capex_limit_usd` (family `capex`)."""
    policy = sets.instance.policy
    for view in views(model, sets):
        for t in sets.periods if policy.budget_usd else ():
            limit = policy.budget_usd[t]
            if limit is not None:
                view.row("budget", (t,), spent(view, t), Sense.LE, limit, unit=limit or 1000.0)
        if policy.capex_limit_usd is not None:
            terms = [term for t in sets.periods for term in purchases(view, t)]
            view.row("capex", (), terms, Sense.LE, policy.capex_limit_usd, unit=policy.capex_limit_usd or 1000.0)


def share_basis(view: View) -> dict[str, list[Term]]:
    """Return, by system, what shares are shares of: spend [USD], watts or chips of units and periods, as sums."""
    sets, basis = view.sets, view.sets.instance.policy.share_basis
    sums: dict[str, list[Term]] = {system: [] for system in sets.systems}
    for (system, site), placement in sets.placements.items():
        item, count = sets.systems[system], sets.count(site)
        for t in sets.periods:
            if basis is ShareBasis.SPEND:
                price = (placement.buy_usd[t] if placement.buy_usd else None) or 0.0
                factor = view.world.factor(view.world.buy_scale, system, t)
                sums[system] += [(count * price * factor * one, v) for one, v in view.bought(system, site, t)]
            else:
                weight = item.power_w if basis is ShareBasis.POWER else item.chips
                sums[system] += [(count * weight * one, v) for one, v in view.present(system, site, t, 0)]
    for offer in sets.offers.values() if basis is ShareBasis.SPEND else ():
        for t in sets.periods:
            rent = model_rent(view, offer.id, t)
            price = (offer.usd[t] or 0.0) * view.world.factor(view.world.rent_scale, offer.id, t)
            sums[offer.system] += [(sets.count(offer.site) * price * one, v) for one, v in rent]
    return sums


def model_rent(view: View, offer: str, t: int) -> list[Term]:
    """Return the column of commitments that begin in a period, as a sum."""
    variable = view.model.find("rent", (offer, t, view.sets.stage(view.world, t)))
    return [] if variable is None else [(1.0, variable)]


def define_shares(model: Model, sets: Sets) -> None:
    """Add `vendor <= share * all` (family `vendor`) and `welded <= (1 - least flexible share) * all` (family `flexible`)."""
    policy = sets.instance.policy
    if not policy.vendor_share and policy.min_flexible_share <= 0:
        return
    for view in views(model, sets):
        sums = share_basis(view)
        for vendor, share in sorted(policy.vendor_share.items()):
            chosen = {system for system, item in sets.systems.items() if item.vendor == vendor}
            _limit(view, ("vendor", (vendor,)), sums, share, chosen)
        if policy.min_flexible_share > 0:
            share = 1.0 - policy.min_flexible_share
            welded = {system for system, item in sets.systems.items() if not item.flexible}
            _limit(view, ("flexible", ()), sums, share, welded)


def _limit(view: View, row: tuple[str, tuple[str, ...]], sums: dict[str, list[Term]], share: float, chosen: set[str]) -> None:
    """Add the row `sum over chosen systems <= share * sum over all`, its numbers brought near one."""
    terms: list[Term] = []
    for system, part in sums.items():
        factor = (1.0 if system in chosen else 0.0) - share
        terms += [(factor * value, variable) for value, variable in part]
    largest = max((abs(value) for value, _ in terms), default=1.0)
    view.row(*row, merged(terms), Sense.LE, 0.0, unit=largest or 1.0)


def define_kinds(model: Model, sets: Sets) -> None:
    """Add `acquired <= M kind` per system (family `acquired`) and `sum_y kind <= max_systems` (family `kinds`)."""
    most = sets.instance.policy.max_systems
    if most is None:
        return
    for system in sets.systems:
        kind = model.find("kind", (system,))
        for index, (units, bound) in acquired(model, sets, system).items():
            model.row("acquired", index, [(1.0, units), (-bound, kind)], Sense.LE, 0.0, unit=bound)
    terms = [(1.0, variable) for variable in model.family("kind").values()]
    model.row("kinds", (), terms, Sense.LE, float(most))


def acquired(model: Model, sets: Sets, system: str) -> dict[tuple[str | int, ...], tuple[pulp.LpVariable, float]]:
    """Return every column that buys or rents a system, with more units than could ever be used."""
    bound = max(1.0, largest_need(sets, system), float(sets.systems[system].min_order))
    found: dict[tuple[str | int, ...], tuple[pulp.LpVariable, float]] = {}
    for index, variable in model.family("buy").items():
        if index[0] == system:
            found["buy", *index] = (variable, bound)
    for index, variable in model.family("rent").items():
        if sets.offers[str(index[0])].system == system:
            found["rent", *index] = (variable, bound)
    return found


def define_carbon(model: Model, sets: Sets) -> None:
    """Add `grams <= carbon_limit_g`, in every world."""
    limit = sets.instance.policy.carbon_limit_g
    for view in views(model, sets) if limit is not None else ():
        view.row("carbon", (), model.carbon.get(view.world.id, []), Sense.LE, limit or 0.0, unit=limit or 1000.0)


def define_ceiling(model: Model, sets: Sets) -> None:
    """Add `expected discounted cost <= max_cost_usd`."""
    limit = sets.instance.policy.max_cost_usd
    if limit is not None:
        terms = [term for driver in expected(model, sets).values() for term in driver]
        model.row("ceiling", (), merged(terms), Sense.LE, limit, unit=limit or 1000.0)
