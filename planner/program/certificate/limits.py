"""Whether sites, budgets and policies hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

from planner.program.certificate.books import TOLERANCE, Books
from planner.program.certificate.money import carbon
from planner.program.instance import ShareBasis, Site, System


def check_limits(books: Books) -> Iterator[str]:
    """Yield every limit of sites and policy that is broken."""
    yield from _standing(books)
    yield from _sites(books)
    yield from _budgets(books)
    yield from _shares(books)
    yield from _kinds(books)
    limit = books.instance.policy.carbon_limit_g
    if limit is not None and _above(carbon(books), limit):
        yield f"{float(carbon(books)):.9g} g of carbon; the limit is {limit:.9g}"


def _above(used: Fraction, limit: float) -> bool:
    """Return whether a limit is broken by more than the tolerance."""
    return used > Fraction(limit) + TOLERANCE * max(abs(Fraction(limit)), Fraction(1, 10**6))


def _racks(system: System, site: Site) -> Fraction | None:
    """Return the racks that a unit takes, or None where it is too dense to stand."""
    if system.racks <= 0:
        return Fraction()
    limit = site.rack_power_w
    if system.racks >= 1:
        return None if limit is not None and system.power_w > limit * system.racks * (1 + 1e-9) else Fraction(system.racks)
    fits = 1 / system.racks
    if limit is not None and system.power_w > 0:
        fits = min(fits, limit / system.power_w)
    return Fraction(1, math.floor(fits + 1e-9)) if fits + 1e-9 >= 1 else None


def _standing(books: Books) -> Iterator[str]:
    """Yield units at sites that cannot cool them or whose racks they overload."""
    for system, site in {(o.system, o.site) for o in books.solution.owned} | _rented_at(books):
        item, place = books.systems[system], books.sites[site]
        if item.cooling and place.cooling and not item.cooling & place.cooling:
            yield f"{system} cannot be cooled at {site}"
        if _racks(item, place) is None:
            yield f"{system} is too dense for the racks of {site}"
        if (system, site) not in books.placements:
            yield f"{system} has no place at {site}"


def _rented_at(books: Books) -> set[tuple[str, str]]:
    """Return the systems and sites of everything rented."""
    return {(books.offers[offer].system, books.offers[offer].site) for offer, _ in books.rented}


def _sites(books: Books) -> Iterator[str]:
    """Yield sites that draw more than they may, or hold more than they have racks for."""
    for name, site in books.sites.items():
        for t in books.periods:
            for h in books.blocks:
                there = {y: books.present(y, s, t, h) for y, s in books.placements if s == name}
                watts = sum((n * Fraction(books.systems[y].power_w) for y, n in there.items()), Fraction())
                power, racks = site.power_w[t], site.racks[t]
                if power is not None and _above(watts, float((1 - Fraction(site.headroom)) * Fraction(power))):
                    yield f"{name}, period {t}: {float(watts):.9g} W of units, {power:.9g} W less {site.headroom:.0%} allowed"
                taken = sum((n * (_racks(books.systems[y], site) or Fraction()) for y, n in there.items()), Fraction())
                if racks is not None and _above(taken, racks):
                    yield f"{name}, period {t}: {float(taken):.9g} racks of units in {racks:g}"


def _cash(books: Books, t: int) -> tuple[Fraction, Fraction]:
    """Return the cash of purchases, and of rents, in a period [USD]."""
    bought = rented = Fraction()
    for (system, site, when), units in books.bought.items():
        cash = books.placements[system, site].cash_usd
        if when == t and cash:
            bought += units * books.count(site) * Fraction(cash[t]) * books.factor(books.future.buy_scale, system, t)
    for name, offer in books.offers.items():
        if offer.cash_usd:
            price = Fraction(offer.cash_usd[t]) * books.factor(books.future.rent_scale, name, t)
            rented += books.held(offer, t) * books.count(offer.site) * price
    return bought, rented


def _budgets(books: Books) -> Iterator[str]:
    """Yield budgets that are overdrawn."""
    policy = books.instance.policy
    total = Fraction()
    for t in books.periods:
        bought, rented = _cash(books, t)
        total += bought
        limit = policy.budget_usd[t] if policy.budget_usd else None
        if limit is not None and _above(bought + rented, limit):
            yield f"period {t}: {float(bought + rented):.9g} USD spent of {limit:.9g}"
    if policy.capex_limit_usd is not None and _above(total, policy.capex_limit_usd):
        yield f"{float(total):.9g} USD of purchases; the limit is {policy.capex_limit_usd:.9g}"


def _weights(books: Books) -> dict[str, Fraction]:
    """Return, by system, what shares are measured in: USD spent, or watts or chips of units and periods."""
    basis = books.instance.policy.share_basis
    weights: dict[str, Fraction] = {}
    for system, site in books.placements:
        item, count = books.systems[system], books.count(site)
        for t in books.periods:
            if basis is not ShareBasis.SPEND:
                each = Fraction(item.power_w) if basis is ShareBasis.POWER else Fraction(item.chips)
                weights[system] = weights.get(system, Fraction()) + count * each * books.present(system, site, t, 0)
    if basis is ShareBasis.SPEND:
        for (system, site, t), units in books.bought.items():
            price = Fraction(books.placements[system, site].buy_usd[t] or 0.0) * books.factor(books.future.buy_scale, system, t)
            weights[system] = weights.get(system, Fraction()) + units * books.count(site) * price
        for (name, t), units in books.rented.items():
            offer = books.offers[name]
            price = Fraction(offer.usd[t] or 0.0) * books.factor(books.future.rent_scale, name, t)
            weights[offer.system] = weights.get(offer.system, Fraction()) + units * books.count(offer.site) * price
    return weights


def _shares(books: Books) -> Iterator[str]:
    """Yield vendors, or welded hardware, with more than their share."""
    policy = books.instance.policy
    if not policy.vendor_share and policy.min_flexible_share <= 0:
        return
    weights = _weights(books)
    whole = sum(weights.values(), Fraction())

    def part(chosen: Callable[[System], bool]) -> Fraction:
        return sum((weight for name, weight in weights.items() if chosen(books.systems[name])), Fraction())

    for vendor, share in sorted(policy.vendor_share.items()):
        mine = part(lambda system, vendor=vendor: system.vendor == vendor)  # type: ignore[misc]
        if mine > (Fraction(share) + TOLERANCE) * whole:
            yield f"{vendor} has {float(mine / whole):.6g} of the whole; {share:g} is allowed"
    welded = part(lambda system: not system.flexible)
    if welded > (1 - Fraction(policy.min_flexible_share) + TOLERANCE) * whole:
        yield f"welded hardware has {float(welded / whole):.6g} of the whole; {1 - policy.min_flexible_share:g} is allowed"


def _kinds(books: Books) -> Iterator[str]:
    """Yield that there are too many kinds of system."""
    most = books.instance.policy.max_systems
    bought = {record.system for record in books.solution.bought}
    rented = {books.offers[record.offer].system for record in books.solution.rented}
    if most is not None and len(bought | rented) > most:
        yield f"{len(bought | rented)} kinds of system are bought or rented; {most} are allowed"
