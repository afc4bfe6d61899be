"""What the integer program gives back: one frozen `Solution`, sparse (zeros are left out) and sorted.

Periods and blocks are indices; `future` is `""` where the value is common to all futures. Counts are of
ONE of a site's equal sites.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a solve ended; `optimal` and `infeasible` are said only with a proof."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NO_SOLUTION = "no_solution"
    ERROR = "error"


@dataclass(frozen=True, slots=True, order=True)
class Bought:
    """`count` units of a system that arrive at each site in `period`."""

    system: str
    site: str
    period: int
    future: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Retired:
    """`count` units that arrived in `arrived` (-1: stood there at the start) and leave at the start of `period`."""

    system: str
    site: str
    arrived: int
    period: int
    future: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Rented:
    """`count` units of an offer whose commitment begins in `period`."""

    offer: str
    site: str
    period: int
    future: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Owned:
    """`count` owned units that stand at each site in `period`."""

    system: str
    site: str
    period: int
    future: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Pool:
    """Replicas of an option in a block: how many are up, and how many of them the load keeps busy."""

    option: str
    site: str
    period: int
    block: int
    future: str
    replicas: int
    load: float


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """Requests of a class that an option serves in a block [1/s], over all of the site's equal sites."""

    option: str
    request_class: str
    site: str
    period: int
    block: int
    future: str
    rate_rps: float


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """Requests [1/s] that an option puts on, or takes from, a link."""

    link: str
    option: str
    request_class: str
    period: int
    block: int
    future: str
    rate_rps: float


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """Batch requests per second of `served_block` that arrived in `arrived_block`."""

    workload: str
    request_class: str
    period: int
    arrived_block: int
    served_block: int
    future: str
    rate_rps: float


@dataclass(frozen=True, slots=True, order=True)
class Unserved:
    """Requests [1/s] turned away, of those that arrive in a block."""

    workload: str
    request_class: str
    period: int
    block: int
    future: str
    rate_rps: float


@dataclass(frozen=True, slots=True, order=True)
class Slack:
    """One limit: what there is (`have`), what is used (`used`); the unit is the family's (W, racks, USD, units, g, ...).

    Of `vendor` the share of its systems [1], of `flexible` the share of hardware that is wired to one model [1].
    """

    family: str
    index: tuple[str, ...]
    have: float
    used: float


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One step towards feasibility: a limit that would have to be `need` where it is `have`."""

    family: str
    index: tuple[str, ...]
    have: float
    need: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the independent checker found: `valid`, the exact cost [USD] it recomputed, and every violation in words."""

    valid: bool
    cost_usd: float
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer of one solve.

    objective_usd is the discounted cost (expected, over futures); cost_usd splits it by driver and adds up to it: buy, own,
    retire, rent, energy, peak, request, breach, unserved, carbon. score is what the goal minimised (objective_usd for CHEAPEST,
    USD of unserved and breached requests, Wh of energy, or g of carbon); bound and gap are of the score.
    """

    outcome: Outcome
    objective_usd: float | None = None
    score: float | None = None
    bound: float | None = None
    gap: float | None = None
    cost_usd: Mapping[str, float] = field(default_factory=dict)
    cost_by_future_usd: Mapping[str, float] = field(default_factory=dict)
    bought: tuple[Bought, ...] = ()
    retired: tuple[Retired, ...] = ()
    rented: tuple[Rented, ...] = ()
    owned: tuple[Owned, ...] = ()
    pools: tuple[Pool, ...] = ()
    flows: tuple[Flow, ...] = ()
    sent: tuple[Sent, ...] = ()
    moved: tuple[Moved, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    slacks: tuple[Slack, ...] = ()
    changes: tuple[Change, ...] = ()
    certificate: Certificate | None = None
    energy_wh: float = 0.0
    carbon_g: float = 0.0
    rows: int = 0
    columns: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
