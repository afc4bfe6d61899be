"""The resource `plans`: ask for a plan, follow it, fetch its files, cancel it."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.checking import check_names
from api.http.bodies import read_json
from api.http.problems import HttpProblem, ProblemDocument, document_of
from api.http.service import Service, service_of
from api.inputs import referenced_files
from api.jobs.job import Artefact, Job, State
from api.jobs.job import Request as PlanRequest
from api.outputs import PLAN_FILE, REPORT_FILE
from catalog.errors import Problem
from planner.errors import InputError
from planner.plan import Plan
from planner.scenario import Scenario, parse_scenario

RETRY_AFTER_S = "1"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

router = APIRouter(prefix="/v1/plans", tags=["plans"])
Running = Annotated[Service, Depends(service_of)]


class View(BaseModel):
    """Base of what the service shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgressView(View):
    """How far a plan is: stage, share done, and how near the solver is [USD]."""

    stage: str
    done: float = Field(ge=0, le=1)
    message: str
    incumbent_usd: float | None
    bound_usd: float | None
    gap: float | None


class ResultView(View):
    """What the plan came to; an infeasible scenario is a result too."""

    outcome: str
    decision: str
    net_present_cost_usd: float | None
    plan_sha256: str


class Links(View):
    """Where to go on."""

    self: str
    plan: str | None
    report: str | None


class PlanStatus(View):
    """A plan that was asked for and where it stands."""

    id: uuid.UUID
    scenario_id: str
    title: str
    state: State
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressView | None = Field(description="while it runs")
    result: ResultView | None = Field(description="once it has succeeded")
    problem: ProblemDocument | None = Field(description="once it has failed")
    links: Links


class PlanDetail(PlanStatus):
    """The same with the whole plan, once it has succeeded."""

    plan: Plan | None


class PlanPage(View):
    """Some plans, newest first; `next` is the `cursor` of the following page, null on the last."""

    plans: list[PlanStatus]
    next: str | None


@router.post("", status_code=202, response_model=PlanStatus, summary="Ask for a plan")
async def submit(request: Request, service: Running) -> Response:
    """Take a scenario (a JSON document) to be planned; follow it at the `Location` that is answered.

    With an `Idempotency-Key` a repeated request gives the plan of the first one, marked `Idempotent-Replayed: true`; the same
    key with another body is refused. A request that is not valid stores nothing.
    """
    body = await read_json(request)
    request.state.body = body
    key = _key(request.headers.get("idempotency-key"))
    job, new = await run_in_threadpool(_submitted, service, body, key)
    replayed = {} if new else {"Idempotent-Replayed": "true"}
    headers = {"Location": f"/v1/plans/{job.id}", "Retry-After": RETRY_AFTER_S, **replayed}
    return _json(_status(job, service).model_dump_json().encode(), status=202, headers=headers)


def _key(given: str | None) -> str | None:
    if given is not None and not _KEY.fullmatch(given):
        raise HttpProblem(400, "invalid-idempotency-key", "Idempotency-Key must be 1 to 255 visible ASCII characters")
    return given


def _submitted(service: Service, body: object, key: str | None) -> tuple[Job, bool]:
    if not isinstance(body, dict):
        raise InputError.at("", "the body must be a JSON object: a scenario")
    scenario = parse_scenario(body, document="")
    _require_no_files(scenario)
    check_names(scenario, service.catalog, document="")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    job, new = service.store.submit(PlanRequest(text, scenario.id, scenario.title, digest, key))
    if new:
        service.runner.wake()
    return job, new


def _require_no_files(scenario: Scenario) -> None:
    """Raise InputError for every field that names a file: the network never reaches the service's disk."""
    words = "files cannot be named over HTTP; use a profile of the catalog, or plan on the command line"
    problems = [Problem(field, words) for field in referenced_files(scenario)]
    if problems:
        raise InputError(problems)


@router.get("", response_model=PlanPage, summary="List plans")
def list_plans(
    service: Running,
    limit: Annotated[int, Query(ge=1, le=200, description="how many at most")] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before")] = None,
    state: Annotated[State | None, Query(description="only plans in this state")] = None,
) -> Response:
    """Return the plans that were asked for, newest first."""
    jobs = service.store.page(limit + 1, before=cursor, state=state)
    shown = jobs[:limit]
    following = str(shown[-1].seq) if len(jobs) > limit else None
    return _json(PlanPage(plans=[_status(job, service) for job in shown], next=following).model_dump_json().encode())


@router.get("/{plan_id}", response_model=PlanDetail, summary="Follow a plan")
def get_plan(plan_id: str, service: Running) -> Response:
    """Return where a plan stands, and the whole plan once it has succeeded."""
    job = _job(plan_id, service)
    status = _status(job, service).model_dump_json().encode()
    artefact = job.answer.artefact(PLAN_FILE) if job.answer else None
    content = (artefact and service.folder.read(job, artefact)) or b"null"
    headers = {} if job.state.final else {"Retry-After": RETRY_AFTER_S}
    return _json(status[:-1] + b',"plan":' + content.strip() + b"}", headers=headers)


@router.get("/{plan_id}/plan.json", response_model=Plan, summary="Fetch the plan")
def get_plan_file(plan_id: str, service: Running) -> Response:
    """Return the plan document of a plan that has succeeded."""
    return _file(plan_id, PLAN_FILE, "application/json", service)


@router.get(
    "/{plan_id}/report.xlsx",
    response_class=Response,
    responses={200: {"content": {WORKBOOK: {"schema": {"type": "string", "format": "binary"}}}, "description": "The workbook"}},
    summary="Fetch the workbook",
)
def get_report(plan_id: str, service: Running) -> Response:
    """Return the Excel workbook of a plan that has succeeded."""
    return _file(plan_id, REPORT_FILE, WORKBOOK, service)


@router.delete("/{plan_id}", response_model=PlanStatus, summary="Cancel a plan")
def cancel_plan(plan_id: str, service: Running) -> Response:
    """Cancel a plan that is queued or running; one that has been cancelled already stays so."""
    job = service.runner.cancel(_job(plan_id, service).id)
    if job is None:
        raise _unknown(plan_id)
    if job.state is not State.CANCELLED:
        raise HttpProblem(409, "already-ended", f"the plan has {job.state} already; it cannot be cancelled any more")
    return _json(_status(job, service).model_dump_json().encode())


def _job(plan_id: str, service: Service) -> Job:
    """Return the job of an id as it stands in a path; raise a 404 problem where there is none."""
    try:
        job = service.store.get(str(uuid.UUID(plan_id)))
    except ValueError:
        job = None
    if job is None or job.id != plan_id:
        raise _unknown(plan_id)
    return job


def _unknown(plan_id: str) -> HttpProblem:
    return HttpProblem(404, "not-found", f"there is no plan '{plan_id[:64]}'")


def _file(plan_id: str, name: str, media_type: str, service: Service) -> Response:
    job = _job(plan_id, service)
    artefact = _finished(job, name)
    content = service.folder.read(job, artefact)
    if content is None:
        raise HttpProblem(410, "artefact-damaged", f"the stored {name} is not what was written; ask for the plan again")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": f'"{artefact.sha256}"'}
    return Response(content, media_type=media_type, headers=headers)


def _finished(job: Job, name: str) -> Artefact:
    if not job.state.final:
        raise HttpProblem(409, "not-ready", f"the plan is {job.state}; try again later", headers={"Retry-After": RETRY_AFTER_S})
    artefact = job.answer.artefact(name) if job.answer else None
    if artefact is None:
        raise HttpProblem(409, "no-result", f"the plan has {job.state}; there is no {name}")
    return artefact


def _status(job: Job, service: Service) -> PlanStatus:
    progress = service.runner.progress(job.id) if job.state is State.RUNNING else None
    path = f"/v1/plans/{job.id}"
    files = {item.name for item in job.answer.artefacts} if job.answer else set()
    return PlanStatus(
        id=uuid.UUID(job.id),
        scenario_id=job.request.scenario_id,
        title=job.request.title,
        state=job.state,
        created_at=_moment(job.created_s),
        started_at=None if job.started_s is None else _moment(job.started_s),
        finished_at=None if job.finished_s is None else _moment(job.finished_s),
        progress=None if progress is None else ProgressView.model_validate(progress, from_attributes=True),
        result=None if job.answer is None else ResultView.model_validate(job.answer, from_attributes=True),
        problem=_problem(job),
        links=Links(
            self=path,
            plan=f"{path}/{PLAN_FILE}" if PLAN_FILE in files else None,
            report=f"{path}/{REPORT_FILE}" if REPORT_FILE in files else None,
        ),
    )


def _problem(job: Job) -> ProblemDocument | None:
    if job.trouble is None:
        return None
    status = 422 if job.trouble.code in ("invalid-input", "unknown-item", "unsupported", "too-large") else 500
    body = json.loads(job.request.scenario_json)
    return document_of(job.trouble.code, job.trouble.title, status, job.trouble.problems, body=body)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _json(content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, media_type="application/json", headers=headers or {})
