"""Arrival times of a trace in seconds from its first request, and the hour of the week at which it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.demand.trace_numbers import numbers_of
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


class ClockReader:
    """Reads the column of arrival times chunk by chunk; the first value says whether it holds dates or numbers.

    `unit` is s, ms, us, ns or iso; without it dates are read as dates, numbers of the size of a Unix time by that size,
    and other numbers by the ending of the column's name (`_ms`) or, where `milliseconds` says that the format counts so,
    in milliseconds; else seconds.
    """

    def __init__(self, name: str, unit: str | None, *, milliseconds: bool, document: str) -> None:
        """Raise `InputError` for a unit that does not exist."""
        if unit is not None and unit not in {*UNITS, "iso"}:
            raise InputError.at("time_unit", f"{unit!r}; s, ms, us, ns or iso is right", document=document)
        self._name, self._unit, self._milliseconds, self._document = name, unit, milliseconds, document
        self._dates: bool | None = True if unit == "iso" else None if unit is None else False
        self._chunks: list[FloatArray] = []
        self._rows = 0

    def add(self, values: npt.NDArray[np.object_]) -> None:
        """Read one more chunk; `InputError` names the first row that is not a time."""
        if self._dates is None:
            self._dates = bool(np.isnan(numbers_of(values[:1])).all())
        seconds = _since_1970(pd.Series(values)) if self._dates else numbers_of(values)
        bad = np.flatnonzero(~np.isfinite(seconds))
        if bad.size:
            right = "a date such as 2026-01-31 13:45:00.5 or a number"
            message = f"{str(values[int(bad[0])])[:40]!r} is not a time; {right} is right"
            raise InputError.at(f"{self._name}, row {self._rows + int(bad[0]) + 1}", message, document=self._document)
        self._chunks.append(seconds)
        self._rows += seconds.size

    def clock(self) -> Clock | None:
        """Return the clock of all rows so far.

        None where a relative clock starts over again and again: it counts from the start of each conversation and says nothing of
        arrivals.
        """
        numbers = np.concatenate(self._chunks)
        if self._dates:
            return _clock(numbers, absolute=True)
        unit = self._unit
        scale = UNITS[unit] if unit is not None else _scale(float(np.median(numbers)), self._name, self._milliseconds)
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


def _since_1970(text: pd.Series) -> FloatArray:
    """Return dates as seconds since 1970 to the microsecond, which a float holds; not a number where there is no date."""
    stamps = pd.to_datetime(text.astype(str), utc=True, errors="coerce", format="ISO8601")
    nanoseconds = stamps.astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    seconds = (nanoseconds // 1_000_000_000) + (nanoseconds % 1_000_000_000) * 1e-9
    return np.asarray(np.where(stamps.isna().to_numpy(), np.nan, seconds), dtype=np.float64)
