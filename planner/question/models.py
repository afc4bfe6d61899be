"""Names of models resolved once: a scenario may use an alias, everything after it the catalog's id."""

from __future__ import annotations

from catalog.errors import CatalogError
from catalog.items import Catalog
from catalog.lookup import find_model
from planner.errors import Problem, UnknownItem
from planner.scenario import Scenario


def with_known_models(scenario: Scenario, catalog: Catalog) -> Scenario:
    """Return the scenario with every model named by its catalog id; raise UnknownItem naming the field and the nearest ids."""
    problems: list[Problem] = []
    workloads = []
    for index, workload in enumerate(scenario.workloads):
        try:
            workloads.append(workload.model_copy(update={"model": find_model(catalog, workload.model).id}))
        except CatalogError as error:
            problems.append(Problem(f"workloads[{index}].model", str(error)))
    if problems:
        raise UnknownItem(problems, document=scenario.id)
    return scenario.model_copy(update={"workloads": tuple(workloads)})
