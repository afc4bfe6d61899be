"""Periods, sites, systems and what holding them costs, in the program's words."""

from __future__ import annotations

import numpy as np

from catalog.items import Catalog
from planner.demand.table import DemandTable
from planner.economics.discounting import Vector
from planner.economics.lines import Driver
from planner.economics.price_list import PriceList
from planner.economics.templates import CARBON_LINES
from planner.errors import InputError, Problem
from planner.options.market import Market, Offering
from planner.performance.book import book_of
from planner.performance.power import power_of
from planner.program.instance import Offer, Period, Placement, Site, System
from planner.question.costs import Costs, Rental
from planner.scenario import CLOUD, Scenario
from planner.scenario.site import Site as SitePart

HOURS_PER_WEEK = 168.0


def periods_of(scenario: Scenario, demand: DemandTable) -> tuple[Period, ...]:
    """Return the periods with the hours of each block [h]."""
    hours = demand.hours_per_week * (scenario.horizon.period_hours / HOURS_PER_WEEK)
    return tuple(Period(label, tuple(hours.tolist())) for label in scenario.horizon.labels())


def sites_of(scenario: Scenario, demand: DemandTable, costs: Costs) -> tuple[Site, ...]:
    """Return every site, and the cloud where something may be rented."""
    _check_carbon(scenario)
    own = [_site(site, scenario.horizon.periods, demand, costs) for site in scenario.sites]
    return (*own, *([_cloud(scenario, demand)] if costs.rentals or costs.apis else []))


def _check_carbon(scenario: Scenario) -> None:
    """Raise InputError where carbon is limited, priced or minimised and a site's grid is not known: unknown is not zero."""
    policy = scenario.policy
    asked = {
        "policy.carbon_limit_kg": policy.carbon_limit_kg is not None,
        "policy.carbon_price_usd_per_t": policy.carbon_price_usd_per_t > 0.0,
        "goal.minimise": scenario.goal.minimise == "carbon",
    }
    by = next((field for field, wanted in asked.items() if wanted), None)
    missing = [
        Problem(f"sites[{index}].carbon_intensity", f"{by} needs what a kWh emits at {site.id}; give it, such as 350 g/kWh")
        for index, site in enumerate(scenario.sites)
        if by is not None and site.carbon_intensity is None
    ]
    if missing:
        raise InputError(missing, document=scenario.id)


def it_power_w(site: SitePart, costs: Costs) -> float:
    """Return the IT power budget of one site before headroom [W]."""
    if site.power_basis == "it":
        return site.power
    return site.power / costs.terms.book.resolve("pue", (site.id,)).values[0]


def _site(site: SitePart, periods: int, demand: DemandTable, costs: Costs) -> Site:
    blocks = [block.name for block in demand.blocks]
    energy = np.array([costs.prices.per_unit(Driver.IT_KWH, site=site.id, block=block) for block in blocks]).T / 1e3
    return Site(
        id=site.id,
        power_w=(it_power_w(site, costs),) * periods,
        racks=(None if site.racks is None else float(site.racks),) * periods,
        energy_usd_per_wh=tuple(tuple(row) for row in energy.tolist()),
        rack_power_w=site.rack_power,
        cooling=frozenset(site.cooling),
        headroom=site.power_headroom,
        count=site.count,
        peak_usd_per_w=tuple((costs.prices.per_unit(Driver.IT_KW_PEAK, site=site.id) / 1e3).tolist()),
        energy_gco2e_per_wh=_carbon(site, periods, blocks, costs),
    )


def _carbon(site: SitePart, periods: int, blocks: list[str], costs: Costs) -> tuple[tuple[float, ...], ...]:
    """Return operational emissions [g per IT Wh] (period, block); empty where the grid's intensity is not known."""
    if site.carbon_intensity is None:
        return ()
    prices = PriceList(costs.terms.book, costs.terms.clock, templates=CARBON_LINES)
    kg_per_kwh = prices.per_unit(Driver.IT_KWH, site=site.id)
    return tuple((float(value),) * len(blocks) for value in kg_per_kwh[:periods])


def _cloud(scenario: Scenario, demand: DemandTable) -> Site:
    periods, blocks = scenario.horizon.periods, len(demand.blocks)
    free = tuple((0.0,) * blocks for _ in range(periods))
    return Site(CLOUD, (None,) * periods, (None,) * periods, free, peak_usd_per_w=(0.0,) * periods)


def systems_of(market: Market, scenario: Scenario, catalog: Catalog, costs: Costs) -> tuple[System, ...]:
    """Return every offering as an orderable unit that serves its economic life; power of rented ones is the provider's."""
    book = book_of(catalog.coefficients)
    idle = [power_of(offering.hardware, book).shares["idle"] for offering in market.offerings]
    return tuple(
        _system(item, scenario.horizon.periods, share, costs.terms.life_periods(item.id))
        for item, share in zip(market.offerings, idle, strict=True)
    )


def _system(offering: Offering, periods: int, idle_share: float, life_periods: int | None) -> System:
    power = offering.power.value if offering.power is not None and offering.sites != (CLOUD,) else 0.0
    return System(
        id=offering.id,
        vendor=offering.hardware.vendor,
        chips=offering.system.chips,
        power_w=power,
        idle_w=power * idle_share,
        racks=max(offering.racks_by_site.values(), default=0.0),
        cooling=offering.cooling,
        flexible=offering.hardware.wired_model_id is None,
        supply=() if offering.supply is None else (float(offering.supply),) * periods,
        available_from=offering.available_from,
        lead_time_periods=offering.lead_periods,
        min_order=offering.minimum_order,
        life_periods=life_periods,
        hardware_id=offering.hardware.id,
    )


def placements_of(scenario: Scenario, market: Market, costs: Costs) -> tuple[Placement, ...]:
    """Return each offering at each site where it may stand, with what buying, holding and retiring a unit costs there."""
    pairs = [(offering, site) for offering in market.offerings for site in offering.sites]
    # Selling new machines again is considered only where somebody states what a sale realises: by default they stay.
    retire_new = any(name.startswith("resale_share") for name in scenario.economics.assumptions)
    return tuple(_placement(scenario, offering, site, costs, retire_new=retire_new) for offering, site in pairs)


def _placement(scenario: Scenario, offering: Offering, site: str, costs: Costs, *, retire_new: bool) -> Placement:
    if site == CLOUD:
        return Placement(offering.id, site)
    periods, prices = scenario.horizon.periods, costs.prices
    stock = scenario.hardware.stock.get(offering.id, {}).get(site, 0)
    own = prices.own(site, offering.id) + offering.racks_by_site[site] * prices.per_unit(Driver.RACKS, site=site)
    if offering.power is not None and costs.terms.billing[site] != "metered":
        own = own + offering.power.value / 1e3 * prices.per_unit(Driver.IT_KW_CONTRACTED, site=site)
    life, left = costs.terms.life_periods(offering.id), costs.terms.stock_life_periods(offering.id)
    bought = scenario.acquisition.buy and offering.purchase is not None
    resale: dict[tuple[int, int], float] = {}
    if bought and retire_new:
        resale |= _resales(prices, site, offering.id, life, periods)
    if stock and not costs.prices.unknown(Driver.UNITS_RETIRED, site=site, item=offering.id):
        age = costs.terms.stock_age_periods(offering.id)
        usd = prices.retire(site, offering.id, -age, left)
        resale |= {(-1, period): float(usd[period]) for period in range(1, periods if left is None else left)}
    return Placement(
        system=offering.id,
        site=site,
        buy_usd=tuple(prices.buy(site, offering.id, life).tolist()) if bought else (),
        cash_usd=tuple(_paid(offering, costs).tolist()) if bought else (),
        own_usd=tuple(own.tolist()),
        retire_usd=resale,
        initial=stock,
        initial_life=left if stock else None,
    )


def _paid(offering: Offering, costs: Costs) -> Vector:
    """Return what one unit takes from a budget for purchases in each period [USD, undiscounted]: its price on its path."""
    book = costs.terms.book
    price, path = (book.resolve(name, (offering.id,)) for name in ("purchase_usd", "price_index"))
    prices = np.asarray(price.values, dtype=np.float64) * np.asarray(path.values, dtype=np.float64)
    return np.broadcast_to(prices, costs.terms.clock.periods)


def _resales(prices: PriceList, site: str, item: str, life: int | None, periods: int) -> dict[tuple[int, int], float]:
    """Return what taking out a unit in mid-life costs [USD, negative: resale], by period of purchase and of leaving."""
    found: dict[tuple[int, int], float] = {}
    for cohort in range(periods):
        usd = prices.retire(site, item, cohort, life)
        end = periods if life is None else min(periods, cohort + life)
        found |= {(cohort, period): float(usd[period]) for period in range(cohort + 1, end)}
    return found


def offers_of(scenario: Scenario, demand: DemandTable, costs: Costs) -> tuple[Offer, ...]:
    """Return every rental: on demand block by block (it can be let go at night), committed for its whole term."""
    found: list[Offer] = []
    for rental in costs.rentals:
        found += _committed(scenario, rental, costs) if rental.term_years else _on_demand(scenario, demand, rental, costs)
    return tuple(found)


def _on_demand(scenario: Scenario, demand: DemandTable, rental: Rental, costs: Costs) -> list[Offer]:
    hours = demand.hours_per_week * (scenario.horizon.period_hours / HOURS_PER_WEEK)
    per_hour = costs.prices.per_unit(Driver.UNIT_HOURS_ON_DEMAND, site=CLOUD, item=rental.item)
    supply = _supply(rental, scenario.horizon.periods)
    return [
        Offer(
            id=f"{rental.item}|{block}",
            system=rental.offering.id,
            site=CLOUD,
            kind="on_demand",
            usd=tuple((per_hour * hours[block]).tolist()),
            blocks=frozenset({block}),
            supply=supply,
        )
        for block in range(len(demand.blocks))
    ]


def _committed(scenario: Scenario, rental: Rental, costs: Costs) -> list[Offer]:
    periods = scenario.horizon.periods
    term = max(1, round(rental.term_years / costs.terms.clock.years_per_period))
    running = costs.prices.per_unit(Driver.UNITS_RESERVED, site=CLOUD, item=rental.item)
    signing = costs.prices.per_unit(Driver.UNITS_COMMITTED, site=CLOUD, item=rental.item)
    usd = [float(running[start : start + term].sum() + signing[start]) for start in range(periods)]
    supply = _supply(rental, periods)
    return [Offer(rental.item, rental.offering.id, CLOUD, "reserved", tuple(usd), term_periods=term, supply=supply)]


def _supply(rental: Rental, periods: int) -> tuple[float | None, ...]:
    return () if rental.supply_units is None else (rental.supply_units,) * periods
