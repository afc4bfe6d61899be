"""Whatever an overlay holds, it is loaded or refused with CatalogError; nothing else ever comes out."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.layers import SECTIONS
from catalog.load import load_catalog
from catalog.model_schema import ArchitectureEntry, ExpertsEntry, ModelEntry
from catalog.schema import CloudEntry, HardwareEntry, MemoryEntry, SystemEntry

WORDS = sorted(
    {
        "value",
        "source",
        "kind",
        "date",
        "nvidia-l4",
        "llama-3.1-8b",
        "hbm",
        "pcie-card",
        "1 year",
        "bf16",
        "typical",
        "full",
    }.union(
        *(
            entry.model_fields
            for entry in (HardwareEntry, SystemEntry, MemoryEntry, CloudEntry, ModelEntry, ArchitectureEntry, ExpertsEntry)
        )
    )
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["72 W", "1 GiB", "5 USD", "gpu", "shipping", "user", "aic", "1 year", "0", "-1 W", "9 parsec"]),
    st.text(max_size=8),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SECTIONS), st.dictionaries(st.sampled_from(WORDS), TREES, max_size=3))
def test_any_tree_in_any_section_is_loaded_or_refused(tmp_path: Path, section: str, tree: dict[str, object]) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps({section: tree}))
    with contextlib.suppress(CatalogError):
        load_catalog(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(HardwareEntry.model_fields)), TREES)
def test_any_value_of_any_hardware_field_is_loaded_or_refused(tmp_path: Path, field: str, tree: object) -> None:
    path = tmp_path / "any.json"
    name = HardwareEntry.model_fields[field].alias or field
    path.write_text(json.dumps({"hardware": {"nvidia-h100-sxm": {name: tree}}}))
    with contextlib.suppress(CatalogError):
        load_catalog(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(sorted(ArchitectureEntry.model_fields)), TREES, max_size=6))
def test_any_architecture_is_loaded_or_refused(tmp_path: Path, tree: dict[str, object]) -> None:
    """An absurd architecture that passes the schema still has a finite, positive size."""
    path = tmp_path / "any.json"
    path.write_text(json.dumps({"models": {"deepseek-v3": {"architecture": tree}}}))
    with contextlib.suppress(CatalogError):
        assert load_catalog(path).models["deepseek-v3"].params_total > 0


@pytest.mark.parametrize(
    "text",
    ["hardware: 5", "hardware: text", "models: [a]", "tco: 3", "sources: {a: 1}", "claims: {a: []}", "id: x", "profiles: {a: 1}"],
)
def test_a_section_of_another_shape_is_loaded_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(text)
    with contextlib.suppress(CatalogError):
        load_catalog(path)
