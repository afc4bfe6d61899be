"""Workloads of a scenario: who asks, how much, how it grows, and how fast the answer must come."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from catalog.items import Precision
from planner.scenario.fields import DurationS, Fraction, Id, Percentile, RequestRate, Strict, Text, Title, YearlyRate

Format = Annotated[Precision, Field(strict=False)]


class Limit(Strict):
    """A latency that a share of the requests must not exceed: `percentile` 95 = 95 of 100 requests."""

    limit: DurationS = Field(gt=0, le=3600, description="latency that must be met")
    percentile: Percentile = Field(default=95.0, description="share of requests that meet it, 50 to 99.9")


class Sla(Strict):
    """Latency promises; at least one for a real-time workload. TPOT = (E2E - TTFT) / (output tokens - 1)."""

    ttft: Limit | None = None
    tpot: Limit | None = None
    e2e: Limit | None = None

    def limits(self) -> dict[str, Limit]:
        """Return the promises that are made, by metric."""
        return {name: limit for name in ("ttft", "tpot", "e2e") if (limit := getattr(self, name)) is not None}


class Users(Strict):
    """Volume as people count it: how many users, how often each asks."""

    count: int = Field(gt=0, le=10_000_000_000)
    requests_per_day: float = Field(gt=0, le=100_000, description="requests of one user on an average day")


class Lengths(Strict):
    """Fixed token counts instead of a profile's distributions."""

    input: int = Field(gt=0, le=10_000_000, description="prompt tokens of every request")
    output: int = Field(gt=0, le=1_000_000, description="generated tokens of every request")


class Demand(Strict):
    """Where requests come from: a profile of the catalog or a trace file, and how many there are.

    With a trace, `rate` may be left out: the trace's own mean rate is used.
    """

    profile: Id | None = Field(default=None, description="id of a demand profile of the catalog")
    trace: str | None = Field(
        default=None, max_length=1000, description="path of a CSV, Parquet or JSON Lines file, beside the scenario"
    )
    rate: RequestRate | None = Field(default=None, gt=0, le=1e7, description="mean request rate in the first period")
    users: Users | None = None
    lengths: Lengths | None = None
    input_scale: float = Field(default=1.0, gt=0, le=1000, description="multiplies the profile's input tokens")
    output_scale: float = Field(default=1.0, gt=0, le=1000, description="multiplies the profile's output tokens")
    prefix_cache_hit: Fraction | None = Field(default=None, description="share of input tokens found in the prefix cache")
    time_shift_hours: float = Field(default=0.0, ge=-24, le=24, description="moves the daily shape later")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.profile is None) == (self.trace is None):
            msg = (
                "give either `profile` (an id of the catalog, see `splitfleet catalog list --kind profiles`) or `trace` (a file)"
            )
            raise ValueError(msg)
        if self.rate is not None and self.users is not None:
            msg = "give either `rate` or `users`, not both"
            raise ValueError(msg)
        if self.profile is not None and self.rate is None and self.users is None:
            msg = "give `rate` (such as '20 requests/s') or `users`: a profile has a shape but no volume"
            raise ValueError(msg)
        return self


class Event(Strict):
    """A one-off change of volume that fades: a launch, a campaign."""

    period: int = Field(ge=0, description="index of the period in which it happens, the first is 0")
    factor: float = Field(gt=0, le=1000)
    decay_periods: float = Field(default=0.0, ge=0, le=1000, description="0 = it stays")


class Growth(Strict):
    """How volume and lengths change over the horizon, as yearly rates, a list per period, or both lengths and events."""

    volume: YearlyRate = 0.0
    input_length: YearlyRate = 0.0
    output_length: YearlyRate = 0.0
    multipliers: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = Field(
        default=None, strict=False, description="volume per period relative to the first; replaces `volume`"
    )
    preset: Literal["flat", "mature_app", "market_average_2025"] | None = None
    events: tuple[Event, ...] = Field(default=(), strict=False)


class Serving(StrEnum):
    """How a pool serves: prefill and decode together, or apart."""

    AGGREGATED = "aggregated"
    DISAGGREGATED = "disaggregated"


class PrecisionRule(Strict):
    """Number formats that the workload's quality allows."""

    weights: tuple[Format, ...] = Field(default=(Precision.BF16, Precision.FP16, Precision.FP8), strict=False, min_length=1)
    kv: tuple[Format, ...] = Field(default=(Precision.BF16,), strict=False, min_length=1)


class Workload(Strict):
    """One service or job: a model, its demand, its promises and the rules on how it may be served."""

    id: Id
    title: Title | None = None
    kind: Literal["realtime", "batch"] = "realtime"
    model: str = Field(min_length=1, max_length=200, description="id or alias of a model of the catalog")
    demand: Demand
    growth: Growth = Growth()
    sla: Sla = Sla()
    deadline: DurationS | None = Field(
        default=None, gt=0, le=7 * 86400, description="batch: a job must end this long after it arrives"
    )
    arrives_at_hour: int | None = Field(default=None, ge=0, le=23, description="batch: hour of the day at which the job arrives")
    precision: PrecisionRule = PrecisionRule()
    serving: tuple[Annotated[Serving, Field(strict=False)], ...] = Field(
        default=(Serving.AGGREGATED, Serving.DISAGGREGATED), strict=False, min_length=1
    )
    sites: tuple[Id, ...] | None = Field(
        default=None, strict=False, min_length=1, description="sites that may serve it; default all"
    )
    speculative_decoding: bool = Field(default=False, description="allow it where the core can predict it")
    unserved_usd_per_request: float | None = Field(
        default=None, ge=0, le=1e6, description="makes the demand soft: the price of each request not served"
    )
    note: Text = ""

    @model_validator(mode="after")
    def _promises_fit_the_kind(self) -> Self:
        if self.kind == "realtime" and not self.sla.limits():
            msg = "a real-time workload needs one of sla.ttft, sla.tpot, sla.e2e (such as ttft: {limit: 1 s, percentile: 95})"
            raise ValueError(msg)
        if self.kind == "batch" and self.deadline is None:
            msg = "a batch workload needs `deadline` (such as '24 h'): the time a job may wait for idle hardware"
            raise ValueError(msg)
        if self.kind == "realtime" and (self.deadline is not None or self.arrives_at_hour is not None):
            msg = "`deadline` and `arrives_at_hour` belong to batch workloads; a real-time one is served when it arrives"
            raise ValueError(msg)
        return self
