"""What is asked of the demand room: plain frozen values that a scenario builds and `planner.demand.table.build_demand` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class DemandKind(StrEnum):
    """Whether requests are served when they arrive or inside a deadline window; edge is real-time at many small sites."""

    REALTIME = "realtime"
    BATCH = "batch"
    EDGE = "edge"


class RateBasis(StrEnum):
    """Whether a stated rate is the mean of the week or the rate of its busiest hour."""

    MEAN = "mean"
    PEAK_HOUR = "peak_hour"


@dataclass(frozen=True, slots=True)
class Rate:
    """A volume stated in exactly one of five ways.

    * `requests_rps` [requests/s]
    * `requests_per_day` [requests/day], mean over the seven days of the week
    * `tokens_per_month` [input plus output tokens per month of 730 hours]
    * `users` with `requests_per_user_day` [users; requests per user and day]
    * `concurrent_users` with `think_time_s`: people who wait for an answer, think and ask again [users; s].
      `response_s` [s] is how long an answer takes; without it, the profile's targets say (TTFT + (OSL-1) x TPOT).

    `basis` says whether a rate in requests, tokens or concurrent users is the mean or that of the busiest hour.
    """

    requests_rps: float | None = None
    requests_per_day: float | None = None
    tokens_per_month: float | None = None
    users: float | None = None
    requests_per_user_day: float | None = None
    concurrent_users: float | None = None
    think_time_s: float | None = None
    response_s: float | None = None
    basis: RateBasis = RateBasis.MEAN


@dataclass(frozen=True, slots=True)
class Logistic:
    """An S-curve: multiplier `1 + (ceiling-1) * s(t)`, s the logistic of `(t - midpoint_years)/width_years` set to 0 at t = 0."""

    ceiling: float
    midpoint_years: float
    width_years: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Multipliers over time in one form: a yearly share (`cagr`, 0.3 = +30 %), a list per period, or an S-curve."""

    cagr: float | None = None
    multipliers: tuple[float, ...] = ()
    logistic: Logistic | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A one-off: from `period` on (0-based) volume times `factor`, fading over `decay_periods` (e-folding; None: stays)."""

    period: int
    factor: float
    decay_periods: float | None = None


@dataclass(frozen=True, slots=True)
class Growth:
    """How a workload changes by period, separately for volume, input and output length and cache hit.

    `preset` names a generator of `planner.demand.growth.PRESETS` and fills the curves that are left empty. `cache_hit`
    lists the token hit rate of each period [0..1]. `month_factors` are twelve seasonal multipliers, January first.
    """

    preset: str | None = None
    volume: Curve = field(default_factory=Curve)
    input_tokens: Curve = field(default_factory=Curve)
    output_tokens: Curve = field(default_factory=Curve)
    cache_hit: tuple[float, ...] = ()
    events: tuple[Event, ...] = ()
    month_factors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceSource:
    """A user's trace file; `columns` maps timestamp, input_tokens, output_tokens, cached_tokens to its own column names.

    `time_unit` is s, ms, us, ns or iso; without it the column's name and size decide.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    time_unit: str | None = None


@dataclass(frozen=True, slots=True)
class WorkloadDemand:
    """One workload's demand: where its lengths and shape come from, how much of it there is, and how it grows.

    Give `profile` (an id of the catalog) or `trace`, or both: then the trace gives lengths and burstiness, and the
    profile what the trace cannot (the shape of the week where the trace is shorter, and the targets). `alternate` picks
    a named alternative length table of the profile. `isl_tokens`/`osl_tokens` fix every request's length;
    `isl_scale`/`osl_scale` stretch the distribution.

    `shape` overrides the week's shape: 24 or 168 multipliers, Monday 0 h first. `time_shift_h` moves the shape later on
    the plan's clock [h], e.g. -5 to read a UTC shape on a New York clock.

    Batch: `arrival_hour` is the plan-clock hour at which each day's job is submitted, `deadline_h` the hours until it
    must be done, `days` the days per week on which it comes (7, or 5 = weekdays only).
    """

    id: str
    kind: DemandKind = DemandKind.REALTIME
    profile: str | None = None
    trace: TraceSource | None = None
    rate: Rate | None = None
    growth: Growth = field(default_factory=Growth)
    alternate: str | None = None
    prefix_cache_hit: float | None = None
    isl_scale: float = 1.0
    osl_scale: float = 1.0
    isl_tokens: float | None = None
    osl_tokens: float | None = None
    shape: tuple[float, ...] = ()
    time_shift_h: float = 0.0
    arrival_hour: float | None = None
    deadline_h: float | None = None
    days: int = 7
    fano_1min: float | None = None
    iat_cv: float | None = None
    max_classes: int = 12


@dataclass(frozen=True, slots=True)
class Horizon:
    """The plan's periods: how many, how long one is [years], and the calendar month (1-12) in which the first begins."""

    periods: int = 1
    period_years: float = 0.25
    first_month: int = 1


@dataclass(frozen=True, slots=True)
class DemandOptions:
    """How finely demand is cut.

    `max_blocks` hour blocks in the common week; `peak_hour_percentile` which hour inside a block capacity must meet
    (100 = the busiest); `burst_z` the normal score of the minute-scale rule (2.4 = expected maximum of 60 minutes; 0
    switches it off); `length_step` how far mean lengths may grow before a new set of classes begins.
    """

    max_blocks: int = 4
    peak_hour_percentile: float = 100.0
    burst_z: float = 2.4
    length_step: float = 0.10
