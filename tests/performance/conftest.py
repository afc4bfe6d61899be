"""Catalog items and made-up chips that the tests of the performance core share."""

from __future__ import annotations

import pytest

from catalog.items import Catalog, Hardware, Model
from catalog.load import load_catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the built-in catalog."""
    return load_catalog()


@pytest.fixture(scope="session")
def h100(catalog: Catalog) -> Hardware:
    """Return the H100 SXM: 989 TFLOP/s at 16 bit, 3.35 TB/s, 80 GiB."""
    return catalog.hardware["nvidia-h100-sxm"]


@pytest.fixture(scope="session")
def llama_70b(catalog: Catalog) -> Model:
    """Return Llama 3.3 70B: dense, 80 layers, eight KV heads."""
    return catalog.models["llama-3.3-70b"]


@pytest.fixture(scope="session")
def llama_8b(catalog: Catalog) -> Model:
    """Return Llama 3.1 8B."""
    return catalog.models["llama-3.1-8b"]
