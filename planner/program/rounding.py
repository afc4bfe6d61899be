"""Rows that follow from whole units: they cut fractions of a unit off the relaxation, and no plan.

Prices of a period's rows add up to one inequality on the units that are there, `sum_j g_j n_j >= demand`, in which routing has
no part left. As units are whole it may be rounded (Nemhauser and Wolsey, Integer and Combinatorial Optimization, II.1.7): with
a = g / d, b = demand / d and f = b - floor(b),

    sum_j (floor(a_j) + min(1, (a_j - floor(a_j)) / f)) n_j + sum_k max(0, a_k) / f x_k >= ceil(b)

for whole n and continuous x >= 0. Solvers find such rows when the sum stands in one row; here it is spread over a period's
routing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from planner.program.adapter import Request, solve
from planner.program.matrix import Bools, Floats, Ints, Line, Matrix
from planner.program.model import Model
from planner.program.solution import Outcome

PERIOD_OF = {
    "serve": 2,
    "arrive": 2,
    "window": 2,
    "handover": 2,
    "split": 3,
    "fabric": 1,
    "capacity": 2,
    "reserve": 2,
    "inventory": 2,
    "guard": 3,
    "standby": 3,
}
ROUTING = ("share", "sent", "moved")
ROUNDS = 4
LEAST_FRACTION = 0.02
NOISE = 1e-9
DIVISORS = 8
CLEARLY = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """One inequality `sum coefficients x >= demand` of a period, and which of its columns are whole."""

    coefficients: Floats
    demand: float
    whole: Bools


def rounded(model: Model, matrix: Matrix, request: Request) -> Matrix:
    """Return the program with rounding rows added, as many as a few rounds on its relaxation find violated."""
    groups = _groups(model, matrix)
    routing = _columns_of(model, matrix, ROUTING)
    whole = matrix.integer | _columns_of(model, matrix, ("owned",))
    priced = np.where(routing, 0.0, matrix.cost)
    base, count = len(matrix.rows), 0
    for _ in range(ROUNDS):
        relaxed = matrix.relaxed()
        answer = solve(_costing(relaxed, priced), request)
        if answer.outcome is not Outcome.OPTIMAL or answer.row_duals is None or answer.values is None:
            return matrix
        lines: list[Line] = []
        for rows in groups.values():
            total = _aggregated(matrix, rows, answer.row_duals[:base], whole)
            for line in _violated(matrix, total, answer.values):
                lines.append(Line(f"rounding.{count}", line.entries, line.upper))
                count += 1
        if not lines:
            return matrix
        matrix = matrix.extended((), lines)
    return matrix


def _costing(matrix: Matrix, cost: Floats) -> Matrix:
    """Return a program with another objective."""
    return replace(matrix, cost=cost)


def _groups(model: Model, matrix: Matrix) -> dict[tuple[int, str], Ints]:
    """Return the positions of the rows of every period and world."""
    found: dict[tuple[int, str], list[int]] = {}
    for number, name in enumerate(matrix.rows):
        row = model.rows[name]
        place = PERIOD_OF.get(row.family)
        if place is not None:
            found.setdefault((int(row.index[place]), str(row.index[-1])), []).append(number)
    return {key: np.array(rows, dtype=np.int32) for key, rows in found.items()}


def _columns_of(model: Model, matrix: Matrix, families: tuple[str, ...]) -> Bools:
    """Return which columns belong to some families."""
    names = {variable.name for family in families for variable in model.family(family).values()}
    return np.array([column in names for column in matrix.columns], dtype=np.bool_)


def _aggregated(matrix: Matrix, rows: Ints, duals: Floats, whole: Bools) -> _Sum:
    """Return the sum of some rows weighted by their duals (those of a useless sign left out)."""
    weight = np.zeros(len(matrix.rows))
    y = duals[rows]
    y = np.where(np.isinf(matrix.row_lower[rows]), np.minimum(y, 0.0), y)
    y = np.where(np.isinf(matrix.row_upper[rows]), np.maximum(y, 0.0), y)
    weight[rows] = y
    right = np.where(y > 0, matrix.row_lower[rows], matrix.row_upper[rows])
    demand = float(np.dot(np.where(y == 0, 0.0, y), np.where(y == 0, 0.0, right)))
    where, column, value = matrix.entries()
    coefficients = np.bincount(column, value * weight[where], len(matrix.columns)).astype(np.float64)
    return _Sum(coefficients, demand, whole)


def _violated(matrix: Matrix, total: _Sum, values: Floats) -> Iterator[Line]:
    """Yield the rounded forms of a sum that the relaxation's values break."""
    largest = float(np.abs(total.coefficients).max(initial=0.0))
    noise = NOISE * max(largest, abs(total.demand))
    if largest <= 0 or total.demand <= noise:
        return
    # Continuous dust is given its largest value, one; the demand shrinks by it, and the row stays valid.
    dust = ~total.whole & (total.coefficients > 0) & (total.coefficients <= noise)
    demand = total.demand - float(total.coefficients[dust].sum()) - noise
    positive = (total.coefficients > 0) & ~dust
    used = positive & total.whole & (values > 1e-6)
    for divisor in np.unique(total.coefficients[used])[::-1][:DIVISORS]:
        found = _rounded(total, demand, float(divisor))
        if found is None:
            continue
        factors, least = found
        chosen = np.flatnonzero(positive & (factors > 0))
        if float(np.dot(factors[chosen], values[chosen])) < least - CLEARLY:
            yield Line("", tuple((matrix.columns[j], -float(factors[j])) for j in chosen), -least)


def _rounded(total: _Sum, demand: float, divisor: float) -> tuple[Floats, float] | None:
    """Return the factors and right side of a sum divided and rounded; None if its demand is too close to whole."""
    b = demand / divisor
    fraction = b - np.floor(b)
    if not LEAST_FRACTION <= fraction <= 1.0 - 1e-6:
        return None
    a = total.coefficients / divisor
    down = np.floor(a + 1e-12)
    stepped = down + np.minimum(1.0, np.maximum(0.0, a - down) / fraction)
    return np.where(total.whole, stepped, a / fraction), float(np.ceil(b))
