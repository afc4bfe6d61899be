"""The options table, the heart of the design: a row is one thing that can be deployed, what it serves and what it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.items import Precision
from planner.options.market import Offering
from planner.performance.step_model import StepModel


class Role(StrEnum):
    """What a deployment does with a request."""

    PREFILL = "prefill"
    DECODE = "decode"
    AGGREGATED = "aggregated"


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A deployable choice: system x model x precision x layout x role, for one workload.

    chips            of one replica
    capacity_rps     class id -> requests/s that one replica sustains inside the SLA if it serves that class alone; a mix is the
                     weighted sum; absent = cannot
    kv_bytes         class id -> bytes handed from prefill to decode per request
    idle_w, busy_w   of one replica: drawn always; drawn in addition when fully busy [W]
    limited_by       what bounds the capacity: ttft, tpot, e2e, memory, throughput, network
    prefill_share    of a busy replica's time that goes into prompts [1]: 1 for prefill, 0 for decode
    slow_factor      of the 80 % interval's slow edge relative to the expected capacity [1]
    source           `core`, or the table that somebody measured
    mix_rps          requests/s of the workload's own mix that one replica sustains, by length epoch
    queue_replicas   replicas of it that make a full queue, the number behind one router for which its capacity holds (0: any)
    queue_share      part of a full queue that a shorter one keeps free: of a part x, at most (x - share) / (1 - share) is load
    extra_s          fixed part of TTFT beside the queue: network round trip and handing the cache over [s]
    step             the step model behind the capacity; None for a measured one
    """

    id: str
    workload: str
    role: Role
    offering: Offering
    model: str
    layout: str
    chips: int
    weights: Precision
    kv: Precision
    sites: frozenset[str]
    capacity_rps: Mapping[str, float]
    kv_bytes: Mapping[str, float]
    idle_w: float
    busy_w: float
    prefill_share: float = 0.0
    limited_by: str = ""
    slow_factor: float = 1.0
    source: str = "core"
    mix_rps: tuple[float, ...] = ()
    queue_replicas: float = 0.0
    queue_share: float = 0.0
    extra_s: float = 0.0
    step: StepModel | None = field(default=None, compare=False, repr=False)

    @property
    def system(self) -> str:
        """Return the id of the system that it stands on."""
        return self.offering.id


@dataclass(frozen=True, slots=True)
class Rejected:
    """A deployment that is no option, and why: it does not fit, or misses a promise (with the best that it can do)."""

    workload: str
    system: str
    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class OptionsTable:
    """Every option and every rejection, sorted by id."""

    rows: tuple[OptionRow, ...]
    rejected: tuple[Rejected, ...]

    def row(self, option_id: str) -> OptionRow:
        """Return one option by id."""
        return next(row for row in self.rows if row.id == option_id)

    def records(self) -> list[dict[str, object]]:
        """Return the table as flat records, for people to print, sort and argue with."""
        return [
            {
                "option": row.id,
                "workload": row.workload,
                "role": str(row.role),
                "system": row.system,
                "model": row.model,
                "layout": row.layout,
                "chips": row.chips,
                "weights": str(row.weights),
                "kv": str(row.kv),
                "sites": ",".join(sorted(row.sites)),
                "limited_by": row.limited_by,
                "idle_w": row.idle_w,
                "busy_w": row.busy_w,
                **{f"rps {name}": value for name, value in sorted(row.capacity_rps.items())},
            }
            for row in self.rows
        ]
