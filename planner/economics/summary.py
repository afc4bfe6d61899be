"""From rows of cost to the figures of a report: totals, cash, accounts, equivalent annual cost, emissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.economics.assumptions import AssumptionBook
from planner.economics.carbon import Emissions
from planner.economics.depreciation import FixedAssets, fixed_assets
from planner.economics.discounting import Discounting, Timing, Vector, annuity_factor
from planner.economics.evaluation import cash_usd, coefficients, evaluate, missing, net_present_cost
from planner.economics.lines import ALL_ON, Driver, DriverSeries, Group, LineItem, Switches
from planner.economics.templates import CARBON_LINES, COST_LINES


@dataclass(frozen=True, slots=True)
class CostSummary:
    """The sums of a plan's rows [USD]; vectors have shape `(period,)` and each adds up to its total.

    `present_by_period_usd` puts what is paid at the horizon into the last period, as cash does.
    """

    net_present_cost_usd: float
    equivalent_annual_cost_usd: float
    cash_by_period_usd: tuple[float, ...]
    present_by_period_usd: tuple[float, ...]
    present_by_group_usd: Mapping[str, float]
    present_by_line_usd: Mapping[str, float]


def summarise(items: Sequence[LineItem], clock: Discounting) -> CostSummary:
    """Return the totals of a plan; the equivalent annual cost is the level yearly amount of the same present value."""
    total = net_present_cost(items)
    annual = total * annuity_factor(clock.rate, clock.horizon_years)
    present = np.zeros(clock.periods)
    for item in items:
        values = np.asarray(item.present_usd)
        if item.timing is Timing.HORIZON:
            present[-1] += values.sum()
        else:
            present += values
    return CostSummary(
        net_present_cost_usd=total,
        equivalent_annual_cost_usd=annual,
        cash_by_period_usd=tuple(cash_usd(items, clock).tolist()),
        present_by_period_usd=tuple(present.tolist()),
        present_by_group_usd=_sums((item.group.value, item) for item in items),
        present_by_line_usd=_sums((item.line, item) for item in items),
    )


def asset_account(
    drivers: Iterable[DriverSeries], book: AssumptionBook, clock: Discounting, switches: Switches = ALL_ON
) -> FixedAssets:
    """Return the fixed-asset account of everything bought in the plan, written down over the book life of each system.

    The cost of a unit is its price with network, storage and the other purchase lines that are on. Units owned before the plan
    are taken to be written off.
    """
    series = list(drivers)
    zero = np.zeros(clock.periods)
    total = FixedAssets(zero, zero, zero, zero, zero)
    for bought in sorted((one for one in series if one.driver is Driver.UNITS_BOUGHT), key=lambda one: one.key):
        unit_usd = _unit_capex(bought, book, clock, switches)
        gone = {
            (retired.cohort, period): units * unit_usd[retired.cohort]
            for retired in series
            if retired.driver is Driver.UNITS_RETIRED and (retired.site, retired.item) == (bought.site, bought.item)
            if retired.cohort is not None and retired.cohort >= 0
            for period, units in enumerate(retired.quantity)
            if units
        }
        account = fixed_assets(
            np.asarray(bought.quantity) * unit_usd,
            gone,
            book_life_years=book.resolve("book_life_years", (bought.item,)).values[0],
            salvage_fraction=book.resolve("residual_fraction", (bought.item,)).values[0],
            years_per_period=clock.years_per_period,
        )
        total = _added(total, account)
    return total


def carbon_items(
    drivers: Iterable[DriverSeries], book: AssumptionBook, clock: Discounting, switches: Switches = ALL_ON
) -> tuple[LineItem, ...]:
    """Return the rows of emissions [kg CO2e]; a site without a known carbon intensity has no operational row."""
    known = [series for series in drivers if not missing(CARBON_LINES, series, book, switches)]
    return evaluate(CARBON_LINES, known, book, clock, switches)


def emissions(items: Iterable[LineItem]) -> Emissions:
    """Return operational and embodied emissions of the rows of `carbon_items` [kg CO2e]."""
    kilograms = {"carbon.operational": 0.0, "carbon.embodied": 0.0}
    for item in items:
        kilograms[item.line] += float(sum(item.usd))
    return Emissions(kilograms["carbon.operational"], kilograms["carbon.embodied"])


def _unit_capex(bought: DriverSeries, book: AssumptionBook, clock: Discounting, switches: Switches) -> Vector:
    lines = [template for template in COST_LINES if template.group is Group.CAPEX]
    return coefficients(lines, bought, book, clock, switches, discounted=False)


def _added(one: FixedAssets, other: FixedAssets) -> FixedAssets:
    return FixedAssets(
        one.opening + other.opening,
        one.additions + other.additions,
        one.depreciation + other.depreciation,
        one.disposals + other.disposals,
        one.closing + other.closing,
    )


def _sums(pairs: Iterable[tuple[str, LineItem]]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for name, item in pairs:
        totals[name] = totals.get(name, 0.0) + item.total_present_usd
    return totals
