"""The parts of a large program: rows and columns of the fleet, and of each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, vstack

from planner.program.columns import PERIOD_AT
from planner.program.matrix import Bools, Floats, Ints, Matrix
from planner.program.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One period (of one future): columns of routing, and rows of its own, rows met by units, and copies of limits on units.

    Units that do the same to every row (all commitments of one offer, say) are one *kind*; `kind_of` gives each fleet column's
    kind (-1: none), `taken` the entries of the rows by kind, `routed` by routing column; `shared` is what routing puts on the
    rows that several parts share.
    """

    columns: Ints
    rows: Ints
    met: int
    limits: int
    kinds: int
    kind_of: Ints
    routed: csr_matrix
    taken: csr_matrix
    shared: csr_matrix


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A program in parts: the fleet's columns, rows of the fleet alone, rows that parts share, and the periods."""

    matrix: Matrix
    fleet: Ints
    own: Ints
    shared: Ints
    periods: tuple[Part, ...]
    entries: csr_matrix


def period_of(model: Model, matrix: Matrix) -> Ints:
    """Return the number of every column's period and future, -1 for columns of the fleet."""
    place = {name: number for number, name in enumerate(matrix.columns)}
    found = np.full(len(matrix.columns), -1, dtype=np.int32)
    numbers: dict[tuple[str | int, str | int], int] = {}
    for family, position in PERIOD_AT.items():
        for index, variable in model.family(family).items():
            found[place[variable.name]] = numbers.setdefault((index[position], index[-1]), len(numbers))
    return found


def split(matrix: Matrix, period: Ints) -> Parts:
    """Return a program in parts, given the period of every column (-1: fleet)."""
    entries = csr_matrix((matrix.values, matrix.indices, matrix.starts), shape=(len(matrix.rows), len(matrix.columns)))
    fleet = _positions(period < 0)
    first, last = _span(matrix, period)
    units, relaxing = _units(matrix, period)
    single = (last >= 0) & (first == last) & (~units | relaxing)
    own = _positions(last < 0)
    shared = _positions((last >= 0) & ~single)
    by_column = entries.tocsc()
    parts = [
        _part(
            matrix,
            (entries, by_column),
            (fleet, own, shared),
            (_positions(period == number), single & (last == number), units),
        )
        for number in range(int(period.max(initial=-1)) + 1)
    ]
    return Parts(matrix, fleet, own, shared, tuple(parts), entries)


def _positions(mask: Bools) -> Ints:
    """Return where a mask holds."""
    return np.flatnonzero(mask).astype(np.int32)


def _span(matrix: Matrix, period: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last period that every row's routing has a part in (last -1: none)."""
    rows, columns, _ = matrix.entries()
    routing = period[columns] >= 0
    first = np.full(len(matrix.rows), np.iinfo(np.int32).max, dtype=np.int32)
    last = np.full(len(matrix.rows), -1, dtype=np.int32)
    np.minimum.at(first, rows[routing], period[columns[routing]])
    np.maximum.at(last, rows[routing], period[columns[routing]])
    return first, last


def _units(matrix: Matrix, period: Ints) -> tuple[Bools, Bools]:
    """Return which rows hold columns of the fleet, and whether more units only ever relax them."""
    rows, columns, values = matrix.entries()
    fleet = period[columns] < 0
    most = np.isinf(matrix.row_lower) & ~np.isinf(matrix.row_upper)
    least = np.isinf(matrix.row_upper) & ~np.isinf(matrix.row_lower)
    helps = (most[rows] & (values < 0)) | (least[rows] & (values > 0))
    held, hindered = (np.zeros(len(matrix.rows), dtype=np.bool_) for _ in range(2))
    held[rows[fleet]] = True
    hindered[rows[fleet & ~helps]] = True
    return held, held & ~hindered


def _part(
    matrix: Matrix,
    entries: tuple[csr_matrix, csc_matrix],
    rows: tuple[Ints, Ints, Ints],
    mine: tuple[Ints, Bools, Bools],
) -> Part:
    """Return one period's part."""
    by_row, by_column = entries
    fleet, own, shared = rows
    columns, inside, units = mine
    alone, met = np.flatnonzero(inside & ~units), np.flatnonzero(inside & units)
    kind_of, kinds = _kinds(by_row[met][:, fleet].tocsc())
    limits, copies = _limits(matrix, by_row, own, fleet, kind_of)
    routing = by_column[:, columns].tocsr()
    chosen = np.concatenate((alone, met, limits)).astype(np.int32)
    taken = csr_matrix(vstack([csr_matrix((len(alone), kinds.shape[1])), kinds, copies]))
    return Part(
        columns.astype(np.int32), chosen, len(met), len(limits), kinds.shape[1], kind_of, routing[chosen], taken, routing[shared]
    )


def _kinds(units: csc_matrix) -> tuple[Ints, csc_matrix]:
    """Return the kind of every fleet column, and one column of entries per kind."""
    kind_of = np.full(units.shape[1], -1, dtype=np.int32)
    numbers: dict[tuple[bytes, bytes], int] = {}
    examples: list[int] = []
    for column in range(units.shape[1]):
        part = slice(units.indptr[column], units.indptr[column + 1])
        if part.start == part.stop:
            continue
        key = (units.indices[part].tobytes(), units.data[part].tobytes())
        if key not in numbers:
            numbers[key] = len(examples)
            examples.append(column)
        kind_of[column] = numbers[key]
    return kind_of, units[:, examples]


def _limits(matrix: Matrix, entries: csr_matrix, own: Ints, fleet: Ints, kind_of: Ints) -> tuple[Ints, csr_matrix]:
    """Return the fleet's rows that limit one period's units as a whole (power, racks), and their entries by kind.

    They hold for what a period takes as well, and keep its answers sensible: no period asks for more than a site can power.
    """
    place = np.full(len(matrix.columns), -1, dtype=np.int32)
    place[fleet] = kind_of
    count = int(kind_of.max(initial=-1)) + 1
    members = np.bincount(kind_of[kind_of >= 0], minlength=count)
    found, copies = [], []
    for row in own:
        part = slice(entries.indptr[row], entries.indptr[row + 1])
        kinds, values = place[entries.indices[part]], entries.data[part]
        if not values.size or (kinds < 0).any() or (values < 0).any() or not np.isinf(matrix.row_lower[row]):
            continue
        copy: Floats = np.zeros(count)
        copy[kinds] = values
        whole = np.bincount(kinds, minlength=count)[kinds] == members[kinds]
        if (copy[kinds] == values).all() and whole.all():
            found.append(row)
            copies.append(copy)
    return np.array(found, dtype=np.int32), csr_matrix(np.array(copies).reshape(len(found), count))
