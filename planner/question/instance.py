"""The whole question as the integer program takes it: counts, rates, watts and money, and no token in sight."""

from __future__ import annotations

from catalog.items import Catalog
from planner.demand.table import DemandTable
from planner.options.market import Market
from planner.options.table import OptionsTable
from planner.program.instance import Goal, Instance, Settings
from planner.question.costs import Costs
from planner.question.places import offers_of, periods_of, placements_of, sites_of, systems_of
from planner.question.workloads import futures_of, links_of, options_of, policy_of, workloads_of
from planner.scenario import Scenario

GOALS = {"cost": Goal.CHEAPEST, "unserved": Goal.BEST_SERVICE, "power": Goal.LEAST_POWER, "carbon": Goal.LEAST_CARBON}


def pose(
    scenario: Scenario,
    catalog: Catalog,
    demand: DemandTable,
    market: Market,
    table: OptionsTable,
    costs: Costs,
) -> Instance:
    """Return the instance of a scenario; every tuple is in order of id, so that the order of the input never shows."""
    return Instance(
        periods=periods_of(scenario, demand),
        blocks=tuple(block.name for block in demand.blocks),
        sites=sites_of(scenario, demand, costs),
        systems=systems_of(market, scenario, catalog, costs),
        placements=placements_of(scenario, market, costs),
        workloads=workloads_of(scenario, demand, costs),
        options=options_of(scenario, table, demand, costs, catalog),
        offers=offers_of(scenario, demand, costs),
        links=links_of(table),
        policy=policy_of(scenario, frozenset(item.hardware.vendor for item in market.offerings)),
        futures=futures_of(scenario, market, table),
        goal=GOALS[scenario.goal.minimise],
        settings=Settings(
            gap=scenario.solver.gap,
            time_limit_s=scenario.solver.time_limit,
            seed=scenario.solver.seed,
            reveal_period=scenario.risk.revealed_in,
            tail_weight=scenario.risk.tail_weight,
            tail=scenario.risk.tail,
        ),
    )
