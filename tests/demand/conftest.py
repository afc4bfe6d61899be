"""The demand profiles of the catalog, as plain mappings by id."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import settings

settings.register_profile("demand", deadline=None, derandomize=True)
settings.load_profile("demand")

FOLDER = Path(__file__).resolve().parents[2] / "catalog" / "data" / "profiles"


@pytest.fixture(scope="session")
def profiles() -> dict[str, dict[str, object]]:
    """Return every demand profile file of the catalog, keyed by the id inside."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]
    return {content["id"]: content for content in files}
