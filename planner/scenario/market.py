"""What may be bought or rented, at whose price, within which rules."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from planner.scenario.fields import (
    Bandwidth,
    DurationS,
    Fraction,
    Id,
    MoneyUsd,
    PowerW,
    Strict,
    Text,
    UsdPerHour,
    UsdPerYear,
    YearlyRate,
)

Units = Annotated[int, Field(ge=0, le=10_000_000)]
Ref = Annotated[str, Field(min_length=1, max_length=200)]
Date = Annotated[date, Field(strict=False, ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class PriceBookEntry(Strict):
    """What the user knows of one system: a negotiated price, a measured power, when and how many can be had."""

    purchase: MoneyUsd | None = Field(default=None, gt=0, le=1e10, description="price of one orderable unit")
    power: PowerW | None = Field(default=None, gt=0, le=1e8, description="nameplate power of one unit")
    racks: float | None = Field(default=None, ge=0, le=1000, description="rack positions of one unit")
    cooling: tuple[Literal["air", "liquid"], ...] | None = Field(default=None, strict=False, min_length=1)
    supply_per_period: Units | None = Field(default=None, description="units that can be delivered in a period")
    available_from: Date | None = None
    lead_time: DurationS | None = Field(default=None, le=5 * 8760 * 3600)
    minimum_order: Units | None = None
    price_change: YearlyRate | None = Field(default=None, description="yearly fall of the price, such as '20 %/year'")
    source: Text = Field(default="the scenario's price book", description="where the figures come from")
    what_if: bool = Field(default=False, description="true = an assumption, not a quote; the report says so")


class RentQuote(Strict):
    """A rental price of one system's chips; `term` is the commitment (none = on demand)."""

    system: Ref
    price_per_chip: UsdPerHour = Field(gt=0, le=100_000)
    term: DurationS | None = Field(default=None, gt=0)
    supply_chips: Units | None = None
    source: Text = "the scenario's rent quote"


class Hardware(Strict):
    """Which hardware is considered: ids of hardware, systems, classes or vendors; `all` is everything that can be planned."""

    include: tuple[Ref, ...] = Field(default=("all",), strict=False, min_length=1)
    exclude: tuple[Ref, ...] = Field(default=(), strict=False)
    allow_announced: bool = Field(default=False, description="consider hardware that is not shipping yet")
    price_book: dict[str, PriceBookEntry] = Field(default={}, description="the user's own figures, by system id")
    stock: dict[str, dict[str, Units]] = Field(default={}, description="units already owned: system id, then site id")


class Acquisition(Strict):
    """Ways to get hardware."""

    buy: bool = True
    rent: bool = Field(default=False, description="consider the catalog's public on-demand offers")
    reserved_years: tuple[Literal[1, 3], ...] = Field(
        default=(), strict=False, description="consider public reservations of these terms"
    )
    quotes: tuple[RentQuote, ...] = Field(default=(), strict=False)
    token_api: bool = Field(default=False, description="let a public token API serve what is cheaper there")
    cloud_round_trip: DurationS = Field(default=0.0, le=10, description="network round trip between users and rented hardware")
    cloud_interconnect: Bandwidth | None = Field(
        default=None, gt=0, description="network bandwidth of one rented instance, for KV transfer"
    )

    @property
    def rents(self) -> bool:
        """Return whether anything may be rented."""
        return self.rent or bool(self.reserved_years) or bool(self.quotes)


class Policy(Strict):
    """Rules that the buyer sets."""

    reserve_replicas: int = Field(
        default=0, ge=0, le=100, description="replicas of every pool that may fail without breaking a promise"
    )
    spares: Fraction = Field(default=0.0, lt=1, description="share of owned units kept as spares")
    budget_capex: MoneyUsd | None = Field(default=None, description="purchases over the whole horizon, undiscounted")
    budget_per_period: MoneyUsd | None = Field(default=None, description="purchases of any one period, undiscounted")
    vendor_share: dict[str, Fraction] = Field(default={}, description="largest share of a vendor in installed power, by vendor")
    largest_vendor_share: Fraction | None = Field(default=None, description="largest share of any one vendor in installed power")
    flexible_share: Fraction | None = Field(default=None, description="least share of installed power that can run any model")
    carbon_limit_kg: float | None = Field(default=None, ge=0, description="operational emissions over the horizon")
    carbon_price_usd_per_t: float = Field(default=0.0, ge=0, le=100_000)
    interval: Literal["expected", "cautious"] = Field(
        default="expected", description="plan on the expected performance, or on the slow edge of its 80 % interval"
    )


class Economics(Strict):
    """Financial assumptions; what is not given here comes from the catalog, with its source."""

    discount_rate: YearlyRate = 0.1
    book_life_years: float = Field(default=5.0, gt=0, le=40)
    economic_life_years: float = Field(default=4.0, gt=0, le=40)
    residual_fraction: Fraction = Field(default=0.0, description="of the price, when the economic life ends")
    network_fraction: Fraction | None = Field(default=None, description="of the systems' price")
    installation_fraction: Fraction | None = None
    support_fraction: YearlyRate | None = Field(default=None, description="of the systems' price, per year")
    software_per_accelerator: UsdPerYear | None = None
    staff_per_accelerator: UsdPerYear | None = None
    exclude: tuple[Id, ...] = Field(default=(), strict=False, description="cost lines to leave out; the report lists them")
    assumptions: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default={}, description="other assumptions by id, written with their unit"
    )
