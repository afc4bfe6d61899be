"""What an hour of an owned accelerator costs, bottom up from the same cost lines that price a plan.

    USD/h = net present cost over the life / (Σ_t discount factor(mid-year t) · 8,760 h · accelerators)

that is, the level price per hour that pays for the machine, its network, its room, its energy and its upkeep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from catalog.items import Catalog, Hardware, Kind, Sourced, System
from catalog.units import Dimension
from planner.economics.assumptions import Assumption, AssumptionBook, from_sourced, given
from planner.economics.defaults import (
    NETWORK,
    STORAGE,
    PricedSystem,
    calendar_assumptions,
    life_assumptions,
    neutral_assumptions,
    system_assumptions,
)
from planner.economics.discounting import Discounting, Timing, annuity_factor
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate
from planner.economics.facts import number
from planner.economics.lines import Driver, DriverSeries
from planner.economics.switches import Billing, line_switches
from planner.economics.templates import COST_LINES
from planner.economics.vocabulary import definition
from planner.errors import InputError

HOURS_PER_YEAR = 8760.0
FACILITY_LIFE_YEARS = 20.0
SITE = "site"


@dataclass(frozen=True, slots=True)
class OwnershipBasis:
    """How somebody owns accelerators: cost of capital, life, room, energy, upkeep, and the average over the nameplate draw."""

    id: str
    discount_rate: float
    life_years: int
    pue: float
    tariff_usd_kwh: float
    room_usd_kw_month: float
    network_share: float
    support_share_year: float
    staff_usd_accelerator_year: float
    average_over_peak: float
    sources: str


@dataclass(frozen=True, slots=True)
class AcceleratorHour:
    """Cost of an hour of one accelerator [USD/h], whole and by cost line; the price of a unit and the power it rests on."""

    total_usd: float
    by_line_usd: Mapping[str, float]
    price_usd: float
    power_w: float


def ownership_bases(catalog: Catalog) -> dict[str, OwnershipBasis]:
    """Return the two ways of owning that analysts publish, from the catalog's figures.

    A hyperscaler builds its own room (10 USD/W over 20 years), repairs what fails and pays 7 %; a neocloud rents colocation,
    buys support and pays 12 %. Both take the accelerator to earn for five years.
    """
    hyperscaler_rate = number(catalog, "cost_of_capital.wacc_scenarios.hyperscaler", Dimension.FRACTION)
    facility_usd_kw = 1e3 * number(catalog, "facility_capex.alt", Dimension.CAPACITY_COST)
    tariff = number(catalog, "electricity_price.us_industrial_average.2025", Dimension.ENERGY_PRICE)
    average = number(catalog, "power_model.average_over_peak_power.gpu", Dimension.FRACTION)
    life = int(number(catalog, "depreciation_years.epoch_server_lifetime", Dimension.YEARS))
    support = "maintenance_support.maintenance_pct_capex_per_year"
    return {
        "hyperscaler": OwnershipBasis(
            id="hyperscaler",
            discount_rate=hyperscaler_rate,
            life_years=life,
            pue=number(catalog, "pue.defaults_by_facility.hyperscale_liquid", Dimension.COUNT),
            tariff_usd_kwh=tariff,
            room_usd_kw_month=facility_usd_kw * annuity_factor(hyperscaler_rate, FACILITY_LIFE_YEARS) / 12.0,
            network_share=NETWORK[1],
            support_share_year=number(catalog, f"{support}.low", Dimension.FRACTION_PER_YEAR),
            staff_usd_accelerator_year=number(catalog, "staff.low", Dimension.MONEY_PER_YEAR),
            average_over_peak=average,
            sources="catalog: WACC hyperscaler, facility 10 USD/W, PUE 1.12, repair of 2.5 % failures, network 10 %",
        ),
        "neocloud": OwnershipBasis(
            id="neocloud",
            discount_rate=number(catalog, "cost_of_capital.wacc_scenarios.neocloud", Dimension.FRACTION),
            life_years=life,
            pue=number(catalog, "pue.defaults_by_facility.modern_colo_liquid", Dimension.COUNT),
            tariff_usd_kwh=tariff,
            room_usd_kw_month=number(catalog, "colocation.na_primary_250_500kW.H1-2025", Dimension.POWER_PRICE),
            network_share=NETWORK[0],
            support_share_year=number(catalog, f"{support}.base", Dimension.FRACTION_PER_YEAR),
            staff_usd_accelerator_year=number(catalog, "staff.base", Dimension.MONEY_PER_YEAR),
            average_over_peak=average,
            sources="catalog: WACC neocloud, colocation 189 USD/kW-month, PUE 1.25, support 5 %, network 15 %",
        ),
    }


def accelerator_hour(
    hardware: Hardware, system: System, basis: OwnershipBasis, catalog: Catalog, *, price_usd: float | None = None
) -> AcceleratorHour:
    """Return what an hour of one accelerator of an owned system costs.

    `price_usd` of a unit replaces the catalog's. Raises InputError where no price of the system is known, or no power.
    """
    price = system.purchase_usd if price_usd is None else Sourced(price_usd, "given", Kind.USER, "")
    if price is None:
        raise InputError.at(system.id, "no public price of a unit; give price_usd")
    power_w = system_power_w(hardware, system, catalog)
    clock = Discounting(basis.life_years, 1.0, basis.discount_rate)
    book = _book(PricedSystem(system, price), basis, clock)
    switches = line_switches(book, {SITE: Billing.COLOCATION})
    items = evaluate(COST_LINES, _drivers(system, power_w / 1e3, basis), book, clock, switches)
    hours = float(np.sum(clock.factors(Timing.OPERATING))) * HOURS_PER_YEAR * system.chips
    by_line: dict[str, float] = {}
    for item in items:
        by_line[item.line] = by_line.get(item.line, 0.0) + item.total_present_usd / hours
    return AcceleratorHour(sum(by_line.values()), by_line, price.value, power_w)


def price_for(target_usd_hour: float, hardware: Hardware, system: System, basis: OwnershipBasis, catalog: Catalog) -> float:
    """Return the price of a unit [USD] at which its accelerators cost `target_usd_hour` an hour; the cost is linear in it."""
    nothing = accelerator_hour(hardware, system, basis, catalog, price_usd=0.0).total_usd
    million = accelerator_hour(hardware, system, basis, catalog, price_usd=1e6).total_usd
    return (target_usd_hour - nothing) / (million - nothing) * 1e6


def system_power_w(hardware: Hardware, system: System, catalog: Catalog) -> float:
    """Return the nameplate power of a unit [W]: as published, else chips × TDP × 1.8 (Epoch AI's server over chip power).

    Raises InputError where neither is known.
    """
    if system.power_w is not None:
        return system.power_w.value
    if hardware.tdp_w is None:
        raise InputError.at(system.id, "neither power of the unit nor TDP of the chip is known")
    return (
        system.chips * hardware.tdp_w.value * number(catalog, "power_model.chip_to_server_tdp_multiplier.other", Dimension.COUNT)
    )


def _drivers(system: System, power_kw: float, basis: OwnershipBasis) -> tuple[DriverSeries, ...]:
    life = basis.life_years
    kwh = power_kw * basis.average_over_peak * HOURS_PER_YEAR
    return (
        *ownership_series(SITE, system.id, [1.0] + [0.0] * (life - 1)),
        DriverSeries(Driver.IT_KWH, (kwh,) * life, site=SITE),
        DriverSeries(Driver.IT_KW_PEAK, (power_kw,) * life, site=SITE),
        DriverSeries(Driver.IT_KW_CONTRACTED, (power_kw,) * life, site=SITE),
    )


def _book(priced: PricedSystem, basis: OwnershipBasis, clock: Discounting) -> AssumptionBook:
    figures = {
        "network_share": basis.network_share,
        "storage_share": STORAGE[0],
        "pue": basis.pue,
        "tariff_usd_kwh": basis.tariff_usd_kwh,
        "colocation_usd_kw_month": basis.room_usd_kw_month,
        "support_share_year": basis.support_share_year,
        "staff_usd_accelerator_year": basis.staff_usd_accelerator_year,
    }
    stated = [given(name, definition(name).label, definition(name).unit, value) for name, value in figures.items()]
    return AssumptionBook(
        [
            *neutral_assumptions(),
            *calendar_assumptions(clock),
            *life_assumptions(clock, float(basis.life_years), 0.0),
            *system_assumptions(priced, clock),
            *stated,
        ]
    )


def analyst_constant(hardware: Hardware, name: str) -> Assumption | None:
    """Return an analyst's published constant of this hardware (`semianalysis.neocloud_owned`), or None where there is none."""
    for fact in hardware.facts:
        if fact.name == name and not isinstance(fact.value, str):
            value = Sourced(fact.value, fact.source, fact.kind, fact.date, fact.note)
            return from_sourced(f"{name}[{hardware.id}]", name, "USD/h", value)
    return None
