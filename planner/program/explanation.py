"""Why there is no plan, and the fewest limits that would have to move for there to be one.

Every limit that somebody could move gets a stretch variable; the program is solved for the fewest limits stretched, then, with
those limits alone, for the least stretch. What that plan uses is what the limits need: "power at s: have 400 kW, need 520 kW".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from planner.program.adapter import Request, solve
from planner.program.build import build
from planner.program.extract import Values, activity, shares_used
from planner.program.instance import Goal, Instance
from planner.program.matrix import Column, Floats, Line, Matrix, from_problem
from planner.program.model import Index, Model, Row
from planner.program.sets import Sets, prepare
from planner.program.solution import Change

MOVABLE = ("power", "racks", "supply", "offered", "budget", "capex", "vendor", "flexible", "kinds", "carbon", "ceiling", "fabric")
LAST_RESORT = ("serve", "arrive")
LAST_RESORT_COST = 1000.0
TIME_LIMIT_S = 20.0
ROUGH_GAP, COUNTING_GAP, LEAST_GAP = 0.1, 1e-3, 1e-5
SOLVES = 3
FURTHER = 4.0
NOTHING = 1e-6

Group = tuple[str, Index]


@dataclass(frozen=True, slots=True)
class _Elastic:
    """A program whose limits can stretch: the arrays, the rows of each limit, its stretch column, and seconds for one solve."""

    matrix: Matrix
    groups: dict[Group, list[Row]]
    columns: dict[Group, str]
    limit_s: float


def smallest_changes(instance: Instance, families: Iterable[str] | None = None) -> tuple[Change, ...]:
    """Return the fewest limits, and how far each must move, that make an infeasible instance feasible.

    `families` restricts what may move (default: everything movable, and as a last resort what is served). A change of family
    `serve` or `arrive` says which part of a class nothing can serve [1/s]. () if moving them does not help, or too slowly found.
    """
    sets = prepare(replace(instance, goal=Goal.CHEAPEST))
    model = build(sets)
    allowed = (*MOVABLE, "inventory", *LAST_RESORT) if families is None else tuple(families)
    elastic = _stretched(model, sets, allowed)
    limits = _capped(elastic, dict.fromkeys(_last_resorts(elastic), 0.0))
    first = _solved(limits, ROUGH_GAP)
    if first is None:
        limits = _capped(elastic, _unservable(elastic))
        first = _solved(limits, ROUGH_GAP)
    if first is None:
        return ()
    sized, first = _sized(limits, first)
    return _changes(model, sets, sized, _least(sized, *_fewest(sized, first)))


def relaxed_changes(instance: Instance) -> tuple[Change, ...]:
    """Return how far limits must move at least for there to be a plan in parts of units; () if moving them does not help."""
    sets = prepare(replace(instance, goal=Goal.CHEAPEST))
    model = build(sets)
    elastic = _stretched(model, sets, (*MOVABLE, "inventory", *LAST_RESORT))
    limits = _capped(elastic, dict.fromkeys(_last_resorts(elastic), 0.0))
    found = _solved(replace(limits, matrix=limits.matrix.relaxed()), LEAST_GAP)
    return () if found is None else _changes(model, sets, limits, found)


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
    limit_s = min(TIME_LIMIT_S, sets.instance.settings.time_limit_s / SOLVES)
    return _Elastic(matrix.extended(columns), groups, named, limit_s)


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


def _solved(elastic: _Elastic, gap: float, start: Floats | None = None) -> Floats | None:
    """Return the values of the best stretched plan that is found in time."""
    return solve(elastic.matrix, Request(gap=gap, time_limit_s=elastic.limit_s, start=start)).values


def _last_resorts(elastic: _Elastic) -> list[str]:
    """Return the columns that let requests go unserved."""
    return [name for group, name in elastic.columns.items() if group[0] in LAST_RESORT]


def _unservable(elastic: _Elastic) -> dict[str, float]:
    """Return how much must go unserved at least, by column, however far limits move."""
    last = set(_last_resorts(elastic))
    cost = np.array([1.0 if column in last else 0.0 for column in elastic.matrix.columns])
    found = _solved(replace(elastic, matrix=replace(elastic.matrix, cost=cost)), COUNTING_GAP)
    if found is None:
        return {}
    values = dict(zip(elastic.matrix.columns, map(float, found), strict=True))
    return {name: min(1.0, values[name] * (1.0 + NOTHING) + NOTHING) if values[name] > NOTHING else 0.0 for name in last}


def _capped(elastic: _Elastic, most: dict[str, float]) -> _Elastic:
    """Return the program in which some columns are no larger than told."""
    pairs = zip(elastic.matrix.columns, elastic.matrix.upper, strict=True)
    upper = np.array([min(float(upper), most.get(column, np.inf)) for column, upper in pairs])
    return replace(elastic, matrix=replace(elastic.matrix, upper=upper))


def _sized(elastic: _Elastic, first: Floats) -> tuple[_Elastic, Floats]:
    """Return the program whose stretches are counted in those of a plan, and the plan: a limit of nearly nothing stretches a lot.

    Yes or no to such a stretch would otherwise drown in the tolerance of whole numbers. Costs stay relative to the limits.
    """
    size = {elastic.columns[group]: max(1.0, value) for group, value in _stretches(elastic, first).items()}
    scale = np.array([size.get(column, 1.0) for column in elastic.matrix.columns])
    matrix = elastic.matrix
    upper = matrix.upper / scale
    matrix = replace(matrix, cost=matrix.cost * scale, upper=upper, values=matrix.values * scale[matrix.indices])
    return replace(elastic, matrix=matrix), first / scale


def _stretches(elastic: _Elastic, values: Floats) -> dict[Group, float]:
    """Return how far every limit is stretched, in the program's own measure."""
    by_name = dict(zip(elastic.matrix.columns, map(float, values), strict=True))
    return {group: by_name[name] for group, name in elastic.columns.items()}


def _fewest(elastic: _Elastic, first: Floats) -> tuple[frozenset[str], Floats]:
    """Return the columns of the fewest limits that must stretch, and a plan; the first plan's if no better is found in time."""
    stretches = _stretches(elastic, first)
    stretched = {name for group, name in elastic.columns.items() if stretches[group] > NOTHING}
    most = FURTHER * max(1, len(stretched))
    last = set(_last_resorts(elastic))
    flags, lines = [], []
    for name in elastic.columns.values():
        flags.append(Column(f"moved.{name}", LAST_RESORT_COST if name in last else 1.0, upper=1.0, integer=True))
        lines.append(Line(f"moves.{name}", ((name, 1.0), (f"moved.{name}", -most)), 0.0))
    little = 1e-3 / max(1.0, most * float(elastic.matrix.cost.max(initial=0.0)))
    extended = replace(elastic.matrix, cost=elastic.matrix.cost * little).extended(flags, lines)
    start = np.concatenate((first, [float(name in stretched) for name in elastic.columns.values()]))
    found = _solved(replace(elastic, matrix=extended), COUNTING_GAP, start)
    if found is None:
        return frozenset(stretched), first
    moved = {column for column, value in zip(extended.columns, found, strict=True) if value > 0.5}
    return frozenset(name for name in elastic.columns.values() if f"moved.{name}" in moved), found[: len(first)]


def _least(elastic: _Elastic, fewest: frozenset[str], start: Floats) -> Floats:
    """Return the plan that stretches some limits as little as they can be, and no other limit.

    The sum of the stretches is least, so none of them could be less without another being more.
    """
    still = {name: 0.0 for name in elastic.columns.values() if name not in fewest}
    found = _solved(_capped(elastic, still), LEAST_GAP, start)
    return start if found is None else found


def _changes(model: Model, sets: Sets, elastic: _Elastic, found: Floats) -> tuple[Change, ...]:
    """Return what each stretched limit has and needs, in its own unit."""
    values = Values(dict(zip(elastic.matrix.columns, map(float, found), strict=True)))
    changes = []
    for group, stretch in _stretches(elastic, found).items():
        rows = elastic.groups[group]
        if stretch <= NOTHING:
            continue
        if group[0] in LAST_RESORT:
            changes.append(_unserved(sets, group, rows, {row.name: activity(model, row, values) / row.unit for row in rows}))
            continue
        worst = max(rows, key=lambda row: activity(model, row, values) - row.rhs * row.unit)
        changes.append(_change(model, sets, group, worst, values))
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


def _change(model: Model, sets: Sets, group: Group, row: Row, values: Values) -> Change:
    """Return one change: a limit's size now, and what the stretched plan uses of it."""
    family, index = group
    names = tuple(str(part) for part in index)
    used, have = activity(model, row, values), row.rhs * row.unit
    if family in {"vendor", "flexible"}:
        share, needed = shares_used(model, sets, values)[family, row.index]
        return Change(family, names, *((share, needed) if family == "vendor" else (1.0 - share, 1.0 - needed)))
    if family == "inventory":
        relation = model.problem.get_constraint_by_name(row.name)
        terms = () if relation is None else relation.items()
        there = -sum(value * values.by_name[variable.name] for variable, value in terms if value < 0)
        return Change(family, names, there, there + used - have)
    return Change(family, names, have, used)
