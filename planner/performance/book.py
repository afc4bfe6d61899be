"""The calibration as the catalog holds it, read once: coefficients, intervals, power, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.performance.factors import Coefficients

SECTION = "performance"
"""Name of the performance core's part of the catalog's coefficients."""


@dataclass(frozen=True, slots=True)
class Book:
    """Everything the core reads from the catalog's coefficients.

    `spread[metric][novelty][pattern]` holds the residual quantiles (see `interval`); `power[segment]` the shares of nameplate
    power; `hardware` and `models` are the ids with measurements of their own, `makers` the makers' kinds of chip that have any.
    """

    coefficients: Coefficients
    spread: Mapping[str, Mapping[str, Mapping[str, tuple[float, ...]]]]
    power: Mapping[str, Mapping[str, float]]
    hardware: frozenset[str]
    models: frozenset[str]
    makers: frozenset[str] = frozenset()


_READ: dict[int, tuple[Mapping[str, object], Book]] = {}
_KEPT = 8


def book_of(coefficients: Mapping[str, object]) -> Book:
    """Return the book of a catalog's `coefficients`; the same mapping is read once."""
    known = _READ.get(id(coefficients))
    if known is not None and known[0] is coefficients:
        return known[1]
    section = _tree(coefficients.get(SECTION, {}))
    book = _read(_tree(section.get("value", section)))
    if len(_READ) >= _KEPT:
        _READ.clear()
    _READ[id(coefficients)] = (coefficients, book)
    return book


def _read(tree: Mapping[str, object]) -> Book:
    measured = _tree(tree.get("measured", {}))
    return Book(
        Coefficients.of(tree),
        {
            metric: {novelty: _quantiles(_tree(patterns)) for novelty, patterns in _tree(novelties).items()}
            for metric, novelties in _tree(tree.get("spread", {})).items()
        },
        {name: _numbers(_tree(shares)) for name, shares in _tree(tree.get("power", {})).items()},
        _names(measured.get("hardware")),
        _names(measured.get("models")),
        _names(measured.get("makers")),
    )


def _tree(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _numbers(tree: Mapping[str, object]) -> dict[str, float]:
    return {name: float(value) for name, value in tree.items() if isinstance(value, int | float)}


def _quantiles(tree: Mapping[str, object]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(float(value) for value in values) for name, values in tree.items() if isinstance(values, list | tuple)}


def _names(value: object) -> frozenset[str]:
    return frozenset(str(name) for name in value) if isinstance(value, list | tuple) else frozenset()
