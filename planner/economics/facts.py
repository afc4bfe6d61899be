"""Numbers out of the catalog's TCO inputs, in the unit that an assumption has."""

from __future__ import annotations

from catalog.items import Catalog, Fact, Sourced
from catalog.units import Dimension, base_unit, parse_quantity
from planner.errors import InputError

# What the catalog keeps in one base unit and an assumption in another of the same kind.
CONVERSIONS = {("USD/h", "USD/year"): 8760.0, ("USD/year", "USD/h"): 1.0 / 8760.0}


def quantity(fact: Fact, dimension: Dimension, scale: float = 1.0) -> Sourced | None:
    """Return a fact as a number of the dimension's base unit times `scale`, source and date with it; None where it is no number.

    A fact is a number already, or text such as `4 %/year`.
    """
    if isinstance(fact.value, str):
        try:
            value = parse_quantity(fact.value, dimension)
        except ValueError:
            return None
    else:
        value = fact.value * CONVERSIONS.get((fact.unit, base_unit(dimension)), 1.0)
    return Sourced(value * scale, fact.source, fact.kind, fact.date, fact.note, fact.conflict)


def figure(catalog: Catalog, name: str, dimension: Dimension) -> Sourced | None:
    """Return a TCO input by its dotted name, or None where the catalog has no such number."""
    fact = catalog.tco.get(name)
    return None if fact is None else quantity(fact, dimension)


def number(catalog: Catalog, name: str, dimension: Dimension) -> float:
    """Return the value of a TCO input; raises InputError naming the one that the catalog lacks."""
    found = figure(catalog, name, dimension)
    if found is None:
        raise InputError.at(name, f"the catalog has no {dimension.value} of this name among its TCO inputs")
    return found.value
