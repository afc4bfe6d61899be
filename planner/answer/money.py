"""From what the solution holds to cost lines: the same templates that priced the program, read at its quantities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.economics.discounting import Timing
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, exclusions
from planner.economics.lines import Driver, DriverSeries, Exclusion, LineItem
from planner.economics.summary import asset_account, carbon_items, emissions, summarise
from planner.economics.templates import COST_LINES, NEVER_COUNTED
from planner.plan.money import Figure, Money, Totals
from planner.question.workloads import mean_over_design

SECONDS_PER_HOUR = 3600.0


def money_of(context: Context, drivers: list[DriverSeries], figures: tuple[Figure, ...]) -> Money:
    """Return everything financial of a solution; its cost items add up to the program's objective."""
    terms = context.costs.terms
    costs = cost_items(context, drivers)
    carbon = carbon_items(drivers, terms.book, terms.clock)
    used = {use.assumption_id for item in (*costs, *carbon) for use in item.factors}
    always = {"discount_rate", "book_life_years", "economic_life_years", "residual_fraction"}
    return Money(
        discount_rate=terms.clock.rate,
        convention=str(terms.clock.convention),
        years_per_period=terms.clock.years_per_period,
        discount_factors={timing.value: tuple(terms.clock.factors(timing).tolist()) for timing in Timing},
        assumptions=tuple(assumption for address, assumption in terms.book.items() if address in used | always),
        items=(*costs, *carbon),
        excluded=(*exclusions(COST_LINES, terms.switches), *(Exclusion("", label, "never counted") for label in NEVER_COUNTED)),
        totals=_totals(context, drivers, costs, carbon),
        figures=figures,
    )


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
    """Yield the ownership quantities of each system at each site, over all of its equal sites."""
    solution, count = context.solution, context.site_counts
    for site, system in context.owned:
        bought = np.zeros(context.periods)
        for row in solution.bought:
            if (row.site, row.system) == (site, system):
                bought[row.period] += row.count * count[site]
        retired = {
            (row.arrived, row.period): float(row.count * count[site])
            for row in solution.retired
            if (row.site, row.system) == (site, system)
        }
        stock = context.scenario.hardware.stock.get(system, {}).get(site, 0) * count[site]
        yield from ownership_series(
            site, system, bought, retired, opening_units=float(stock), loan_periods=context.costs.terms.loan_periods
        )


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
    hours: dict[str, FloatArray] = {}
    held: dict[str, FloatArray] = {}
    signed: dict[str, FloatArray] = {}
    offers = {offer.id: offer for offer in context.instance.offers}
    for row in context.solution.rented:
        offer = offers[row.offer]
        item = row.offer.rpartition("|")[0] or row.offer
        if offer.blocks is not None:
            running = sum(context.hours[row.period, block] for block in offer.blocks)
            hours.setdefault(item, np.zeros(context.periods))[row.period] += row.count * running
        else:
            held.setdefault(item, np.zeros(context.periods))[row.period : row.period + offer.term_periods] += row.count
            signed.setdefault(item, np.zeros(context.periods))[row.period] += row.count
    for driver, found in ((Driver.UNIT_HOURS_ON_DEMAND, hours), (Driver.UNITS_RESERVED, held), (Driver.UNITS_COMMITTED, signed)):
        for item, quantity in sorted(found.items()):
            yield _series(driver, quantity, site="cloud", item=item)


def _tokens(context: Context) -> Iterator[DriverSeries]:
    """Yield the million tokens that each token API serves, paid for the mean and not for the busiest minute."""
    classes = {item.id: item for item in context.demand.classes}
    totals: dict[tuple[Driver, str], FloatArray] = {}
    for flow in context.solution.flows:
        option = context.options[flow.option]
        if option.system is not None:
            continue
        item = flow.option.split("|", 2)[2]
        seconds = context.hours[flow.period, flow.block] * SECONDS_PER_HOUR
        requests = flow.rate_rps * seconds * mean_over_design(context.demand, option.workload)
        c = classes[flow.request_class]
        for driver, tokens in (
            (Driver.MTOK_INPUT, c.new_tokens),
            (Driver.MTOK_CACHED, c.cached_tokens),
            (Driver.MTOK_OUTPUT, c.osl_tokens),
        ):
            totals.setdefault((driver, item), np.zeros(context.periods))[flow.period] += requests * tokens / 1e6
    for (driver, item), quantity in sorted(totals.items()):
        yield _series(driver, quantity, item=item)


def _unserved(context: Context) -> Iterator[DriverSeries]:
    totals: dict[str, FloatArray] = {}
    for row in context.solution.unserved:
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
