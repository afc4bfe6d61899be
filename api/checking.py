"""Whether a valid scenario's names mean something: models, profiles, systems, vendors. Cheap enough to ask at once."""

from __future__ import annotations

import difflib

from catalog.errors import CatalogError, Problem
from catalog.items import Catalog
from catalog.lookup import find_model
from planner.errors import InputError
from planner.options.market import survey
from planner.scenario import Scenario


def check_names(scenario: Scenario, catalog: Catalog, *, document: str) -> None:
    """Raise InputError with every name of the scenario that the catalog does not have, each with the nearest ones."""
    problems = [*_models(scenario, catalog), *_profiles(scenario, catalog)]
    try:
        survey(scenario, catalog)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems, document=document)


def _models(scenario: Scenario, catalog: Catalog) -> list[Problem]:
    problems = []
    for index, workload in enumerate(scenario.workloads):
        try:
            find_model(catalog, workload.model)
        except CatalogError as error:
            problems += [Problem(f"workloads[{index}].model", problem.message) for problem in error.problems]
    return problems


def _profiles(scenario: Scenario, catalog: Catalog) -> list[Problem]:
    return [
        Problem(f"workloads[{index}].demand.profile", _no_profile(name, catalog))
        for index, workload in enumerate(scenario.workloads)
        if (name := workload.demand.profile) is not None and name not in catalog.profiles
    ]


def _no_profile(name: str, catalog: Catalog) -> str:
    near = difflib.get_close_matches(name, catalog.profiles, n=1, cutoff=0.4)
    hint = f"; did you mean '{near[0]}'?" if near else "; it has " + ", ".join(sorted(catalog.profiles))
    return f"the catalog has no profile '{name}'{hint}"
