"""A small valid scenario, as text and as JSON values."""

from __future__ import annotations

import pytest
from small_scenario import SMALL

from catalog.yaml_reader import parse_yaml


@pytest.fixture
def small_text() -> str:
    """Return the scenario as YAML."""
    return SMALL


@pytest.fixture
def small() -> dict[str, object]:
    """Return the scenario as JSON values."""
    return parse_yaml(SMALL)
