"""Hour blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.demand.blocks import build_blocks
from planner.demand.profiles import profile_week, read_profile
from planner.demand.weeks import week_of

Profiles = dict[str, dict[str, object]]
weeks = st.lists(arrays(np.float64, 168, elements=st.floats(0.05, 20.0)).map(week_of), min_size=1, max_size=3)


def _office() -> np.ndarray:
    """Return a week with 3 from 9 to 17 h on weekdays, else 1."""
    day = np.ones(24)
    day[9:17] = 3.0
    return week_of(np.concatenate([np.tile(day, 5), np.ones(48)]))


def test_office_hours_are_two_blocks() -> None:
    """40 office hours at 3, 128 at 1: mean (120 + 128)/168, so the multipliers are 3 x 168/248 and 168/248."""
    found = build_blocks([_office()], [1.0], max_blocks=4)
    assert [(b.name, b.hours_per_week) for b in found.blocks] == [("valley", 128.0), ("peak", 40.0)]
    assert found.mean[0] == pytest.approx([168 / 248, 3 * 168 / 248])
    assert found.peak == pytest.approx(found.mean)


def test_the_order_of_the_day_is_told() -> None:
    runs = [(s.day_type, s.start_h, s.end_h, s.block) for s in build_blocks([_office()], [1.0]).segments()]
    assert runs == [("weekday", 0, 9, 0), ("weekday", 9, 17, 1), ("weekday", 17, 24, 0), ("weekend", 0, 24, 0)]


def test_a_window_from_monday_15_h_for_24_h_holds_8_office_hours() -> None:
    """15-17 h on Monday and 9-15 h on Tuesday are office hours: 8 of the 24."""
    assert build_blocks([_office()], [1.0]).window_hours(15.0, 24.0).tolist() == [16.0, 8.0]


def test_a_window_runs_past_sunday_midnight_and_counts_parts_of_hours() -> None:
    """From Sunday 22:30 for 11 h: 1.5 h of Sunday, 9 h of Monday before 9 h, and half an office hour."""
    assert build_blocks([_office()], [1.0]).window_hours(6 * 24 + 22.5, 11.0).tolist() == [10.5, 0.5]


def test_a_flat_week_is_one_block_and_so_is_no_workload() -> None:
    for found in (build_blocks([np.ones(168)], [5.0]), build_blocks([], [])):
        assert [(b.name, b.hours_per_week) for b in found.blocks] == [("all hours", 168.0)]


@given(weeks, st.integers(1, 8), st.floats(1.0, 100.0))
def test_hours_add_up_and_means_are_one(shapes: list[np.ndarray], most: int, percentile: float) -> None:
    found = build_blocks(shapes, [1.0] * len(shapes), max_blocks=most, peak_hour_percentile=percentile)
    assert len(found.blocks) <= most
    assert found.hours.sum() == 168.0
    assert sum(b.weight for b in found.blocks) == pytest.approx(1.0)
    assert found.mean @ found.hours / 168.0 == pytest.approx(np.ones(len(shapes)))
    assert (found.peak >= found.mean).all()
    assert sorted(c for b in found.blocks for c in b.cells) == [(d, h) for d in (0, 1) for h in range(24)]
    assert sum((s.end_h - s.start_h) * (5 if s.day_type == "weekday" else 2) for s in found.segments()) == 168


@given(weeks, st.floats(0, 167.9), st.floats(0.1, 168.0))
def test_a_window_holds_as_many_hours_as_it_is_long(shapes: list[np.ndarray], start: float, length: float) -> None:
    window = build_blocks(shapes, [1.0] * len(shapes)).window_hours(start, length)
    assert window.sum() == pytest.approx(length)
    assert (window <= build_blocks(shapes, [1.0] * len(shapes)).hours + 1e-9).all()


@given(weeks)
def test_the_busiest_hour_is_in_some_block(shapes: list[np.ndarray]) -> None:
    found = build_blocks(shapes, [1.0] * len(shapes))
    assert found.peak.max(axis=1) == pytest.approx(np.array([s.max() for s in shapes]))


def test_four_blocks_of_the_code_week_tell_night_from_working_hours(profiles: Profiles) -> None:
    week = profile_week(profiles, read_profile(profiles["code_completion_realtime"]))
    found = build_blocks([week], [1.0])
    assert [b.name for b in found.blocks] == ["valley", "shoulder", "day", "peak"]
    assert found.mean[0, 0] < 0.5
    assert found.mean[0, -1] > 2.3
    explained = 1 - np.average((week - found.mean[0][found.hour_of_week_blocks()]) ** 2) / week.var()
    assert explained > 0.9


def test_blocks_average_hourly_values() -> None:
    """A tariff of 0.20 in office hours and 0.10 else averages to itself; one of the hour number by hand."""
    found = build_blocks([_office()], [1.0])
    tariff = np.where(found.hour_of_week_blocks() == 1, 0.20, 0.10)
    assert found.average(tariff) == pytest.approx([0.10, 0.20])


def test_a_heavier_workload_shapes_the_partition() -> None:
    night = week_of([3.0] * 6 + [1.0] * 18)
    found = build_blocks([_office(), night], [1000.0, 1.0], max_blocks=2)
    assert found.mean[0] == pytest.approx([168 / 248, 3 * 168 / 248])
