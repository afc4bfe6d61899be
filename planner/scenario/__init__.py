"""The question: one validated document, read from YAML or JSON."""

from planner.scenario.document import CLOUD, SCENARIO_VERSION, Horizon, Scenario, sha256_of
from planner.scenario.read import parse_scenario, read_scenario, read_scenario_text

__all__ = [
    "CLOUD",
    "SCENARIO_VERSION",
    "Horizon",
    "Scenario",
    "parse_scenario",
    "read_scenario",
    "read_scenario_text",
    "sha256_of",
]
