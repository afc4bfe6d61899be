"""The fleet's program: units at least cost for mixes of the periods' proposals, and the prices that follow."""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_matrix, hstack, identity, vstack

from planner.errors import SolverError
from planner.program.adapter import Request, configured, loaded
from planner.program.decomposed.parts import Part, Parts
from planner.program.decomposed.period import Proposal
from planner.program.matrix import Floats, Ints, Matrix

STAND_IN = 1e5
PENALTY = 3.0
TRACE = 1e-3


class FleetProgram:
    """Rows of the fleet, rows that parts share, one row per period and kind of unit (taken <= there), one mix per period.

    A dear stand-in for every kind of unit keeps the program feasible until proposals are; what it costs bounds every price.
    """

    def __init__(self, parts: Parts, request: Request) -> None:
        self.parts = parts
        matrix = parts.matrix
        self.counts = [part.kinds for part in parts.periods]
        self.kinds = sum(self.counts)
        self.width = len(parts.fleet)
        self.first = len(parts.own) + len(parts.shared)
        self.offsets = [self.first + sum(self.counts[:number]) for number in range(len(self.counts))]
        self.mixes = self.first + self.kinds
        self.members: list[tuple[int, Proposal]] = []
        self.penalties: Floats = np.full(self.kinds, STAND_IN)
        given = np.concatenate((parts.own, parts.shared))
        there = [_members(part, self.width) for part in parts.periods]
        periods = len(self.counts)
        rows = vstack([parts.entries[given][:, parts.fleet], *there, csr_matrix((periods, self.width))])
        stand_ins = vstack([csr_matrix((self.first, self.kinds)), identity(self.kinds), csr_matrix((periods, self.kinds))])
        whole = csr_matrix(hstack([rows, stand_ins]))
        columns = self.width + self.kinds
        nothing = np.zeros(self.kinds)
        self.highs = loaded(
            Matrix(
                columns=("",) * columns,
                rows=("",) * (self.mixes + periods),
                cost=np.concatenate((matrix.cost[parts.fleet], np.full(self.kinds, STAND_IN))),
                lower=np.concatenate((matrix.lower[parts.fleet], nothing)),
                upper=np.concatenate((matrix.upper[parts.fleet], np.full(self.kinds, np.inf))),
                integer=np.zeros(columns, dtype=np.bool_),
                row_lower=np.concatenate((matrix.row_lower[given], nothing, np.zeros(periods))),
                row_upper=np.concatenate((matrix.row_upper[given], np.full(self.kinds, np.inf), np.full(periods, np.inf))),
                starts=whole.indptr.astype(np.int32),
                indices=whole.indices.astype(np.int32),
                values=whole.data,
            )
        )
        configured(self.highs, request)

    def anchored(self, sizes: Floats) -> Floats:
        """Return prices of a fleet that holds a trace of every kind of unit, growing as the periods do; they bound later ones.

        So every kind has a price at once, and one that its fleet could ask: what it costs to buy, keep and sell.
        """
        for number, count in enumerate(self.counts):
            for row in range(self.offsets[number], self.offsets[number] + count):
                self.highs.changeRowBounds(row, TRACE * float(sizes[number]) * (1.0 + 0.01 * number), np.inf)
        duals = self.solved()[0]
        for row in range(self.first, self.mixes):
            self.highs.changeRowBounds(row, 0.0, np.inf)
        for row in range(self.mixes, self.mixes + len(self.counts)):
            self.highs.changeRowBounds(row, 1.0, 1.0)
        prices = np.maximum(duals[self.first : self.mixes], 0.0)
        self.penalties = np.maximum(prices, 0.1 * np.median(prices))
        self.dearer()
        return duals

    def dearer(self) -> None:
        """Make every stand-in dearer: one that still pays says that units are scarcer than its price."""
        self.penalties = PENALTY * self.penalties
        columns = np.arange(self.width, self.width + self.kinds, dtype=np.int32)
        self.highs.changeColsCost(self.kinds, columns, self.penalties)

    def add(self, number: int, proposal: Proposal) -> None:
        """Offer a period's proposal for its mix."""
        part = self.parts.periods[number]
        cost = float(self.parts.matrix.cost[part.columns] @ proposal.routing)
        activity = part.shared @ proposal.routing
        on, units = np.flatnonzero(activity), np.flatnonzero(proposal.units)
        rows = np.concatenate((len(self.parts.own) + on, self.offsets[number] + units, [self.mixes + number])).astype(np.int32)
        values = np.concatenate((activity[on], -proposal.units[units], [1.0]))
        self.highs.addCol(cost, 0.0, np.inf, len(rows), rows, values)
        self.members.append((number, proposal))

    def solved(self) -> tuple[Floats, float]:
        """Return the program's duals and its cost; SolverError if the solver finds no optimum (there is always one)."""
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            message = f"the fleet's program has no optimum: {self.highs.getModelStatus()}"
            raise SolverError(message)
        return np.array(self.highs.getSolution().row_dual), float(self.highs.getInfo().objective_function_value)

    def unit_prices(self, duals: Floats, number: int) -> Floats:
        """Return what a period pays for a unit of each kind."""
        return np.maximum(duals[self.offsets[number] : self.offsets[number] + self.counts[number]], 0.0)

    def shared_prices(self, duals: Floats) -> Floats:
        """Return the duals of the rows that parts share."""
        return duals[len(self.parts.own) : self.first]

    def stood_in(self) -> float:
        """Return the units for which stand-ins still stand."""
        values = np.array(self.highs.getSolution().col_value)
        return float(values[self.width : self.width + self.kinds].sum())

    def values(self) -> Floats:
        """Return the mix as values of the whole program's columns."""
        found = np.array(self.highs.getSolution().col_value)
        values = np.zeros(len(self.parts.matrix.columns))
        values[self.parts.fleet] = found[: self.width]
        for share, (number, proposal) in zip(found[self.width + self.kinds :], self.members, strict=True):
            values[self.parts.periods[number].columns] += share * proposal.routing
        return values


def _members(part: Part, width: int) -> csr_matrix:
    """Return a matrix that adds up the fleet columns of every kind."""
    columns: Ints = np.flatnonzero(part.kind_of >= 0).astype(np.int32)
    return csr_matrix((np.ones(len(columns)), (part.kind_of[columns], columns)), shape=(part.kinds, width))
