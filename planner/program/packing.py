"""Whole replicas in whole units: what rounding adds to a plan whose replicas were fractions, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from planner.program.sets import Sets
from planner.program.solution import Pool

Place = tuple[str, str, int, int, str]


def units_taken(footprints: Iterable[tuple[Fraction, int]]) -> int:
    """Return the whole units that replicas take, by first fit, largest first: `(units of one replica, how many)`.

    Replicas of several units take them whole. Where all smaller ones are halves of each other (1, 1/2, 1/4 ...) first fit is
    exact; otherwise it may ask for a unit too many, never for one too few.
    """
    whole, spaces = 0, list[Fraction]()
    for size, number in sorted(footprints, reverse=True):
        if size >= 1:
            whole += number * int(size)
            continue
        per_unit = int(1 / size) if size else 0
        left = number
        for place, space in enumerate(spaces):
            fitting = min(left, int(space / size)) if size else left
            spaces[place] = space - fitting * size
            left -= fitting
        while left > 0 and per_unit:
            fitting = min(left, per_unit)
            spaces.append(1 - fitting * size)
            left -= fitting
    return whole + len(spaces)


def overfull(sets: Sets, pools: Sequence[Pool], usable: Mapping[Place, float]) -> dict[Place, float]:
    """Return what rounding has cost at the places [system, site, t, h, world] whose whole replicas do not fit, in units.

    `usable` are the whole units that are there, less those held back for failures.
    """
    taken: dict[Place, list[tuple[Fraction, int]]] = {}
    footprints = {(spot.option, spot.site): (spot.system, exact(spot.footprint)) for spot in sets.spots}
    for pool in pools:
        system, size = footprints[pool.option, pool.site]
        taken.setdefault((system, pool.site, pool.period, pool.block, pool.future), []).append((size, pool.replicas))
    busy: dict[Place, float] = {}
    for pool in pools:
        system, size = footprints[pool.option, pool.site]
        place = (system, pool.site, pool.period, pool.block, pool.future)
        busy[place] = busy.get(place, 0.0) + float(size) * pool.load
    lost = {place: units_taken(sizes) - busy[place] for place, sizes in taken.items()}
    return {place: more for place, more in lost.items() if more + busy[place] > usable.get(place, 0.0) + 1e-6}


def exact(footprint: float) -> Fraction:
    """Return a footprint, 1/k or a whole number, as a fraction."""
    return Fraction(footprint).limit_denominator(10**6)
