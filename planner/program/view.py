"""One world of a program under construction, and the sums of columns that several families share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pulp

from planner.program.instance import Offer, Role
from planner.program.model import Index, Model, Route, Sense, Term
from planner.program.sets import Sets, Spot, World


@dataclass(frozen=True, slots=True)
class View:
    """A model, its sets and one world of them; every index that it completes ends in the world's id, or in a decision's stage."""

    model: Model
    sets: Sets
    world: World

    def find(self, family: str, *index: str | int) -> pulp.LpVariable | None:
        """Return the world's column of a family if it exists."""
        return self.model.find(family, (*index, self.world.id))

    def row(self, family: str, index: Index, terms: Iterable[Term], sense: Sense, rhs: float, *, unit: float = 1.0) -> None:
        """Add a row of the world (see `Model.row`)."""
        self.model.row(family, (*index, self.world.id), terms, sense, rhs, unit=unit)

    def cost(self, driver: str, coefficient: float, variable: pulp.LpVariable) -> None:
        """Add `coefficient` [USD] times a column to what a driver costs in this world."""
        if coefficient:
            self.model.costs.setdefault((driver, self.world.id), []).append((coefficient, variable))

    def order_stage(self, system: str, arrival: int) -> str:
        """Return whose decision the order of an arrival is."""
        return self.sets.stage(self.world, self.sets.order_period(system, arrival))

    def available_from(self, system: str) -> int:
        """Return the first period in which a system can be delivered."""
        return self.world.available_from.get(system, self.sets.systems[system].available_from)

    def window(self, spot: Spot) -> range:
        """Return the periods in which a spot can serve."""
        return self.sets.window(spot.option, self.world)

    def bought(self, system: str, site: str, t: int) -> list[Term]:
        """Return the purchase column of an arrival planned for period t, as a sum."""
        variable = self.model.find("buy", (system, site, t, self.order_stage(system, t)))
        return [] if variable is None else [(1.0, variable)]

    def retired(self, system: str, site: str, arrived: int, periods: range) -> list[Term]:
        """Return the units of an arrival that are taken out in some periods, as a sum."""
        stage = self.sets.stage
        found = (self.model.find("retire", (system, site, arrived, t, stage(self.world, t))) for t in periods)
        return [(1.0, variable) for variable in found if variable is not None]

    def rented(self, offer: Offer, t: int) -> list[Term]:
        """Return the units of an offer that are held in a period, as a sum over when their commitments began."""
        starts = range(max(0, t - offer.term_periods + 1), t + 1)
        found = (self.model.find("rent", (offer.id, start, self.sets.stage(self.world, start))) for start in starts)
        return [(1.0, variable) for variable in found if variable is not None]

    def present(self, system: str, site: str, t: int, h: int) -> list[Term]:
        """Return the units of a system at one of a site's equal sites in a block, owned and rented, as a sum."""
        owned = self.find("owned", system, site, t)
        terms: list[Term] = [] if owned is None else [(1.0, owned)]
        for offer in self.sets.offers_of(system, site):
            if offer.blocks is None or h in offer.blocks:
                terms += self.rented(offer, t)
        return terms

    def arrivals(self, system: str, t: int) -> list[Term]:
        """Return the units of a system, over all sites, that arrive in a period, as a sum."""
        sites = self.sets.sites_of.get(system, ())
        return [(self.sets.count(site) * one, v) for site in sites for one, v in self.bought(system, site, t)]

    def routes(self, spot: Spot, t: int, h: int) -> Sequence[Route]:
        """Return what a spot can serve in a block, class by class; kept by the model, because many families ask for it.

        Not to be asked before the shares of the world are all created.
        """
        index = (spot.option, spot.site, t, h, self.world.id)
        found = self.model.routes.get(index)
        if found is None:
            found = self.model.routes[index] = tuple(self._routes(spot, t, h))
        return found

    def _routes(self, spot: Spot, t: int, h: int) -> Iterator[Route]:
        """Yield every (class, busy replicas if all of it were served, share) of a spot in a block."""
        for request_class in self.sets.classes(spot.workload):
            share = self.find("share", spot.option, request_class, spot.site, t, h)
            if share is not None:
                yield request_class, self.unit_load(spot, request_class, t, h), share

    def shares(self, spot: Spot, t: int, h: int) -> Iterator[tuple[str, pulp.LpVariable]]:
        """Return a spot's (class, share) pairs in a block."""
        return ((request_class, share) for request_class, _, share in self.routes(spot, t, h))

    def unit_load(self, spot: Spot, request_class: str, t: int, h: int) -> float:
        """Return the busy replicas at one of a spot's equal sites if it served a share of 1 of a class."""
        return self.sets.unit_load(spot, request_class, t, h, self.world)

    def load(self, spot: Spot, t: int, h: int) -> list[Term]:
        """Return the busy replicas of a spot in a block, at one of the site's equal sites, as a sum."""
        return [(load, share) for _, load, share in self.routes(spot, t, h)]

    def served(self, workload: str, request_class: str, t: int, h: int) -> list[Term]:
        """Return the shares of all spots that take in requests of a class (prefill, aggregated, token API), as a sum."""
        terms: list[Term] = []
        for spot in self.sets.spots_of.get(workload, ()):
            share = self.find("share", spot.option, request_class, spot.site, t, h)
            if share is not None and spot.role is not Role.DECODE:
                terms.append((1.0, share))
        return terms

    def drawn(self, site: str, t: int, h: int) -> list[Term]:
        """Return the watts drawn at one of a site's equal sites in a block: idle units plus busy replicas, as a sum."""
        terms: list[Term] = []
        for system in self.sets.systems_at.get(site, ()):
            idle = self.sets.systems[system].idle_w
            terms += [(idle * one, variable) for one, variable in self.present(system, site, t, h)]
            for spot in self.sets.spots_at.get((system, site), ()):
                busy = self.sets.options[spot.option].busy_w
                terms += [(busy * value, variable) for value, variable in self.load(spot, t, h)]
        return terms


def views(model: Model, sets: Sets) -> list[View]:
    """Return a view of every world."""
    return [View(model, sets, world) for world in sets.worlds]


def negative(terms: Iterable[Term], factor: float = 1.0) -> list[Term]:
    """Return a sum with every coefficient times `-factor`."""
    return [(-factor * value, variable) for value, variable in terms]
