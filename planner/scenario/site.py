"""Sites of a scenario: power, racks, cooling, tariff and what electricity emits there."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from planner.scenario.fields import (
    Bandwidth,
    DurationS,
    Fraction,
    GramsPerKwh,
    Id,
    PowerW,
    Strict,
    Text,
    Title,
    UsdPerKwh,
    UsdPerKwMonth,
    UsdPerYear,
)

HourRange = Annotated[str, StringConstraints(pattern=r"^([01]?\d|2[0-4])-([01]?\d|2[0-4])$")]


class TimeOfUse(Strict):
    """A price of energy for some hours of the day."""

    hours: HourRange = Field(description="such as '16-21' (from 16:00 to 21:00); '22-6' passes midnight")
    energy: UsdPerKwh


class Tariff(Strict):
    """What electricity costs: one price, other prices at some hours, and a charge on the monthly peak."""

    energy: UsdPerKwh | None = Field(
        default=None, le=10, description="price of a kWh; default the catalog's US industrial average"
    )
    time_of_use: tuple[TimeOfUse, ...] = Field(default=(), strict=False)
    demand_charge: UsdPerKwMonth = Field(default=0.0, le=10_000, description="per kW of the month's peak")


class Colocation(Strict):
    """Rent for contracted power; `includes_energy` true = the same kWh is not billed by the tariff again."""

    rate: UsdPerKwMonth = Field(le=10_000)
    includes_energy: bool = False


class Site(Strict):
    """A place with power, racks and cooling; `count` equal ones for edge, where each serves its own share of the demand."""

    id: Id
    title: Title | None = None
    count: int = Field(default=1, ge=1, le=1_000_000, description="how many equal sites; all figures are of one")
    power: PowerW = Field(gt=0, le=1e11, description="power budget of one site")
    power_basis: Literal["it", "facility"] = Field(
        default="it", description="whether `power` is for IT alone or with cooling (PUE)"
    )
    power_headroom: Fraction = Field(default=0.0, lt=1, description="share of the budget that must stay free")
    racks: int | None = Field(default=None, ge=0, le=1_000_000, description="rack positions; default no limit")
    rack_power: PowerW | None = Field(default=None, gt=0, description="power and cooling of one rack; default no limit")
    cooling: tuple[Literal["air", "liquid"], ...] = Field(default=("air",), strict=False, min_length=1)
    pue: float | None = Field(default=None, ge=1.0, le=5.0, description="default: the catalog's figure for the cooling")
    tariff: Tariff = Tariff()
    colocation: Colocation | None = None
    space_per_rack: UsdPerYear = Field(default=0.0, description="rent of one rack position")
    carbon_intensity: GramsPerKwh | None = Field(
        default=None, le=5000, description="default unknown: carbon is then not reported"
    )
    round_trip: DurationS = Field(default=0.0, le=10, description="network round trip between users and this site")
    interconnect: Bandwidth | None = Field(
        default=None, gt=0, description="bandwidth of one system's network port for KV transfer"
    )
    note: Text = ""

    @model_validator(mode="after")
    def _hours_do_not_overlap(self) -> Self:
        seen: set[int] = set()
        for index, window in enumerate(self.tariff.time_of_use):
            hours = set(hours_of(window.hours))
            if not hours or hours & seen:
                msg = f"tariff.time_of_use[{index}].hours '{window.hours}' is empty or overlaps an earlier one"
                raise ValueError(msg)
            seen |= hours
        return self


def hours_of(window: str) -> list[int]:
    """Return the hours of the day in a range: `22-2` gives 22, 23, 0, 1.

    >>> hours_of("22-2")
    [22, 23, 0, 1]
    """
    start, end = (int(part) for part in window.split("-"))
    length = (end - start) % 24 if end != start else 0
    return [(start + offset) % 24 for offset in range(length if end - start != 24 else 24)]
