"""Why a plan can be believed: what was considered, what binds, what would change it, and the independent certificate."""

from __future__ import annotations

from typing import Literal

from planner.plan.row import Row


class ClaimVerdict(Row):
    """A published claim about a system beside the physical floor: possible, impossible, or only with speculation or batching."""

    claim: str
    source: str
    verdict: str
    explanation: str


class SystemRow(Row):
    """A system that was considered: whether it was chosen, and if not, why and at what price it would enter.

    `entry_price_usd` is the highest price of one unit at which the plan would buy it (None: it cannot help at any price, or was
    not asked for). `entry_basis` says what it was found by: `solved` (the program itself), `relaxation` (solved again without
    whole units), `margin` (what the first part of a unit is worth in the relaxation), `` (not asked for); `entry_assumes` what
    had to be assumed of the system: watts no more than its chips' make it an upper figure.
    `reason` is plain words: `does not fit`, `TTFT p95 1 s: best 1.4 s`, `no price known`,
    `dearer: 312,667 USD, would enter at 248,000`.
    """

    system: str
    system_name: str
    hardware: str
    hardware_class: str
    vendor: str
    status: str
    chosen: bool
    reason: str
    price_usd: float | None
    price_source: str
    power_w: float | None
    power_source: str
    entry_price_usd: float | None
    what_if: bool
    entry_basis: Literal["", "solved", "relaxation", "margin"] = ""
    entry_assumes: str = ""
    claims: tuple[ClaimVerdict, ...] = ()


class LimitRow(Row):
    """One limit: how much there is, how much is used, and what one more is worth [USD per `unit`] (None: not computed)."""

    family: str
    label: str
    unit: str
    have: float
    used: float
    binding: bool
    worth_usd: float | None = None
    words: str = ""


class ChangeRow(Row):
    """One change of the smallest set that makes an infeasible scenario feasible: `power: have 400 kW, need 520 kW`.

    `need` is enough, by a plan that was found; `least`, where it is given, is what is proved to be needed: less than `need`, or
    the same where no plan was found in time and `need` may not be enough.
    """

    family: str
    label: str
    unit: str
    have: float
    need: float
    words: str
    least: float | None = None


class CheckRow(Row):
    """One thing that was checked after the solve, by code that shares nothing with the solver."""

    name: str
    passed: bool
    detail: str = ""


class Comparison(Row):
    """A rival plan under the same demand and the same queue model: aggregated only, one vendor, rent only.

    `outcome` is the solver's word for the rival, or `bound`: not solved, but no such plan costs less than `bound_usd` (proved
    without whole units). Where two kinds of plan cross it is `crossing`.
    """

    id: str
    label: str
    outcome: str
    net_present_cost_usd: float | None
    words: str
    bound_usd: float | None = None


class Sensitivity(Row):
    """The plan re-costed, its counts frozen, with one assumption at its low and high value [USD of net present cost]."""

    assumption: str
    label: str
    low: float
    high: float
    unit: str
    cost_low_usd: float
    cost_high_usd: float


class Evidence(Row):
    """Everything that argues for the plan, or says why there is none."""

    considered: tuple[SystemRow, ...]
    limits: tuple[LimitRow, ...]
    changes: tuple[ChangeRow, ...]
    checks: tuple[CheckRow, ...]
    comparisons: tuple[Comparison, ...] = ()
    sensitivities: tuple[Sensitivity, ...] = ()
    reasons: tuple[str, ...] = ()


class Solve(Row):
    """How the answer was found: the solver's word, proved bound and gap, the size of the program, versions and seed."""

    outcome: Literal["optimal", "feasible", "infeasible", "unbounded", "no_solution", "error"]
    bound_usd: float | None
    gap: float | None
    gap_asked: float
    rows: int
    columns: int
    solver: str
    seed: int
    notes: tuple[str, ...] = ()
