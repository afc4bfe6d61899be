"""Field types of a scenario: quantities that people write with a unit, ids, percentiles. Inside they are SI floats."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from catalog.units import Dimension, base_unit, parse_quantity

BARE = frozenset({Dimension.FRACTION, Dimension.FRACTION_PER_YEAR})


class Strict(BaseModel):
    """Base of every part of a document: unknown fields refused, types taken literally, values frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _reader(dimension: Dimension) -> BeforeValidator:
    """Return the validator that reads text of a dimension into its base unit."""

    def read(given: object) -> float:
        return parse_quantity(given, dimension)  # type: ignore[arg-type]  # it checks the type itself

    return BeforeValidator(read)


def _writer(dimension: Dimension) -> PlainSerializer:
    """Return the serializer to the canonical form, which can be read back: the shortest number and the base unit."""
    unit = base_unit(dimension)

    def write(value: float) -> float | str:
        return f"{value!r} {unit}" if unit and dimension not in BARE else value

    return PlainSerializer(write, when_used="json")


def _schema(example: str, *, number: bool = False) -> WithJsonSchema:
    """Return the JSON Schema of a quantity: text such as `example`, or also a bare number where there is no unit to forget."""
    return WithJsonSchema({"type": ["number", "string"] if number else "string", "examples": [example]})


PowerW = Annotated[float, _reader(Dimension.POWER), _writer(Dimension.POWER), _schema("1 MW")]
DurationS = Annotated[float, _reader(Dimension.DURATION), _writer(Dimension.DURATION), _schema("50 ms")]
MoneyUsd = Annotated[float, _reader(Dimension.MONEY), _writer(Dimension.MONEY), _schema("312000 USD")]
UsdPerHour = Annotated[float, _reader(Dimension.MONEY_PER_HOUR), _writer(Dimension.MONEY_PER_HOUR), _schema("2.95 USD/h")]
UsdPerYear = Annotated[float, _reader(Dimension.MONEY_PER_YEAR), _writer(Dimension.MONEY_PER_YEAR), _schema("4500 USD/year")]
UsdPerKwh = Annotated[float, _reader(Dimension.ENERGY_PRICE), _writer(Dimension.ENERGY_PRICE), _schema("0.08 USD/kWh")]
UsdPerKwMonth = Annotated[float, _reader(Dimension.POWER_PRICE), _writer(Dimension.POWER_PRICE), _schema("12 USD/kW/month")]
UsdPerMtok = Annotated[float, _reader(Dimension.TOKEN_PRICE), _writer(Dimension.TOKEN_PRICE), _schema("0.59 USD/Mtok")]
GramsPerKwh = Annotated[float, _reader(Dimension.CARBON), _writer(Dimension.CARBON), _schema("350 g/kWh")]
Bandwidth = Annotated[float, _reader(Dimension.BANDWIDTH), _writer(Dimension.BANDWIDTH), _schema("50 GB/s")]
RequestRate = Annotated[float, _reader(Dimension.REQUEST_RATE), _writer(Dimension.REQUEST_RATE), _schema("20 requests/s")]
Fraction = Annotated[float, _reader(Dimension.FRACTION), _writer(Dimension.FRACTION), Field(le=1), _schema("12 %", number=True)]
YearlyRate = Annotated[
    float,
    _reader(Dimension.FRACTION_PER_YEAR),
    _writer(Dimension.FRACTION_PER_YEAR),
    Field(le=10),
    _schema("40 %/year", number=True),
]
Percentile = Annotated[float, Field(ge=50, le=99.9)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Text = Annotated[str, StringConstraints(max_length=2000)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
