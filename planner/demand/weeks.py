"""The shape of a week: 168 multipliers of the mean rate, Monday 0 h first, mean 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.errors import InputError

HOURS_OF_WEEK = 168
FloatArray = npt.NDArray[np.float64]


def week_of(shape: Sequence[float] | FloatArray, *, field: str = "shape") -> FloatArray:
    """Return 168 multipliers with mean 1 from 24 (the same every day) or 168 numbers of any scale.

    Raises `InputError` for another length, a negative or non-finite number, or a shape that is zero all week.
    """
    hours = np.asarray(shape, dtype=np.float64)
    if hours.shape not in {(24,), (HOURS_OF_WEEK,)}:
        raise InputError.at(
            field, f"{hours.size} numbers; 24 (hours of the day) or 168 (hours of the week, Monday 0 h first) are right"
        )
    if not np.all(np.isfinite(hours)) or np.any(hours < 0):
        raise InputError.at(field, "every multiplier must be a finite number of at least 0")
    if not hours.sum() > 0:
        raise InputError.at(field, "the shape is zero all week; at least one hour must be above 0")
    week = np.tile(hours, 7) if hours.size == 24 else hours
    return np.asarray(week / week.mean(), dtype=np.float64)


def shift_week(week: FloatArray, hours_later: float) -> FloatArray:
    """Return the week read on a clock that is `hours_later` ahead [h]; parts of an hour are interpolated, the mean stays 1.

    A shape measured in UTC is read on a New York winter clock with -5.
    """
    whole = int(np.floor(hours_later))
    part = hours_later - whole
    moved = (1.0 - part) * np.roll(week, whole) + part * np.roll(week, whole + 1)
    return np.asarray(moved / moved.mean(), dtype=np.float64)


def day_types(week: FloatArray) -> FloatArray:
    """Return the mean weekday and the mean weekend day, shape (2, 24)."""
    days = week.reshape(7, 24)
    return np.stack([days[:5].mean(axis=0), days[5:].mean(axis=0)])
