"""What is minimised: the score of each goal, as a sum of columns in its natural unit, and its scaling for the solver."""

from __future__ import annotations

import math
from collections.abc import Mapping

from planner.program.instance import Goal
from planner.program.model import Index, Model, Sense, Term
from planner.program.sets import Sets

LARGEST_COEFFICIENT = 1.0e4
LARGEST_TAIL_WEIGHT = 0.999


def expected(model: Model, sets: Sets) -> dict[str, list[Term]]:
    """Return the expected discounted cost by driver [USD], as sums."""
    weight = {world.id: world.probability for world in sets.worlds}
    sums: dict[str, list[Term]] = {}
    for (driver, world), terms in sorted(model.costs.items()):
        sums.setdefault(driver, []).extend((weight[world] * value, variable) for value, variable in terms)
    return sums


def cost(model: Model, sets: Sets) -> list[Term]:
    """Return the cost that is minimised [USD]: expected, with the worst tail weighed in where the settings say so."""
    settings = sets.instance.settings
    terms = [term for driver in expected(model, sets).values() for term in driver]
    if not _risky(sets):
        return terms
    # Futures that are not among the worst would cost nothing at a weight of one: their peaks and orders could be anything.
    beta = min(settings.tail_weight, LARGEST_TAIL_WEIGHT)
    weighted = [((1.0 - beta) * value, variable) for value, variable in terms]
    for world in sets.worlds:
        excess = model.find("excess", (world.id,))
        weighted.append((beta * world.probability / settings.tail * _MILLION, excess))
    return [*weighted, (beta * _MILLION, model.find("threshold", ()))]


_MILLION = 1.0e6


def _risky(sets: Sets) -> bool:
    """Return whether the worst futures weigh in."""
    return sets.instance.settings.tail_weight > 0 and len(sets.worlds) > 1


def define_tail(model: Model, sets: Sets) -> None:
    """Add `excess[w] >= cost[w] - threshold` [MUSD]: with them, threshold + E[excess]/tail is the CVaR of the cost.

    Rockafellar and Uryasev, Optimization of conditional value-at-risk, Journal of Risk 2 (2000), eq. 17.
    """
    if not _risky(sets):
        return
    threshold = model.column("threshold", (), lower=None)
    for world in sets.worlds:
        excess = model.column("excess", (world.id,))
        terms = [term for (_, name), part in sorted(model.costs.items()) if name == world.id for term in part]
        negative = [(-_MILLION, excess), (-_MILLION, threshold)]
        model.row("tail", (world.id,), [*terms, *negative], Sense.LE, 0.0, unit=_MILLION)


def tail_values(model: Model, sets: Sets, values: Mapping[str, float]) -> dict[str, float]:
    """Return the threshold and every world's excess over it at a plan, by name: those that make its tail cost least."""
    threshold = model.find("threshold", ())
    if threshold is None:
        return {}
    usd = {world.id: 0.0 for world in sets.worlds}
    for (_, world), terms in sorted(model.costs.items()):
        usd[world] += sum(coefficient * values[variable.name] for coefficient, variable in terms)
    weight = {world.id: world.probability / sets.instance.settings.tail for world in sets.worlds}

    def tail(at: float) -> float:
        return at + sum(weight[world] * max(0.0, cost - at) for world, cost in usd.items())

    at = min(sorted(usd.values()), key=tail)
    excess = model.family("excess")
    found = {variable.name: max(0.0, usd[str(world)] - at) / _MILLION for (world,), variable in excess.items()}
    return {threshold.name: at / _MILLION, **found}


def score(model: Model, sets: Sets) -> list[Term]:
    """Return what the instance's goal minimises: USD, USD of unserved and breached requests, Wh, or g."""
    goal = sets.instance.goal
    if goal is Goal.CHEAPEST:
        return cost(model, sets)
    if goal is Goal.BEST_SERVICE:
        return _misses(model, sets)
    table = model.energy if goal is Goal.LEAST_POWER else model.carbon
    weight = {world.id: world.probability for world in sets.worlds}
    return [(weight[world] * value, variable) for world, terms in sorted(table.items()) for value, variable in terms]


def _misses(model: Model, sets: Sets) -> list[Term]:
    """Return the price of all that is missed: breaches, and requests turned away (at 1 USD where they have no price)."""
    sums = expected(model, sets)
    terms = [*sums.get("breach", []), *sums.get("unserved", [])]
    for world in sets.worlds:
        for (workload, request_class, t, h), rate in sorted(world.arrivals.items()):
            unserved = model.find("unserved", (workload, request_class, t, h, world.id))
            if unserved is not None and not sets.workloads[workload].unserved_usd:
                terms.append((world.probability * rate * sets.hours(t, h) * 3600.0, unserved))
    return terms


def merged(terms: list[Term]) -> list[Term]:
    """Return a sum with one term per column, in the order of first appearance."""
    values: dict[int, float] = {}
    columns: dict[int, Term] = {}
    for value, variable in terms:
        values[id(variable)] = values.get(id(variable), 0.0) + value
        columns.setdefault(id(variable), (value, variable))
    return [(values[key], term[1]) for key, term in columns.items()]


def scaling(terms: list[Term]) -> float:
    """Return the power of ten by which an objective is divided, so that its largest coefficient is near 10^4."""
    largest = max((abs(value) for value, _ in terms), default=0.0)
    if largest <= 0:
        return 1.0
    return float(10.0 ** (math.ceil(math.log10(largest)) - round(math.log10(LARGEST_COEFFICIENT))))


def rough_duals(model: Model, sets: Sets) -> dict[str, float]:
    """Return a rough price of the rows in which units are used up: a unit's cheapest cost, spread over all periods and blocks.

    It only chooses the columns that a large relaxation is started with; a bad guess costs time, never correctness.
    """
    steps = len(sets.periods) * len(sets.blocks)
    price: dict[Index, float] = {}
    for (system, site), placement in sets.placements.items():
        buys = [usd for usd in placement.buy_usd if usd is not None]
        ways = [min(buys) + sum(placement.own_usd)] if buys else []
        ways += [
            usd * len(sets.periods) / offer.term_periods for offer in sets.offers_of(system, site) for usd in offer.usd if usd
        ]
        price[system, site] = min(ways, default=0.0) * sets.count(site) / steps / model.scale
    return {row.name: -price[row.index[:2]] for row in model.rows.values() if row.family == "inventory"}
