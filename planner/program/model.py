"""The PuLP problem under construction: columns and rows by family and index, with names that every solver keeps as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pulp

from planner.errors import SolverError

Index = tuple[str | int, ...]
Term = tuple[float, pulp.LpVariable]
Route = tuple[str, float, pulp.LpVariable]


class Sense(StrEnum):
    """The relation of a row."""

    LE = "<="
    GE = ">="
    EQ = "=="


@dataclass(frozen=True, slots=True)
class Row:
    """A constraint `terms sense rhs`; one of its units is `unit` of the family's natural one (W, USD, units, bytes/s ...)."""

    name: str
    family: str
    index: Index
    sense: Sense
    rhs: float
    unit: float


class _Parts(dict[str | int, str]):
    """The parts of names: what has no code stands for itself. PuLP would turn the sign of a negative number into `_`."""

    def __missing__(self, part: str | int) -> str:
        """Return, and keep, one part of a name."""
        self[part] = text = f"m{-part}" if isinstance(part, int) and part < 0 else str(part)
        return text


@dataclass(slots=True)
class Model:
    """A PuLP problem and our own dictionaries of what is in it; `codes` gives the ASCII name of every id.

    `costs` [USD] is keyed (driver, world), `energy` [Wh] and `carbon` [g] by world; none is weighted by probability yet.
    `scale` [natural unit of the score] is what one unit of the problem's objective stands for. `routes` are what `View.routes`
    has found so far.
    """

    codes: Mapping[str, str]
    problem: pulp.LpProblem = field(default_factory=lambda: pulp.LpProblem("splitfleet", pulp.LpMinimize))
    columns: dict[str, dict[Index, pulp.LpVariable]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    routes: dict[Index, tuple[Route, ...]] = field(default_factory=dict)
    costs: dict[tuple[str, str], list[Term]] = field(default_factory=dict)
    energy: dict[str, list[Term]] = field(default_factory=dict)
    carbon: dict[str, list[Term]] = field(default_factory=dict)
    scale: float = 1.0
    _parts: _Parts = field(init=False)

    def __post_init__(self) -> None:
        """Take the codes as the first parts of names."""
        self._parts = _Parts(self.codes)

    def name(self, family: str, index: Index) -> str:
        """Return the solver's name of a column or row, `family_part_part`, in ASCII."""
        parts = self._parts
        return "_".join([family, *[parts[part] for part in index if part != ""]])

    def column(
        self, family: str, index: Index, *, lower: float | None = 0, upper: float | None = None, integer: bool = False
    ) -> pulp.LpVariable:
        """Return a new column, at least 0 unless `lower` says otherwise."""
        columns = self.columns.setdefault(family, {})
        if index in columns:
            message = f"{family}{list(index)} stands twice in the program"
            raise SolverError(message)
        category = pulp.LpInteger if integer else pulp.LpContinuous
        variable = self.problem.add_variable(self.name(family, index), lowBound=lower, upBound=upper, cat=category)
        columns[index] = variable
        return variable

    def find(self, family: str, index: Index) -> pulp.LpVariable | None:
        """Return a column if it exists."""
        return self.columns.get(family, {}).get(index)

    def family(self, family: str) -> Mapping[Index, pulp.LpVariable]:
        """Return the columns of a family by index."""
        return self.columns.get(family, {})

    def row(self, family: str, index: Index, terms: Iterable[Term], sense: Sense, rhs: float, *, unit: float = 1.0) -> None:
        """Add the row `sum(terms) sense rhs`, divided by `unit` so that its numbers stay near one.

        A row without terms that holds anyway is left out; one that cannot hold stays, so that infeasibility is seen and named.
        """
        total = pulp.LpAffineExpression()
        for coefficient, variable in terms:
            if coefficient:
                total[variable] = total.get(variable, 0.0) + coefficient / unit
        bound = rhs / unit
        if not total and _holds(bound, sense):
            return
        name = self.name(family, index)
        self.problem.addConstraint(_relation(total, sense, bound), name)
        self.rows[name] = Row(name, family, index, sense, bound, unit)


def linear(total: Mapping[pulp.LpVariable, float]) -> pulp.LpAffineExpression:
    """Return a sum as PuLP's expression, made at once: seven times faster than `lpSum` over products."""
    return pulp.LpAffineExpression(total)


def _holds(bound: float, sense: Sense) -> bool:
    """Return whether `0 sense bound`."""
    if sense is Sense.EQ:
        return bound == 0
    return bound >= 0 if sense is Sense.LE else bound <= 0


def _relation(total: pulp.LpAffineExpression, sense: Sense, bound: float) -> pulp.LpConstraint:
    """Return `total sense bound` as PuLP writes it."""
    if sense is Sense.EQ:
        return total == bound
    return total <= bound if sense is Sense.LE else total >= bound
