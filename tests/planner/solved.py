"""A scenario solved, before the plan is written: what the parts of the answer are made from."""

from __future__ import annotations

from pathlib import Path

from catalog.items import Catalog
from planner.answer.context import Context
from planner.options.build import tabulate
from planner.options.market import survey
from planner.program.solve import solve_instance
from planner.question.costs import costs_of
from planner.question.demand import demand_of
from planner.question.instance import pose
from planner.question.models import with_known_models
from planner.scenario import Scenario


def solved(scenario: Scenario, catalog: Catalog) -> Context:
    """Return question and solution of a scenario, as the road to a plan does."""
    scenario = with_known_models(scenario, catalog)
    demand = demand_of(scenario, catalog, Path())
    market = survey(scenario, catalog)
    table = tabulate(scenario, catalog, market, demand, Path())
    costs = costs_of(scenario, catalog, market, demand)
    instance = pose(scenario, catalog, demand, market, table, costs)
    return Context(scenario, catalog, demand, market, table, costs, instance, solve_instance(instance))
