"""The application: resources, errors, headers, and an OpenAPI description that is true to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import catalog, plans, problems
from api.http.problems import SAFE_HEADERS
from api.http.service import Service, Settings, running, service_of
from api.jobs.child import Work
from api.jobs.worker import PlanDone, SubmittedTask, plan_submitted
from api.version import version
from planner.scenario import Scenario

DESCRIPTION = """Ask for the cheapest mix of hardware for LLM inference that meets SLAs inside a power budget.

`POST /v1/plans` takes a scenario and answers at once; follow the plan at its `Location`.
Every error is a problem document (RFC 9457)."""


class Health(BaseModel):
    """That the service answers, what it is, and how many plans wait."""

    status: str
    version: str
    catalog_version: str
    plans_waiting: int


def create_app(settings: Settings, work: Work[SubmittedTask, PlanDone] = plan_submitted) -> FastAPI:
    """Return the service; its jobs run while it is up, each doing `work` in a process of its own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with running(settings, work) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="splitfleet", version=version(), description=DESCRIPTION, lifespan=lifespan, redirect_slashes=False, redoc_url=None
    )
    problems.install(app)
    for router in (plans.router, catalog.router):
        app.include_router(router)
    app.get("/v1/health", tags=["service"], summary="Ask whether the service is well")(_health)
    app.add_middleware(_SafeHeaders)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _health(service: Annotated[Service, Depends(service_of)]) -> Health:
    """Return that the service is well, which includes that its store answers."""
    return Health(status="ok", version=version(), catalog_version=service.catalog.version, plans_waiting=service.store.waiting())


class _SafeHeaders:
    """Adds to every answer that its type is not to be guessed, and that it is not to be kept by caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description, with the scenario as request body and a problem document for every error."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            components.pop(unused, None)
        components.update(_scenario_components())
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                operation["responses"] = {**_success(operation["responses"]), **_errors(path, method)}
        _describe_submission(schema["paths"]["/v1/plans"]["post"])
        app.openapi_schema = schema
    return app.openapi_schema


def _scenario_components() -> dict[str, Any]:
    """Return the Scenario and its parts under names of their own: the catalog has a `Hardware` too."""
    schema = Scenario.model_json_schema(ref_template="#/components/schemas/Scenario.{model}")
    parts = schema.pop("$defs")
    return {"Scenario": schema, **{f"Scenario.{name}": part for name, part in parts.items()}}


def _success(responses: Mapping[str, Any]) -> dict[str, Any]:
    return {status: response for status, response in responses.items() if status.startswith("2")}


def _errors(path: str, method: str) -> dict[str, Any]:
    """Return the errors that an operation can answer with."""
    statuses = {"500": "A defect of the service", "503": "The service is starting or stopping"}
    if "{" in path:
        statuses["404"] = "Nothing has this id"
    if path == "/v1/plans":
        statuses["422"] = "The scenario or a parameter is not valid; `errors` says where"
    if method == "post":
        statuses |= {
            "400": "Not strict JSON, or a bad Idempotency-Key",
            "413": "The body is too large",
            "415": "Not application/json",
        }
        statuses |= {"429": "Too many plans wait", "507": "The disk is full"}
    if path.endswith((".json", ".xlsx")):
        statuses |= {"409": "Not ready, or there is no result", "410": "The stored file was damaged"}
    if method == "delete":
        statuses["409"] = "The plan has ended already"
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {status: {"description": words, "content": content} for status, words in sorted(statuses.items())}


def _describe_submission(operation: dict[str, Any]) -> None:
    scenario = {"schema": {"$ref": "#/components/schemas/Scenario"}}
    operation["requestBody"] = {"required": True, "content": {"application/json": scenario}}
    key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"}
    words = "makes a repeated request safe: the same key gives the same plan"
    operation["parameters"] = [
        {"name": "Idempotency-Key", "in": "header", "required": False, "description": words, "schema": key}
    ]
    text = {"schema": {"type": "string"}}
    headers = {
        "Location": "path of the plan",
        "Retry-After": "seconds to wait",
        "Idempotent-Replayed": "true where the key was seen before",
    }
    operation["responses"]["202"]["headers"] = {name: {"description": words, **text} for name, words in headers.items()}
