"""One period's program: the cheapest routing at given prices of units and of shared rows."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_matrix, hstack

from planner.program.adapter import Request, configured, loaded
from planner.program.decomposed.parts import Part
from planner.program.matrix import Bools, Floats, Ints, Matrix

SIFTED_ABOVE = 30_000
PER_ROW = 6
AT_A_TIME = 2000
ROUNDS = 30
NEAR = 3e-4
DEAR = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A period's answer to prices: its routing, the units it takes by kind, and the duals of its rows."""

    routing: Floats
    units: Floats
    duals: Floats


def _pattern(entries: csr_matrix) -> csr_matrix:
    """Return a matrix with a one wherever another has an entry."""
    return csr_matrix((np.ones(entries.nnz), entries.indices, entries.indptr), shape=entries.shape)


class PeriodProgram:
    """A period's linear program, kept in the solver from one set of prices to the next; of many columns only those that pay."""

    def __init__(self, matrix: Matrix, part: Part, blocks: int, request: Request) -> None:
        self.matrix, self.part, self.request = matrix, part, request
        self.blocks = blocks
        self.entries = hstack([part.routed, part.taken]).tocsc()
        self.row_lower, self.row_upper = matrix.row_lower[part.rows], matrix.row_upper[part.rows]
        free = np.full(part.kinds, np.inf)
        self.lower = np.concatenate((matrix.lower[part.columns], np.zeros(part.kinds)))
        self.upper = np.concatenate((matrix.upper[part.columns], free))
        self.active: Bools = np.zeros(len(self.lower), dtype=np.bool_)
        self.order: Ints = np.zeros(0, dtype=np.int32)
        self.highs: highspy.Highs | None = None

    def answer(self, unit_prices: Floats, shared_prices: Floats, seconds: float) -> Proposal | None:
        """Return the cheapest routing at prices of kinds of unit and of shared rows; None if there is none in time."""
        routing = self.matrix.cost[self.part.columns] - self.part.shared.T @ shared_prices
        cost = np.concatenate((routing, unit_prices))
        highs = self._priced(cost)
        for _ in range(ROUNDS):
            highs.setOptionValue("time_limit", max(0.05, seconds) + highs.getRunTime())
            highs.run()
            if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            solution = highs.getSolution()
            duals = np.array(solution.row_dual)
            reduced = cost - self.entries.T @ duals
            news = np.flatnonzero((reduced < -1e-7) & ~self.active)
            value = float(highs.getInfo().objective_function_value)
            if -reduced[news].sum() <= NEAR * abs(value):
                return self._proposal(np.array(solution.col_value), duals)
            self._add(highs, cost, news[np.argsort(reduced[news], kind="stable")[:AT_A_TIME]].astype(np.int32))
        return None

    def _proposal(self, found: Floats, duals: Floats) -> Proposal | None:
        """Return the solver's answer over all columns, None if a stand-in is still needed."""
        if found[self.order < 0].max(initial=0.0) > 1e-6:
            return None
        values = np.zeros(len(self.active))
        values[self.order[self.order >= 0]] = found[self.order >= 0]
        width = len(self.part.columns)
        return Proposal(values[:width], values[width:], duals)

    def _priced(self, cost: Floats) -> highspy.Highs:
        """Return the solver with the program at these prices."""
        if self.highs is None:
            self.highs = self._opened(cost)
        else:
            known = self.order >= 0
            columns = np.flatnonzero(known).astype(np.int32)
            self.highs.changeColsCost(len(columns), columns, cost[self.order[known]])
        return self.highs

    def _opened(self, cost: Floats) -> highspy.Highs:
        """Return a solver that holds the first columns, and a dear stand-in for every row that asks for something."""
        kept = self._first(cost)
        self.active[kept] = True
        asked = np.flatnonzero(self.row_lower > 0)
        stand_ins = csr_matrix((np.ones(len(asked)), (asked, np.arange(len(asked)))), shape=(len(self.row_lower), len(asked)))
        program = csr_matrix(hstack([self.entries[:, kept], stand_ins]))
        self.order = np.concatenate((kept, np.full(len(asked), -1))).astype(np.int32)
        width = len(self.order)
        highs = loaded(
            Matrix(
                columns=("",) * width,
                rows=("",) * len(self.row_lower),
                cost=np.concatenate((cost[kept], np.full(len(asked), DEAR))),
                lower=np.concatenate((self.lower[kept], np.zeros(len(asked)))),
                upper=np.concatenate((self.upper[kept], np.full(len(asked), np.inf))),
                integer=np.zeros(width, dtype=np.bool_),
                row_lower=self.row_lower,
                row_upper=self.row_upper,
                starts=program.indptr.astype(np.int32),
                indices=program.indices.astype(np.int32),
                values=program.data,
            )
        )
        configured(highs, self.request)
        return highs

    def _first(self, cost: Floats) -> Ints:
        """Return the columns to begin with: all where they are few, else the cheapest few of every equation, and every unit."""
        if len(cost) <= SIFTED_ABOVE:
            return np.arange(len(cost), dtype=np.int32)
        met = slice(len(self.part.rows) - self.part.met - self.part.limits, len(self.part.rows) - self.part.limits)
        price = np.zeros(len(self.part.rows))
        width = len(self.part.columns)
        price[met] = -(_pattern(self.part.taken[met]) @ cost[width:]) / self.blocks
        reduced = cost - self.entries.T @ price
        rows = self.entries.tocoo()
        equal = (self.row_lower == self.row_upper)[rows.row]
        kept = np.ones(len(cost), dtype=np.bool_)
        kept[rows.col[equal]] = False
        groups, columns = 2 * rows.row[equal] + (rows.data[equal] > 0), rows.col[equal]
        order = np.lexsort((columns, reduced[columns], groups))
        groups, columns = groups[order], columns[order]
        places = np.arange(len(groups))
        begins = np.concatenate(([True], groups[1:] != groups[:-1]))
        kept[columns[places - np.maximum.accumulate(np.where(begins, places, 0)) < PER_ROW]] = True
        return np.flatnonzero(kept).astype(np.int32)

    def _add(self, highs: highspy.Highs, cost: Floats, columns: Ints) -> None:
        """Let columns in; the solver goes on from its basis."""
        part = self.entries[:, columns]
        starts, rows = part.indptr[:-1].astype(np.int32), part.indices.astype(np.int32)
        lower, upper = self.lower[columns], self.upper[columns]
        highs.addCols(len(columns), cost[columns], lower, upper, part.nnz, starts, rows, part.data)
        self.active[columns] = True
        self.order = np.concatenate((self.order, columns)).astype(np.int32)
