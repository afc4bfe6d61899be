"""Work for the tests of jobs, done in real child processes: what happens is said by the scenario's title."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

from api.jobs.child import Hear
from api.jobs.worker import PlanDone, PlanTask, SubmittedTask
from planner.errors import InputError
from planner.progress import Progress

REPORT = b"PK not a real workbook"


def work(task: SubmittedTask, hear: Hear) -> PlanDone:
    """Write two small files, or fail, die, hang or eat memory, as the title says."""
    scenario = json.loads(task.scenario_json)
    hear(Progress("demand", 0.25, "counting"))
    match scenario["title"]:
        case "hang":
            threading.Event().wait()
        case "refuse":
            raise InputError.at("workloads[0].demand.rate", "no such rate in this world")
        case "defect":
            msg = "secret: /root/.ssh"
            raise RuntimeError(msg)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "eat":
            bytearray(2**36)
    return _written(scenario, task.folder)


def _written(scenario: dict[str, object], folder: Path) -> PlanDone:
    folder.mkdir(parents=True, exist_ok=True)
    plan, report = folder / "plan.json", folder / "report.xlsx"
    plan.write_text(json.dumps({"scenario": scenario}), encoding="utf-8")
    report.write_bytes(REPORT)
    return PlanDone("optimal", "Buy one.", 1.5, "f" * 64, (plan, report))


def count_starts(task: SubmittedTask, hear: Hear) -> PlanDone:
    """Note each start beside the data folder, and hang where a file `hang` says so."""
    place = task.folder.parents[3]
    with (place / "starts").open("a") as file:
        file.write(task.folder.parent.name + "\n")
    hear(Progress("demand", 0.25, "counting"))
    if (place / "hang").exists():
        threading.Event().wait()
    return _written(json.loads(task.scenario_json), task.folder)


def plan_a_file(task: PlanTask, hear: Hear) -> PlanDone:
    """Do for a scenario file what its title says, noting the start beside the scenario."""
    text = task.scenario.read_text(encoding="utf-8")
    with (task.scenario.parent / "starts.log").open("a") as file:
        file.write(task.scenario.name + "\n")
    hear(Progress("demand", 0.25, "counting"))
    if "title: die" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "title: hang" in text:
        threading.Event().wait()
    if "title: infeasible" in text:
        return replace(_written({}, task.folder), outcome="infeasible", decision="Nothing fits.", net_present_cost_usd=None)
    return _written({"text": text}, task.folder)
