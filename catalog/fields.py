"""What every entry of a catalog file is made of: quantities by dimension, words, and a base that refuses the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from catalog.dimensions import Dimension
from catalog.errors import Problem
from catalog.items import Fact, Kind, Precision, Sourced
from catalog.leaf import fact, near, sourced

_SLUG = r"^[a-z0-9][a-z0-9._-]*$"


def _optional(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda raw: None if raw is None else read(raw)


def _tokens(raw: object) -> object:
    """Return a number of tokens written with or without its unit as a whole number."""
    return int(sourced(raw, Dimension.TOKENS).value) if isinstance(raw, str) else raw


def _years(raw: object) -> object:
    """Return a commitment such as `1 year` as a whole number of years."""
    years = sourced(raw, Dimension.YEARS).value
    if years != int(years):
        raise ValueError(f"'{raw}' is not a whole number of years; write for example '3 years'")
    return int(years)


def _text(raw: object) -> object:
    """Return a date or name that YAML read as a number as the text it is."""
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw


def set_of_text(raw: object) -> object:
    """Return a list of words; one word may stand alone."""
    return [raw] if isinstance(raw, str) else raw


def _quantity(dimension: Dimension) -> Any:  # noqa: ANN401 - a validator, not a value
    return PlainValidator(_optional(partial(sourced, dimension=dimension)))


Bytes = Annotated[Sourced | None, _quantity(Dimension.BYTES)]
Bandwidth = Annotated[Sourced | None, _quantity(Dimension.BANDWIDTH)]
Flops = Annotated[Sourced | None, _quantity(Dimension.FLOPS)]
Power = Annotated[Sourced | None, _quantity(Dimension.POWER)]
Money = Annotated[Sourced | None, _quantity(Dimension.MONEY)]
HourPrice = Annotated[Sourced | None, _quantity(Dimension.MONEY_PER_HOUR)]
TokenPrice = Annotated[Sourced | None, _quantity(Dimension.TOKEN_PRICE)]
TokenRate = Annotated[Sourced | None, _quantity(Dimension.TOKEN_RATE)]
Span = Annotated[Sourced | None, _quantity(Dimension.DURATION)]
Years = Annotated[Sourced | None, _quantity(Dimension.YEARS)]
Fraction = Annotated[Sourced | None, _quantity(Dimension.FRACTION)]
Count = Annotated[Sourced | None, _quantity(Dimension.COUNT)]
AnyFact = Annotated[Fact | None, PlainValidator(_optional(partial(fact, "")))]
Tokens = Annotated[int, BeforeValidator(_tokens), Field(gt=0, le=10**9)]
Text = Annotated[str, BeforeValidator(_text)]
Commitment = Annotated[int, BeforeValidator(_years), Field(gt=0, le=10)]
Slug = Annotated[str, Field(pattern=_SLUG)]
MOST = 10**9
Whole = Annotated[int, Field(ge=0, le=MOST)]
Positive = Annotated[int, Field(gt=0, le=MOST)]
AnyPrecision = Annotated[Precision, Field(strict=False)]
AnyKind = Annotated[Kind, Field(strict=False)]


class Entry(BaseModel):
    """Base of every entry: unknown fields are refused with the nearest known one; nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
    noun: ClassVar[str] = "an entry"

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            raise PydanticCustomError("shape", "{message}", {"message": f"must be a mapping of fields, as {cls.noun} has"})
        known = {field.alias or name for name, field in cls.model_fields.items()}
        unknown = [str(key) for key in raw if key not in known]
        if unknown:
            hints = "; ".join(f"'{key}' is not a field of {cls.noun}{near(key, known)}" for key in unknown)
            raise PydanticCustomError("unknown", "{message}", {"message": f"{hints} (fields: {', '.join(sorted(known))})"})
        return raw


def problems_of(error: ValidationError, prefix: str) -> list[Problem]:
    """Return every finding of a validation as a problem whose field starts with `prefix`."""
    return [Problem(_path(prefix, found["loc"]), _message(found)) for found in error.errors(include_url=False)]


def _path(prefix: str, location: tuple[int | str, ...]) -> str:
    path = prefix
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else "" if part == "[key]" else f".{part}"
    return path


def _message(found: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    """Return a finding in words that say what to do."""
    if found["type"] == "missing":
        return "is missing; add it"
    if found["type"] in ("value_error", "shape", "unknown"):
        return str(found["msg"]).removeprefix("Value error, ")
    given = repr(found["input"])
    return f"{found['msg'][:1].lower()}{found['msg'][1:]}, not {given if len(given) <= 80 else given[:80] + '...'}"
