"""Arrival times of a trace in seconds from its first request, and the hour of the week at which it begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_EPOCH_FROM_S, _EPOCH_TO_S = 9.4e8, 4.1e9  # 1999 to 2099: a number in this range, after scaling, is a date
_MONDAY_S = 4 * 86_400.0  # 1 January 1970 was a Thursday


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds from the first request, in file order, and the hour of the week [h after Monday 0 h UTC] of the first, if known."""

    seconds: FloatArray
    start_hour_of_week: float | None


def read_clock(
    values: Sequence[str] | npt.NDArray[np.generic], name: str, unit: str | None, *, milliseconds: bool, document: str
) -> Clock | None:
    """Return the arrival clock of a column of numbers or dates.

    `unit` is s, ms, us, ns or iso; without it dates are read as dates, numbers of the size of a Unix time by that size,
    and other numbers by the ending of the column's name (`_ms`) or, where `milliseconds` says that the format counts
    so, in milliseconds; else seconds. None where a relative clock starts over again and again: it counts from the start
    of each conversation and says nothing of arrivals. Raises `InputError` naming the first row that is not a time.
    """
    if unit is not None and unit not in {*UNITS, "iso"}:
        raise InputError.at("time_unit", f"{unit!r}; s, ms, us, ns or iso is right", document=document)
    text = pd.Series(values)
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    if unit == "iso" or (unit is None and not np.isfinite(numbers[:1]).all()):
        return _clock(_dates(text, name, document), absolute=True)
    _all_finite(numbers, text, name, "a number of seconds, milliseconds or a date", document)
    scale = UNITS[unit] if unit is not None else _scale(float(np.median(numbers)), name, milliseconds)
    seconds = numbers * scale
    return _clock(seconds, absolute=_EPOCH_FROM_S < float(seconds.min()) < _EPOCH_TO_S)


def _scale(typical: float, name: str, milliseconds: bool) -> float:
    for scale in (1.0, 1e-3, 1e-6, 1e-9):
        if _EPOCH_FROM_S < typical * scale < _EPOCH_TO_S:
            return scale
    ending = name.lower().rsplit("_", maxsplit=1)[-1]
    if ending in UNITS and "_" in name:
        return UNITS[ending]
    return 1e-3 if milliseconds else 1.0


def _clock(seconds: FloatArray, *, absolute: bool) -> Clock | None:
    first = float(seconds.min())
    if not absolute and _starts_over(seconds):
        return None
    return Clock(seconds - first, math.fmod(first - _MONDAY_S, 604_800.0) / 3600.0 if absolute else None)


def _starts_over(seconds: FloatArray) -> bool:
    falls_back = (seconds[1:] == seconds.min()) & (seconds[:-1] > seconds[1:])
    return int(falls_back.sum()) > 1


def _dates(text: pd.Series, name: str, document: str) -> FloatArray:
    stamps = pd.to_datetime(text.astype(str), utc=True, errors="coerce", format="ISO8601")
    nanoseconds = stamps.astype("datetime64[ns, UTC]").astype("int64").to_numpy(dtype=np.float64)
    seconds = np.where(stamps.isna().to_numpy(), np.nan, nanoseconds * 1e-9)
    _all_finite(seconds, text, name, "a date such as 2026-01-31 13:45:00.5 or a number", document)
    base = stamps.min()
    exact = (stamps - base).dt.total_seconds().to_numpy(dtype=np.float64)
    return np.asarray(exact + float(base.timestamp()), dtype=np.float64)


def _all_finite(numbers: FloatArray, text: pd.Series, name: str, right: str, document: str) -> None:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        raise InputError.at(
            f"{name}, row {int(bad[0]) + 1}",
            f"{str(text.iloc[int(bad[0])])[:40]!r} is not a time; {right} is right",
            document=document,
        )
