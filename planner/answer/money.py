"""From what the solution holds to cost lines: the same templates that priced the program, read at its quantities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.economics.discounting import Timing
from planner.economics.drivers import commitment_series, ownership_series
from planner.economics.evaluation import counted_at_zero, evaluate, exclusions
from planner.economics.lines import DRIVER_UNITS, Driver, DriverSeries, Exclusion, LineItem
from planner.economics.summary import asset_account, carbon_items, emissions, summarise
from planner.economics.templates import CARBON_LINES, COST_LINES, NEVER_COUNTED
from planner.plan.money import Crossover, Figure, Money, Totals
from planner.question.workloads import class_mean_over_design, mean_over_design
from planner.scenario import CLOUD

SECONDS_PER_HOUR = 3600.0


def money_of(
    context: Context, drivers: list[DriverSeries], figures: tuple[Figure, ...], crossovers: tuple[Crossover, ...] = ()
) -> Money:
    """Return everything financial of a solution; its cost items add up to the program's objective."""
    terms = context.costs.terms
    costs = cost_items(context, drivers)
    carbon = carbon_items(drivers, terms.book, terms.clock)
    used = {use.assumption_id for item in (*costs, *carbon) for use in item.factors}
    always = {"discount_rate", "book_life_years", "economic_life_years", "residual_fraction"}
    if context.scenario.hardware.stock:
        always.add("stock_age_years")
    return Money(
        discount_rate=terms.clock.rate,
        convention=str(terms.clock.convention),
        years_per_period=terms.clock.years_per_period,
        discount_factors={timing.value: tuple(terms.clock.factors(timing).tolist()) for timing in Timing},
        assumptions=tuple(assumption for address, assumption in terms.book.items() if address in used | always),
        items=(*costs, *carbon),
        excluded=_excluded(context, costs),
        totals=_totals(context, drivers, costs, carbon),
        figures=figures,
        crossovers=crossovers,
    )


NO_QUANTITY = (Driver.SITES, Driver.FTE, Driver.IT_KW_BUILT, Driver.UNITS_LEASED)


def _excluded(context: Context, costs: tuple[LineItem, ...]) -> tuple[Exclusion, ...]:
    """Return what the total leaves out and why: lines that are off, counted at zero, without a quantity, never counted."""
    terms = context.costs.terms
    return (
        *exclusions(COST_LINES, terms.switches),
        *counted_at_zero(costs, terms.book),
        *(
            Exclusion(line.id, line.label, f"stated, but a plan has no quantity of it ({DRIVER_UNITS[line.driver]})")
            for line in COST_LINES
            if line.enabled_by and line.driver in NO_QUANTITY and terms.switches.is_on(line.id)
        ),
        *_unknown_carbon(context),
        *(Exclusion("", label, "never counted") for label in NEVER_COUNTED),
    )


def _unknown_carbon(context: Context) -> Iterator[Exclusion]:
    """Yield whose emissions nobody knows: grids without an intensity, and what others run."""
    line = next(one for one in CARBON_LINES if one.driver is Driver.IT_KWH)
    for site in context.scenario.sites:
        if site.carbon_intensity is None:
            yield Exclusion(line.id, line.label, "what a kWh emits there is not stated; give carbon_intensity", site.id)
    if context.costs.rentals or context.costs.apis:
        yield Exclusion(line.id, line.label, "emissions of rented machines and token APIs are not known", CLOUD)


def cost_items(context: Context, drivers: list[DriverSeries]) -> tuple[LineItem, ...]:
    """Return every cost line at the solution's quantities."""
    terms = context.costs.terms
    return evaluate(COST_LINES, drivers, terms.book, terms.clock, terms.switches)


def drivers_of(context: Context) -> list[DriverSeries]:
    """Return every physical quantity of the solution that costs money."""
    return list(_drivers(context))


def _drivers(context: Context) -> Iterator[DriverSeries]:
    yield from _owned(context)
    yield from _site_drivers(context)
    yield from _rented(context)
    yield from _tokens(context)
    yield from _unserved(context)


def _owned(context: Context) -> Iterator[DriverSeries]:
    """Yield the ownership quantities of each system at each site, over all of its equal sites.

    What was ordered for all futures is paid for in one that delivers it late or never, too; it is run once it is there.
    """
    ordered = {(row.site, row.system) for row in context.solution.bought}
    for site, system in sorted(ordered | set(context.owned)):
        count, never = context.site_counts[site], np.zeros(context.periods)
        bought = never.copy()
        for row in context.solution.bought:
            if (row.site, row.system) == (site, system):
                bought[row.period] += row.count * count
        retired: dict[tuple[int, int], float] = {}
        age = context.costs.terms.stock_age_periods(system)
        for gone in context.solution.retired:
            if (gone.site, gone.system) == (site, system):
                cohort = gone.arrived if gone.arrived >= 0 else -age
                retired[cohort, gone.period] = retired.get((cohort, gone.period), 0.0) + gone.count * count
        stock = float(context.scenario.hardware.stock.get(system, {}).get(site, 0) * count)
        there = context.owned.get((site, system), never) * count
        decided = _present(_ownership(context, site, system, bought, retired, stock), there)
        yield from _without(decided, _ownership(context, site, system, never, {}, stock)) if stock else decided


def _ownership(
    context: Context, site: str, system: str, bought: FloatArray, retired: dict[tuple[int, int], float], stock: float
) -> tuple[DriverSeries, ...]:
    terms = context.costs.terms
    return ownership_series(
        site,
        system,
        bought,
        retired,
        opening_units=stock,
        opening_age_periods=terms.stock_age_periods(system),
        life_periods=terms.life_periods(system),
        opening_life_periods=terms.stock_life_periods(system) if stock else None,
        loan_periods=terms.loan_periods,
    )


def _present(series: tuple[DriverSeries, ...], there: FloatArray) -> tuple[DriverSeries, ...]:
    """Return the quantities of a system with the units that are there in each period, however late they came."""
    changed = (replace(one, quantity=tuple(there.tolist())) if one.driver is Driver.UNITS_OWNED else one for one in series)
    return tuple(one for one in changed if any(one.quantity))


def _without(decided: tuple[DriverSeries, ...], untouched: tuple[DriverSeries, ...]) -> Iterator[DriverSeries]:
    """Yield the quantities of a plan less what a stock that nobody touches is sold for, or worth in the end.

    Units owned before the plan are worth that whatever is decided: only what a decision changes is a cost of it. Running them
    costs what it costs.
    """
    own = {series.key: series for series in untouched if series.driver in (Driver.UNITS_KEPT, Driver.UNITS_RETIRED)}
    found = {series.key: series for series in decided}
    for key in sorted(found | own):
        series = found.get(key) or own[key]
        mine = np.asarray(series.quantity) if key in found else np.zeros(len(series.quantity))
        quantity = mine - np.asarray(own[key].quantity) if key in own else mine
        if np.any(quantity):
            yield replace(series, quantity=tuple(quantity.tolist()))


def _site_drivers(context: Context) -> Iterator[DriverSeries]:
    names = context.instance.blocks
    for site in context.scenario.sites:
        drawn = context.drawn_w[site.id]
        kwh = drawn * context.hours / 1e3
        for block, name in enumerate(names):
            yield _series(Driver.IT_KWH, kwh[:, block], site=site.id, block=name)
        yield _series(Driver.IT_KW_PEAK, drawn.max(axis=1) / 1e3, site=site.id)
        yield _series(Driver.RACKS, racks_used(context, site.id) * site.count, site=site.id)
        yield _series(Driver.IT_KW_CONTRACTED, nameplate_w(context, site.id) * site.count / 1e3, site=site.id)


def racks_used(context: Context, site: str) -> FloatArray:
    """Return the rack positions that one site's units take, shape (period,)."""
    total = np.zeros(context.periods)
    for (place, system), units in context.owned.items():
        if place == site:
            total += units * context.offerings[system].racks_by_site[site]
    return total


def nameplate_w(context: Context, site: str) -> FloatArray:
    """Return the nameplate power of one site's units [W], shape (period,)."""
    total = np.zeros(context.periods)
    for (place, system), units in context.owned.items():
        power = context.offerings[system].power
        if place == site and power is not None:
            total += units * power.value
    return total


def _rented(context: Context) -> Iterator[DriverSeries]:
    """Yield the hours that run on demand, and commitments: signed in a period, running until their term or the plan ends."""
    hours: dict[str, FloatArray] = {}
    signed: dict[tuple[str, int], FloatArray] = {}
    offers = {offer.id: offer for offer in context.instance.offers}
    for row in context.solution.rented:
        offer = offers[row.offer]
        if offer.blocks is not None:
            running = context.hours[row.period, sorted(offer.blocks)].sum()
            hours.setdefault(_item(row.offer), np.zeros(context.periods))[row.period] += row.count * running
        else:
            key = (_item(row.offer), offer.term_periods)
            signed.setdefault(key, np.zeros(context.periods))[row.period] += row.count
    for item, quantity in sorted(hours.items()):
        yield _series(Driver.UNIT_HOURS_ON_DEMAND, quantity, site=CLOUD, item=item)
    for (item, term), units in sorted(signed.items()):
        yield from commitment_series(CLOUD, item, units, term)


def _item(offer: str) -> str:
    """Return the item of the price list that an offer of the program belongs to: without its hour block."""
    return offer.rpartition("|")[0] or offer


def _tokens(context: Context) -> Iterator[DriverSeries]:
    """Yield the million tokens that each token API serves, paid for the mean and not for the busiest minute."""
    classes = {item.id: (item, class_mean_over_design(context.demand, row)) for row, item in enumerate(context.demand.classes)}
    totals: dict[tuple[Driver, str], FloatArray] = {}
    for flow in context.solution.flows:
        option = context.options[flow.option]
        if option.system is not None:
            continue
        item = flow.option.split("|", 2)[2]
        seconds = context.hours[flow.period, flow.block] * SECONDS_PER_HOUR
        c, ratio = classes[flow.request_class]
        requests = flow.rate_rps * seconds * float(ratio[flow.period])
        for driver, tokens in (
            (Driver.MTOK_INPUT, c.new_tokens),
            (Driver.MTOK_CACHED, c.cached_tokens),
            (Driver.MTOK_OUTPUT, c.osl_tokens),
        ):
            totals.setdefault((driver, item), np.zeros(context.periods))[flow.period] += requests * tokens / 1e6
    for (driver, item), quantity in sorted(totals.items()):
        yield _series(driver, quantity, item=item)


def _unserved(context: Context) -> Iterator[DriverSeries]:
    """Yield the requests turned away that have a price; where the best service is asked for, others may be turned away too."""
    priced = {part.id for part in context.scenario.workloads if part.unserved_usd_per_request is not None}
    totals: dict[str, FloatArray] = {}
    for row in (one for one in context.solution.unserved if one.workload in priced):
        seconds = context.hours[row.period, row.block] * SECONDS_PER_HOUR
        requests = row.rate_rps * seconds * mean_over_design(context.demand, row.workload)
        totals.setdefault(row.workload, np.zeros(context.periods))[row.period] += requests
    for workload, quantity in sorted(totals.items()):
        yield _series(Driver.UNSERVED_REQUESTS, quantity, item=workload)


def _series(driver: Driver, quantity: FloatArray, *, site: str = "", item: str = "", block: str = "") -> DriverSeries:
    return DriverSeries(driver, tuple(float(value) for value in quantity), site, item, block)


def _totals(context: Context, drivers: list[DriverSeries], costs: tuple[LineItem, ...], carbon: tuple[LineItem, ...]) -> Totals:
    terms = context.costs.terms
    summary = summarise(costs, terms.clock)
    assets = asset_account(drivers, terms.book, terms.clock, terms.switches)
    emitted = emissions(carbon)
    known = {item.line for item in carbon}
    return Totals(
        net_present_cost_usd=summary.net_present_cost_usd,
        equivalent_annual_cost_usd=summary.equivalent_annual_cost_usd,
        cash_by_period_usd=summary.cash_by_period_usd,
        present_by_period_usd=summary.present_by_period_usd,
        depreciation_by_period_usd=tuple(assets.depreciation.tolist()),
        book_value_by_period_usd=tuple(assets.closing.tolist()),
        present_by_group_usd=dict(summary.present_by_group_usd),
        present_by_line_usd=dict(summary.present_by_line_usd),
        operational_kg_co2e=emitted.operational_kg if "carbon.operational" in known else None,
        embodied_kg_co2e=emitted.embodied_kg if "carbon.embodied" in known else None,
    )
