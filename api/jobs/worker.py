"""The work itself, done inside a child process: a scenario to a plan and its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.inputs import open_question
from api.jobs.child import Hear
from api.outputs import write_outputs


@dataclass(frozen=True, slots=True)
class PlanTask:
    """Plan the scenario of a file into a folder; `catalogs` overlay the catalog."""

    scenario: Path
    folder: Path
    catalogs: tuple[Path, ...] = ()
    report: bool = True


@dataclass(frozen=True, slots=True)
class PlanDone:
    """What became of it: the outcome's word, the decision's sentence, the cost [USD] where there is one, the plan's hash."""

    outcome: str
    decision: str
    net_present_cost_usd: float | None
    plan_sha256: str
    files: tuple[Path, ...]


def plan_scenario(task: PlanTask, hear: Hear) -> PlanDone:
    """Make a plan and write its files; raise what the pipeline raises."""
    from planner.pipeline import make_plan

    scenario, catalog = open_question(task.scenario, task.catalogs)
    plan = make_plan(scenario, catalog, folder=task.scenario.parent, progress=hear)
    files = write_outputs(plan, task.folder, report=task.report)
    cost = plan.money.totals.net_present_cost_usd if plan.money is not None and plan.found else None
    return PlanDone(plan.solve.outcome, plan.decision, cost, plan.sha256, tuple(files))
