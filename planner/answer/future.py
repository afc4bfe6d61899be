"""One future of a two-stage plan, so that rows, money and demand are of one world and add up.

Where a scenario names futures, purchases before they are told apart are common and the rest is decided per future. The rows of a
plan can show one of them: the likeliest, at its own prices and volumes. The expected cost was minimised; the notes say both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np

from planner.answer.context import Context
from planner.answer.words import usd
from planner.demand.table import DemandTable
from planner.economics.assumptions import Assumption, AssumptionBook, assumption_id
from planner.economics.price_list import PriceList
from planner.program.instance import Future
from planner.program.solution import Solution
from planner.question.costs import Costs


class _Dated(Protocol):
    """A record of a solution that belongs to one future, or to all (`""`)."""

    @property
    def future(self) -> str:
        """Return the future's id."""
        ...


Record = TypeVar("Record", bound=_Dated)


def in_likeliest_future(context: Context) -> Context:
    """Return the context as it is in its likeliest future; unchanged where no futures are named."""
    if not context.instance.futures:
        return context
    future = likeliest(context)
    return replace(
        context,
        demand=_demand(context.demand, future),
        costs=_costs(context.costs, future),
        solution=_solution(context.solution, future.id),
        notes=(*context.notes, *_notes(context, future)),
    )


def likeliest(context: Context) -> Future:
    """Return the future with the highest probability, the first by name among equals."""
    return min(context.instance.futures, key=lambda one: (-one.probability, one.id))


def _demand(demand: DemandTable, future: Future) -> DemandTable:
    """Return the demand with each workload's volume as in the future."""
    periods = demand.rates_rps.shape[1]
    scale = np.array([future.demand_scale.get(one.workload_id, (1.0,) * periods) for one in demand.classes])[:, :, None]
    return replace(
        demand, rates_rps=demand.rates_rps * scale, peak_hour_rps=demand.peak_hour_rps * scale, peak_rps=demand.peak_rps * scale
    )


def _costs(costs: Costs, future: Future) -> Costs:
    """Return the terms with the price paths of systems and energy as in the future."""
    terms = costs.terms
    paths = [("price_index", name, scale) for name, scale in sorted(future.buy_scale.items())]
    paths += [("tariff_index", name, scale) for name, scale in sorted(future.energy_scale.items())]
    book = terms.book.replaced(_path(terms.book, name, item, scale, future.id) for name, item, scale in paths)
    terms = replace(terms, book=book)
    return replace(costs, terms=terms, prices=PriceList(book, terms.clock, terms.switches, loan_periods=terms.loan_periods))


def _path(book: AssumptionBook, name: str, item: str, scale: tuple[float, ...], future: str) -> Assumption:
    """Return a price path with the future's factors on it."""
    known = book.resolve(name, (item,))
    values = np.asarray(known.values) * np.asarray(scale)
    note = f"as in the future '{future}'" + (f"; {known.note}" if known.note else "")
    return replace(known, id=assumption_id(name, item), values=tuple(values.tolist()), source="scenario", note=note)


def _solution(solution: Solution, future: str) -> Solution:
    """Return what was decided for all futures or for this one, and what that costs."""

    def mine(records: Iterable[Record]) -> tuple[Record, ...]:
        return tuple(one for one in records if one.future in ("", future))

    return replace(
        solution,
        objective_usd=solution.cost_by_future_usd.get(future, solution.objective_usd),
        bought=mine(solution.bought),
        retired=mine(solution.retired),
        rented=mine(solution.rented),
        owned=mine(solution.owned),
        pools=mine(solution.pools),
        flows=mine(solution.flows),
        sent=mine(solution.sent),
        moved=mine(solution.moved),
        unserved=mine(solution.unserved),
    )


def _notes(context: Context, future: Future) -> list[str]:
    """Return which future the rows show, and what the others cost."""
    costs = context.solution.cost_by_future_usd
    chance = {one.id: one.probability for one in context.instance.futures}
    each = "; ".join(f"{name} ({chance[name]:.0%}) {usd(cost)}" for name, cost in sorted(costs.items()))
    expected = context.solution.objective_usd
    return [
        f"The rows show the likeliest future, '{future.id}' ({future.probability:.0%}); purchases common to all are in it.",
        *([f"Expected net present cost {usd(expected)}: {each}."] if expected is not None and each else []),
    ]
