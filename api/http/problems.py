"""Every answer that is not a success is a problem document (RFC 9457): a stable type, words, and where the mistake is.

The types are `urn:splitfleet:problem:<code>`; docs/api.md lists the codes. No document shows the inside of the service.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.failures import Failure, failure_of
from catalog.errors import CatalogError, Problem
from planner.errors import SplitfleetError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:splitfleet:problem:"
MOST_ERRORS = 100
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_log = logging.getLogger(__name__)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class FieldError(BaseModel):
    """One mistake: where it is in the body (a JSON Pointer) or which parameter holds it, and what would be right."""

    model_config = ConfigDict(extra="forbid")

    detail: str
    pointer: str | None = Field(default=None, description="JSON Pointer (RFC 6901) into the request body")
    parameter: str | None = Field(default=None, description="name of the query or header parameter")


class ProblemDocument(BaseModel):
    """A problem as RFC 9457 has it, with every mistake in `errors`."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="urn:splitfleet:problem:<code>, the same for ever")
    title: str
    status: int
    detail: str
    instance: str | None = Field(default=None, description="path of the request")
    errors: list[FieldError] = []


class HttpProblem(Exception):  # it is the problem, which is an answer
    """A problem that a route raises: status, code of its type, words, headers."""

    def __init__(self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Keep what the answer needs."""
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})


def document_of(
    code: str, title: str, status: int, problems: tuple[Problem, ...], *, body: object = None, instance: str | None = None
) -> ProblemDocument:
    """Return the problem document of a failure; `body` is the request's, for exact pointers."""
    errors = [FieldError(detail=problem.message, pointer=pointer_of(problem.field, body)) for problem in problems[:MOST_ERRORS]]
    named = [error for error, problem in zip(errors, problems, strict=False) if problem.field]
    return ProblemDocument(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        detail="; ".join(str(problem) for problem in problems[:3])
        + (f"; and {len(problems) - 3} more" if len(problems) > 3 else ""),
        instance=instance,
        errors=named,
    )


def pointer_of(field: str, body: object = None) -> str:
    """Return the JSON Pointer of a field path; keys of the body that hold dots or slashes stay whole.

    >>> pointer_of("workloads[0].sla.ttft")
    '/workloads/0/sla/ttft'
    >>> pointer_of("stock.a/b.c", {"stock": {"a/b.c": 1}})
    '/stock/a~1b.c'
    """
    pointer = ""
    while field:
        step, field = _step(field, body)
        pointer += "/" + step.replace("~", "~0").replace("/", "~1")
        body = _inside(body, step)
    return pointer


def _step(field: str, body: object) -> tuple[str, str]:
    """Return the first step of a path and the rest of it."""
    rest = field.removeprefix(".")
    keys = sorted((key for key in body if rest.startswith(key)), key=len, reverse=True) if isinstance(body, dict) else []
    for key in keys:
        if key and rest[len(key) :][:1] in ("", ".", "["):
            return key, rest[len(key) :]
    found = _STEP.match(field)
    return (found.group(1) or found.group(2), field[found.end() :]) if found else (field, "")


def _inside(body: object, step: str) -> object:
    if isinstance(body, dict):
        return body.get(step)
    if isinstance(body, list) and step.isdigit() and int(step) < len(body):
        return body[int(step)]
    return None


def answer(document: ProblemDocument, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem document as a response."""
    content = document.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, document.status, media_type=MEDIA_TYPE, headers={**SAFE_HEADERS, **(headers or {})})


def install(app: FastAPI) -> None:
    """Make an application answer every error with a problem document."""
    app.add_exception_handler(HttpProblem, _on_problem)
    app.add_exception_handler(SplitfleetError, _on_failure)
    app.add_exception_handler(CatalogError, _on_failure)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_parameters)
    app.add_exception_handler(Exception, _on_failure)


def _plain(request: Request, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    title = HTTPStatus(status).phrase
    document = ProblemDocument(type=TYPE_PREFIX + code, title=title, status=status, detail=detail, instance=request.url.path)
    return answer(document, headers)


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HttpProblem)
    return _plain(request, error.status, error.code, error.detail, error.headers)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "-")
    detail = {404: "there is nothing at this path", 405: f"{request.method} is not possible here"}.get(status, str(error.detail))
    return _plain(request, status, code, detail, error.headers)


async def _on_parameters(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(detail=item["msg"], parameter=str(item["loc"][-1])) for item in error.errors()[:MOST_ERRORS]]
    document = ProblemDocument(
        type=TYPE_PREFIX + "invalid-parameter",
        title="A parameter is not valid",
        status=422,
        detail="; ".join(f"{item.parameter}: {item.detail}" for item in errors),
        instance=request.url.path,
        errors=errors,
    )
    return answer(document)


async def _on_failure(request: Request, error: Exception) -> JSONResponse:
    failure: Failure = failure_of(error)
    if failure.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return _plain(request, 500, "defect", "a defect of the service; its log has the details")
    headers = {"Retry-After": "10"} if failure.status == HTTPStatus.TOO_MANY_REQUESTS else {}
    body = getattr(request.state, "body", None)
    document = document_of(failure.code, failure.title, failure.status, failure.problems, body=body, instance=request.url.path)
    return answer(document, headers)
