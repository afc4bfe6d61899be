"""Batch work: jobs submitted at an hour of the day that may wait for the valley inside their deadline window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.demand.blocks import BlockSet
from planner.demand.weeks import HOURS_OF_WEEK

FloatArray = npt.NDArray[np.float64]

DEFAULT_ARRIVAL_HOUR = 18.0
DEFAULT_DEADLINE_H = 24.0
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class BatchLot:
    """Jobs of the week whose windows hold the same hours of each block: `per_week` of them, named by their days.

    One job may be served for at most `window_h[block]` hours in a block, so the lot in a block at most `per_week *
    window_h[block]`.
    """

    days: tuple[str, ...]
    window_h: tuple[float, ...]

    @property
    def per_week(self) -> int:
        """Return how many jobs of this lot come in a week."""
        return len(self.days)


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A batch workload: requests per job in each period, the hour of submission, hours until the deadline, and its lots.

    Every lot's requests, `per_week * requests_per_job[period]` a week, must be served inside the lot's windows.
    """

    workload_id: str
    requests_per_job: tuple[float, ...]
    arrival_hour: float
    deadline_h: float
    lots: tuple[BatchLot, ...]


def batch_lots(blocks: BlockSet, arrival_hour: float, deadline_h: float, days: int) -> tuple[BatchLot, ...]:
    """Return the lots of a job that comes at `arrival_hour` on `days` days (7, or 5 = weekdays), due in `deadline_h`.

    Days whose windows hold the same hours of each block form one lot: Monday to Thursday usually do.
    """
    lots: dict[tuple[float, ...], list[str]] = {}
    for day in range(days):
        window = tuple(round(float(h), 9) for h in blocks.window_hours(24.0 * day + arrival_hour, deadline_h))
        lots.setdefault(window, []).append(_DAYS[day])
    return tuple(BatchLot(tuple(names), window) for window, names in lots.items())


def even_service_week(arrival_hour: float, deadline_h: float, days: int) -> FloatArray:
    """Return the 168 multipliers of serving every job evenly over its window: the schedule that needs no planning; mean 1."""
    week = _jobs_open(arrival_hour, deadline_h, days)
    return np.asarray(week / week.mean(), dtype=np.float64)


def window_week(arrival_hour: float, deadline_h: float, days: int) -> FloatArray:
    """Return the share of each hour of the week [0..1] in which some job is open, shape (168,)."""
    return np.minimum(_jobs_open(arrival_hour, deadline_h, days), 1.0)


def _jobs_open(arrival_hour: float, deadline_h: float, days: int) -> FloatArray:
    """Return how many jobs are open in each hour of the week, shape (168,)."""
    starts = 24.0 * np.arange(days) + arrival_hour
    hours = np.arange(2 * HOURS_OF_WEEK)[None, :]
    opens, closes = starts[:, None], starts[:, None] + min(deadline_h, float(HOURS_OF_WEEK))
    inside = np.clip(np.minimum(hours + 1.0, closes) - np.maximum(hours, opens), 0.0, 1.0).sum(axis=0)
    return np.asarray(inside.reshape(2, HOURS_OF_WEEK).sum(axis=0), dtype=np.float64)
