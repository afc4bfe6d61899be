"""Time to price everything that a large program may decide, and to write the rows of a large plan."""

from __future__ import annotations

import time

import numpy as np

from catalog.load import load_catalog
from planner.economics.assumptions import AssumptionBook, given
from planner.economics.defaults import (
    PricedSystem,
    calendar_assumptions,
    catalog_assumptions,
    life_assumptions,
    system_assumptions,
)
from planner.economics.discounting import Discounting
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.lines import Driver, DriverSeries
from planner.economics.price_list import PriceList
from planner.economics.sensitivity import recost, tornado
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES

SITES = [f"site-{index}" for index in range(4)]
BLOCKS = [f"block-{index}" for index in range(6)]
PERIODS = 12


def main() -> None:
    """Price every system of the catalog at four sites over twelve quarters, then cost a fleet of them all."""
    clock = Discounting(PERIODS, 0.25, 0.1)
    catalog = load_catalog()
    systems = [system for system in catalog.systems().values() if system.purchase_usd is not None]
    book = AssumptionBook(
        [
            *catalog_assumptions(catalog),
            *calendar_assumptions(clock),
            *life_assumptions(clock, 4.0, 0.0),
            *(one for system in systems for one in system_assumptions(PricedSystem(system, system.purchase_usd), clock)),
            *(given(f"pue[{site}]", "PUE", "1", 1.3) for site in SITES),
        ]
    )
    switches = line_switches(book, {})
    prices = PriceList(book, clock, switches)
    began = time.perf_counter()
    for site in SITES:
        for system in systems:
            prices.buy(site, system.id)
            prices.own(site, system.id)
            for cohort in range(PERIODS):
                prices.retire(site, system.id, cohort)
    print(f"price list: {len(systems)} systems x {len(SITES)} sites x {PERIODS} periods: {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    items = evaluate(COST_LINES, _fleet([system.id for system in systems]), book, clock, switches)
    print(f"rows of a plan: {len(items)} in {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    swings = tornado(items, book, clock)
    print(f"tornado over {len(swings)} assumptions: {time.perf_counter() - began:.2f} s")
    error = abs(recost(items, book, clock) / net_present_cost(items) - 1.0)
    print(f"rows against an independent recomputation: {error:.1e} relative")


def _fleet(systems: list[str]) -> list[DriverSeries]:
    counts = np.random.default_rng(0).integers(0, 5, (len(SITES), len(systems), PERIODS))
    owned = [
        series
        for row, site in zip(counts, SITES, strict=True)
        for bought, system in zip(row, systems, strict=True)
        for series in ownership_series(site, system, bought, {(0, 6): float(bought[0])})
    ]
    energy = [DriverSeries(Driver.IT_KWH, (1e5,) * PERIODS, site, block=block) for site in SITES for block in BLOCKS]
    return owned + energy


if __name__ == "__main__":
    main()
