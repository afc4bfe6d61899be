"""The closed table of units: for every dimension its base unit and all the spellings that are understood, with their factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache

HOURS_PER_MONTH = 730
HOURS_PER_YEAR = 8760
SECONDS_PER_WEEK = 604_800
SECONDS_PER_YEAR = HOURS_PER_YEAR * 3600


class Dimension(StrEnum):
    """What a quantity measures; the value is the noun used in messages."""

    BYTES = "data size"
    BANDWIDTH = "bandwidth"
    FLOPS = "compute rate"
    POWER = "power"
    ENERGY = "energy"
    DURATION = "duration"
    YEARS = "number of years"
    MONEY = "amount of money"
    MONEY_PER_HOUR = "price per hour"
    MONEY_PER_YEAR = "yearly cost"
    ENERGY_PRICE = "energy price"
    ENERGY_PRICE_EUR = "energy price in euros"
    POWER_PRICE = "price of power capacity per month"
    CAPACITY_COST = "cost per watt"
    TOKEN_PRICE = "token price"  # noqa: S105 - a noun, not a secret
    CARBON = "carbon intensity"
    WATER = "water use"
    FRACTION = "fraction"
    FRACTION_PER_YEAR = "yearly rate"
    COUNT = "count"
    TOKENS = "number of tokens"
    TOKEN_RATE = "token rate"  # noqa: S105 - a noun, not a secret
    REQUEST_RATE = "request rate"


@dataclass(frozen=True, slots=True)
class Table:
    """The spellings of one dimension: factor to the base unit by spelling, the ones to show, whether a bare number will do."""

    base: str
    factors: Mapping[str, Decimal]
    shown: tuple[str, ...]
    example: str
    bare: bool = False


_SI = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": SECONDS_PER_WEEK}
_SECONDS |= {"month": HOURS_PER_MONTH * 3600, "year": SECONDS_PER_YEAR}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day"}
_SHORT |= {"mo": "month", "yr": "year", "a": "year"}
_MONEY = {"USD": 0, "$": 0, "kUSD": 3, "k$": 3, "MUSD": 6, "M$": 6, "BUSD": 9, "B$": 9}


def _ten(exponent: int) -> Decimal:
    return Decimal(1).scaleb(exponent)


def _si(stem: str, *, milli: bool = False, prefixes: str = "kMGTPE") -> dict[str, Decimal]:
    """Return `stem` with its SI prefixes; `milli` keeps `mW` apart from `MW`."""
    table = {prefix + stem: _ten(_SI[prefix]) for prefix in ("", *prefixes)}
    return table | ({"m" + stem: _ten(-3)} if milli else {})


def _each(stems: Mapping[str, Decimal], scale: Decimal = Decimal(1)) -> dict[str, Decimal]:
    return {stem: factor * scale for stem, factor in stems.items()}


def _times() -> dict[str, Decimal]:
    """Return every spelling of a span of time [s]."""
    names = {name: Decimal(seconds) for name, seconds in _SECONDS.items()}
    plural = {name + "s": seconds for name, seconds in names.items()}
    return names | plural | {short: names[name] for short, name in _SHORT.items()}


def _per_time(stems: Mapping[str, Decimal], base: str) -> dict[str, Decimal]:
    """Return `stem/time` for every stem and time, as a multiple of `stem` per `base`."""
    times = _times()
    return {f"{stem}/{time}": factor * times[base] / seconds for stem, factor in stems.items() for time, seconds in times.items()}


def _data() -> dict[str, Decimal]:
    """Return bytes and bits with decimal and binary prefixes [bytes]."""
    decimal = _si("B", prefixes="kMGTP")
    binary = {f"{prefix}B": Decimal(2**power) for prefix, power in _BINARY.items()}
    bits = _each(_si("b", prefixes="kMGTP"), Decimal("0.125")) | _each(_si("bit", prefixes="kMGTP"), Decimal("0.125"))
    return decimal | binary | bits | {"byte": Decimal(1), "bytes": Decimal(1), "bits": Decimal("0.125")}


def _bandwidth() -> dict[str, Decimal]:
    table = {f"{stem}/s": factor for stem, factor in _data().items()}
    return table | _each(_si("bps", prefixes="kMGT"), Decimal("0.125"))


def _money() -> dict[str, Decimal]:
    """Return the spellings of US dollars; `mUSD` is listed so that `musd` stays ambiguous."""
    return {stem: _ten(power) for stem, power in _MONEY.items()} | {"mUSD": _ten(-3), "m$": _ten(-3)}


def _power_price() -> dict[str, Decimal]:
    table: dict[str, Decimal] = {}
    for stem, scale in {"USD/kW": Decimal(1), "$/kW": Decimal(1), "USD/MW": _ten(-3), "USD/W": _ten(3)}.items():
        for time, factor in _per_time({stem: scale}, "month").items():
            table |= {time: factor, f"{stem}-{time.removeprefix(stem + '/')}": factor}
    return table


def _money_over(units: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return money divided by each of `units` (the factor of a unit is its size in the base unit)."""
    return {f"{money}/{unit}": scale / size for money, scale in _money().items() for unit, size in units.items()}


def _token_stems() -> dict[str, Decimal]:
    stems = _si("tok", prefixes="kMGT") | _si("tokens", prefixes="kMGT")
    return stems | {"token": Decimal(1), "Btok": _ten(9), "Btokens": _ten(9)}


def _energy() -> dict[str, Decimal]:
    return _each(_si("Wh", milli=True, prefixes="kMGT"), _ten(-3))


def _request_rates() -> dict[str, Decimal]:
    stems = _si("requests", prefixes="kMG") | {"request": Decimal(1), "req": Decimal(1), "r": Decimal(1)}
    stems |= {"queries": Decimal(1), "kreq": _ten(3), "Mreq": _ten(6)}
    return _per_time(stems, "second") | {"rps": Decimal(1), "qps": Decimal(1), "krps": _ten(3), "rpm": Decimal(1) / 60}


def _flops() -> dict[str, Decimal]:
    table: dict[str, Decimal] = {}
    for stem in ("FLOPS", "FLOP/s", "FLOPs/s", "OPS", "OP/s"):
        table |= _si(stem, prefixes="MGTPE")
    return table


_ENERGIES = {"kWh": Decimal(1), "MWh": _ten(3)}
_CENTS = {"cent/kWh": _ten(-2), "cents/kWh": _ten(-2), "c/kWh": _ten(-2)}
_POWERS = {"W": Decimal(1), "kW": _ten(3), "MW": _ten(6), "GW": _ten(9)}
_MILLIONS = {"Mtok": Decimal(1), "Mtokens": Decimal(1), "ktok": _ten(-3), "Btok": _ten(3), "tok": _ten(-6), "token": _ten(-6)}
_COUNTS = {"thousand": _ten(3), "million": _ten(6), "billion": _ten(9), "trillion": _ten(12)}
_WATER = {"L/kWh": Decimal(1), "l/kWh": Decimal(1), "m3/MWh": Decimal(1)}
_YEARLY = {"/year": Decimal(1), "1/year": Decimal(1), "%/year": _ten(-2), "%/yr": _ten(-2), "%/a": _ten(-2), "%": _ten(-2)}
_PERCENT = {"%": _ten(-2), "percent": _ten(-2)}
_CARBON = {"g/kWh": Decimal(1), "gCO2/kWh": Decimal(1), "gCO2e/kWh": Decimal(1), "kg/MWh": Decimal(1), "kg/kWh": _ten(3)}
_INSTANTS = {"ms": _ten(-3), "us": _ten(-6), "µs": _ten(-6), "μs": _ten(-6), "ns": _ten(-9)}


_TABLES: Mapping[Dimension, Callable[[], Table]] = {
    Dimension.BYTES: lambda: Table("bytes", _data(), ("B", "kB", "MB", "GB", "GiB", "TB", "TiB"), "GB"),
    Dimension.BANDWIDTH: lambda: Table("bytes/s", _bandwidth(), ("B/s", "MB/s", "GB/s", "TB/s", "Gb/s"), "GB/s"),
    Dimension.FLOPS: lambda: Table("FLOP/s", _flops(), ("GFLOPS", "TFLOPS", "PFLOPS", "TOPS"), "TFLOPS"),
    Dimension.POWER: lambda: Table("W", _si("W", milli=True, prefixes="kMG"), ("W", "kW", "MW", "GW"), "kW"),
    Dimension.ENERGY: lambda: Table("kWh", _energy(), ("kWh", "MWh", "GWh"), "kWh"),
    Dimension.DURATION: lambda: Table("s", _times() | _INSTANTS, ("ms", "s", "min", "h", "d", "week", "month", "year"), "ms"),
    Dimension.YEARS: lambda: Table("years", {"years": Decimal(1), "year": Decimal(1)}, ("years",), "years"),
    Dimension.MONEY: lambda: Table("USD", _money(), ("USD", "kUSD", "MUSD", "$"), "USD"),
    Dimension.MONEY_PER_HOUR: lambda: Table("USD/h", _per_time(_money(), "hour"), ("USD/h", "USD/month", "USD/year"), "USD/h"),
    Dimension.MONEY_PER_YEAR: lambda: Table(
        "USD/year", _per_time(_money(), "year"), ("USD/year", "USD/month", "kUSD/year"), "USD/year"
    ),
    Dimension.ENERGY_PRICE: lambda: Table("USD/kWh", _money_over(_ENERGIES) | _CENTS, ("USD/kWh", "USD/MWh"), "USD/kWh"),
    Dimension.ENERGY_PRICE_EUR: lambda: Table("EUR/kWh", {"EUR/kWh": Decimal(1), "EUR/MWh": _ten(-3)}, ("EUR/kWh",), "EUR/kWh"),
    Dimension.POWER_PRICE: lambda: Table(
        "USD/kW/month", _power_price(), ("USD/kW/month", "USD/kW-month", "USD/kW/year"), "USD/kW/month"
    ),
    Dimension.CAPACITY_COST: lambda: Table("USD/W", _money_over(_POWERS), ("USD/W", "USD/kW", "MUSD/MW"), "USD/W"),
    Dimension.TOKEN_PRICE: lambda: Table("USD/Mtok", _money_over(_MILLIONS), ("USD/Mtok", "USD/ktok"), "USD/Mtok"),
    Dimension.CARBON: lambda: Table("g/kWh", _CARBON, ("g/kWh", "kg/MWh"), "g/kWh"),
    Dimension.WATER: lambda: Table("L/kWh", _WATER, ("L/kWh",), "L/kWh"),
    Dimension.FRACTION: lambda: Table("", _PERCENT, ("%",), "%", bare=True),
    Dimension.FRACTION_PER_YEAR: lambda: Table("1/year", _YEARLY, ("%/year", "%"), "%/year", bare=True),
    Dimension.COUNT: lambda: Table("", _COUNTS, (), "", bare=True),
    Dimension.TOKENS: lambda: Table("tokens", _token_stems(), ("tokens", "ktok", "Mtok"), "tokens", bare=True),
    Dimension.TOKEN_RATE: lambda: Table(
        "tokens/s", _per_time(_token_stems(), "second"), ("tokens/s", "tok/s", "Mtok/day"), "tokens/s"
    ),
    Dimension.REQUEST_RATE: lambda: Table(
        "requests/s", _request_rates(), ("requests/s", "rps", "requests/min", "requests/h", "requests/day"), "requests/s"
    ),
}


@cache
def table_of(dimension: Dimension) -> Table:
    """Return the table of a dimension, built on first use: most runs need only a few."""
    return _TABLES[dimension]()
