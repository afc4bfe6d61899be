"""Buy, rent or pay per token, for every workload: each way at its public or stated price, and where one beats another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.items import ApiOffer, CloudOffer
from planner.answer.context import Context, FloatArray
from planner.answer.smallest import Fleet, Load, best_of, chosen_loads, fleets, load_of, tokens_month
from planner.economics.break_even import TokenPrice
from planner.economics.buy_rent_api import Way
from planner.economics.crossover_study import Mix, Unit, dated_findings, study, ways_to_serve
from planner.economics.discounting import Timing, annuity_factor
from planner.economics.lines import Driver
from planner.options.market import INDEX_PROVIDER, Offering
from planner.options.table import Role
from planner.plan.money import Crossover
from planner.question.costs import complete_apis, known_price, serves_model
from planner.scenario import CLOUD
from planner.scenario.workload import Workload

MOST_OVER_DEMAND, LEAST_UNITS_SHOWN = 1.25, 3.0


@dataclass(frozen=True, slots=True)
class _Found:
    """Ways of one kind, and what they rest on or why there are none, in words."""

    ways: list[Way]
    words: str


def crossovers_of(context: Context) -> tuple[Crossover, ...]:
    """Return, for every workload, the monthly cost of owning, renting and a token API against volume, with findings in words."""
    found = [_crossover(context, part) for part in context.scenario.workloads]
    return tuple(one for one in found if one is not None)


def _crossover(context: Context, part: Workload) -> Crossover | None:
    tokens = tokens_month(context, part.id)
    volume = tokens.sum(axis=0)
    if not volume.any():
        return None
    loads, first = _loads(context, part.id)
    whole = tokens.sum()
    mix = Mix(*(float(kind.sum() / whole) for kind in tokens))
    ways = [_api(context, part, mix), _rent(loads), _own(context, loads)]
    known = [way for found in ways for way in found.ways]
    most = MOST_OVER_DEMAND * float(volume.max())
    most = max([most, *(LEAST_UNITS_SHOWN * (way.mtok_month_unit or 0.0) for way in known)])
    result = study(known, most)
    start, years = context.scenario.horizon.start, context.costs.terms.clock.years_per_period
    asked = f"demand: {volume[0]:,.4g} Mtok a month at first, {volume.max():,.4g} at most"
    said = [first, *(found.words for found in ways), asked, *dated_findings(result, start, years, volume)]
    return Crossover(
        workload=part.id,
        volume_mtok_month=result.mtok_month,
        usd_month=result.usd_month,
        findings=tuple(words for words in said if words),
    )


def _loads(context: Context, workload: str) -> tuple[tuple[Load, ...], str]:
    """Return the deployments of the plan, else the cheapest aggregated one that could serve the workload, and which it is."""
    loads = chosen_loads(context, workload)
    if loads:
        return loads, ""
    rows = [row for row in context.table.rows if row.workload == workload and row.role is Role.AGGREGATED]
    able = [load for row in rows if (load := load_of(context, row)) is not None]
    priced = [(load, usd) for load in able if (usd := _cheapest_usd_mtok(context, load)) is not None]
    if not priced:
        return (), "no machine that this scenario allows serves every request of this workload at a known price"
    best = min(priced, key=lambda one: (one[1], one[0].row.id))[0]
    name = best.row.offering.system.name
    return (best,), f"no machine of the plan serves every request of this workload; {name} would do it cheapest"


def _cheapest_usd_mtok(context: Context, load: Load) -> float | None:
    found = [_own(context, (load,)), _rent((load,))]
    return min(
        (way.usd_month(way.mtok_month_unit or 1.0) / (way.mtok_month_unit or 1.0) for one in found for way in one.ways),
        default=None,
    )


def _api(context: Context, part: Workload, mix: Mix) -> _Found:
    """Return the cheapest complete public token price for the workload's model."""
    model = context.catalog.models[part.model]
    prices = [(_price(offer), offer) for offer in complete_apis(context.catalog).values() if serves_model(offer, model)]
    if not prices:
        return _Found([], f"token API: the catalog has no public price of both input and output tokens for {model.id}")
    price, offer = min(prices, key=lambda one: (one[0].blended(mix.input, mix.cached, mix.output), one[1].provider))
    words = (
        f"token API: {offer.provider} {offer.model}, {price.input_usd_mtok:g} USD/Mtok input and {price.output_usd_mtok:g} output"
        f" ({_source(offer)}), {price.blended(mix.input, mix.cached, mix.output):.4g} for this mix; latency is not compared"
    )
    return _Found(ways_to_serve(Unit(1.0, None), mix, price), words)


def _price(offer: ApiOffer) -> TokenPrice:
    assert offer.usd_per_m_input is not None
    assert offer.usd_per_m_output is not None
    return TokenPrice(offer.usd_per_m_input.value, offer.usd_per_m_output.value)


def _source(offer: ApiOffer) -> str:
    fact = offer.usd_per_m_input
    return "" if fact is None else f"{fact.source} {fact.date}".strip()


def _rent(loads: tuple[Load, ...]) -> _Found:
    """Return renting the same hardware on demand at the cheapest public price of an instance that holds a replica."""
    offers: list[CloudOffer] = []
    for load in loads:
        offer = _cheapest_instance(load)
        if offer is None:
            hardware = load.row.offering.hardware.name
            return _Found([], f"rent: no public on-demand price of an instance with {load.row.chips} x {hardware} or more")
        offers.append(offer)
    if not offers:
        return _Found([], "")
    usd = [offer.on_demand_usd_chip_h.value * offer.chips if offer.on_demand_usd_chip_h else 0.0 for offer in offers]
    same = len({offer.id for offer in offers}) == 1
    options = fleets(loads, tuple(offer.chips for offer in offers), shared=same)
    best = best_of((fleet, sum(price * count for price, count in zip(usd, fleet.units, strict=True))) for fleet in options)
    if best is None:
        return _Found([], "")
    fleet, hourly = best
    ways = ways_to_serve(Unit(fleet.mtok_month, None, 0.0, hourly, fleet.mtok_hour), Mix(1.0, 0.0, 0.0))
    parts = [
        f"{count} x {offer.provider} {offer.instance} at {offer.on_demand_usd_chip_h.value:g} USD per accelerator-hour"
        f" ({offer.on_demand_usd_chip_h.source} {offer.on_demand_usd_chip_h.date})"
        for offer, count in zip(offers, fleet.units, strict=True)
        if count and offer.on_demand_usd_chip_h
    ]
    return _Found(ways, f"rent: {' and '.join(parts)}, {fleet.mtok_month:,.4g} Mtok a month with every promise kept")


def _cheapest_instance(load: Load) -> CloudOffer | None:
    """Return the cheapest public instance that holds a replica; the plan's own also where a replica spans several of them."""
    own = load.row.offering.cloud
    offers = [
        (offer.on_demand_usd_chip_h.value, offer.id, offer)
        for offer in load.row.offering.hardware.cloud
        if offer.on_demand_usd_chip_h and not offer.provider.startswith(INDEX_PROVIDER)
        if offer.chips >= load.row.chips or (own is not None and offer.id == own.id)
    ]
    return min(offers, key=lambda one: one[:2])[2] if offers else None


@dataclass(frozen=True, slots=True)
class _Owned:
    """A system that can be owned at a site: its level yearly cost [USD/year] of one unit, idle power included."""

    offering: Offering
    site: str
    usd_year: float


def _own(context: Context, loads: tuple[Load, ...]) -> _Found:
    """Return owning the smallest fleet at the scenario's prices: level yearly cost over the horizon, busy energy by the token."""
    owned: list[_Owned] = []
    for load in loads:
        found = _owned(context, load)
        if found is None:
            return _Found([], f"own: no price and place for a system of {load.row.offering.hardware.name} in this scenario")
        owned.append(found)
    if not owned:
        return _Found([], "")
    same = len({(one.offering.id, one.site) for one in owned}) == 1
    options = fleets(loads, tuple(one.offering.system.chips for one in owned), shared=same)
    best = best_of((fleet, sum(one.usd_year * count for one, count in zip(owned, fleet.units, strict=True))) for fleet in options)
    if best is None:
        return _Found([], "")
    fleet, yearly = best
    sites = context.site_counts[owned[0].site]
    energy = sum(_energy_usd_mtok(context, load, one.site) for load, one in zip(loads, owned, strict=True))
    unit = Unit(fleet.mtok_month * sites, yearly * sites, energy)
    return _Found(ways_to_serve(unit, Mix(1.0, 0.0, 0.0)), _own_words(context, fleet, owned, unit))


def _own_words(context: Context, fleet: Fleet, owned: list[_Owned], unit: Unit) -> str:
    parts = []
    for one, count in zip(owned, fleet.units, strict=True):
        price = known_price(context.scenario, one.offering)
        if count and price is not None:
            sites = context.site_counts[one.site]
            each = f" at each of {sites:,} sites" if sites > 1 else f" at {one.site}"
            parts.append(f"{count} x {one.offering.system.name}{each}, {price.value:,.0f} USD each ({price.source} {price.date})")
    usd_year = 0.0 if unit.owned_usd_year is None else unit.owned_usd_year
    return (
        f"own: {' and '.join(parts)}: {usd_year:,.0f} USD a year with all that is counted, and {unit.energy_usd_mtok:.3g} USD of"
        f" energy a Mtok; {unit.mtok_month:,.4g} Mtok a month with every promise kept"
    )


def _owned(context: Context, load: Load) -> _Owned | None:
    """Return the system at a site on which a deployment may be owned, cheapest per accelerator; None without price or place."""
    row = load.row
    sites = row.sites - {CLOUD}
    offerings = (
        [row.offering] if sites else [one for one in context.market.offerings if one.hardware.id == row.offering.hardware.id]
    )
    found = [
        _Owned(one, site, _usd_year(context, one, site, load))
        for one in offerings
        if one.purchase is not None
        for site in sorted(sites or set(one.sites) - {CLOUD})
        if site in one.sites
    ]
    return min(found, key=lambda one: (one.usd_year / one.offering.system.chips, one.offering.id, one.site), default=None)


def _usd_year(context: Context, offering: Offering, site: str, load: Load) -> float:
    """Return the level yearly cost of one unit bought at the start and kept to its end or the horizon [USD/year].

    Everything but the energy of busy hours: purchase less what it is worth in the end, upkeep, racks, contracted power, energy
    when idle, and the demand charge on its full draw.
    """
    prices, terms = context.costs.prices, context.costs.terms
    life = terms.life_periods(offering.id)
    span = slice(0, life if life is not None else context.periods)
    years = len(range(*span.indices(context.periods))) * terms.clock.years_per_period
    power_kw = offering.power.value / 1e3 if offering.power is not None else 0.0
    idle_kw = context.idle_w.get(offering.id, 0.0) / 1e3
    replicas = max(offering.system.chips // load.row.chips, 1)
    share = min(1.0, offering.system.chips / load.row.chips)
    full_kw = min(power_kw, idle_kw + replicas * share * load.row.busy_w / 1e3)
    yearly = prices.own(site, offering.id) + offering.racks_by_site[site] * prices.per_unit(Driver.RACKS, site=site)
    yearly = (
        yearly + power_kw * prices.per_unit(Driver.IT_KW_CONTRACTED, site=site) if terms.billing[site] != "metered" else yearly
    )
    yearly = yearly + full_kw * prices.per_unit(Driver.IT_KW_PEAK, site=site)
    yearly = yearly + idle_kw * (_kwh_prices(context, site) * context.hours).sum(axis=1)
    present = prices.buy(site, offering.id, life)[0] + yearly[span].sum()
    return float(present) * annuity_factor(terms.clock.rate, years)


def _kwh_prices(context: Context, site: str) -> FloatArray:
    """Return present USD of an IT kWh, shape (period, block)."""
    columns = [context.costs.prices.per_unit(Driver.IT_KWH, site=site, block=block) for block in context.instance.blocks]
    return np.array(columns).T


def _energy_usd_mtok(context: Context, load: Load, site: str) -> float:
    """Return the level price of the energy that a million tokens take above idle [USD/Mtok]."""
    factors = np.asarray(context.costs.terms.clock.factors(Timing.OPERATING))
    kwh_price = float((_kwh_prices(context, site) * context.hours).sum() / (factors @ context.hours.sum(axis=1)))
    return load.row.busy_w / 1e3 * load.busy_hours_mtok * kwh_price
