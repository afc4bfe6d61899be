"""Every answer that is not a success is a problem document, and bodies are read strictly."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from http_client import is_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.bodies import MAX_BODY_BYTES, parse_json
from api.http.problems import HttpProblem, pointer_of

JSON = {"Content-Type": "application/json"}
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "not_json": b"splitfleet: 1",
    "cut_short": b'{"id": ',
    "two_values": b"{} {}",
    "nan": b'{"id": NaN}',
    "infinity": b'{"id": Infinity}',
    "minus_infinity": b'{"id": -Infinity}',
    "beyond_floats": b'{"id": 1e999}',
    "five_thousand_digits": b'{"id": ' + b"9" * 5000 + b"}",
    "a_long_fraction": b'{"id": 0.' + b"3" * 5000 + b"}",
    "key_twice": b'{"id": "a", "id": "b"}',
    "key_twice_inside": b'{"a": [{"b": 1, "b": 2}]}',
    "half_a_surrogate": b'{"id": "\\ud800"}',
    "half_a_surrogate_as_key": b'{"\\udfff": 1}',
    "deep_lists": b"[" * 100_000 + b"]" * 100_000,
    "deep_objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep_and_unclosed": b"[" * 1_000_000,
    "not_utf_8": b'{"id": "\xff"}',
    "latin_1": '{"id": "é"}'.encode("latin-1"),
    "utf_16": '{"id": 1}'.encode("utf-16"),
    "byte_order_mark": b'\xef\xbb\xbf{"id": 1}',
    "control_character": b'{"id": "\x01"}',
    "comment": b'{"id": 1} // note',
    "single_quotes": b"{'id': 1}",
    "trailing_comma": b'{"id": 1,}',
    "leading_zero": b'{"id": 007}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_bodies_are_refused(client: TestClient, name: str) -> None:
    """What is not strict JSON is a 400, never a 500."""
    is_problem(client.post("/v1/plans", content=MALFORMED[name], headers=JSON), 400, "malformed-json")


@pytest.mark.parametrize("body", [[], "text", 1, None, True, [{}]])
def test_a_body_that_is_no_object_is_refused(client: TestClient, body: object) -> None:
    """A scenario is an object."""
    is_problem(client.post("/v1/plans", content=json.dumps(body).encode(), headers=JSON), 422, "invalid-input")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/yaml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "*/*",
    ],
)
def test_other_content_types_are_refused(client: TestClient, small: dict[str, object], content_type: str) -> None:
    """Only JSON in UTF-8 is read; forms, which any web page could send, are not."""
    headers = {"Content-Type": content_type}
    is_problem(client.post("/v1/plans", content=json.dumps(small).encode(), headers=headers), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON", 'application/json; charset="UTF-8"', "application/json;charset=utf-8"],
)
def test_spellings_of_json_are_read(client: TestClient, content_type: str) -> None:
    """The media type's spelling is as HTTP has it; the body is then judged."""
    is_problem(client.post("/v1/plans", content=b"{}", headers={"Content-Type": content_type}), 422, "invalid-input")


def test_a_body_is_cut_off_while_it_arrives(client: TestClient) -> None:
    """A body without a told length is refused once it passes the limit, without being held."""

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 2**20

    tracemalloc.start()
    response = client.post("/v1/plans", content=endless(), headers=JSON)
    tracemalloc.stop()
    is_problem(response, 413, "body-too-large")


def test_a_body_that_is_told_too_large_is_refused(client: TestClient) -> None:
    """The told length suffices."""
    is_problem(client.post("/v1/plans", content=b" " * (MAX_BODY_BYTES + 1), headers=JSON), 413, "body-too-large")
    is_problem(client.post("/v1/plans", content=b" " * MAX_BODY_BYTES, headers=JSON), 400, "malformed-json")


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/plans", "/v1/plans/", "/v1/hardware/", "/favicon.ico", "/%2e%2e/etc/passwd", "/v1/health/x"]
)
def test_unknown_paths_are_problems(client: TestClient, path: str) -> None:
    """There is no page of another kind for a missing path, and no redirection."""
    is_problem(client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/plans"), ("PATCH", "/v1/plans/x"), ("POST", "/v1/hardware"), ("TRACE", "/v1/health")]
)
def test_wrong_methods_are_problems(client: TestClient, method: str, path: str) -> None:
    """A method that is not possible says which are."""
    response = client.request(method, path)
    is_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"]


def test_a_defect_shows_nothing_of_itself(client: TestClient) -> None:
    """An unexpected exception is a 500 problem without words of the exception."""
    router = APIRouter()

    @router.get("/defect")
    def defect() -> None:
        msg = "secret: /root/.ssh/id_rsa"
        raise RuntimeError(msg)

    app: Any = client.app
    app.include_router(router)
    response = client.get("/defect")
    is_problem(response, 500, "defect")
    assert "secret" not in response.text
    app.router.routes.pop()


NUMBERS = [
    "-0.0",
    "5e-324",
    "1e308",
    "-1e308",
    "9007199254740993",
    "1" + "0" * 60,
    "true",
    '"1e3"',
    "null",
    "[]",
    "{}",
    "1e-400",
    "0.1e1",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ['"periods": ', '"racks": ', '"pue": ', '"percentile": ', '"power": ', '"rate": '])
def test_odd_numbers_never_break_the_service(client: TestClient, small: dict[str, object], number: str, field: str) -> None:
    """Whatever number or non-number stands in a field, the answer is a 4xx or an accepted plan, never a 5xx."""
    text = json.dumps(small)
    start = text.index(field) + len(field)
    end = min(text.index(mark, start) for mark in ",}" if mark in text[start:])
    response = client.post("/v1/plans", content=text[:start] + number + text[end:], headers=JSON)
    assert response.status_code in (202, 400, 422), response.text
    if response.status_code == 202:
        client.delete(response.headers["location"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_what_is_read_is_what_was_sent(value: object) -> None:
    """Strict reading agrees with JSON on everything that it does not refuse, and raises nothing but a problem."""
    try:
        read = parse_json(json.dumps(value).encode())
    except HttpProblem:
        return
    assert read == value


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_json_or_a_problem(body: bytes) -> None:
    """No bytes raise anything else."""
    with contextlib.suppress(HttpProblem):
        parse_json(body)


@pytest.mark.parametrize(
    ("field", "body", "pointer"),
    [
        ("", None, ""),
        ("id", {}, "/id"),
        ("workloads[0].sla.ttft", {}, "/workloads/0/sla/ttft"),
        ("hardware.stock.a/b.c.hall", {"hardware": {"stock": {"a/b.c": {"hall": 1}}}}, "/hardware/stock/a~1b.c/hall"),
        ("hardware.stock.a~b", {"hardware": {"stock": {"a~b": {}}}}, "/hardware/stock/a~0b"),
        ("growth.multipliers[12]", {}, "/growth/multipliers/12"),
    ],
)
def test_pointers_lead_to_the_field(field: str, body: object, pointer: str) -> None:
    """A field path becomes a JSON Pointer, keys with dots and slashes included."""
    assert pointer_of(field, body) == pointer
