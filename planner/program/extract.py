"""From the solver's numbers back to a plan: sparse, sorted records, without dust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planner.program.constraints.policy import share_basis
from planner.program.goal import expected
from planner.program.model import Index, Model, Row, Term
from planner.program.packing import Place, overfull
from planner.program.pools import Key, pools, short_queues
from planner.program.sets import Sets
from planner.program.solution import (
    Bought,
    Flow,
    Moved,
    Outcome,
    Owned,
    Pool,
    Rented,
    Retired,
    Sent,
    Slack,
    Solution,
    Unserved,
)
from planner.program.view import views

DUST = 1e-8
WHOLE = 1e-6
SLACK_FAMILIES = frozenset(
    {"power", "racks", "supply", "offered", "budget", "capex", "vendor", "flexible", "kinds", "carbon", "ceiling", "fabric"}
)


@dataclass(frozen=True, slots=True)
class Values:
    """The value of every column by name; shares below `DUST` count as nothing."""

    by_name: Mapping[str, float]

    def count(self, model: Model, family: str, index: Index) -> int:
        """Return a whole number."""
        variable = model.find(family, index)
        return 0 if variable is None else round(self.by_name[variable.name])

    def positive(self, model: Model, family: str) -> list[tuple[Index, float]]:
        """Return the columns of a family that are not dust, with their values, sorted by index."""
        found = [(index, self.by_name[variable.name]) for index, variable in model.family(family).items()]
        return sorted((index, value) for index, value in found if value > DUST)

    def total(self, terms: list[Term]) -> float:
        """Return the value of a sum."""
        return math.fsum(coefficient * self.by_name[variable.name] for coefficient, variable in terms)


def bought(model: Model, values: Values) -> tuple[Bought, ...]:
    """Return the purchases."""
    found = values.positive(model, "buy")
    return tuple(sorted(Bought(str(y), str(s), int(t), str(w), round(n)) for (y, s, t, w), n in found))


def retired(model: Model, values: Values) -> tuple[Retired, ...]:
    """Return the retirements."""
    found = values.positive(model, "retire")
    return tuple(sorted(Retired(str(y), str(s), int(v), int(t), str(w), round(n)) for (y, s, v, t, w), n in found))


def rented(model: Model, sets: Sets, values: Values) -> tuple[Rented, ...]:
    """Return the commitments to rent."""
    found = values.positive(model, "rent")
    return tuple(sorted(Rented(str(o), sets.offers[str(o)].site, int(t), str(w), round(n)) for (o, t, w), n in found))


def owned(model: Model, values: Values) -> tuple[Owned, ...]:
    """Return the owned stock of every period."""
    found = values.positive(model, "owned")
    return tuple(sorted(Owned(str(y), str(s), int(t), str(w), round(n)) for (y, s, t, w), n in found if round(n)))


def flows(model: Model, sets: Sets, values: Values) -> tuple[Flow, ...]:
    """Return who serves what, in requests per second."""
    scale = {world.id: world.scale for world in sets.worlds}
    found = []
    for index, share in values.positive(model, "share"):
        d, b, s, t, h, w = str(index[0]), str(index[1]), str(index[2]), int(index[3]), int(index[4]), str(index[5])
        rate = scale[w][sets.options[d].workload, b, t, h]
        found.append(Flow(d, b, s, t, h, w, share * rate))
    return tuple(sorted(found))


def sent(model: Model, sets: Sets, values: Values) -> tuple[Sent, ...]:
    """Return what is put on and taken from links, where there is a choice of them."""
    scale = {world.id: world.scale for world in sets.worlds}
    found = []
    for (link, d, b, t, h, w), share in values.positive(model, "sent"):
        rate = scale[str(w)][sets.options[str(d)].workload, str(b), int(t), int(h)]
        found.append(Sent(str(link), str(d), str(b), int(t), int(h), str(w), share * rate))
    return tuple(sorted(found))


def moved(model: Model, sets: Sets, values: Values) -> tuple[Moved, ...]:
    """Return the batch work of every block by the block in which it arrived, in requests per second of the serving block."""
    scale = {world.id: world.scale for world in sets.worlds}
    found = []
    for (k, b, t, h, served, w), share in values.positive(model, "moved"):
        rate = scale[str(w)][str(k), str(b), int(t), int(served)]
        found.append(Moved(str(k), str(b), int(t), int(h), int(served), str(w), share * rate))
    return tuple(sorted(found))


def unserved(model: Model, sets: Sets, values: Values) -> tuple[Unserved, ...]:
    """Return what is turned away, in requests per second."""
    arrivals = {world.id: world.arrivals for world in sets.worlds}
    found = []
    for (k, b, t, h, w), share in values.positive(model, "unserved"):
        rate = share * arrivals[str(w)][str(k), str(b), int(t), int(h)]
        found.append(Unserved(str(k), str(b), int(t), int(h), str(w), rate))
    return tuple(sorted(found))


def costs(model: Model, sets: Sets, values: Values) -> tuple[dict[str, float], dict[str, float]]:
    """Return the expected cost by driver [USD], and the cost of each world [USD]."""
    by_driver = {driver: values.total(terms) for driver, terms in sorted(expected(model, sets).items())}
    by_world = dict.fromkeys((world.id for world in sets.worlds), 0.0)
    for (_, world), terms in model.costs.items():
        by_world[world] += values.total(terms)
    return {driver: usd for driver, usd in by_driver.items() if usd}, by_world


def usage(model: Model, sets: Sets, values: Values) -> tuple[float, float]:
    """Return the expected energy [Wh] and carbon [g]."""
    energy = sum(world.probability * values.total(model.energy.get(world.id, [])) for world in sets.worlds)
    carbon = sum(world.probability * values.total(model.carbon.get(world.id, [])) for world in sets.worlds)
    return energy, carbon


def slacks(model: Model, sets: Sets, values: Values) -> tuple[Slack, ...]:
    """Return what there is and what is used of every limit with a number of its own; of shares, the share."""
    shares, found = shares_used(model, sets, values), []
    for row in model.rows.values():
        if row.family in SLACK_FAMILIES:
            index = tuple(str(part) for part in row.index if part != "")
            have, used = shares.get((row.family, row.index), (row.rhs * row.unit, activity(model, row, values)))
            found.append(Slack(row.family, index, have, used))
    return tuple(sorted(found))


def activity(model: Model, row: Row, values: Values) -> float:
    """Return the left side of a row, what is used of a limit, in its natural unit."""
    relation = model.problem.get_constraint_by_name(row.name)
    terms = () if relation is None else relation.items()
    return math.fsum(value * values.by_name[variable.name] for variable, value in terms) * row.unit


def shares_used(model: Model, sets: Sets, values: Values) -> dict[tuple[str, Index], tuple[float, float]]:
    """Return, by family and index of their rows, the largest share allowed and the share used [1] of every limited group.

    Those of `flexible` are shares of hardware that is wired to one model. A share of nothing is 0.
    """
    policy = sets.instance.policy
    found: dict[tuple[str, Index], tuple[float, float]] = {}
    limited = bool(policy.vendor_share) or policy.min_flexible_share > 0
    for view in views(model, sets) if limited else ():
        weights = {system: values.total(terms) for system, terms in share_basis(view).items()}
        whole = math.fsum(weights.values())

        def share(group: list[float], whole: float = whole) -> float:
            return math.fsum(group) / whole if whole > 0 else 0.0

        for vendor, most in policy.vendor_share.items():
            mine = [weight for system, weight in weights.items() if sets.systems[system].vendor == vendor]
            found["vendor", (vendor, view.world.id)] = most, share(mine)
        wired = [weight for system, weight in weights.items() if not sets.systems[system].flexible]
        found["flexible", (view.world.id,)] = 1.0 - policy.min_flexible_share, share(wired)
    return found


def pools_of(sets: Sets, model: Model, values: Values) -> tuple[Pool, ...]:
    """Return the fewest whole replicas that carry a plan's load; where its queues need more, of those that it has up."""
    return _pools(sets, model, values, flows(model, sets, values))


def _pools(sets: Sets, model: Model, values: Values, served: tuple[Flow, ...]) -> tuple[Pool, ...]:
    stated: dict[Key, int] = {}
    for spot in (spot for queue in sets.queues.values() for spot in queue.spots):
        for world in sets.worlds:
            for t in sets.periods:
                for h in sets.blocks:
                    key = (spot.option, spot.site, t, h, world.id)
                    stated[key] = math.ceil(values.by_name.get(model.name("pool", key), 0.0) - WHOLE)
    return pools(sets, served, stated)


def fits(sets: Sets, model: Model, values: Values) -> dict[Place, float]:
    """Return the places where whole replicas do not fit into whole units or queue too short, and what is lost there [units]."""
    usable: dict[Place, float] = {}
    held = sets.instance.policy.reserve_units
    found = pools_of(sets, model, values)
    used = {(sets.options[p.option].system or "", p.site, p.period, p.block, p.future) for p in found}
    for view in views(model, sets):
        for system, site, t, h, world in used:
            if world == view.world.id:
                units = round(values.total(view.present(system, site, t, h)))
                usable[system, site, t, h, world] = units - held
    lost = overfull(sets, found, usable)
    for (option, site, t, h, world), replicas in short_queues(sets, found).items():
        where = (sets.options[option].system or "", site, t, h, world)
        lost[where] = max(lost.get(where, 0.0), replicas)
    return lost


def written(model: Model, sets: Sets, values: Values) -> Solution:
    """Return a plan as records, with its cost; outcome, score and bound are the caller's to say."""
    by_driver, by_world = costs(model, sets, values)
    energy, carbon = usage(model, sets, values)
    served = flows(model, sets, values)
    return Solution(
        Outcome.FEASIBLE,
        objective_usd=math.fsum(by_driver.values()),
        cost_usd=by_driver,
        cost_by_future_usd=by_world,
        bought=bought(model, values),
        retired=retired(model, values),
        rented=rented(model, sets, values),
        owned=owned(model, values),
        pools=_pools(sets, model, values, served),
        flows=served,
        sent=sent(model, sets, values),
        moved=moved(model, sets, values),
        unserved=unserved(model, sets, values),
        slacks=slacks(model, sets, values),
        energy_wh=energy,
        carbon_g=carbon,
    )
