"""The linear relaxation: solved at once where it is small, column by column where it is large, and bounded by arithmetic alone.

Large programs have hundreds of thousands of routing columns of which a plan uses a few. They are left out and brought back by
price: solve with some columns, take the rows' duals, add the columns whose reduced cost is negative, until none is. Whatever the
solver says, duals y give a bound that needs no trust (Neumaier and Shcherbina, Mathematical Programming 99, 2004):

    min cost.x >= sum_i y_i (row_lower_i if y_i > 0 else row_upper_i) + sum_j min over x_j in its bounds of (cost - A'y)_j x_j
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np

from planner.program.adapter import Request, configured, loaded, solve
from planner.program.matrix import Bools, Column, Floats, Ints, Matrix
from planner.program.solution import Outcome

LARGE_COLUMNS = 40_000
PER_ROW = 6
ROUNDS = 60
NEGATIVE = -1e-6
DEAR = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A relaxation's optimum: its outcome, a bound that holds whatever the solver did, values, duals and reduced costs."""

    outcome: Outcome
    bound: float
    values: Floats | None
    duals: Floats | None
    reduced: Floats | None


def safe_bound(matrix: Matrix, duals: Floats, upper: Floats | None = None) -> tuple[float, Floats]:
    """Return a lower bound of the relaxation from any duals, and the reduced costs; `upper` may sharpen the columns' bounds."""
    y = np.where(np.isinf(matrix.row_lower), np.minimum(duals, 0.0), duals)
    y = np.where(np.isinf(matrix.row_upper), np.maximum(y, 0.0), y)
    rows, columns, values = matrix.entries()
    reduced = matrix.cost - np.bincount(columns, values * y[rows], len(matrix.columns))
    right = np.where(y > 0, matrix.row_lower, matrix.row_upper)
    top = matrix.upper if upper is None else np.minimum(matrix.upper, upper)
    ends = np.where(reduced > 0, matrix.lower, top)
    # A reduced cost that is negative by rounding alone, on a column without an upper bound, would make the bound minus infinity.
    noise = (np.abs(reduced) <= 1e-9 * (1.0 + np.abs(matrix.cost))) & np.isinf(ends)
    parts = np.where((reduced == 0) | noise, 0.0, reduced * np.where(np.isinf(ends) & noise, 0.0, ends))
    total = float(np.dot(np.where(y == 0, 0.0, y), np.where(y == 0, 0.0, right)))
    return total + float(parts.sum()), reduced


def relax(matrix: Matrix, request: Request, guess: Floats | None = None) -> Relaxed:
    """Return the relaxation's optimum of a mixed-integer program; `guess`, rough duals of its rows, starts a large one."""
    if len(matrix.columns) <= LARGE_COLUMNS:
        return _whole(matrix.relaxed(), request)
    return _Sieve(matrix.relaxed(), matrix.integer, request, guess).run()


def _whole(linear: Matrix, request: Request) -> Relaxed:
    """Return the optimum of a linear program with all its columns."""
    answer = solve(linear, request)
    if answer.outcome is not Outcome.OPTIMAL or answer.row_duals is None:
        return Relaxed(answer.outcome, -np.inf, None, None, None)
    _, reduced = safe_bound(linear, answer.row_duals)
    return Relaxed(answer.outcome, answer.bound, answer.values, answer.row_duals, reduced)


class _Sieve:
    """A large linear program of which only the columns that pay are in the solver."""

    def __init__(self, matrix: Matrix, integer: Bools, request: Request, guess: Floats | None) -> None:
        self.matrix, self.request = matrix, request
        self.end = time.perf_counter() + request.time_limit_s
        rows, columns, values = matrix.entries()
        order = np.argsort(columns, kind="stable")
        self.starts = np.searchsorted(columns[order], np.arange(len(matrix.columns) + 1))
        self.rows, self.values = rows[order], values[order]
        equal = matrix.row_lower == matrix.row_upper
        self.group_entries = np.flatnonzero(equal[self.rows])
        column_of = np.repeat(np.arange(len(matrix.columns)), np.diff(self.starts))
        self.group_column = column_of[self.group_entries]
        self.group = 2 * self.rows[self.group_entries] + (self.values[self.group_entries] > 0)
        # Whole numbers and what balances them are always in; only columns of routing, bounded by what is served, wait outside.
        inequality = ~equal[self.rows]
        routing = np.bincount(column_of[inequality], minlength=len(matrix.columns)) > 0
        needed = matrix.row_lower[self.rows[self.group_entries]] > 0
        served = np.bincount(column_of[self.group_entries], needed, len(matrix.columns))
        waits = ~integer & (routing | (served > 0)) & ~_balances(matrix, integer)
        self.active = ~waits
        self.order = [int(column) for column in np.flatnonzero(self.active)]
        price = np.zeros(len(matrix.rows)) if guess is None else guess
        self.add(self.cheapest(safe_bound(matrix, price)[1], np.inf))
        self.highs = self._opened()

    def cheapest(self, reduced: Floats, below: float) -> Ints:
        """Return, of every equation and sign, the few waiting columns of least reduced cost, if below a limit."""
        waiting = ~self.active[self.group_column] & (reduced[self.group_column] < below)
        columns, groups = self.group_column[waiting], self.group[waiting]
        order = np.lexsort((columns, reduced[columns], groups))
        columns, groups = columns[order], groups[order]
        first = np.concatenate(([True], groups[1:] != groups[:-1])) if groups.size else np.zeros(0, dtype=np.bool_)
        rank = np.arange(groups.size) - np.maximum.accumulate(np.where(first, np.arange(groups.size), 0))
        return np.unique(columns[rank < PER_ROW]).astype(np.int32)

    def add(self, columns: Ints) -> None:
        """Let columns in."""
        self.active[columns] = True
        self.order += [int(column) for column in columns]

    def _opened(self) -> highspy.Highs:
        """Return a solver that holds the active columns and one dear stand-in per row that must be met."""
        program = self.matrix.only(np.array(self.order, dtype=np.int32))
        lower, upper = self.matrix.row_lower, self.matrix.row_upper
        short = [row for row, name in enumerate(self.matrix.rows) if lower[row] > 0 or upper[row] < 0]
        entries = [Column(f"short.{row}", DEAR, ((self.matrix.rows[row], 1.0 if lower[row] > 0 else -1.0),)) for row in short]
        self.stand_ins = len(entries)
        highs = loaded(program.extended(entries))
        configured(highs, self.request)
        # The stand-ins lie between the first columns and those that come later.
        self.order += [-1] * self.stand_ins
        return highs

    def run(self) -> Relaxed:
        """Return the optimum over all columns, or the best bound that time allows."""
        best = -np.inf
        for _ in range(ROUNDS):
            self.highs.setOptionValue("time_limit", max(0.05, self.end - time.perf_counter()) + self.highs.getRunTime())
            self.highs.run()
            if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return Relaxed(Outcome.NO_SOLUTION, best, None, None, None)
            solution = self.highs.getSolution()
            duals = np.array(solution.row_dual)
            bound, reduced = safe_bound(self.matrix, duals)
            best = max(best, bound)
            objective = float(self.highs.getInfo().objective_function_value)
            news = self.cheapest(reduced, NEGATIVE)
            if not news.size or objective - best <= 1e-7 * abs(objective):
                return self._done(np.array(solution.col_value), duals, reduced, best, objective)
            self._append(news)
        return Relaxed(Outcome.NO_SOLUTION, best, None, None, None)

    def _append(self, columns: Ints) -> None:
        """Give columns to the solver, which goes on from its basis."""
        counts = self.starts[columns + 1] - self.starts[columns]
        entries = np.concatenate([np.arange(self.starts[c], self.starts[c + 1]) for c in columns])
        starts = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int32)
        m = self.matrix
        self.highs.addCols(
            len(columns),
            m.cost[columns],
            m.lower[columns],
            m.upper[columns],
            len(entries),
            starts,
            self.rows[entries].astype(np.int32),
            self.values[entries],
        )
        self.add(columns)

    def _done(self, found: Floats, duals: Floats, reduced: Floats, bound: float, objective: float) -> Relaxed:
        """Return the optimum as a vector over all columns; infeasible if a stand-in is still needed."""
        order = np.array(self.order)
        if found[order < 0].max(initial=0.0) > 1e-6:
            return Relaxed(Outcome.INFEASIBLE, np.inf, None, duals, None)
        values = np.zeros(len(self.matrix.columns))
        values[order[order >= 0]] = found[order >= 0]
        return Relaxed(Outcome.OPTIMAL, min(bound, objective), values, duals, reduced)


def _balances(matrix: Matrix, integer: Bools) -> Bools:
    """Return the continuous columns that share an equation with whole numbers (stocks): they carry decisions, not routing."""
    rows, columns, _ = matrix.entries()
    equal = matrix.row_lower == matrix.row_upper
    decided = np.zeros(len(matrix.rows), dtype=np.bool_)
    decided[rows[integer[columns] & equal[rows]]] = True
    found = np.zeros(len(matrix.columns), dtype=np.bool_)
    found[columns[decided[rows]]] = True
    return found & ~integer
