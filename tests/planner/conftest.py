"""A small scenario that plans in a second, and the catalog."""

from __future__ import annotations

import copy

import pytest

from catalog.items import Catalog
from catalog.load import load_catalog
from planner.scenario import Scenario, parse_scenario

SMALL: dict[str, object] = {
    "splitfleet": 1,
    "id": "small",
    "title": "Chat on a 70B model in one hall",
    "horizon": {"start": "2027-01-01", "periods": 2, "period": "year"},
    "workloads": [
        {
            "id": "chat",
            "model": "llama-3.3-70b",
            "demand": {"profile": "chat_realtime", "rate": "150 requests/s"},
            "growth": {"volume": "30 %/year"},
            "sla": {"ttft": {"limit": "1 s", "percentile": 95.0}, "tpot": {"limit": "50 ms", "percentile": 95.0}},
            "precision": {"weights": ["fp8"], "kv": ["bf16"]},
        }
    ],
    "sites": [
        {
            "id": "hall",
            "power": "600 kW",
            "cooling": ["air"],
            "pue": 1.3,
            "tariff": {"energy": "0.08 USD/kWh", "demand_charge": "10 USD/kW/month"},
            "carbon_intensity": "350 g/kWh",
            "interconnect": "50 GB/s",
        }
    ],
    "hardware": {"include": ["nvidia-h100-sxm", "nvidia-h200-sxm", "nvidia-a100-sxm-80g"]},
    "demand": {"classes": 2, "blocks": 2},
    "solver": {"gap": 1e-6, "time_limit": "60 s"},
}


def small(**changes: object) -> Scenario:
    """Return the small scenario with parts replaced."""
    content = copy.deepcopy(SMALL)
    content.update(changes)
    return parse_scenario(content)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the project's own catalog."""
    return load_catalog()
