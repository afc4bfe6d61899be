"""From a scenario to its assumptions: catalog defaults first, then what the scenario itself states, which wins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.items import ApiOffer, Catalog, Kind
from planner.economics.assumptions import Assumption, AssumptionBook, assumption_id, given
from planner.economics.defaults import (
    HOURS_PER_YEAR,
    PUE_BY_COOLING,
    PricedSystem,
    RentOffer,
    api_assumptions,
    calendar_assumptions,
    capital_assumptions,
    catalog_assumptions,
    from_fact,
    life_assumptions,
    loan_assumptions,
    rent_assumptions,
    system_assumptions,
)
from planner.economics.discounting import Convention, Discounting
from planner.economics.financing import loan_periods
from planner.economics.lines import Switches
from planner.economics.switches import Billing, line_switches
from planner.economics.vocabulary import definition, read_assumption
from planner.errors import InputError
from planner.scenario import Scenario
from planner.scenario.site import Site, Tariff, hours_of

HOURS_OF_WEEK = 168


@dataclass(frozen=True, slots=True)
class Goods:
    """What a plan may buy, rent or have served elsewhere; APIs by offer id."""

    systems: Sequence[PricedSystem] = ()
    rents: Sequence[RentOffer] = ()
    apis: Mapping[str, ApiOffer] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that prices a scenario: assumptions, clock, lines that count, how sites are billed, payments of a loan."""

    book: AssumptionBook
    clock: Discounting
    switches: Switches
    billing: Mapping[str, Billing]
    loan_periods: int = 0

    def life_periods(self, item: str) -> int | None:
        """Return the whole periods that a unit of a system serves before its economic life ends; None = beyond the horizon.

        A unit leaves at the start of the period in which its life would end, at least one period after it came.
        """
        periods = self._whole_life(item)
        return None if periods >= self.clock.periods else periods

    def stock_age_periods(self, item: str) -> int:
        """Return how old units owned before the plan are taken to be when it starts [periods]; at least one."""
        return max(1, round(self.book.resolve("stock_age_years", (item,)).values[0] / self.clock.years_per_period))

    def stock_life_periods(self, item: str) -> int | None:
        """Return the periods that units owned before the plan still serve, at least one; None = beyond the horizon."""
        left = max(1, self._whole_life(item) - self.stock_age_periods(item))
        return None if left >= self.clock.periods else left

    def _whole_life(self, item: str) -> int:
        years = self.book.resolve("economic_life_years", (item,)).values[0]
        return max(1, math.floor(years / self.clock.years_per_period + 1e-9))


def terms_of(scenario: Scenario, catalog: Catalog, goods: Goods, block_of_hour: Sequence[str] = ()) -> Terms:
    """Return the terms of a scenario.

    `block_of_hour` names the hour block of each of the 168 hours of the week (empty: no blocks, one tariff): a time-of-use tariff
    becomes the mean price of each block. Units owned before the plan are taken to have served half of their economic life,
    unless `stock_age_years` says otherwise.
    """
    clock = clock_of(scenario)
    billing = {site.id: site_billing(site) for site in scenario.sites}
    stated = _stated(scenario, clock)
    book = AssumptionBook(
        [
            *catalog_assumptions(catalog),
            *_capital(scenario, catalog),
            *calendar_assumptions(clock),
            *(one for system in goods.systems for one in system_assumptions(system, clock)),
            *(one for offer in goods.rents for one in rent_assumptions(offer, clock)),
            *(one for offer_id, offer in sorted((goods.apis or {}).items()) for one in api_assumptions(offer_id, offer)),
            *(one for site in scenario.sites for one in site_assumptions(site, catalog, block_of_hour)),
            *stated,
        ]
    )
    book = book.replaced(_stock_ages(book)).replaced(stated)
    book = book.replaced(_derived(book, clock)).replaced(stated)
    switches = line_switches(book, billing, scenario.economics.exclude)
    financed = book.find("financed_share") is not None
    return Terms(book, clock, switches, billing, _loan_periods(book, clock) if financed else 0)


def clock_of(scenario: Scenario) -> Discounting:
    """Return the clock of a scenario: its periods, their length and the discount rate; running costs fall in mid-period."""
    years = scenario.horizon.period_hours / HOURS_PER_YEAR
    return Discounting(scenario.horizon.periods, years, scenario.economics.discount_rate, Convention.MID_PERIOD)


def site_billing(site: Site) -> Billing:
    """Return how a site pays for power: by meter, colocated with metered energy, or all-in."""
    if site.colocation is None:
        return Billing.METERED
    return Billing.ALL_IN if site.colocation.includes_energy else Billing.COLOCATION


def site_assumptions(site: Site, catalog: Catalog, block_of_hour: Sequence[str] = ()) -> list[Assumption]:
    """Return PUE, tariff by block, demand charge, colocation, space and carbon intensity of one site."""
    found = [_pue(site, catalog)]
    tariff = site.tariff
    stated: dict[str, float | None] = {
        "demand_charge_usd_kw_month": tariff.demand_charge or None,
        "colocation_usd_kw_month": site.colocation.rate if site.colocation else None,
        "rack_usd_year": site.space_per_rack or None,
        "carbon_kg_kwh": None if site.carbon_intensity is None else site.carbon_intensity / 1e3,
        "tariff_usd_kwh": tariff.energy,
    }
    found += [_given(name, value, site.id) for name, value in stated.items() if value is not None]
    if tariff.time_of_use:
        base = tariff.energy if tariff.energy is not None else _national_tariff(catalog)
        prices = block_tariffs(tariff, base, block_of_hour)
        found += [_given("tariff_usd_kwh", price, site.id, block) for block, price in sorted(prices.items())]
    return [one for one in found if one is not None]


def block_tariffs(tariff: Tariff, base_usd_kwh: float, block_of_hour: Sequence[str]) -> dict[str, float]:
    """Return the mean price of energy in each hour block [USD/kWh]: time-of-use hours at their price, the rest at the base.

    >>> from planner.scenario.site import TimeOfUse
    >>> tariff = Tariff(time_of_use=(TimeOfUse(hours="12-18", energy="0.30 USD/kWh"),))
    >>> prices = block_tariffs(tariff, 0.10, (["night"] * 12 + ["day"] * 12) * 7)
    >>> {block: round(price, 6) for block, price in prices.items()}
    {'day': 0.2, 'night': 0.1}
    """
    by_hour = np.full(24, base_usd_kwh)
    for window in tariff.time_of_use:
        by_hour[hours_of(window.hours)] = window.energy
    labels = np.asarray(block_of_hour)
    prices = np.tile(by_hour, HOURS_OF_WEEK // 24)
    return {str(block): float(prices[labels == block].mean()) for block in np.unique(labels)}


def _national_tariff(catalog: Catalog) -> float:
    return AssumptionBook(catalog_assumptions(catalog)).resolve("tariff_usd_kwh").values[0]


def _pue(site: Site, catalog: Catalog) -> Assumption | None:
    if site.pue is not None:
        return _given("pue", site.pue, site.id)
    kind = "edge" if site.count > 1 else "liquid" if "liquid" in site.cooling else "air"
    fact = catalog.tco.get(PUE_BY_COOLING[kind])
    return None if fact is None else from_fact(assumption_id("pue", site.id), fact)


def _given(name: str, value: float, *scope: str) -> Assumption:
    known = definition(name)
    label = f"{known.label}: {', '.join(scope)}" if scope else known.label
    return given(assumption_id(name, *scope), label, known.unit, value)


def _capital(scenario: Scenario, catalog: Catalog) -> list[Assumption]:
    """Return discount rate, lives and residual; what equals the catalog's figure cites it, the rest is the scenario's own."""
    economics = scenario.economics
    defaults = {one.id: one for one in capital_assumptions(catalog)}
    figures = {
        "discount_rate": economics.discount_rate,
        "book_life_years": economics.book_life_years,
        "economic_life_years": economics.economic_life_years,
        "residual_fraction": economics.residual_fraction,
    }
    return [
        defaults[name] if name in defaults and defaults[name].values == (value,) else _given(name, value)
        for name, value in figures.items()
    ]


def _stated(scenario: Scenario, clock: Discounting) -> list[Assumption]:
    """Return what the scenario itself says of prices and shares; it overrides every default."""
    economics = scenario.economics
    stated: Mapping[str, float | None] = {
        "network_share": economics.network_fraction,
        "installation_share": economics.installation_fraction,
        "support_share_year": economics.support_fraction,
        "software_usd_accelerator_year": economics.software_per_accelerator,
        "staff_usd_accelerator_year": economics.staff_per_accelerator,
        "carbon_usd_kg": scenario.policy.carbon_price_usd_per_t / 1e3 or None,
    }
    found = [_given(name, value) for name, value in stated.items() if value is not None]
    found += [
        _given("unserved_usd_request", workload.unserved_usd_per_request, workload.id)
        for workload in scenario.workloads
        if workload.unserved_usd_per_request is not None
    ]
    written = [read_assumption(address, text) for address, text in sorted(economics.assumptions.items())]
    for one in written:
        if len(one.values) not in (1, clock.periods):
            message = f"{len(one.values)} values for {clock.periods} periods; give one, or one per period"
            raise InputError.at(f"economics.assumptions.{one.id}", message)
    return found + written


def _with_own(book: AssumptionBook, *names: str) -> list[str]:
    """Return nothing (all systems) and every system that has a figure of its own under one of the names."""
    own = {address.partition("[")[2].rstrip("]") for address in book if address.startswith(tuple(f"{name}[" for name in names))}
    return ["", *sorted(own)]


def _stock_ages(book: AssumptionBook) -> Iterable[Assumption]:
    """Return how old units owned before the plan are taken to be: nobody says, so half of the economic life."""
    known = definition("stock_age_years")
    for item in _with_own(book, "economic_life_years"):
        scope = (item,) if item else ()
        life = book.resolve("economic_life_years", scope)
        note = "not stated: units owned before the plan are taken to be halfway through their economic life"
        label = f"{known.label}: {item}" if item else known.label
        address = assumption_id("stock_age_years", *scope)
        source = "splitfleet default"
        yield Assumption(address, label, (life.values[0] / 2.0,), known.unit, source, "", Kind.ESTIMATE, note=note)


def _derived(book: AssumptionBook, clock: Discounting) -> Iterable[Assumption]:
    """Return what follows from lives and loans, for all systems and for those with a life or a residual of their own."""
    ages = [one.values[0] for address, one in book.items() if address.startswith("stock_age_years")]
    oldest = max(1, math.ceil(max(ages) / clock.years_per_period))
    for item in _with_own(book, "economic_life_years", "residual_fraction"):
        scope = (item,) if item else ()
        life = book.resolve("economic_life_years", scope).values[0]
        residual = book.resolve("residual_fraction", scope).values[0]
        yield from life_assumptions(clock, life, residual, item=item, oldest_age_periods=oldest)
    if book.find("financed_share") is not None:
        rate = (book.find("loan_rate") or book.resolve("discount_rate")).values[0]
        yield from loan_assumptions(clock, rate, _loan_term(book))


def _loan_term(book: AssumptionBook) -> float:
    return (book.find("loan_term_years") or book.resolve("economic_life_years")).values[0]


def _loan_periods(book: AssumptionBook, clock: Discounting) -> int:
    return loan_periods(_loan_term(book), clock.years_per_period)
