"""A small valid scenario, as text and as JSON values, and a service to send it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from http_client import serving
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


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Return a client of a service that lives as long as the module's tests."""
    with serving(tmp_path_factory.mktemp("service") / "data") as running:
        yield running
