"""What a job is: a scenario that somebody asked to plan, its state, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.errors import Problem


class State(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Return whether nothing more will happen."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Artefact:
    """A finished file: its name, its hash [SHA-256] and its size [bytes]."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plan came to: the outcome's word, the sentence, the net present cost [USD], the plan's hash, its files."""

    outcome: str
    decision: str
    net_present_cost_usd: float | None
    plan_sha256: str
    artefacts: tuple[Artefact, ...]

    def artefact(self, name: str) -> Artefact | None:
        """Return the file of a name, or None."""
        return next((item for item in self.artefacts if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a job failed, in words for whoever asked."""

    code: str
    title: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks: the scenario as JSON text, its id and title, and the key under which a repetition is recognised."""

    scenario_json: str
    scenario_id: str
    title: str
    request_sha256: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A request and its fate. `attempt` counts its starts and is the token with which a start may settle it.

    Times are seconds since 1970 in UTC [s]; None = not yet.
    """

    seq: int
    id: str
    request: Request
    state: State
    attempt: int
    created_s: float
    started_s: float | None
    finished_s: float | None
    answer: Answer | None
    trouble: Trouble | None
