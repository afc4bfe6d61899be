"""The work itself, done inside a child process: a scenario to a plan and its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from api.checking import check_names
from api.inputs import open_catalog, open_question
from api.jobs.child import Hear
from api.outputs import write_outputs
from catalog.items import Catalog
from planner.scenario import Scenario, parse_scenario


@dataclass(frozen=True, slots=True)
class PlanTask:
    """Plan the scenario of a file into a folder; `catalogs` overlay the catalog."""

    scenario: Path
    folder: Path
    catalogs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmittedTask:
    """Plan a scenario that came as JSON text and names no files."""

    scenario_json: str
    folder: Path
    catalogs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanDone:
    """What became of it: the outcome's word, the decision's sentence, the cost [USD] where there is one, the plan's hash."""

    outcome: str
    decision: str
    net_present_cost_usd: float | None
    plan_sha256: str
    files: tuple[Path, ...]


def plan_file(task: PlanTask, hear: Hear) -> PlanDone:
    """Plan a scenario file and write the results; raise what reading and planning raise."""
    scenario, catalog = open_question(task.scenario, task.catalogs)
    return _planned(scenario, catalog, task.scenario.parent, task.folder, hear)


def plan_submitted(task: SubmittedTask, hear: Hear) -> PlanDone:
    """Plan a submitted scenario and write the results; raise what reading and planning raise."""
    scenario, catalog = parse_scenario(json.loads(task.scenario_json)), open_catalog(task.catalogs)
    check_names(scenario, catalog, document="")
    return _planned(scenario, catalog, task.folder, task.folder, hear)


def _planned(scenario: Scenario, catalog: Catalog, base: Path, folder: Path, hear: Hear) -> PlanDone:
    from planner.pipeline import make_plan

    plan = make_plan(scenario, catalog, folder=base, progress=hear)
    files = write_outputs(plan, folder)
    cost = plan.money.totals.net_present_cost_usd if plan.money is not None and plan.found else None
    return PlanDone(plan.solve.outcome, plan.decision, cost, plan.sha256, tuple(files))
