"""The exact cost and carbon of a solution, recomputed from its counts and rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from planner.program.certificate.books import TOLERANCE, Books
from planner.program.instance import Instance
from planner.program.solution import Solution

_HOUR_S = 3600


def check_cost(cost: Fraction, solution: Solution, instance: Instance) -> Iterator[str]:
    """Yield that a solution claims another cost than its counts and rates have, or one above its ceiling."""
    claimed = Fraction(solution.objective_usd or 0.0)
    if abs(cost - claimed) > TOLERANCE * max(abs(cost), Fraction(1, 1000)):
        yield f"the plan claims {float(claimed):.9g} USD; its counts and rates cost {float(cost):.9g}"
    parts = Fraction(sum(solution.cost_usd.values()))
    if abs(parts - claimed) > TOLERANCE * max(abs(cost), Fraction(1, 1000)):
        yield f"the drivers add up to {float(parts):.9g} USD, not {float(claimed):.9g}"
    ceiling = instance.policy.max_cost_usd
    if ceiling is not None and cost > Fraction(ceiling) * (1 + TOLERANCE):
        yield f"{float(cost):.9g} USD; the ceiling is {ceiling:.9g}"


def total_cost(books: Sequence[Books]) -> Fraction:
    """Return the expected discounted cost over all futures [USD]."""
    return sum((Fraction(book.future.probability) * world_cost(book) for book in books), Fraction())


def world_cost(books: Books) -> Fraction:
    """Return the discounted cost of one future [USD]."""
    price = Fraction(books.instance.policy.carbon_usd_per_g)
    cost = _ownership(books) + _rent(books) + _energy(books) + _requests(books) + _unserved(books)
    return cost + (price * carbon(books) if price else Fraction())


def _ownership(books: Books) -> Fraction:
    """Return what is paid for buying, owning and retiring [USD]."""
    total = Fraction()
    for (system, site, t), units in books.bought.items():
        price = Fraction(books.placements[system, site].buy_usd[t] or 0.0)
        total += units * books.count(site) * price * books.factor(books.future.buy_scale, system, t)
    for (system, site), placement in books.placements.items():
        for t in books.periods if placement.own_usd else ():
            total += books.owned(system, site, t) * books.count(site) * Fraction(placement.own_usd[t])
    for (system, site, arrived, t), units in books.retired.items():
        total += units * books.count(site) * Fraction(books.placements[system, site].retire_usd[arrived, t])
    return total


def _rent(books: Books) -> Fraction:
    """Return what is paid for commitments [USD]."""
    total = Fraction()
    for (name, t), units in books.rented.items():
        offer = books.offers[name]
        price = Fraction(offer.usd[t] or 0.0) * books.factor(books.future.rent_scale, name, t)
        total += units * books.count(offer.site) * price
    return total


def drawn(books: Books) -> dict[tuple[str, int, int], Fraction]:
    """Return the watts drawn at one of each site's equal sites, by site, period and block."""
    watts: dict[tuple[str, int, int], Fraction] = defaultdict(Fraction)
    for system, site in books.placements:
        idle = Fraction(books.systems[system].idle_w)
        for t in books.periods if idle else ():
            for h in books.blocks:
                watts[site, t, h] += idle * books.present(system, site, t, h)
    for flow in books.flows:
        option = books.options[flow.option]
        if option.system is not None and option.busy_w:
            busy = Fraction(flow.rate_rps) / Fraction(option.capacity_rps[flow.request_class]) / books.count(flow.site)
            watts[flow.site, flow.period, flow.block] += busy * Fraction(option.busy_w)
    return watts


def _energy(books: Books) -> Fraction:
    """Return what is paid for energy and for peaks [USD]."""
    total = Fraction()
    peaks: dict[tuple[str, int], Fraction] = {}
    for (site, t, h), watts in drawn(books).items():
        place = books.sites[site]
        price = Fraction(place.energy_usd_per_wh[t][h]) * books.factor(books.future.energy_scale, site, t)
        total += watts * books.hours(t, h) * books.count(site) * price
        peaks[site, t] = max(peaks.get((site, t), Fraction()), watts)
    for (site, t), watts in peaks.items():
        place = books.sites[site]
        if place.peak_usd_per_w:
            total += watts * books.count(site) * Fraction(place.peak_usd_per_w[t])
    return total


def _requests(books: Books) -> Fraction:
    """Return token fees and prices of missed SLAs [USD]."""
    total = Fraction()
    for flow in books.flows:
        option = books.options[flow.option]
        fee = option.request_usd.get(flow.request_class)
        each = (Fraction(fee[flow.period]) if fee else Fraction()) + Fraction(option.breach_usd.get(flow.request_class, 0.0))
        if each:
            total += each * Fraction(flow.rate_rps) * books.hours(flow.period, flow.block) * _HOUR_S
    return total


def _unserved(books: Books) -> Fraction:
    """Return the price of requests turned away [USD]."""
    total = Fraction()
    for away in books.unserved:
        price = books.workloads[away.workload].unserved_usd
        if price:
            total += Fraction(away.rate_rps) * books.hours(away.period, away.block) * _HOUR_S * Fraction(price[away.period])
    return total


def carbon(books: Books) -> Fraction:
    """Return the grams of a future: energy, embodied in purchases, rented, and per request."""
    total = Fraction()
    for (site, t, h), watts in drawn(books).items():
        table = books.sites[site].energy_gco2e_per_wh
        if table:
            total += watts * books.hours(t, h) * books.count(site) * Fraction(table[t][h])
    for (system, site, _), units in books.bought.items():
        total += units * books.count(site) * Fraction(books.placements[system, site].buy_gco2e)
    for offer in books.offers.values():
        grams = Fraction(books.placements[offer.system, offer.site].rent_gco2e)
        total += sum(books.held(offer, t) for t in books.periods) * books.count(offer.site) * grams
    for flow in books.flows:
        grams = Fraction(books.options[flow.option].request_gco2e.get(flow.request_class, 0.0))
        total += grams * Fraction(flow.rate_rps) * books.hours(flow.period, flow.block) * _HOUR_S
    return total
