"""Growth as a vector of multipliers per period, separately for volume, input length, output length and cache hit.

The canonical form is the vector; yearly rates, S-curves, one-off events, seasons and presets only generate it. The
first period has multiplier 1 unless an event, a season or an explicit list says otherwise: a stated rate is the rate of
the first period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from planner.demand.spec import Curve, Event, Growth, Horizon, Logistic
from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

PRESETS: Mapping[str, Growth] = MappingProxyType(
    {
        "flat": Growth(),
        "mature_app": Growth(volume=Curve(cagr=0.30), input_tokens=Curve(cagr=0.15), output_tokens=Curve(cagr=0.10)),
        "market_average_2025": Growth(volume=Curve(cagr=1.0), input_tokens=Curve(cagr=0.5), output_tokens=Curve(cagr=0.3)),
        "hyperscaler_tokens_2025_26": Growth(volume=Curve(cagr=5.7)),
        "hyperscaler_tokens_2024_25": Growth(volume=Curve(cagr=48.5)),
    }
)
PRESET_EVIDENCE: Mapping[str, str] = MappingProxyType(
    {
        "flat": "no growth",
        "mature_app": "assumption for an established application",
        "market_average_2025": "volume doubling; OpenRouter saw average input x4 and output x3 over about a year "
        "(secondary summary), split here between growth and mix",
        "hyperscaler_tokens_2025_26": "Google 480T (May 2025) to 3,200T (May 2026) tokens a month = x6.7 "
        "(press reports of company statements)",
        "hyperscaler_tokens_2024_25": "Google 9.7T (May 2024) to 480T (May 2025); a launch phase, do not extrapolate",
    }
)
_LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class GrowthPath:
    """Multipliers per period on request volume and mean lengths, shape (period,); `cache_hit` is the token hit rate or None."""

    volume: FloatArray
    input_tokens: FloatArray
    output_tokens: FloatArray
    cache_hit: FloatArray | None


def growth_path(growth: Growth, horizon: Horizon, *, field: str = "growth") -> GrowthPath:
    """Return the multipliers of every period.

    Raises `InputError` naming the curve that is too short, stated twice, or not a positive finite number.
    """
    whole = _with_preset(growth, field)
    volume = curve_multipliers(whole.volume, horizon, field=f"{field}.volume", may_pause=True)
    for number, event in enumerate(whole.events):
        volume = volume * _event_multipliers(event, horizon.periods, f"{field}.events.{number}")
    volume = volume * _season(whole.month_factors, horizon, f"{field}.month_factors")
    return GrowthPath(
        _checked(volume, f"{field}.volume", may_pause=True),
        curve_multipliers(whole.input_tokens, horizon, field=f"{field}.input_tokens"),
        curve_multipliers(whole.output_tokens, horizon, field=f"{field}.output_tokens"),
        _cache_hits(whole.cache_hit, horizon.periods, f"{field}.cache_hit"),
    )


def curve_multipliers(curve: Curve, horizon: Horizon, *, field: str = "curve", may_pause: bool = False) -> FloatArray:
    """Return the multipliers at the start of each period, shape (period,): `(1+g)^t`, the list, or the S-curve.

    Where it `may_pause`, a list may hold zeros: a workload that starts later or rests.
    """
    stated = [
        name
        for name, given in (("cagr", curve.cagr is not None), ("multipliers", curve.multipliers), ("logistic", curve.logistic))
        if given
    ]
    if len(stated) > 1:
        raise InputError.at(field, f"states {' and '.join(stated)}; one form is right")
    years = np.arange(horizon.periods, dtype=np.float64) * horizon.period_years
    if curve.multipliers:
        return _checked(_as_long_as(curve.multipliers, horizon.periods, field), field, may_pause=may_pause)
    if curve.logistic is not None:
        return _checked(_s_curve(curve.logistic, years, field), field)
    rate = 0.0 if curve.cagr is None else curve.cagr
    if not rate > -1.0:
        raise InputError.at(f"{field}.cagr", f"{rate:g} a year; a share above -1 is right (0.3 = +30 %)")
    with np.errstate(over="ignore"):
        return _checked(np.power(1.0 + rate, years, dtype=np.float64), field)


def _with_preset(growth: Growth, field: str) -> Growth:
    if growth.preset is None:
        return growth
    if growth.preset not in PRESETS:
        raise InputError.at(f"{field}.preset", f"no preset {growth.preset!r}; known are {', '.join(sorted(PRESETS))}")
    preset, empty = PRESETS[growth.preset], Curve()
    return replace(
        growth,
        volume=preset.volume if growth.volume == empty else growth.volume,
        input_tokens=preset.input_tokens if growth.input_tokens == empty else growth.input_tokens,
        output_tokens=preset.output_tokens if growth.output_tokens == empty else growth.output_tokens,
    )


def _s_curve(curve: Logistic, years: FloatArray, field: str) -> FloatArray:
    if not curve.ceiling > 0 or not curve.width_years > 0:
        raise InputError.at(
            f"{field}.logistic", f"ceiling {curve.ceiling:g} and width_years {curve.width_years:g} must be above 0"
        )
    s = 1.0 / (1.0 + np.exp(-np.clip((years - curve.midpoint_years) / curve.width_years, -500, 500)))
    start = 1.0 / (1.0 + np.exp(np.clip(curve.midpoint_years / curve.width_years, -500, 500)))
    return np.asarray(1.0 + (curve.ceiling - 1.0) * (s - start) / (1.0 - start), dtype=np.float64)


def _event_multipliers(event: Event, periods: int, field: str) -> FloatArray:
    if not 0 <= event.period < periods:
        raise InputError.at(f"{field}.period", f"{event.period}; the plan has periods 0 to {periods - 1}")
    if not event.factor > 0 or (event.decay_periods is not None and not event.decay_periods > 0):
        raise InputError.at(field, "factor and decay_periods must be above 0")
    since = np.arange(periods) - event.period
    fade = 1.0 if event.decay_periods is None else np.exp(-np.maximum(since, 0) / event.decay_periods)
    return np.asarray(np.where(since < 0, 1.0, 1.0 + (event.factor - 1.0) * fade), dtype=np.float64)


def _season(factors: tuple[float, ...], horizon: Horizon, field: str) -> FloatArray:
    """Return the mean seasonal factor of each period; the year's mean is 1: a season never changes its volume."""
    if not factors:
        return np.ones(horizon.periods)
    if len(factors) != 12 or not np.all(np.isfinite(factors)) or min(factors) <= 0:
        raise InputError.at(field, f"{len(factors)} factors; twelve numbers above 0 are right, January first")
    monthly = np.array(factors) / np.mean(factors)
    steps = np.arange(max(1, round(12 * horizon.period_years)))
    starts = horizon.first_month - 1 + np.round(np.arange(horizon.periods) * 12 * horizon.period_years).astype(np.int64)
    return np.asarray(monthly[(starts[:, None] + steps) % 12].mean(axis=1), dtype=np.float64)


def _cache_hits(hits: tuple[float, ...], periods: int, field: str) -> FloatArray | None:
    if not hits:
        return None
    rates = _as_long_as(hits, periods, field)
    if np.any(~np.isfinite(rates)) or np.any(rates < 0) or np.any(rates >= 1):
        raise InputError.at(field, "every hit rate must lie in 0 <= rate < 1")
    return rates


def _as_long_as(values: tuple[float, ...], periods: int, field: str) -> FloatArray:
    if len(values) != periods:
        raise InputError.at(field, f"{len(values)} values for {periods} periods; one per period is right")
    return np.array(values, dtype=np.float64)


def _checked(multipliers: FloatArray, field: str, *, may_pause: bool = False) -> FloatArray:
    finite = bool(np.all(np.isfinite(multipliers)))
    low_enough = finite and multipliers.min() >= 0 and (may_pause or multipliers.min() > 0)
    if not low_enough or not 0 < multipliers.max() <= _LARGEST:
        range_ = f"{'at least' if may_pause else 'above'} 0, not all 0, and at most {_LARGEST:.0e}"
        raise InputError.at(
            field, f"multipliers must be finite numbers {range_}; given {multipliers.min():.3g} to {multipliers.max():.3g}"
        )
    return multipliers
