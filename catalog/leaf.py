"""One value of a catalog file with its evidence: `{value: 80 GiB, source: aic, kind: datasheet, date: 2026-08-21}`.

A person's own figure may stand bare (`250000 USD`): it is then of kind `user`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from catalog.dimensions import Dimension, table_of
from catalog.items import Fact, Kind, Sourced
from catalog.units import base_unit, parse_quantity

USER_SOURCE = "user"
_FIELDS = ("value", "source", "kind", "date", "note", "conflict")

# A fact says its own unit; where two dimensions share a spelling the first one here is meant.
_FACT_DIMENSIONS = (
    Dimension.FRACTION,
    Dimension.FRACTION_PER_YEAR,
    Dimension.YEARS,
    Dimension.DURATION,
    Dimension.BYTES,
    Dimension.BANDWIDTH,
    Dimension.FLOPS,
    Dimension.POWER,
    Dimension.ENERGY,
    Dimension.MONEY,
    Dimension.MONEY_PER_HOUR,
    Dimension.MONEY_PER_YEAR,
    Dimension.ENERGY_PRICE,
    Dimension.ENERGY_PRICE_EUR,
    Dimension.POWER_PRICE,
    Dimension.CAPACITY_COST,
    Dimension.TOKEN_PRICE,
    Dimension.CARBON,
    Dimension.WATER,
    Dimension.COUNT,
    Dimension.TOKENS,
    Dimension.TOKEN_RATE,
    Dimension.REQUEST_RATE,
)


class _Evidence(NamedTuple):
    """Where a value comes from, in the order of the fields of `Sourced` and `Fact`."""

    source: str
    kind: Kind
    date: str = ""
    note: str = ""
    conflict: str = ""


def sourced(raw: object, dimension: Dimension) -> Sourced:
    """Return a written value [base unit of the dimension] with its evidence; ValueError says what is wrong with it."""
    value, evidence = _parts(raw)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a value; {_example(dimension)}")
    return Sourced(parse_quantity(value, dimension), *evidence)


def fact(name: str, raw: object) -> Fact:
    """Return a named fact: a number with its unit where the text is one quantity, the text itself otherwise."""
    value, evidence = _parts(raw)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a value; write a number, a quantity with its unit or a text")
    number, unit = _quantity(value)
    return Fact(name, number, *evidence, unit=unit)


def near(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def _parts(raw: object) -> tuple[object, _Evidence]:
    """Return the value and its evidence; a bare value is the user's own."""
    if not isinstance(raw, dict):
        return raw, _Evidence(USER_SOURCE, Kind.USER)
    for key in raw:
        if key not in _FIELDS:
            raise ValueError(f"'{key}' is not part of a value{near(str(key), _FIELDS)} (a value has {', '.join(_FIELDS)})")
    if "value" not in raw:
        raise ValueError("has no 'value'; write for example {value: 700 W, source: ..., kind: datasheet, date: 2026-08-21}")
    return raw["value"], _evidence(raw)


def _evidence(raw: dict[str, object]) -> _Evidence:
    """Return source, kind, date, note and conflict as text; a value that cites nothing is the user's."""
    source = _text(raw, "source") or USER_SOURCE
    kind = _text(raw, "kind") or (Kind.USER if source == USER_SOURCE else "")
    if kind not in tuple(Kind):
        raise ValueError(f"kind '{kind}' is not one of {', '.join(Kind)}{near(kind, Kind)}")
    return _Evidence(source, Kind(kind), _text(raw, "date"), _text(raw, "note"), _text(raw, "conflict"))


def _text(raw: dict[str, object], key: str) -> str:
    """Return a text; a year may be written as a number."""
    value = raw.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"'{key}' must be text, not {value!r}")
    return str(value)


def _example(dimension: Dimension) -> str:
    return f"write for example '12 {table_of(dimension).example}'"


@cache
def _fact_units() -> dict[str, Dimension]:
    """Return the dimension that each spelling of a unit means in a fact."""
    units: dict[str, Dimension] = {}
    for dimension in _FACT_DIMENSIONS:
        for spelling in table_of(dimension).factors:
            units.setdefault(spelling, dimension)
    yearly = (spelling for spelling in table_of(Dimension.MONEY_PER_YEAR).factors if spelling.endswith("/year"))
    return units | dict.fromkeys(yearly, Dimension.MONEY_PER_YEAR)


def _quantity(value: str | float) -> tuple[float | str, str]:
    """Return a number and its base unit where the value is one quantity; the text and no unit otherwise."""
    if not isinstance(value, str):
        return float(value), ""
    dimension = _fact_units().get(value.rpartition(" ")[2])
    if dimension is None:
        return value, ""
    try:
        return parse_quantity(value, dimension, signed=True), base_unit(dimension)
    except ValueError:
        return value, ""
