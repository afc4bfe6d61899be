"""A mixed-integer program as arrays: what PuLP's problem says, in the form that a solver takes in one call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from planner.errors import SolverError

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """A column to add, at least 0: its cost, upper bound, and its entries in rows that are there."""

    name: str
    cost: float
    entries: tuple[tuple[str, float], ...] = ()
    upper: float = math.inf
    integer: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row to add: entries by column name, at most `upper`."""

    name: str
    entries: tuple[tuple[str, float], ...]
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """min cost.x, row_lower <= A x <= row_upper, lower <= x <= upper, x[integer] whole; A by rows (starts, indices, values)."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cost: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    indices: Ints
    values: Floats

    def relaxed(self) -> Matrix:
        """Return the program without integrality."""
        return replace(self, integer=np.zeros_like(self.integer))

    def fixed(self, values: Floats) -> Matrix:
        """Return the linear program in which every integer column is fixed at its (rounded) value."""
        whole = np.round(values)
        lower = np.where(self.integer, whole, self.lower)
        upper = np.where(self.integer, whole, self.upper)
        return replace(self, lower=lower, upper=upper, integer=np.zeros_like(self.integer))

    def entries(self) -> tuple[Ints, Ints, Floats]:
        """Return every non-zero as (row, column, value), by rows."""
        rows = np.repeat(np.arange(len(self.rows), dtype=np.int32), np.diff(self.starts))
        return rows, self.indices, self.values

    def only(self, kept: Ints) -> Matrix:
        """Return the program with some of its columns (by position, in that order), the others at zero."""
        place = np.full(len(self.columns), -1, dtype=np.int32)
        place[kept] = np.arange(len(kept), dtype=np.int32)
        rows, columns, values = self.entries()
        there = place[columns] >= 0
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows[there], minlength=len(self.rows))))).astype(np.int32)
        return replace(
            self,
            columns=tuple(self.columns[column] for column in kept),
            cost=self.cost[kept],
            lower=self.lower[kept],
            upper=self.upper[kept],
            integer=self.integer[kept],
            starts=starts,
            indices=place[columns[there]],
            values=values[there],
        )

    def extended(self, columns: Sequence[Column], rows: Sequence[Line] = ()) -> Matrix:
        """Return the program with columns, then rows, added; added rows may name added columns."""
        names = (*self.columns, *(column.name for column in columns))
        position = {name: number for number, name in enumerate(names)}
        place = {name: number for number, name in enumerate(self.rows)}
        old_rows, old_columns, old_values = self.entries()
        added = [(place[row], position[c.name], value) for c in columns for row, value in c.entries]
        base = len(self.rows)
        added += [(base + n, position[name], value) for n, row in enumerate(rows) for name, value in row.entries]
        row_of = np.concatenate((old_rows, np.array([a[0] for a in added], dtype=np.int32)))
        column_of = np.concatenate((old_columns, np.array([a[1] for a in added], dtype=np.int32)))
        value_of = np.concatenate((old_values, np.array([a[2] for a in added], dtype=np.float64)))
        order = np.argsort(row_of, kind="stable")
        height = base + len(rows)
        starts = np.concatenate(([0], np.cumsum(np.bincount(row_of, minlength=height)))).astype(np.int32)
        return Matrix(
            columns=names,
            rows=(*self.rows, *(row.name for row in rows)),
            cost=np.concatenate((self.cost, [column.cost for column in columns])),
            lower=np.concatenate((self.lower, np.zeros(len(columns)))),
            upper=np.concatenate((self.upper, [column.upper for column in columns])),
            integer=np.concatenate((self.integer, np.array([column.integer for column in columns], dtype=np.bool_))),
            row_lower=np.concatenate((self.row_lower, np.full(len(rows), -np.inf))),
            row_upper=np.concatenate((self.row_upper, [row.upper for row in rows])),
            starts=starts,
            indices=column_of[order].astype(np.int32),
            values=value_of[order],
        )

    def without_rows(self, names: set[str]) -> Matrix:
        """Return the program with some rows let go."""
        free = np.array([row in names for row in self.rows], dtype=np.bool_)
        lower = np.where(free, -np.inf, self.row_lower)
        return replace(self, row_lower=lower, row_upper=np.where(free, np.inf, self.row_upper)) if free.any() else self

    def activity(self, values: Floats) -> Floats:
        """Return A x."""
        rows, columns, entries = self.entries()
        return np.asarray(np.bincount(rows, entries * values[columns], len(self.rows)), dtype=np.float64)

    def violation(self, values: Floats) -> float:
        """Return the largest violation of a row, bound or integrality; rows scaled by their largest coefficient (at least 1)."""
        rows, _, _ = self.entries()
        activity = self.activity(values)
        scale = np.ones(len(self.rows))
        np.maximum.at(scale, rows, np.abs(self.values))
        row = np.maximum(self.row_lower - activity, activity - self.row_upper) / scale
        column = np.maximum(self.lower - values, values - self.upper)
        whole = np.abs(values - np.round(values))[self.integer]
        return float(max((part.max() for part in (row, column, whole) if part.size), default=0.0))

    def coefficient_range(self) -> tuple[float, float]:
        """Return the smallest and largest absolute coefficient of the rows (1, 1 if there are none)."""
        sizes = np.abs(self.values[self.values != 0])
        return (float(sizes.min()), float(sizes.max())) if sizes.size else (1.0, 1.0)


def from_problem(problem: pulp.LpProblem) -> Matrix:
    """Return the arrays of a PuLP problem that is to be minimised (a constant in its objective is left out)."""
    if problem.sense != pulp.LpMinimize:
        message = "only minimisation is handed over: the duals of a maximised problem have the wrong sign"
        raise SolverError(message)
    columns = problem.variables()
    position = {id(variable): number for number, variable in enumerate(columns)}
    rows = problem.constraints()
    starts, indices, values = [0], [], []
    row_lower, row_upper = [], []
    for row in rows:
        for variable, value in row.items():
            indices.append(position[id(variable)])
            values.append(value)
        starts.append(len(indices))
        bound = -row.constant
        row_lower.append(-np.inf if row.sense == pulp.LpConstraintLE else bound)
        row_upper.append(np.inf if row.sense == pulp.LpConstraintGE else bound)
    cost = np.zeros(len(columns))
    for variable, value in (problem.objective or {}).items():
        cost[position[id(variable)]] = value
    return Matrix(
        columns=tuple(variable.name for variable in columns),
        rows=tuple(row.name for row in rows),
        cost=cost,
        lower=np.array([-np.inf if v.lowBound is None else v.lowBound for v in columns], dtype=np.float64),
        upper=np.array([np.inf if v.upBound is None else v.upBound for v in columns], dtype=np.float64),
        integer=np.array([v.cat == pulp.LpInteger for v in columns], dtype=np.bool_),
        row_lower=np.array(row_lower, dtype=np.float64),
        row_upper=np.array(row_upper, dtype=np.float64),
        starts=np.array(starts, dtype=np.int32),
        indices=np.array(indices, dtype=np.int32),
        values=np.array(values, dtype=np.float64),
    )


def from_file(path: Path) -> Matrix:
    """Return the program of an MPS or LP file, its objective turned to minimisation."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    if highs.readModel(str(path)) != highspy.HighsStatus.kOk:
        message = f"{path}: the solver cannot read this model"
        raise SolverError(message)
    program = highs.getLp()
    width, height = program.num_col_, program.num_row_
    starts, indices, values = _by_row(highs, height)
    sign = 1.0 if program.sense_ == highspy.ObjSense.kMinimize else -1.0
    whole = [kind == highspy.HighsVarType.kInteger for kind in program.integrality_] or [False] * width
    return Matrix(
        columns=tuple(program.col_names_) or tuple(f"c{i}" for i in range(width)),
        rows=tuple(program.row_names_) or tuple(f"r{i}" for i in range(height)),
        cost=sign * np.array(program.col_cost_, dtype=np.float64),
        lower=np.array(program.col_lower_, dtype=np.float64),
        upper=np.array(program.col_upper_, dtype=np.float64),
        integer=np.array(whole, dtype=np.bool_),
        row_lower=np.array(program.row_lower_, dtype=np.float64),
        row_upper=np.array(program.row_upper_, dtype=np.float64),
        starts=starts,
        indices=indices,
        values=values,
    )


def _by_row(highs: highspy.Highs, height: int) -> tuple[Ints, Ints, Floats]:
    """Return the rows of a solver's model as (starts, indices, values)."""
    starts, indices, values = [0], [], []
    for row in range(height):
        _, columns, entries = highs.getRowEntries(row)
        indices += [int(column) for column in columns]
        values += [float(entry) for entry in entries]
        starts.append(len(indices))
    return np.array(starts, dtype=np.int32), np.array(indices, dtype=np.int32), np.array(values, dtype=np.float64)
