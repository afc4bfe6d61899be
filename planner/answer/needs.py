"""How much an infeasible scenario needs: what the program proves to be the least, and what a plan shows to be enough.

Where replicas are whole inside the program both are the same. A large program counts units, and its replicas are made whole
afterwards: then no less than its needs will do, but they may not be enough. A plan with a little more room, packed, says what is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.worth import MOVABLE, raised
from planner.program.columns import whole_pools
from planner.program.instance import Instance
from planner.program.prune import prune
from planner.program.sets import prepare
from planner.program.solution import Change, Solution

ROOM = (0.02, 0.1)
ANY_PLAN = 0.05
SYSTEMS = frozenset({"power", "racks", "supply", "vendor"})


@dataclass(frozen=True, slots=True)
class Need:
    """A change: what is enough (`change.need`), and the least that could be (the same where that is known to be enough)."""

    change: Change
    least: float
    is_enough: bool


def needs_of(context: Context, allowed: Allowance) -> tuple[Need, ...]:
    """Return the changes of an infeasible scenario, each with what is enough if time is left to find it."""
    changes = context.solution.changes
    instance = prune(context.instance)[0]
    if not changes or whole_pools(prepare(instance)) or not all(change.family in MOVABLE for change in changes):
        return tuple(Need(change, change.need, is_enough=True) for change in changes)
    for room in ROOM:
        solution = allowed.solve(_moved(context.instance, changes, room), ANY_PLAN)
        if solution is not None and solution.objective_usd is not None:
            return tuple(_used(change, solution) for change in changes)
    return tuple(Need(change, change.need, is_enough=False) for change in changes)


def _moved(instance: Instance, changes: tuple[Change, ...], room: float) -> Instance:
    """Return the instance with every limit at what is needed, and a little more."""
    for change in changes:
        place = change.index[0] if change.family in SYSTEMS else ""
        instance = raised(instance, change.family, place, change.need * (1.0 + room) - change.have)
    return instance


def _used(change: Change, solution: Solution) -> Need:
    """Return a change that asks for what a plan uses of the limit, and never for less than is known to be needed."""
    used = [one.used for one in solution.slacks if one.family == change.family and one.index[: len(change.index)] == change.index]
    enough = max([change.need, *used])
    return Need(replace(change, need=enough), change.need, is_enough=True)
