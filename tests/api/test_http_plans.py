"""The resource `plans`: ask, follow, fetch, cancel; every promise of the contract."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from http_client import is_problem, serving
from job_work import REPORT
from waiting import until

Body = dict[str, Any]


def _ask(client: TestClient, body: Body, **headers: str) -> str:
    """Ask for a plan; return its path."""
    response = client.post("/v1/plans", json=body, headers=headers)
    assert response.status_code == 202, response.text
    return str(response.headers["location"])


def _settled(client: TestClient, path: str) -> Body:
    until(lambda: client.get(path).json()["state"] not in ("queued", "running"))
    return client.get(path).json()


def test_a_plan_is_asked_for_followed_and_fetched(client: TestClient, small: Body) -> None:
    """The whole road: 202, Location, state, the plan, the workbook."""
    response = client.post("/v1/plans", json=small)
    assert response.status_code == 202
    assert response.headers["retry-after"] == "1"
    assert response.json()["state"] in ("queued", "running")
    path = response.headers["location"]
    assert path == f"/v1/plans/{response.json()['id']}"
    status = _settled(client, path)
    assert status["state"] == "succeeded"
    assert status["scenario_id"] == "small"
    assert status["result"] == {
        "outcome": "optimal",
        "decision": "Buy one.",
        "net_present_cost_usd": 1.5,
        "plan_sha256": "f" * 64,
    }
    assert status["plan"]["scenario"] == small
    assert client.get(status["links"]["plan"]).json() == status["plan"]
    report = client.get(status["links"]["report"])
    assert report.content == REPORT
    assert report.headers["content-disposition"] == 'attachment; filename="report.xlsx"'
    assert report.headers["x-content-type-options"] == "nosniff"
    assert "spreadsheetml" in report.headers["content-type"]


def test_nothing_is_ready_before_it_is(client: TestClient, small: Body) -> None:
    """While a plan runs its files are a 409, with when to come back; the progress is told."""
    path = _ask(client, {**small, "title": "hang"})
    for name in ("plan.json", "report.xlsx"):
        response = client.get(f"{path}/{name}")
        is_problem(response, 409, "not-ready")
        assert response.headers["retry-after"] == "1"
    until(lambda: client.get(path).json()["progress"] is not None)
    status = client.get(path).json()
    assert status["state"] == "running"
    assert status["progress"]["stage"] == "demand"
    assert status["plan"] is None
    assert client.delete(path).json()["state"] == "cancelled"
    assert client.delete(path).status_code == 200
    is_problem(client.get(f"{path}/report.xlsx"), 409, "no-result")


def test_a_failed_plan_says_why(client: TestClient, small: Body) -> None:
    """The reason stands in the status as a problem with a pointer into the scenario that was sent."""
    status = _settled(client, _ask(client, {**small, "title": "refuse"}))
    assert status["state"] == "failed"
    assert status["problem"]["errors"] == [
        {"detail": "no such rate in this world", "pointer": "/workloads/0/demand/rate", "parameter": None}
    ]
    status = _settled(client, _ask(client, {**small, "title": "defect"}))
    assert "secret" not in json.dumps(status)


def test_what_has_ended_cannot_be_cancelled(client: TestClient, small: Body) -> None:
    """Cancelling a finished plan is a conflict, and leaves it as it is."""
    path = _ask(client, small)
    _settled(client, path)
    is_problem(client.delete(path), 409, "already-ended")
    assert client.get(path).json()["state"] == "succeeded"


def test_a_key_makes_a_repetition_safe(client: TestClient, small: Body) -> None:
    """The same key and body give the same plan, however the JSON is laid out; another body is refused."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = client.post("/v1/plans", json=small, headers=headers)
    layout = json.dumps(small, indent=4, sort_keys=True)
    again = client.post("/v1/plans", content=layout, headers={**headers, "Content-Type": "application/json"})
    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    is_problem(client.post("/v1/plans", json={**small, "title": "Another"}, headers=headers), 422, "idempotency-key-reused")


def test_many_twins_at_once_are_one_plan(client: TestClient, small: Body) -> None:
    """A hundred identical requests at once are one job."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: _ask(client, small, **headers), range(100)))
    assert len(paths) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\x7f"])
def test_a_bad_key_is_refused(client: TestClient, small: Body, key: str) -> None:
    """A key is 1 to 255 visible ASCII characters."""
    is_problem(client.post("/v1/plans", json=small, headers={"Idempotency-Key": key}), 400, "invalid-idempotency-key")


def test_an_invalid_scenario_stores_nothing(client: TestClient, small: Body) -> None:
    """Every mistake has its pointer; no job is made, and the key stays free."""
    before = client.get("/v1/plans").json()
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    broken = json.loads(json.dumps(small))
    broken["sites"][0]["power"] = "0 kW"
    broken["workloads"][0]["model"] = 7
    document = is_problem(client.post("/v1/plans", json=broken, headers=headers), 422, "invalid-input")
    assert {error["pointer"] for error in document["errors"]} == {"/sites/0/power", "/workloads/0/model"}
    assert client.get("/v1/plans").json() == before
    _ask(client, small, **headers)


def test_unknown_names_are_refused_at_once(client: TestClient, small: Body) -> None:
    """A model that the catalog does not have is found before a plan is queued."""
    broken = json.loads(json.dumps(small))
    broken["workloads"][0]["model"] = "llama-9"
    document = is_problem(client.post("/v1/plans", json=broken), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "/workloads/0/model"


@pytest.mark.parametrize("path", ["trace.csv", "/etc/passwd", "../../secret.csv"])
def test_no_file_is_reached_over_the_network(client: TestClient, small: Body, path: str) -> None:
    """Traces and measured tables by path are refused, whether the file exists or not."""
    broken = json.loads(json.dumps(small))
    broken["workloads"][0]["demand"] = {"trace": path, "rate": "5 requests/s"}
    broken["performance"] = {"measured": path}
    document = is_problem(client.post("/v1/plans", json=broken), 422, "invalid-input")
    assert {error["pointer"] for error in document["errors"]} == {"/workloads/0/demand/trace", "/performance/measured"}


@pytest.mark.parametrize(
    "plan_id",
    [
        "nothing",
        "00000000-0000-4000-8000-000000000000",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%c0%af",
        "C:%5Cboot.ini",
        "x" * 5000,
        "{0}",
        "1' or '1'='1",
    ],
)
@pytest.mark.parametrize("name", ["", "/plan.json", "/report.xlsx"])
def test_an_unknown_plan_is_not_found(client: TestClient, plan_id: str, name: str) -> None:
    """Whatever stands in the path, it is looked up and not opened."""
    is_problem(client.get(f"/v1/plans/{plan_id}{name}"), 404, "not-found")


def test_an_id_has_one_spelling(client: TestClient, small: Body) -> None:
    """Other spellings of a UUID are other paths."""
    path = _ask(client, small)
    assert client.get(path).status_code == 200
    for other in (path.upper().replace("/V1/PLANS", "/v1/plans"), path.replace("-", "")):
        is_problem(client.get(other), 404, "not-found")


def test_pages_hold_every_plan_once(tmp_path: Path, small: Body) -> None:
    """Following `next` gives every plan once, newest first; states can be filtered."""
    with serving(tmp_path / "data") as client:
        asked = [_ask(client, small) for _ in range(5)]
        walked: list[str] = []
        query = "/v1/plans?limit=2"
        while query:
            page = client.get(query).json()
            walked += [item["links"]["self"] for item in page["plans"]]
            query = f"/v1/plans?limit=2&cursor={page['next']}" if page["next"] else ""
        assert walked == asked[::-1]
        for path in asked:
            _settled(client, path)
        assert len(client.get("/v1/plans?state=succeeded").json()["plans"]) == 5
        assert client.get("/v1/plans?state=failed").json() == {"plans": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=many", "cursor=0", "cursor=-1", "cursor=" + "9" * 30, "state=lost"]
)
def test_bad_parameters_are_named(client: TestClient, query: str) -> None:
    """A parameter that is not valid is named in the problem."""
    document = is_problem(client.get(f"/v1/plans?{query}"), 422, "invalid-parameter")
    assert document["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_full_queue_says_so(tmp_path: Path, small: Body) -> None:
    """Beyond the limit: 429, and when to come back."""
    with serving(tmp_path / "data", queue_limit=1) as client:
        running = _ask(client, {**small, "title": "hang"})
        until(lambda: client.get(running).json()["state"] == "running")
        _ask(client, small)
        response = client.post("/v1/plans", json=small)
        is_problem(response, 429, "queue-full")
        assert response.headers["retry-after"] == "10"


def test_a_damaged_report_is_gone(tmp_path: Path, small: Body) -> None:
    """A stored file that was changed is a 410, never an answer."""
    with serving(tmp_path / "data") as client:
        path = _ask(client, small)
        _settled(client, path)
        stored = next((tmp_path / "data" / "plans").rglob("report.xlsx"))
        stored.write_bytes(b"X" + REPORT[1:])
        is_problem(client.get(f"{path}/report.xlsx"), 410, "artefact-damaged")


def test_plans_outlive_a_restart(tmp_path: Path, small: Body) -> None:
    """A finished plan is still there, byte for byte; one that was cut off is made again."""
    with serving(tmp_path / "data") as client:
        done = _ask(client, small, **{"Idempotency-Key": "again"})
        before = _settled(client, done)
        cut_off = _ask(client, {**small, "title": "hang"})
        until(lambda: client.get(cut_off).json()["state"] == "running")
    with serving(tmp_path / "data") as client:
        assert client.get(done).json() == before
        assert _ask(client, small, **{"Idempotency-Key": "again"}) == done
        until(lambda: client.get(cut_off).json()["state"] == "running")
        client.delete(cut_off)
