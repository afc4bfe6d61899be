"""Quantities as people write them (`4.8 TB/s`, `700 W`, `312700 USD`), read into the base unit of their dimension.

Every spelling that is understood stands in `catalog.dimensions`; anything else is refused with the spellings that would be right.
Factors are decimals, so `4.8 TB/s` is the float nearest to 4.8e12 whatever the factor. Spellings are matched exactly first, then
without regard to case where only one meaning is possible (`400 kw` is 400 kW; `400 mw` could be MW or mW and is refused).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from catalog.dimensions import (
    HOURS_PER_MONTH,
    HOURS_PER_YEAR,
    SECONDS_PER_WEEK,
    SECONDS_PER_YEAR,
    Dimension,
    Table,
    table_of,
)

__all__ = [
    "HOURS_PER_MONTH",
    "HOURS_PER_YEAR",
    "SECONDS_PER_WEEK",
    "SECONDS_PER_YEAR",
    "Dimension",
    "base_unit",
    "format_quantity",
    "parse_quantity",
]

_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)?(?:\.\d+|\.)?(?:[eE][+-]?\d+)?")
_LONGEST = 64


def base_unit(dimension: Dimension) -> str:
    """Return the unit that `parse_quantity` answers in, such as `bytes/s`; empty where there is none."""
    return table_of(dimension).base


def parse_quantity(text: str | float, dimension: Dimension, *, signed: bool = False) -> float:
    """Return a written quantity as a number of the dimension's base unit (`base_unit`).

    `text` is a string such as `400 kW`, `$1,200/month` or `12 %`; a bare number (or a number of YAML) is taken only where the
    dimension has no unit to forget. Negative values are refused unless `signed`. Raises ValueError with what was given and what
    would be right.
    """
    given = _checked(text, dimension)
    amount, unit = _split(given)
    if amount is None:
        raise ValueError(f"{_shown(given)} is not {_article(dimension)}{_advice(dimension, '12')}")
    if unit.startswith(","):
        raise ValueError(f"{_shown(given)} has a comma; write a decimal with a point, and thousands in groups of three")
    factor = _factor(unit, dimension, given, amount)
    value = float(Decimal(amount.replace(",", "").replace("_", "")) * factor)
    if not math.isfinite(value):
        raise ValueError(f"{_shown(given)} is too large to be {_article(dimension)}")
    if value < 0 and not signed:
        raise ValueError(f"{_shown(given)} is negative; {_article(dimension)} must be zero or more")
    return value


def _checked(text: object, dimension: Dimension) -> str:
    """Return what was given as trimmed text, refusing booleans, NaN and infinity, and anything that is not text or a number."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"{_shown(text)} is not {_article(dimension)}{_advice(dimension, '12')}")
    if isinstance(text, float) and not math.isfinite(text):
        raise ValueError(f"{text} is not a number that can be used{_advice(dimension, '12')}")
    if isinstance(text, int) and abs(text) > 10**300:
        raise ValueError(f"that number is too large to be {_article(dimension)}")
    return str(text).strip()


def _split(given: str) -> tuple[str | None, str]:
    """Return the number and the unit of a quantity; a currency before the number counts as its unit (`$5/h` is `5 $/h`)."""
    prefix = next((mark for mark in ("$", "USD") if given.startswith(mark)), "")
    rest = given.removeprefix(prefix).lstrip()
    found = _NUMBER.match(rest)
    number = found.group() if found else ""
    if not any(letter.isdigit() for letter in number) or len(given) > _LONGEST:
        return None, ""
    return number, _spelling(_with_currency(prefix, rest[len(number) :].strip()))


def _with_currency(prefix: str, unit: str) -> str:
    """Return the unit with the currency that stood before the number in its place: `k` after `$` is `k$`, `/h` is `$/h`."""
    if prefix and unit[:1] in ("k", "M", "B") and unit[1:2] in ("", "/", " "):
        return unit[0] + prefix + unit[1:]
    return prefix + unit


def _spelling(unit: str) -> str:
    """Return the unit without spaces about its slashes, `per` as a slash, a middle dot as a hyphen."""
    slashed = re.sub(r"\s*(?:/|\bper\b)\s*", "/", unit)
    return re.sub(r"\s*[·*]\s*", "-", slashed).replace(" ", "")


def _factor(unit: str, dimension: Dimension, given: str, amount: str) -> Decimal:
    table = table_of(dimension)
    if not unit:
        if table.bare:
            return Decimal(1)
        raise ValueError(f"{_shown(given)} has no unit{_advice(dimension, amount)}")
    if unit in table.factors:
        return table.factors[unit]
    meanings = {spelling: factor for spelling, factor in table.factors.items() if spelling.casefold() == unit.casefold()}
    if len(set(meanings.values())) == 1:
        return next(iter(meanings.values()))
    if meanings:
        raise ValueError(f"{_shown(given)} could mean {' or '.join(sorted(meanings))}; write the one you mean")
    raise ValueError(f"{_shown(given)} is not {_article(dimension)}{_advice(dimension, amount)}")


def _article(dimension: Dimension) -> str:
    return f"{'an' if dimension[0] in 'aeiou' else 'a'} {dimension}"


def _shown(given: object) -> str:
    text = str(given)
    return f"'{text if len(text) <= _LONGEST else text[:_LONGEST] + '...'}'"


def _advice(dimension: Dimension, amount: str) -> str:
    """Return `; write for example '400 kW' (W, kW, MW, GW)`."""
    table = table_of(dimension)
    example = f"{amount} {table.example}".strip()
    return f"; write for example '{example}'" + (f" ({', '.join(table.shown)})" if table.shown else "")


def format_quantity(value: float, dimension: Dimension, digits: int = 4) -> str:
    """Return a value [base unit of the dimension] for people, to `digits` significant digits: `4.8 TB/s`, `80 GiB`, `12 %`."""
    table = table_of(dimension)
    if not table.shown and abs(value) < 1e6:
        return _figure(value, digits)
    unit = _readable_unit(value, dimension, table)
    scaled = float(Decimal(repr(float(value))) / table.factors[unit])
    return f"{_figure(scaled, digits)} {unit}"


def _readable_unit(value: float, dimension: Dimension, table: Table) -> str:
    """Return the unit that shows the value with the fewest digits, binary where that is round."""
    if dimension is Dimension.BYTES and value >= 2**30 and value % 2**28 == 0:
        return "GiB"
    if dimension not in _SCALING:
        return table.shown[0]
    candidates = [unit for unit in _SCALING[dimension] if abs(value) >= float(table.factors[unit])]
    return candidates[-1] if candidates else _SCALING[dimension][0]


_SCALING: Mapping[Dimension, tuple[str, ...]] = {
    Dimension.BYTES: ("B", "kB", "MB", "GB", "TB"),
    Dimension.BANDWIDTH: ("B/s", "MB/s", "GB/s", "TB/s"),
    Dimension.FLOPS: ("GFLOPS", "TFLOPS", "PFLOPS"),
    Dimension.POWER: ("W", "kW", "MW", "GW"),
    Dimension.ENERGY: ("kWh", "MWh", "GWh"),
    Dimension.DURATION: ("ms", "s", "min", "h", "d", "year"),
    Dimension.TOKENS: ("tokens", "Mtok"),
    Dimension.COUNT: ("million", "billion", "trillion"),
}


def _figure(value: float, digits: int) -> str:
    """Return a number to `digits` significant digits, whole numbers in full."""
    if value == int(value) and abs(value) < 10**12:
        return str(int(value))
    text = f"{value:.{digits}g}"
    return text if "e" not in text else f"{float(text):,.0f}".replace(",", "") if abs(value) >= 1 else text
