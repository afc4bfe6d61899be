"""Ties broken the same way every time: at equal cost fewer kinds of system, then less power, then the order of names."""

from __future__ import annotations

from planner.program.constraints.policy import acquired
from planner.program.extract import Values
from planner.program.goal import merged
from planner.program.model import Model, Sense, Term
from planner.program.sets import Sets

EQUAL_WITHIN = 1e-8
NEXT_TO_LARGEST = 1e-3
POWER_WEIGHT = 0.5
NAME_WEIGHT = 0.01


def keep(model: Model, stage: str, terms: list[Term], value: float) -> None:
    """Add `terms <= value`: what an earlier stage has won is not given back.

    The row is counted in the value; in its largest coefficient where the value is next to nothing, as when nothing is missed.
    """
    row = merged(terms)
    largest = max((abs(coefficient) for coefficient, _ in row), default=0.0)
    unit = max(abs(value), NEXT_TO_LARGEST * largest, 1e-9)
    model.row("kept", (stage,), row, Sense.LE, value + EQUAL_WITHIN * unit, unit=unit)


def preference(model: Model, sets: Sets, units: float, watts: float) -> list[Term]:
    """Return what is minimised among plans of equal cost: kinds, then nameplate watts, then names.

    `units` and `watts` are those of a plan known, so that all watts weigh less than one kind and all names less than the watts.
    """
    terms: list[Term] = []
    for rank, system in enumerate(sets.systems):
        columns = acquired(model, sets, system)
        if not columns:
            continue
        kind = model.find("kind", (system,))
        if kind is None:
            kind = model.column("kind", (system,), upper=1, integer=True)
        terms.append((1.0, kind))
        heavy = POWER_WEIGHT * sets.systems[system].power_w / watts if watts > 0 else 0.0
        late = NAME_WEIGHT * (rank + 1) / (len(sets.systems) * max(units, 1.0))
        for index, (variable, bound) in columns.items():
            terms.append((heavy + late, variable))
            if model.name("acquired", index) not in model.rows:
                model.row("acquired", index, [(1.0, variable), (-bound, kind)], Sense.LE, 0.0, unit=bound)
    return terms


def acquisitions(model: Model, sets: Sets, values: Values) -> tuple[float, float]:
    """Return the units, and their nameplate watts [W], that a plan buys and rents, counted once per decision."""
    units = watts = 0.0
    for system, item in sets.systems.items():
        number = sum(values.by_name[variable.name] for variable, _ in acquired(model, sets, system).values())
        units += number
        watts += number * item.power_w
    return units, watts
