"""Everything that the answer is read from, in one value, with the look-ups that its parts share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from catalog.items import Catalog
from planner.demand.table import DemandTable
from planner.options.market import Market, Offering
from planner.options.table import OptionRow, OptionsTable
from planner.program.instance import Instance, Option
from planner.program.solution import Solution
from planner.question.costs import Costs
from planner.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """Question and solution side by side."""

    scenario: Scenario
    catalog: Catalog
    demand: DemandTable
    market: Market
    table: OptionsTable
    costs: Costs
    instance: Instance
    solution: Solution
    notes: tuple[str, ...] = field(default=())

    @property
    def periods(self) -> int:
        """Return the number of periods."""
        return len(self.instance.periods)

    @property
    def blocks(self) -> int:
        """Return the number of hour blocks."""
        return len(self.instance.blocks)

    @cached_property
    def hours(self) -> FloatArray:
        """Return the hours of each block in each period [h], shape (period, block)."""
        return np.array([period.block_hours for period in self.instance.periods])

    @cached_property
    def rows(self) -> dict[str, OptionRow]:
        """Return the options table by option id; token APIs have no row."""
        return {row.id: row for row in self.table.rows}

    @cached_property
    def options(self) -> dict[str, Option]:
        """Return the program's options by id."""
        return {option.id: option for option in self.instance.options}

    @cached_property
    def offerings(self) -> dict[str, Offering]:
        """Return what could be had by system id."""
        return {item.id: item for item in self.market.offerings}

    @cached_property
    def site_counts(self) -> dict[str, int]:
        """Return how many equal sites each site stands for."""
        return {site.id: site.count for site in self.instance.sites}

    @cached_property
    def idle_w(self) -> dict[str, float]:
        """Return what a unit of each system draws whenever it is there [W]."""
        return {system.id: system.idle_w for system in self.instance.systems}

    @cached_property
    def owned(self) -> dict[tuple[str, str], FloatArray]:
        """Return the units of a system that one site owns, by (site, system), shape (period,)."""
        found: dict[tuple[str, str], FloatArray] = {}
        for row in self.solution.owned:
            found.setdefault((row.site, row.system), np.zeros(self.periods))[row.period] += row.count
        return dict(sorted(found.items()))

    @cached_property
    def load(self) -> dict[tuple[str, str], FloatArray]:
        """Return the busy replicas of an option over all of a site's equal sites, by (site, option), shape (period, block)."""
        found: dict[tuple[str, str], FloatArray] = {}
        for flow in self.solution.flows:
            capacity = self.options[flow.option].capacity_rps[flow.request_class]
            grid = found.setdefault((flow.site, flow.option), np.zeros((self.periods, self.blocks)))
            grid[flow.period, flow.block] += flow.rate_rps / capacity
        return dict(sorted(found.items()))

    @cached_property
    def drawn_w(self) -> dict[str, FloatArray]:
        """Return the IT power drawn over all of a site's equal sites [W], by site, shape (period, block)."""
        drawn = {site.id: np.zeros((self.periods, self.blocks)) for site in self.instance.sites}
        for (site, system), units in self.owned.items():
            drawn[site] += (units * self.idle_w[system] * self.site_counts[site])[:, None]
        for (site, option), load in self.load.items():
            if self.options[option].system is not None:  # a token API stands at no site
                drawn[site] += load * self.options[option].busy_w
        return drawn
