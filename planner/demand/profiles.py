"""A demand profile as its catalog file states it, checked field by field and typed.

Lengths are tables of quantiles, log-linear between the listed ones and rescaled to the listed mean
(`planner.demand.lengths`): one-line lognormals miss the mean by up to 77 % and the second moment by more than ten
times, twelve quantiles by 1-2 % and a few %.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from planner.demand.weeks import week_of
from planner.errors import InputError, Problem, UnknownItem

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Percentile = Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)]
Day = Annotated[tuple[NonNegative, ...], Field(min_length=24, max_length=24)]
Week = Annotated[tuple[NonNegative, ...], Field(min_length=168, max_length=168)]

_STRICT = ConfigDict(strict=True, extra="forbid")
_PROBABILITY = {
    "min": 0.0, "p1": 0.01, "p5": 0.05, "p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75,
    "p90": 0.90, "p95": 0.95, "p99": 0.99, "p999": 0.999, "max": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LengthTable:
    """Quantiles of one length [tokens unless the field says otherwise], its exact mean and the id of its source."""

    __pydantic_config__ = _STRICT

    mean: Positive
    source: str
    min: NonNegative | None = None
    p1: NonNegative | None = None
    p5: NonNegative | None = None
    p10: NonNegative | None = None
    p25: NonNegative | None = None
    p50: NonNegative | None = None
    p75: NonNegative | None = None
    p90: NonNegative | None = None
    p95: NonNegative | None = None
    p99: NonNegative | None = None
    p999: NonNegative | None = None
    max: NonNegative | None = None
    assumed: bool = False
    note: str = ""

    def quantiles(self) -> tuple[tuple[float, float], ...]:
        """Return the listed quantiles as (probability, value), lowest first."""
        pairs = ((p, getattr(self, name)) for name, p in _PROBABILITY.items())
        return tuple((p, float(value)) for p, value in pairs if value is not None)


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another sample of the same use: full length tables, or only published means and caps."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    source: str | None = None
    input_tokens: LengthTable | None = None
    output_tokens: LengthTable | None = None
    input_mean: Positive | None = None
    output_mean: Positive | None = None
    max_input: Positive | None = None
    max_output: Positive | None = None
    context_tokens: Positive | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrefixCache:
    """The share of input tokens found in a prefix cache, and how unevenly it falls.

    `warm_request_share` of the requests find `warm_cached_share` of their prompt cached, the others `cold_cached_share`.
    """

    __pydantic_config__ = _STRICT

    hit_rate: Share
    source: str
    low: Share | None = None
    high: Share | None = None
    warm_request_share: Share | None = None
    warm_cached_share: Share | None = None
    cold_cached_share: Share | None = None
    lru_hit_by_blocks: Mapping[str, Share] = field(default_factory=dict)
    assumed: bool = False
    note: str = ""

    def bins(self) -> tuple[tuple[float, float], ...]:
        """Return (share of requests, cached share of their prompt), one row where nothing better than the mean is known."""
        if self.warm_request_share is None or self.warm_cached_share is None or self.cold_cached_share is None:
            return ((1.0, self.hit_rate),)
        return ((self.warm_request_share, self.warm_cached_share), (1.0 - self.warm_request_share, self.cold_cached_share))


@dataclass(frozen=True, slots=True)
class Arrival:
    """How requests come: `iat_cv` of the gaps, `fano_1min` = Var/mean of counts per minute, peaks over the mean of the week."""

    __pydantic_config__ = _STRICT

    process: str
    source: str
    iat_cv: Positive | None = None
    iat_cv_low: Positive | None = None
    iat_cv_high: Positive | None = None
    fano_1min: Positive | None = None
    fano_1min_low: Positive | None = None
    fano_1min_high: Positive | None = None
    fano_1min_small: Positive | None = None
    small_below_rps: Positive | None = None
    p95_hour_to_mean: Positive | None = None
    peak_hour_to_mean: Positive | None = None
    peak_minute_to_mean: Positive | None = None
    peak_minute_to_mean_within_hour: Positive | None = None
    peak_10min_to_mean: Positive | None = None
    weekend_over_weekday: Positive | None = None
    weekday_daily_sd_log: Positive | None = None
    daily_sd_log: Positive | None = None
    client_iat_cv_p50: Positive | None = None
    client_iat_cv_p90: Positive | None = None
    top5_clients_share: Share | None = None
    job_size_requests: Positive | None = None
    deadline_h: Positive | None = None
    schedulable_share: Share | None = None
    requests_per_user_day: Positive | None = None
    requests_per_user_day_low: Positive | None = None
    requests_per_user_day_high: Positive | None = None
    assumed: bool = False
    note: str = ""

    def fano_at(self, rate_rps: float) -> float | None:
        """Return the index of dispersion of minute counts at a mean rate [requests/s]; small streams may be more clustered."""
        if self.fano_1min_small is not None and self.small_below_rps is not None and rate_rps < self.small_below_rps:
            return self.fano_1min_small
        return self.fano_1min


@dataclass(frozen=True, slots=True)
class WeekShape:
    """Multipliers of the mean rate by hour, Monday 0 h first; or the id of the profile whose shape this one shares."""

    __pydantic_config__ = _STRICT

    same_as: str | None = None
    source: str | None = None
    clock: Literal["utc", "local", "unknown"] = "unknown"
    hour_of_week: Week | None = None
    weekday: Day | None = None
    weekend: Day | None = None
    day: Day | None = None
    single_region_day: Day | None = None
    note: str = ""

    def hours(self) -> npt.NDArray[np.float64] | None:
        """Return 168 multipliers with mean 1, the finest published shape first; None where only `same_as` is given."""
        if self.hour_of_week is not None:
            return week_of(self.hour_of_week)
        if self.weekday is not None and self.weekend is not None:
            return week_of(self.weekday * 5 + self.weekend * 2)
        return week_of(self.day) if self.day is not None else None


@dataclass(frozen=True, slots=True)
class Target:
    """One published target [ms, h, tokens/s] at a percentile; factors are relative to the request alone on the machine."""

    __pydantic_config__ = _STRICT

    name: str
    source: str
    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    e2e_ms: Positive | None = None
    completion_hours: Positive | None = None
    tokens_per_s_min: Positive | None = None
    ttft_factor: Positive | None = None
    tpot_factor: Positive | None = None
    e2e_factor: Positive | None = None
    price_factor: Positive | None = None
    percentile: Percentile | None = None
    ttft_percentile: Percentile | None = None
    tpot_percentile: Percentile | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DefaultTarget:
    """The target a workload has when its scenario names none, and why it is that."""

    __pydantic_config__ = _STRICT

    why: str
    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    e2e_ms: Positive | None = None
    completion_hours: Positive | None = None
    percentile: Percentile | None = None

    def response_s(self, osl_tokens: float) -> float | None:
        """Return the time of an answer at the target [s]: E2E, or TTFT + (OSL-1) x TPOT; None where not stated."""
        if self.e2e_ms is not None:
            return self.e2e_ms / 1000.0
        if self.ttft_ms is None or self.tpot_ms is None:
            return None
        return (self.ttft_ms + (osl_tokens - 1.0) * self.tpot_ms) / 1000.0


@dataclass(frozen=True, slots=True)
class DemandProfile:
    """One use of language models: lengths, reuse, arrivals, shape of the week and targets, each with its source.

    `lognormal`, `session`, `categories` and `reason_share_of_output` are kept as published; nothing computes with them.
    """

    __pydantic_config__ = _STRICT

    id: str
    title: str
    kind: Literal["realtime", "batch", "edge"]
    confidence: Literal["high", "medium", "medium-low", "low-medium", "low"]
    sources: Mapping[str, str]
    input_tokens: LengthTable
    output_tokens: LengthTable
    prefix_cache: PrefixCache
    arrival: Arrival
    default_target: DefaultTarget
    targets: tuple[Target, ...]
    week: WeekShape | None = None
    confidence_note: str = ""
    uncached_input_tokens: LengthTable | None = None
    image_tokens: LengthTable | None = None
    images_per_request: LengthTable | None = None
    in_out_spearman: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None
    in_out_note: str = ""
    alternates: tuple[Alternate, ...] = ()
    lognormal: Mapping[str, Mapping[str, Finite | str]] = field(default_factory=dict)
    session: Mapping[str, Finite | bool | LengthTable | Mapping[str, Finite | str]] = field(default_factory=dict)
    reason_share_of_output: Mapping[str, Finite | str] = field(default_factory=dict)
    categories: tuple[Mapping[str, str | Finite | tuple[Finite, ...]], ...] = ()

    def lengths(self, alternate: str | None = None) -> tuple[LengthTable, LengthTable]:
        """Return the tables of input and output tokens, or those of a named alternate.

        Raises `InputError` where the alternate does not exist or has no tables.
        """
        if alternate is None:
            return self.input_tokens, self.output_tokens
        full = {a.id: a for a in self.alternates if a.input_tokens is not None and a.output_tokens is not None}
        found = full.get(alternate)
        if found is None or found.input_tokens is None or found.output_tokens is None:
            known = ", ".join(sorted(full)) or "none"
            raise InputError.at("alternate", f"{alternate!r} has no length tables in profile {self.id}; those that have: {known}")
        return found.input_tokens, found.output_tokens


@cache
def _adapter() -> TypeAdapter[DemandProfile]:
    return TypeAdapter(DemandProfile)


def read_profile(mapping: Mapping[str, object], *, document: str = "") -> DemandProfile:
    """Return the typed profile of one catalog mapping.

    Raises `InputError` naming every field that is missing, unknown, of the wrong kind or inconsistent.
    """
    try:
        profile = _adapter().validate_json(json.dumps(dict(mapping), default=str))
    except ValidationError as error:
        raise InputError([_problem(e["loc"], e["msg"], e["type"]) for e in error.errors()], document=document) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError.at("", f"not a plain mapping of names to values: {error}", document=document) from None
    problems = [problem for check in _CHECKS for problem in check(profile)]
    if problems:
        raise InputError(problems, document=document)
    return profile


def find_profile(profiles: Mapping[str, Mapping[str, object]], profile_id: str, *, field_name: str = "profile") -> DemandProfile:
    """Return the typed profile of an id; `UnknownItem` lists the known ids."""
    if profile_id not in profiles:
        known = ", ".join(sorted(profiles))
        raise UnknownItem.at(field_name, f"no demand profile {profile_id!r}; the catalog has {known}")
    return read_profile(profiles[profile_id], document=f"profile {profile_id}")


def profile_week(profiles: Mapping[str, Mapping[str, object]], profile: DemandProfile) -> npt.NDArray[np.float64]:
    """Return the 168 multipliers of a profile, following `week.same_as` once; a profile without a week (batch) is flat."""
    if profile.week is None:
        return np.ones(168)
    if profile.week.same_as is not None:
        other = find_profile(profiles, profile.week.same_as, field_name=f"profile {profile.id}: week.same_as").week
        hours = other.hours() if other is not None else None
    else:
        hours = profile.week.hours()
    if hours is None:
        raise InputError.at("week", "neither a shape nor a profile that has one", document=f"profile {profile.id}")
    return hours


def _problem(location: Sequence[int | str], message: str, kind: str) -> Problem:
    path = ".".join(str(part) for part in location)
    unknown = "unknown field; check its spelling"
    words = {"missing": "missing; this field is needed", "extra_forbidden": unknown, "unexpected_keyword_argument": unknown}
    return Problem(path, words.get(kind, message))


def _check_table(path: str, table: LengthTable) -> list[Problem]:
    quantiles = table.quantiles()
    problems = []
    if not quantiles:
        return [Problem(path, "lists no quantile; at least p50 is needed beside the mean")]
    values = [value for _, value in quantiles]
    if any(later < earlier for earlier, later in pairwise(values)):
        problems.append(Problem(path, f"quantiles must not fall, given {values}"))
    if (table.min is not None and table.mean < table.min) or (table.max is not None and table.mean > table.max):
        problems.append(Problem(f"{path}.mean", f"{table.mean:g} lies outside min and max"))
    return problems


def _check_tables(profile: DemandProfile) -> list[Problem]:
    tables = {name: getattr(profile, name) for name in ("input_tokens", "output_tokens", "uncached_input_tokens", "image_tokens")}
    for number, alternate in enumerate(profile.alternates):
        tables[f"alternates.{number}.input_tokens"] = alternate.input_tokens
        tables[f"alternates.{number}.output_tokens"] = alternate.output_tokens
    return [p for path, table in tables.items() if table is not None for p in _check_table(path, table)]


def _check_sources(profile: DemandProfile) -> list[Problem]:
    used: dict[str, str | None] = {
        "input_tokens.source": profile.input_tokens.source,
        "output_tokens.source": profile.output_tokens.source,
        "prefix_cache.source": profile.prefix_cache.source,
        "arrival.source": profile.arrival.source,
        "week.source": profile.week.source if profile.week else None,
    }
    known = ", ".join(sorted(profile.sources))
    return [
        Problem(path, f"source {source!r} is not in sources ({known})")
        for path, source in used.items()
        if source is not None and source not in profile.sources
    ]


def _check_week(profile: DemandProfile) -> list[Problem]:
    if profile.kind != "batch" and profile.week is None:
        return [Problem("week", "missing; a profile that is served when it arrives needs a shape of the week")]
    week = profile.week
    shapes = () if week is None else (week.hour_of_week, week.weekday, week.weekend, week.day)
    return [
        Problem("week", "a shape must have a mean above 0") for shape in shapes if shape is not None and not math.fsum(shape) > 0
    ]


def _check_cache(profile: DemandProfile) -> list[Problem]:
    given = [
        profile.prefix_cache.warm_request_share,
        profile.prefix_cache.warm_cached_share,
        profile.prefix_cache.cold_cached_share,
    ]
    if any(value is None for value in given) and any(value is not None for value in given):
        return [
            Problem("prefix_cache", "give warm_request_share, warm_cached_share and cold_cached_share together or not at all")
        ]
    return []


_CHECKS: tuple[Callable[[DemandProfile], list[Problem]], ...] = (_check_tables, _check_sources, _check_week, _check_cache)
