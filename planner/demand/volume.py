"""From what people know (users, requests a day, tokens a month) to requests per second and tokens per second, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.demand.bursts import DEFAULT_Z, minute_peak_factor
from planner.demand.spec import Rate, RateBasis
from planner.errors import InputError, Problem

DAY_S = 86_400.0
MONTH_S = 730.0 * 3600.0
LARGEST_RPS = 1e7
_FIELDS = ("requests_rps", "requests_per_day", "tokens_per_month", "users", "concurrent_users")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the chain: a named value with its unit and the sum that gave it."""

    name: str
    value: float
    unit: str
    how: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a rate is multiplied with: mean lengths [tokens], busiest hour / mean, dispersion, seconds per answer."""

    isl_tokens: float
    osl_tokens: float
    peak_hour_factor: float
    fano_1min: float
    response_s: float | None
    burst_z: float = DEFAULT_Z


@dataclass(frozen=True, slots=True)
class VolumeChain:
    """A workload's mean rate [requests/s] and the steps from what was stated to tokens/s and requests in flight."""

    mean_rps: float
    steps: tuple[Step, ...]


def volume_chain(rate: Rate, traffic: Traffic, *, field: str = "rate") -> VolumeChain:
    """Return the mean rate of a stated volume and every step on the way.

    Raises `InputError` naming the field that is missing, stated twice, not positive, or beyond 10^7 requests/s, ten
    times what the largest reported token volume of the world (3.2e15 a month) amounts to.
    """
    _check(rate, field)
    steps = _stated_steps(rate, traffic, field)
    if rate.basis is RateBasis.PEAK_HOUR:
        at_peak = steps[-1].value
        how = f"{at_peak:.6g} in the busiest hour / {traffic.peak_hour_factor:.3f}"
        steps.append(Step("mean rate", at_peak / traffic.peak_hour_factor, "requests/s", how))
    mean = steps[-1].value
    if not 0.0 < mean <= LARGEST_RPS:
        raise InputError.at(field, f"amounts to {mean:.3g} requests/s; more than 0 and at most {LARGEST_RPS:.0e} is right")
    return VolumeChain(mean, (*steps, *_load_steps(mean, traffic)))


def _check(rate: Rate, field: str) -> None:
    stated = [name for name in _FIELDS if getattr(rate, name) is not None]
    if len(stated) != 1:
        given = " and ".join(stated) if stated else "nothing"
        raise InputError.at(field, f"states {given}; exactly one of {', '.join(_FIELDS)} is right")
    needed = {"users": "requests_per_user_day", "concurrent_users": "think_time_s"}.get(stated[0])
    if needed is not None and getattr(rate, needed) is None:
        raise InputError.at(f"{field}.{needed}", f"missing; {stated[0]} needs it")
    names = (*_FIELDS, "requests_per_user_day", "think_time_s", "response_s")
    given_values = {name: getattr(rate, name) for name in names if getattr(rate, name) is not None}
    problems = [
        Problem(
            f"{field}.{name}", f"{value:g}; a finite number {'of at least' if name == 'think_time_s' else 'above'} 0 is right"
        )
        for name, value in given_values.items()
        if not math.isfinite(value) or value < 0 or (value == 0 and name != "think_time_s")
    ]
    if problems:
        raise InputError(problems)


def _stated_steps(rate: Rate, traffic: Traffic, field: str) -> list[Step]:
    name = "rate in the busiest hour" if rate.basis is RateBasis.PEAK_HOUR else "mean rate"
    if rate.requests_rps is not None:
        return [Step(name, rate.requests_rps, "requests/s", "stated")]
    if rate.requests_per_day is not None:
        stated = Step("requests a day", rate.requests_per_day, "requests/day", "stated")
        return [stated, Step(name, rate.requests_per_day / DAY_S, "requests/s", f"{rate.requests_per_day:.6g} / 86,400 s")]
    if rate.tokens_per_month is not None:
        return _from_tokens(rate.tokens_per_month, traffic, name)
    if rate.users is not None and rate.requests_per_user_day is not None:
        return _from_users(rate.users, rate.requests_per_user_day, name)
    return _from_concurrency(rate, traffic, name, field)


def _from_tokens(tokens: float, traffic: Traffic, name: str) -> list[Step]:
    each = traffic.isl_tokens + traffic.osl_tokens
    return [
        Step("tokens a month", tokens, "tokens/month", "stated, input plus output"),
        Step("tokens per request", each, "tokens", f"{traffic.isl_tokens:.6g} in + {traffic.osl_tokens:.6g} out"),
        Step(name, tokens / each / MONTH_S, "requests/s", f"{tokens:.6g} / {each:.6g} / (730 h x 3600 s)"),
    ]


def _from_users(users: float, per_day: float, name: str) -> list[Step]:
    return [
        Step("users", users, "users", "stated"),
        Step("requests per user and day", per_day, "requests/day", "stated"),
        Step("requests a day", users * per_day, "requests/day", f"{users:.6g} users x {per_day:.6g}"),
        Step(name, users * per_day / DAY_S, "requests/s", f"{users * per_day:.6g} / 86,400 s"),
    ]


def _from_concurrency(rate: Rate, traffic: Traffic, name: str, field: str) -> list[Step]:
    response = rate.response_s if rate.response_s is not None else traffic.response_s
    if response is None:
        raise InputError.at(
            f"{field}.response_s", "missing; concurrent_users needs the seconds per answer where no target states them"
        )
    users, think = float(rate.concurrent_users or 0.0), float(rate.think_time_s or 0.0)
    how = "stated" if rate.response_s is not None else "the target: TTFT + (OSL-1) x TPOT"
    return [
        Step("concurrent users", users, "users", "stated"),
        Step("think time", think, "s", "stated"),
        Step("time per answer", response, "s", how),
        Step(name, users / (think + response), "requests/s", f"{users:.6g} / ({think:.6g} s + {response:.6g} s)"),
    ]


def _load_steps(mean: float, traffic: Traffic) -> list[Step]:
    hour = mean * traffic.peak_hour_factor
    burst = minute_peak_factor(hour, traffic.fano_1min, traffic.burst_z)
    steps = [
        Step("busiest hour", hour, "requests/s", f"{mean:.6g} x {traffic.peak_hour_factor:.3f}"),
        Step("input tokens, mean", mean * traffic.isl_tokens, "tokens/s", f"{mean:.6g} x {traffic.isl_tokens:.6g}"),
        Step("output tokens, mean", mean * traffic.osl_tokens, "tokens/s", f"{mean:.6g} x {traffic.osl_tokens:.6g}"),
        Step("output tokens, busiest hour", hour * traffic.osl_tokens, "tokens/s", f"{hour:.6g} x {traffic.osl_tokens:.6g}"),
    ]
    if burst > 1.0:
        how = f"{hour:.6g} x (1 + {traffic.burst_z:g} sqrt({traffic.fano_1min:g}/{60 * hour:.6g}))"
        steps.insert(1, Step("busiest minute", hour * burst, "requests/s", how))
    if traffic.response_s is not None:
        how = f"{hour:.6g} x {traffic.response_s:.6g} s (Little's law at the target)"
        steps.append(Step("requests in flight, busiest hour", hour * traffic.response_s, "requests", how))
    return steps
