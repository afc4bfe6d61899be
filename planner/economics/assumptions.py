"""Every money figure that a plan rests on: one value (or one per period) with its unit, source, date and kind.

An assumption is addressed by a name and, where it differs by place or thing, by what it belongs to: `pue[dc-1]`,
`tariff_usd_kwh[dc-1,peak]`, `purchase_usd[hgx-h100]`. A cost line asks for a name and its dimensions; the most specific
assumption that exists answers (`tariff_usd_kwh[dc-1,peak]`, else `tariff_usd_kwh[dc-1]`, else `tariff_usd_kwh`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.items import Kind, Sourced
from planner.errors import InputError


class Axis(StrEnum):
    """What the values of an assumption run over; a single value holds everywhere."""

    PERIOD = "period"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure and where it comes from.

    `values` holds one number, or one per period of the plan (axis `period`), or one per age in periods, from new (axis `age`;
    the last value holds for every greater age). `low` and `high` bound a single value where the sources give a range; they drive
    the sensitivity.
    """

    id: str
    label: str
    values: tuple[float, ...]
    unit: str
    source: str
    date: str
    kind: Kind
    axis: Axis = Axis.PERIOD
    low: float | None = None
    high: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty or non-finite figure before it can reach a cell or a solver."""
        if not self.values or not all(math.isfinite(value) for value in self.values):
            raise InputError.at(self.id, f"values must be finite numbers, at least one; given {self.values!r}")

    @property
    def is_single(self) -> bool:
        """Return whether one number holds for every period and age."""
        return len(self.values) == 1


def assumption_id(name: str, *dimensions: str) -> str:
    """Return the address of an assumption: `name` or `name[a,b]`.

    >>> assumption_id("pue"), assumption_id("tariff_usd_kwh", "dc-1", "peak")
    ('pue', 'tariff_usd_kwh[dc-1,peak]')
    """
    return f"{name}[{','.join(dimensions)}]" if dimensions else name


def from_sourced(
    address: str,
    label: str,
    unit: str,
    fact: Sourced,
    *,
    low: Sourced | None = None,
    high: Sourced | None = None,
) -> Assumption:
    """Return the assumption that repeats one sourced figure of the catalog, with its range where one is known."""
    return Assumption(
        id=address,
        label=label,
        values=(fact.value,),
        unit=unit,
        source=fact.source,
        date=fact.date,
        kind=fact.kind,
        low=None if low is None else low.value,
        high=None if high is None else high.value,
        note=fact.note,
    )


def given(
    address: str,
    label: str,
    unit: str,
    values: float | tuple[float, ...],
    *,
    note: str = "",
    date: str = "",
    axis: Axis = Axis.PERIOD,
) -> Assumption:
    """Return an assumption that the scenario itself states (kind `user`)."""
    numbers = values if isinstance(values, tuple) else (float(values),)
    return Assumption(address, label, numbers, unit, "scenario", date, Kind.USER, axis=axis, note=note)


class AssumptionBook(Mapping[str, Assumption]):
    """All assumptions of a plan by address; later ones replace earlier ones of the same address."""

    __slots__ = ("_by_id",)

    def __init__(self, assumptions: Iterable[Assumption]) -> None:
        """Keep the assumptions in the order of their addresses, so that no input order shows in a report."""
        by_id = {assumption.id: assumption for assumption in assumptions}
        self._by_id = dict(sorted(by_id.items()))

    def __getitem__(self, address: str) -> Assumption:
        """Return the assumption of exactly this address; KeyError where there is none."""
        return self._by_id[address]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the addresses in alphabetical order."""
        return iter(self._by_id)

    def __len__(self) -> int:
        """Return how many assumptions there are."""
        return len(self._by_id)

    def find(self, name: str, dimensions: tuple[str, ...] = ()) -> Assumption | None:
        """Return the most specific assumption for a name and its dimensions, or None where nothing is known."""
        for kept in range(len(dimensions), -1, -1):
            found = self._by_id.get(assumption_id(name, *dimensions[:kept]))
            if found is not None:
                return found
        return None

    def resolve(self, name: str, dimensions: tuple[str, ...] = ()) -> Assumption:
        """Return the most specific assumption; raise InputError that names the missing figure."""
        found = self.find(name, dimensions)
        if found is None:
            address = assumption_id(name, *dimensions)
            raise InputError.at(address, "no value is known; give it in the scenario's costs or in a price book")
        return found

    def replaced(self, changes: Iterable[Assumption]) -> AssumptionBook:
        """Return a book in which the given assumptions stand for those of the same address."""
        return AssumptionBook([*self._by_id.values(), *changes])
