"""A program in which the price of every system can be set, and what a system is worth at the margin of a relaxation.

What a system costs is linear in its price (purchase, support, residual value), so a program posed at one price and at twice that
knows all others. At the margin nothing needs to be solved again: rows that the system shares with the rest (requests to serve,
watts, racks, budgets) have prices, the duals y of the relaxation without it; rows that are its own (its stock, its pools) have
not. The best of what one dollar of price per unit can buy,

    largest (y'A z - c z) over z >= 0 within its own rows, where the price alone makes up c z = 1,

is the price at which its first part of a unit would be bought (Dantzig and Wolfe's pricing; Charnes and Cooper's normalisation).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from planner.program.adapter import Request, solve
from planner.program.build import build, build_fleet
from planner.program.instance import Instance
from planner.program.matrix import Bools, Floats, Ints, Line, Matrix, from_problem
from planner.program.model import Index, Model
from planner.program.prune import prune
from planner.program.relaxation import Relaxed, relax
from planner.program.sets import Sets, prepare

OWNED = ("buy", "owned", "retire", "used", "order", "kind")
ROUTED = {"share": 0, "pool": 0, "open": 0, "sent": 1}
ENOUGH = 1e-6
Key = tuple[str, Index]


class PricedProgram:
    """A program posed at one price of every system, and how it changes with each.

    `once` and `twice` differ in nothing but prices; `price_usd` [USD] is that of a unit in `once`, by system.
    """

    def __init__(self, once: Instance, twice: Instance, price_usd: Mapping[str, float]) -> None:
        """Build the program, and the part of it that prices are in at both."""
        pruned = prune(once)[0]
        model = build(prepare(pruned))
        self.matrix, self.scale, self.price_usd = from_problem(model.problem), model.scale, price_usd
        self._rows = [model.rows[name] for name in self.matrix.rows]
        self._of_row, self._of_column, self._values = self.matrix.entries()
        self._buys = _columns_of(model, self.matrix, dict.fromkeys(("buy",), 0), {})
        places = dict.fromkeys(OWNED, 0) | ROUTED
        self._columns = _columns_of(model, self.matrix, places, {option.id: option.system for option in pruned.options})
        self._cost_slope, self._value_slope = self._slopes(pruned, replace(pruned, placements=twice.placements))

    def without(self, systems: Collection[str]) -> Matrix:
        """Return the program in which nothing of some systems is bought."""
        return replace(self.matrix, upper=np.where(self._mask(systems, self._buys), 0.0, self.matrix.upper))

    def at(self, system: str, price_usd: float, closed: Collection[str]) -> Matrix:
        """Return the program with at least one unit of a system, at a price, and some others off the market."""
        part = price_usd / self.price_usd[system] - 1.0
        mask = self._mask((system,), self._columns).astype(np.float64)
        priced = replace(
            self.without(set(closed) - {system}),
            cost=self.matrix.cost + part * self._cost_slope * mask,
            values=self.matrix.values + part * self._value_slope * mask[self.matrix.indices],
        )
        units = tuple((self.matrix.columns[column], -1.0) for column in self._buys.get(system, ()))
        return priced.extended((), [Line("one unit", units, -1.0)])

    def per_dollar(self, system: str, values: Floats) -> float:
        """Return what a dollar more for a unit of a system would add to the cost of a plan [USD]."""
        slope = float((self._cost_slope * self._mask((system,), self._columns)) @ values)
        return slope * self.scale / self.price_usd[system]

    def relaxed(self, closed: Collection[str], time_limit_s: float) -> Relaxed:
        """Return the optimum without whole numbers and without some systems."""
        return relax(self.without(closed), Request(time_limit_s=time_limit_s))

    def has(self, system: str) -> bool:
        """Return whether a system can be bought in the program."""
        return system in self._buys

    def buys(self, system: str, values: Floats) -> bool:
        """Return whether a plan buys anything of a system."""
        return bool((values[self._buys.get(system, [])] > ENOUGH).any())

    def row_prices(self, duals: Floats, closed: Collection[str]) -> dict[Key, float]:
        """Return the duals [USD per unit of the row's right side] of the rows in which any but the closed systems take part."""
        others = ~self._mask(closed, self._columns)
        shared = np.bincount(self._of_row, others[self._of_column], len(self._rows)) > 0
        found = zip(self._rows, duals, shared, strict=True)
        return {(row.family, row.index): float(dual) * self.scale / row.unit for row, dual, there in found if there}

    def known(self, prices: Mapping[Key, float]) -> Floats:
        """Return the prices of this program's rows, in its own units; NaN for a row that has none."""
        found = [prices.get((row.family, row.index), np.nan) * row.unit / self.scale for row in self._rows]
        return np.array(found, dtype=np.float64)

    def marginal_price(self, system: str, prices: Floats, request: Request) -> float | None:
        """Return the price [USD] at which the first part of a unit would be bought; None if it is at none.

        `prices` are those `known` of rows of a relaxation without the system; all other rows that it is in are its own.
        """
        mine = np.array(self._columns.get(system, []), dtype=np.int32)
        answer = solve(self._subproblem(system, mine, prices), request) if mine.size else None
        # A first unit that gains nothing, or that no price is paid for, has no price at which it enters.
        return None if answer is None or answer.objective is None or answer.objective >= 0 else -answer.objective

    def _subproblem(self, system: str, mine: Ints, prices: Floats) -> Matrix:
        """Return the system's own program, free of charge: the least of cost less gain, for a dollar of price per unit."""
        entries = np.flatnonzero(self._mask((system,), self._columns)[self._of_column])
        place = np.full(len(self.matrix.columns), -1, dtype=np.int32)
        place[mine] = np.arange(len(mine), dtype=np.int32)
        rows, columns, slope = self._of_row[entries], place[self._of_column[entries]], self._value_slope[entries]
        values = self._values[entries] - slope
        shared = ~np.isnan(prices[rows])
        price = np.where(shared, prices[rows], 0.0)
        gain = np.bincount(columns, price * values, len(mine)) - (self.matrix.cost - self._cost_slope)[mine]
        paid = (self._cost_slope[mine] - np.bincount(columns, price * slope, len(mine))) / self.price_usd[system]
        # Of its own rows only balances, and limits that hold at nothing, hold back the first part of a unit.
        low, high = self.matrix.row_lower, self.matrix.row_upper
        kept = ~shared & ((low == 0) | (high == 0) | (low == high))[rows]
        own, number = np.unique(rows[kept], return_inverse=True)
        where = np.concatenate((number, np.full(np.count_nonzero(paid), len(own)))).astype(np.int64)
        order = np.argsort(where, kind="stable")
        return Matrix(
            columns=tuple(self.matrix.columns[column] for column in mine),
            rows=(*(self.matrix.rows[row] for row in own), "dollar"),
            cost=-gain,
            lower=np.zeros(len(mine)),
            upper=np.full(len(mine), np.inf),
            integer=np.zeros(len(mine), dtype=np.bool_),
            row_lower=np.append(np.where((low == 0) | (low == high), 0.0, -np.inf)[own], 1.0),
            row_upper=np.append(np.where((high == 0) | (low == high), 0.0, np.inf)[own], 1.0),
            starts=np.concatenate(([0], np.cumsum(np.bincount(where, minlength=len(own) + 1)))).astype(np.int32),
            indices=np.concatenate((columns[kept], np.flatnonzero(paid)))[order].astype(np.int32),
            values=np.concatenate((values[kept], paid[paid != 0]))[order],
        )

    def _slopes(self, once: Instance, twice: Instance) -> tuple[Floats, Floats]:
        """Return what doubling every price adds to the costs of columns, and to the entries of rows, in the program's units."""
        in_rows = once.policy.max_cost_usd is not None or once.settings.tail_weight > 0
        make: Callable[[Sets], Model] = build if in_rows else build_fleet
        models = [make(prepare(instance)) for instance in (once, twice)]
        cost: dict[str, float] = {}
        value: dict[tuple[str, str], float] = {}
        for sign, model in zip((-1.0, 1.0), models, strict=True):
            matrix = from_problem(model.problem)
            for name, usd in zip(matrix.columns, matrix.cost, strict=True):
                cost[name] = cost.get(name, 0.0) + sign * float(usd) * model.scale / self.scale
            for row, column, one in zip(*matrix.entries(), strict=True):
                key = matrix.rows[row], matrix.columns[column]
                value[key] = value.get(key, 0.0) + sign * float(one)
        steep = {key: slope for key, slope in value.items() if slope}
        slopes = np.zeros(len(self._values))
        if steep:
            names = zip(self._of_row, self._of_column, strict=True)
            slopes[:] = [steep.get((self.matrix.rows[row], self.matrix.columns[column]), 0.0) for row, column in names]
        return np.array([cost.get(name, 0.0) for name in self.matrix.columns]), slopes

    def _mask(self, systems: Collection[str], columns_of: Mapping[str, list[int]]) -> Bools:
        """Return which columns are of some systems."""
        mask = np.zeros(len(self.matrix.columns), dtype=np.bool_)
        for system in systems:
            mask[columns_of.get(system, [])] = True
        return mask


def narrowed(instance: Instance, systems: Collection[str]) -> Instance:
    """Return the instance in which there are only some systems (and token APIs).

    A link that keeps one end stays: what is at the other end may be known by its prices.
    """
    options = tuple(one for one in instance.options if one.system is None or one.system in systems)
    kept = {option.id for option in options}
    links = (replace(link, prefill=link.prefill & kept, decode=link.decode & kept) for link in instance.links)
    return replace(
        instance,
        systems=tuple(one for one in instance.systems if one.id in systems),
        placements=tuple(one for one in instance.placements if one.system in systems),
        options=options,
        offers=tuple(one for one in instance.offers if one.system in systems),
        links=tuple(link for link in links if link.prefill or link.decode),
    )


def _columns_of(
    model: Model, matrix: Matrix, places: Mapping[str, int], system_of: Mapping[str, str | None]
) -> dict[str, list[int]]:
    """Return the positions of every system's columns in some families; where an index says whose a column is, by family."""
    position = {name: number for number, name in enumerate(matrix.columns)}
    found: dict[str, list[int]] = {}
    for family, place in places.items():
        for index, variable in model.family(family).items():
            name = str(index[place])
            owner = system_of.get(name) if family in ROUTED else name
            # A flag that no row needs is not handed to the solver.
            if variable.name in position:
                found.setdefault(owner or "", []).append(position[variable.name])
    return found
