"""What things cost: every column's coefficients by cost driver [USD], and the energy [Wh] and carbon [g] beside them.

Drivers: buy, own, retire, rent, energy, peak, request, breach, unserved, carbon. Each is kept by world and not yet weighted by
its probability; a decision that worlds share appears in each of them.
"""

from __future__ import annotations

from planner.program.instance import Role
from planner.program.model import Model, Term
from planner.program.sets import Sets, Spot
from planner.program.view import View, views

SECONDS_PER_HOUR = 3600.0


def define_costs(model: Model, sets: Sets) -> None:
    """Fill the model's costs, energy and carbon, world by world."""
    for view in views(model, sets):
        _price_ownership(view)
        _price_rent(view)
        _price_energy(view)
        _price_requests(view)
        _price_unserved(view)
        price = sets.instance.policy.carbon_usd_per_g
        for grams, variable in model.carbon.get(view.world.id, []) if price else ():
            view.cost("carbon", grams * price, variable)


def _emit(view: View, terms: list[Term]) -> None:
    """Add grams to the world's carbon."""
    view.model.carbon.setdefault(view.world.id, []).extend(term for term in terms if term[0])


def _price_ownership(view: View) -> None:
    """Price purchases, possession and retirements, at each of a site's equal sites."""
    sets, world = view.sets, view.world
    for (system, site), placement in sets.placements.items():
        count = sets.count(site)
        for t in sets.periods:
            price = placement.buy_usd[t] if placement.buy_usd else None
            for _, variable in view.bought(system, site, t):
                view.cost("buy", count * (price or 0.0) * world.factor(world.buy_scale, system, t), variable)
                _emit(view, [(count * placement.buy_gco2e, variable)])
            owned = view.find("owned", system, site, t)
            if owned is not None and placement.own_usd:
                view.cost("own", count * placement.own_usd[t], owned)
        for (arrived, t), usd in sorted(placement.retire_usd.items()):
            for _, variable in view.retired(system, site, arrived, range(t, t + 1)):
                view.cost("retire", count * usd, variable)


def _price_rent(view: View) -> None:
    """Price commitments, each whole when it begins."""
    sets, world = view.sets, view.world
    for offer in sets.offers.values():
        placement = sets.placements[offer.system, offer.site]
        count = sets.count(offer.site)
        for t in sets.periods:
            variable = view.model.find("rent", (offer.id, t, sets.stage(world, t)))
            if variable is not None:
                view.cost("rent", count * (offer.usd[t] or 0.0) * world.factor(world.rent_scale, offer.id, t), variable)
            held = [(count * placement.rent_gco2e * one, rent) for one, rent in view.rented(offer, t)]
            _emit(view, held)


def _price_energy(view: View) -> None:
    """Price the watt-hours drawn at each site, and its highest draw."""
    sets, world = view.sets, view.world
    for site, place in sets.sites.items():
        for t in sets.periods:
            factor = world.factor(world.energy_scale, site, t)
            for h in sets.blocks:
                hours = sets.hours(t, h) * sets.count(site)
                drawn = [(hours * watts, variable) for watts, variable in view.drawn(site, t, h) if watts]
                view.model.energy.setdefault(world.id, []).extend(drawn)
                grams = place.energy_gco2e_per_wh[t][h] if place.energy_gco2e_per_wh else 0.0
                _emit(view, [(grams * wh, variable) for wh, variable in drawn])
                for wh, variable in drawn:
                    view.cost("energy", place.energy_usd_per_wh[t][h] * factor * wh, variable)
            peak = view.find("peak", site, t)
            if peak is not None:
                view.cost("peak", sets.count(site) * place.peak_usd_per_w[t] * 1000.0, peak)


def _requests(view: View, workload: str, request_class: str, t: int, h: int) -> float:
    """Return the requests of a whole period's block that a share of 1 stands for."""
    return view.world.scale[workload, request_class, t, h] * view.sets.hours(t, h) * SECONDS_PER_HOUR


def _price_requests(view: View) -> None:
    """Price what is paid per request: token fees, and SLAs that are missed."""
    for spot in view.sets.spots:
        option = view.sets.options[spot.option]
        if spot.role is Role.API or option.breach_usd or option.request_usd or option.request_gco2e:
            for t in view.window(spot):
                for h in view.sets.blocks:
                    _price_spot(view, spot, t, h)


def _price_spot(view: View, spot: Spot, t: int, h: int) -> None:
    """Price the requests of one spot in one block."""
    option = view.sets.options[spot.option]
    for request_class, share in view.shares(spot, t, h):
        requests = _requests(view, spot.workload, request_class, t, h)
        if request_class in option.request_usd:
            view.cost("request", requests * option.request_usd[request_class][t], share)
        view.cost("breach", requests * option.breach_usd.get(request_class, 0.0), share)
        _emit(view, [(requests * option.request_gco2e.get(request_class, 0.0), share)])


def _price_unserved(view: View) -> None:
    """Price requests turned away, where the workload has a price for them."""
    for (workload, request_class, t, h), rate in sorted(view.world.arrivals.items()):
        unserved = view.find("unserved", workload, request_class, t, h)
        usd = view.sets.workloads[workload].unserved_usd
        if unserved is not None and usd:
            view.cost("unserved", rate * view.sets.hours(t, h) * SECONDS_PER_HOUR * usd[t], unserved)
