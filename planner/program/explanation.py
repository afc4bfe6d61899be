"""Why there is no plan, and the fewest limits that would have to move for there to be one.

Every limit that somebody could move gets a stretch variable; the program is solved for the fewest limits stretched, then, with
those limits alone, for the least stretch. What that plan uses is what the limits need: "power at s: have 400 kW, need 520 kW".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from planner.program.adapter import Answer, Request, solve
from planner.program.build import build
from planner.program.extract import Values, shares_used
from planner.program.instance import Goal, Instance
from planner.program.matrix import Column, Line, Matrix, from_problem
from planner.program.model import Index, Model, Row, Sense
from planner.program.sets import Sets, prepare
from planner.program.solution import Change, Outcome

MOVABLE = ("power", "racks", "supply", "offered", "budget", "capex", "vendor", "flexible", "kinds", "carbon", "ceiling", "fabric")
LAST_RESORT = ("serve", "arrive")
LAST_RESORT_COST = 1000.0
TIME_LIMIT_S = 20.0
COUNTING_GAP, LEAST_GAP = 1e-3, 1e-5
NOTHING = 1e-6

Group = tuple[str, Index]


@dataclass(frozen=True, slots=True)
class _Elastic:
    """A program whose limits can stretch: the arrays, the rows of each limit, and its stretch column."""

    matrix: Matrix
    groups: dict[Group, list[Row]]
    columns: dict[Group, str]


def smallest_changes(instance: Instance, families: Iterable[str] | None = None) -> tuple[Change, ...]:
    """Return the fewest limits, and how far each must move, that make an infeasible instance feasible.

    `families` restricts what may move (default: everything movable, and as a last resort what is served). A change of family
    `serve` or `arrive` says which part of a class nothing can serve [1/s]. () if moving them does not help, or too slowly found.
    """
    sets = prepare(replace(instance, goal=Goal.CHEAPEST))
    model = build(sets)
    allowed = (*MOVABLE, "inventory", *LAST_RESORT) if families is None else tuple(families)
    elastic = _stretched(model, sets, allowed)
    first = _solved(elastic.matrix)
    if first.values is None:
        return ()
    return _changes(model, sets, elastic, _least(elastic, _fewest(elastic, first)))


def alternatives(instance: Instance) -> dict[str, tuple[Change, ...]]:
    """Return, for every family of limits that alone could make an infeasible instance feasible, how far it must move."""
    found = {family: smallest_changes(instance, (family,)) for family in (*MOVABLE, "inventory")}
    return {family: changes for family, changes in found.items() if changes}


def _group(row: Row) -> Group:
    """Return the limit that a row belongs to: a site's watts and racks are one limit over time, a supply is one per period."""
    if row.family in {"power", "racks", "fabric", "inventory"}:
        return row.family, row.index[:1] if row.family != "inventory" else row.index[:2]
    if row.family in LAST_RESORT:
        return row.family, row.index[:2]
    return row.family, tuple(part for part in row.index[:2] if part != "")


def _stretched(model: Model, sets: Sets, allowed: tuple[str, ...]) -> _Elastic:
    """Return the program with a stretch on every allowed limit, its objective their sum."""
    groups: dict[Group, list[Row]] = {}
    for row in model.rows.values():
        if row.family in allowed and (row.family != "inventory" or _fixed_stock(model, sets, row)):
            groups.setdefault(_group(row), []).append(row)
    matrix = from_problem(model.problem)
    matrix = replace(matrix, cost=np.zeros(len(matrix.columns)))
    columns, named = [], {}
    for number, (group, rows) in enumerate(sorted(groups.items(), key=lambda item: str(item[0]))):
        named[group] = f"stretch.{number}"
        columns.append(_stretch(named[group], group[0], rows))
    return _Elastic(matrix.extended(columns), groups, named)


def _stretch(name: str, family: str, rows: list[Row]) -> Column:
    """Return the column by which all rows of a limit stretch alike, relative to their size where they have one."""
    last = family in LAST_RESORT
    entries = tuple((row.name, row.rhs if last else -(abs(row.rhs) or 1.0)) for row in rows)
    return Column(name, LAST_RESORT_COST if last else 1.0, entries, upper=1.0 if last else np.inf)


def _fixed_stock(model: Model, sets: Sets, row: Row) -> bool:
    """Return whether an inventory row is of units of which no more can be bought or rented."""
    system, site = str(row.index[0]), str(row.index[1])
    can_buy = any(index[:2] == (system, site) for index in model.family("buy"))
    return not can_buy and not sets.offers_of(system, site)


def _solved(matrix: Matrix, gap: float = COUNTING_GAP) -> Answer:
    """Return the solver's plan for a stretched program."""
    return solve(matrix, Request(gap=gap, time_limit_s=TIME_LIMIT_S))


def _stretches(elastic: _Elastic, answer: Answer) -> dict[Group, float]:
    """Return how far every limit is stretched."""
    values = answer.values[: len(elastic.matrix.columns)] if answer.values is not None else ()
    by_name = dict(zip(elastic.matrix.columns, map(float, values), strict=True))
    return {group: by_name[name] for group, name in elastic.columns.items()}


def _fewest(elastic: _Elastic, first: Answer) -> Answer:
    """Return the plan that stretches the fewest limits; the first plan if it is not found in time."""
    most = 4.0 * max(1.0, sum(_stretches(elastic, first).values()))
    flags, lines = [], []
    for name in elastic.columns.values():
        flags.append(Column(f"moved.{name}", 1.0, upper=1.0, integer=True))
        lines.append(Line(f"moves.{name}", ((name, 1.0), (f"moved.{name}", -most)), 0.0))
    little = 1e-3 / max(1.0, LAST_RESORT_COST * most)
    matrix = replace(elastic.matrix, cost=elastic.matrix.cost * little)
    last = [f"moved.{name}" for group, name in elastic.columns.items() if group[0] in LAST_RESORT]
    flags = [replace(flag, cost=LAST_RESORT_COST if flag.name in last else 1.0) for flag in flags]
    answer = _solved(matrix.extended(flags, lines))
    return answer if answer.outcome is Outcome.OPTIMAL else first


def _least(elastic: _Elastic, fewest: Answer) -> Answer:
    """Return the plan that stretches the limits of another as little as they can be, and no other limit.

    The sum of the stretches is least, so none of them could be less without another being more.
    """
    stretches = _stretches(elastic, fewest)
    still = {elastic.columns[group] for group, value in stretches.items() if value <= NOTHING}
    closed = np.array([column in still for column in elastic.matrix.columns], dtype=np.bool_)
    answer = _solved(replace(elastic.matrix, upper=np.where(closed, 0.0, elastic.matrix.upper)), LEAST_GAP)
    better = answer.values is not None and sum(_stretches(elastic, answer).values()) <= sum(stretches.values())
    return answer if better else fewest


def _changes(model: Model, sets: Sets, elastic: _Elastic, answer: Answer) -> tuple[Change, ...]:
    """Return what each stretched limit has and needs, in its own unit."""
    values = answer.values[: len(elastic.matrix.columns)] if answer.values is not None else np.zeros(0)
    by_name = dict(zip(elastic.matrix.columns, map(float, values), strict=True))
    used = dict(zip(elastic.matrix.rows, elastic.matrix.activity(np.asarray(values)), strict=True))
    changes = []
    for group, name in elastic.columns.items():
        if by_name[name] <= NOTHING:
            continue
        rows = elastic.groups[group]
        if group[0] in LAST_RESORT:
            changes.append(_unserved(sets, group, rows, {row.name: used[row.name] - row.rhs * by_name[name] for row in rows}))
            continue
        worst = max(rows, key=lambda row: _over(row, used[row.name], by_name[name]))
        changes.append(_change(model, sets, group, worst, by_name))
    return tuple(sorted(changes))


def _unserved(sets: Sets, group: Group, rows: list[Row], placed: dict[str, float]) -> Change:
    """Return the served and the asked rate [1/s] of a class where most of it is left; `placed` is a row's own activity."""
    arrivals = {world.id: world.arrivals for world in sets.worlds}
    found = []
    for row in rows:
        workload, request_class, t, h, world = row.index
        rate = arrivals[str(world)][str(workload), str(request_class), int(t), int(h)]
        # A solver's noise on a tiny share must not read as more than all, or less than none, of a class.
        found.append((rate * (1.0 - min(1.0, max(0.0, placed[row.name] / row.rhs))), rate))
    left, rate = max(found)
    return Change(group[0], tuple(str(part) for part in group[1]), rate - left, rate)


def _over(row: Row, activity: float, stretch: float) -> float:
    """Return by how much a row's own terms exceed it, in its natural unit."""
    own = activity + (abs(row.rhs) or 1.0) * stretch if row.sense is Sense.LE else activity
    return (own - row.rhs) * row.unit


def _change(model: Model, sets: Sets, group: Group, row: Row, by_name: dict[str, float]) -> Change:
    """Return one change: a limit's size now, and what the stretched plan uses of it."""
    family, index = group
    relation = model.problem.get_constraint_by_name(row.name)
    terms = [] if relation is None else [(value, by_name[variable.name]) for variable, value in relation.items()]
    used = sum(value * amount for value, amount in terms)
    names = tuple(str(part) for part in index)
    if family in {"vendor", "flexible"}:
        have, need = shares_used(model, sets, Values(by_name))[family, row.index]
        return Change(family, names, have, need) if family == "vendor" else Change(family, names, 1.0 - have, 1.0 - need)
    if family == "inventory":
        negative = -sum(value * amount for value, amount in terms if value < 0)
        return Change(family, names, negative, negative + used - row.rhs)
    return Change(family, names, row.rhs * row.unit, used * row.unit)
