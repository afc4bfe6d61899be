"""The OpenAPI description is true to the service: what it answers is what is described."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from http_client import PROBLEM
from jsonschema import Draft202012Validator
from waiting import until

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def description(client: TestClient) -> Schema:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    return dict(response.json())


def _described(description: Schema, method: str, path: str, status: int) -> Schema:
    responses = description["paths"][path][method]["responses"]
    assert str(status) in responses, f"{method} {path} answers {status}, which is not described"
    return dict(responses[str(status)])


def _conforms(description: Schema, response: Any, method: str, path: str) -> None:
    """Check a response against the description: status, content type, body."""
    described = _described(description, method, path, response.status_code)
    content_type = response.headers["content-type"].partition(";")[0]
    assert content_type in described["content"], response.text[:200]
    schema = described["content"][content_type].get("schema", {})
    if "json" in content_type:
        Draft202012Validator({**schema, "components": description["components"]}).validate(response.json())


def test_every_reference_leads_somewhere(description: Schema) -> None:
    """No $ref points at a component that is not there."""
    text = json.dumps(description)
    names = set(description["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= names
    assert {"Scenario", "Plan", "ProblemDocument"} <= used
    assert "HTTPValidationError" not in names
    assert "$defs" not in text


def test_every_operation_describes_its_errors(description: Schema) -> None:
    """Each operation has at least one error, all of them problem documents."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            errors = {status: item for status, item in operation["responses"].items() if not status.startswith("2")}
            assert errors, f"{method} {path}"
            assert all(list(item["content"]) == [PROBLEM] for item in errors.values())
            assert operation["summary"]


def test_the_catalog_answers_as_described(client: TestClient, description: Schema) -> None:
    """Every item of the catalog, in short and in full, conforms."""
    for kind in ("hardware", "models", "profiles"):
        listed = client.get(f"/v1/{kind}")
        _conforms(description, listed, "get", f"/v1/{kind}")
        names = [item["id"] for item in listed.json()[kind]]
        assert len(names) >= 12
        for name in names:
            _conforms(description, client.get(f"/v1/{kind}/{name}"), "get", f"/v1/{kind}/{{name}}")
        _conforms(description, client.get(f"/v1/{kind}/nothing"), "get", f"/v1/{kind}/{{name}}")


def test_health_answers_as_described(client: TestClient, description: Schema) -> None:
    """The service says that it is well."""
    response = client.get("/v1/health")
    _conforms(description, response, "get", "/v1/health")
    assert response.json()["status"] == "ok"


def test_the_scenario_s_schema_accepts_what_the_service_accepts(description: Schema, small: Schema) -> None:
    """A valid scenario conforms to the described body, a misspelt one does not."""
    body = description["paths"]["/v1/plans"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**body, "components": description["components"]})
    assert validator.is_valid(small)
    assert not validator.is_valid({**small, "hardwear": {}})


def test_a_plan_s_life_is_as_described(client: TestClient, description: Schema, small: Schema) -> None:
    """Asking, following, fetching, cancelling, and every refusal on the way conform."""
    asked = client.post("/v1/plans", json={**small, "title": "hang"})
    _conforms(description, asked, "post", "/v1/plans")
    path = asked.headers["location"]
    one = "/v1/plans/{plan_id}"
    until(lambda: client.get(path).json()["progress"] is not None)
    _conforms(description, client.get(path), "get", one)
    for name in ("plan.json", "report.xlsx"):
        _conforms(description, client.get(f"{path}/{name}"), "get", f"{one}/{name}")
        _conforms(description, client.get(f"/v1/plans/x/{name}"), "get", f"{one}/{name}")
    _conforms(description, client.delete(path), "delete", one)
    failed = client.post("/v1/plans", json={**small, "title": "refuse"}).headers["location"]
    until(lambda: client.get(failed).json()["state"] == "failed")
    _conforms(description, client.get(failed), "get", one)
    _conforms(description, client.delete(failed), "delete", one)
    _conforms(description, client.get("/v1/plans"), "get", "/v1/plans")
    _conforms(description, client.get("/v1/plans?limit=0"), "get", "/v1/plans")
    for body, kind in (
        (b"{", "application/json"),
        (b"{}", "application/json"),
        (b"{}", "text/plain"),
        (b" " * 2**21, "application/json"),
    ):
        _conforms(description, client.post("/v1/plans", content=body, headers={"Content-Type": kind}), "post", "/v1/plans")


def test_an_item_is_the_same_text_every_time(client: TestClient) -> None:
    """Sets are given out in order, so that answers can be compared."""
    item = client.get("/v1/hardware/nvidia-h100-sxm").json()
    assert item["aliases"] == sorted(item["aliases"])
    assert item["precisions"] == sorted(item["precisions"])
    assert item["tdp_w"]["source"]


def test_items_are_found_by_alias(client: TestClient) -> None:
    """The names that people use lead to the item."""
    assert client.get("/v1/hardware/NVIDIA%20H100%20SXM").json()["id"] == "nvidia-h100-sxm"
    assert client.get("/v1/models/llama3.3-70b").json()["id"] == "llama-3.3-70b"
