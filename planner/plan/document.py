"""The Plan: the whole answer, one validated document that a report needs nothing beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from planner.plan.evidence import Evidence, Solve
from planner.plan.fleet import BlockRow, ClassRow, DemandRow, FleetRow, FlowRow, PeriodRow, PoolRow, PowerRow, SlaRow
from planner.plan.money import Money
from planner.plan.risk import Risk
from planner.plan.row import Row
from planner.scenario import sha256_of

PLAN_VERSION = 1


class Plan(Row):
    """The answer: what to hold where and when, what it costs, how it keeps its promises, and the evidence.

    `sha256` identifies it: the same scenario, catalog and engine give the same plan, byte for byte.
    """

    splitfleet_plan: Literal[1] = 1
    engine_version: str
    catalog_version: str
    scenario_sha256: str
    scenario: dict[str, object]
    decision: str
    summary: tuple[str, ...]
    solve: Solve
    periods: tuple[PeriodRow, ...]
    blocks: tuple[BlockRow, ...]
    classes: tuple[ClassRow, ...]
    demand: tuple[DemandRow, ...]
    fleet: tuple[FleetRow, ...]
    pools: tuple[PoolRow, ...]
    flows: tuple[FlowRow, ...]
    sla: tuple[SlaRow, ...]
    power: tuple[PowerRow, ...]
    money: Money | None
    evidence: Evidence
    sources: dict[str, str]
    risk: Risk | None = None
    sha256: str = ""

    @property
    def found(self) -> bool:
        """Return whether there is a fleet to report."""
        return self.solve.outcome in ("optimal", "feasible")

    def sealed(self) -> Plan:
        """Return the plan with its hash set."""
        return self.model_copy(update={"sha256": self.computed_sha256()})

    def computed_sha256(self) -> str:
        """Return the SHA-256 of the canonical content without the hash itself."""
        return sha256_of(self.model_dump(mode="json", exclude={"sha256"}))

    def to_json(self) -> str:
        """Return the document as JSON text, keys in order of the schema, numbers in their shortest exact form."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_plan(path: Path) -> Plan:
    """Return the plan of a `plan.json`; raises InputError-free ValueError where the file is not one."""
    return Plan.model_validate_json(path.read_text(encoding="utf-8"))
