"""The JSON Schemas of the two documents, for editors, validators and other programs."""

from __future__ import annotations

from planner.plan import Plan
from planner.scenario import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, object]:
    """Return the JSON Schema of the Scenario as a person writes it."""
    return _titled("splitfleet scenario", Scenario.model_json_schema(mode="validation"))


def plan_schema() -> dict[str, object]:
    """Return the JSON Schema of the Plan as `plan.json` holds it."""
    return _titled("splitfleet plan", Plan.model_json_schema(mode="serialization"))


def _titled(title: str, schema: dict[str, object]) -> dict[str, object]:
    return {"$schema": DIALECT, **schema, "title": title}
