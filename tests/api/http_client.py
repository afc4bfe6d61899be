"""A client of a real service inside the test's process, whose work is the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient
from job_work import work

from api.http.app import create_app
from api.http.service import Settings

PROBLEM = "application/problem+json"


@contextmanager
def serving(data: Path, **settings: int) -> Iterator[TestClient]:
    """Give a client of a service on a data folder."""
    app = create_app(Settings(data=data, **settings), work)  # type: ignore[arg-type]
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def is_problem(response: object, status: int, code: str) -> dict[str, object]:
    """Return the problem document of a response, after checking that it is one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["x-content-type-options"] == "nosniff"
    document = response.json()
    assert document["type"] == f"urn:splitfleet:problem:{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in response.text
    return document
