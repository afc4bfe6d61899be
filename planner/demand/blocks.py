"""Hour blocks: the 48 typical hours of a week (weekday, weekend) gathered into a few, the same for all workloads.

Every block has a mean multiplier per workload, for energy, and a peak multiplier, for capacity. The partition is by day
type and hour of the day, so that any Tuesday looks like any Thursday and a deadline window has the same hours of each
block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planner.demand.merging import merge_cells
from planner.demand.weeks import HOURS_OF_WEEK, day_types

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NAMES = {1: ("all hours",), 2: ("valley", "peak"), 3: ("valley", "day", "peak"), 4: ("valley", "shoulder", "day", "peak")}
_DAY_NAMES = ("weekday", "weekend")
_APART = 100.0  # distance between inside and outside of a deadline window: more than any two loads lie apart


@dataclass(frozen=True, slots=True)
class HourBlock:
    """Hours of the week that are planned as one; `cells` are (day type, hour of the day), day type 0 = weekday, 1 = weekend."""

    name: str
    hours_per_week: float
    cells: tuple[tuple[int, int], ...]

    @property
    def weight(self) -> float:
        """Return the block's share of the week [0..1]."""
        return self.hours_per_week / HOURS_OF_WEEK


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of hours of one day type in one block: from `start_h` up to `end_h` on the plan's clock."""

    day_type: str
    start_h: int
    end_h: int
    block: int


@dataclass(frozen=True, slots=True)
class BlockSet:
    """A partition of the week, least loaded block first, with the multipliers of each workload, shape (workload, block).

    `mean` is the mean of the workload's shape in the block: weighted by hours it is 1. `peak` is its busiest hour there.
    """

    blocks: tuple[HourBlock, ...]
    mean: FloatArray
    peak: FloatArray

    @property
    def hours(self) -> FloatArray:
        """Return the hours per week of each block, shape (block,)."""
        return np.array([block.hours_per_week for block in self.blocks], dtype=np.float64)

    def hour_of_week_blocks(self) -> IntArray:
        """Return the block of each hour of the week, Monday 0 h first, shape (168,)."""
        typical = np.empty((2, 24), dtype=np.int64)
        for number, block in enumerate(self.blocks):
            for day_type, hour in block.cells:
                typical[day_type, hour] = number
        return np.concatenate([np.tile(typical[0], 5), np.tile(typical[1], 2)])

    def segments(self) -> tuple[Segment, ...]:
        """Return the order of the day: the runs of blocks through a weekday, then through a weekend day."""
        week = self.hour_of_week_blocks()
        return (*_runs(_DAY_NAMES[0], week[:24]), *_runs(_DAY_NAMES[1], week[-24:]))

    def average(self, hourly: FloatArray) -> FloatArray:
        """Return the mean per block of 168 hourly values (a tariff, a carbon intensity), shape (block,)."""
        total = np.bincount(self.hour_of_week_blocks(), hourly, len(self.blocks))
        return np.asarray(total / self.hours, dtype=np.float64)

    def window_hours(self, start_h: float, length_h: float) -> FloatArray:
        """Return the hours of each block in the window from an hour of the week, at most a week long, shape (block,)."""
        covered = _covered(start_h % HOURS_OF_WEEK, min(length_h, float(HOURS_OF_WEEK)))
        return np.asarray(np.bincount(self.hour_of_week_blocks(), covered, len(self.blocks)), dtype=np.float64)


def build_blocks(
    weeks: Sequence[FloatArray],
    loads: Sequence[float],
    *,
    max_blocks: int = 4,
    peak_hour_percentile: float = 100.0,
    windows: Sequence[FloatArray] = (),
) -> BlockSet:
    """Return one partition of the week for shapes (168 multipliers each) with loads [any one unit].

    Typical hours are joined by Ward's criterion on the workloads' load in each hour, so a heavy workload shapes the
    partition more. With no workload, or flat ones, the week is a single block. `windows` are deadline windows, 168
    shares of an hour each: a block lies wholly inside or outside each of them as long as `max_blocks` allows it.
    """
    shapes = np.stack(list(weeks)) if len(weeks) else np.ones((1, HOURS_OF_WEEK))
    load = np.array(loads, dtype=np.float64) if len(weeks) else np.ones(1)
    share = load / load.sum() if load.sum() > 0 else np.full(load.size, 1.0 / load.size)
    typical = np.stack([day_types(week).ravel() for week in shapes])
    inside = [_APART * day_types(window).ravel() for window in windows]
    hours = np.repeat([5.0, 2.0], 24)
    label = merge_cells(np.stack([*(typical * share[:, None]), *inside], axis=1), hours, max_blocks)
    level = np.bincount(label, hours * (share @ typical)) / np.bincount(label, hours)
    rank = np.empty(level.size, dtype=np.int64)
    rank[np.lexsort((np.arange(level.size), level))] = np.arange(level.size)
    return _block_set(rank[label], hours, shapes, peak_hour_percentile)


def _block_set(label: IntArray, hours: FloatArray, shapes: FloatArray, percentile: float) -> BlockSet:
    count = int(label.max()) + 1
    by_hour = np.concatenate([np.tile(label[:24], 5), np.tile(label[24:], 2)])
    members = [np.flatnonzero(by_hour == k) for k in range(count)]
    mean = np.stack([shapes[:, rows].mean(axis=1) for rows in members], axis=1)
    peak = np.stack([np.percentile(shapes[:, rows], percentile, axis=1, method="higher") for rows in members], axis=1)
    cells = [tuple((int(c) // 24, int(c) % 24) for c in np.flatnonzero(label == k)) for k in range(count)]
    names = _NAMES.get(count, tuple(f"level {k + 1} of {count}" for k in range(count)))
    blocks = tuple(HourBlock(_named(names[k], cells[k]), float(hours[label == k].sum()), cells[k]) for k in range(count))
    return BlockSet(blocks, mean, np.maximum(peak, mean))


def _named(name: str, cells: tuple[tuple[int, int], ...]) -> str:
    return f"weekend {name}" if all(day_type == 1 for day_type, _ in cells) else name


def _runs(day_type: str, day: IntArray) -> list[Segment]:
    edges = [0, *(int(h) for h in np.flatnonzero(np.diff(day)) + 1), 24]
    return [Segment(day_type, start, end, int(day[start])) for start, end in pairwise(edges)]


def _covered(start_h: float, length_h: float) -> FloatArray:
    """Return how much of each hour of the week [h] lies in a window that may run past Sunday midnight, shape (168,)."""
    edges = np.arange(2 * HOURS_OF_WEEK, dtype=np.float64)
    inside = np.clip(np.minimum(edges + 1.0, start_h + length_h) - np.maximum(edges, start_h), 0.0, 1.0)
    return np.asarray(inside.reshape(2, HOURS_OF_WEEK).sum(axis=0), dtype=np.float64)
