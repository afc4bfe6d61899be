"""Batch jobs and their windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.batch import batch_lots, even_service_week, window_week
from planner.demand.blocks import build_blocks
from planner.demand.weeks import week_of

OFFICE = build_blocks([week_of(np.concatenate([np.tile(np.r_[np.ones(9), np.full(8, 3.0), np.ones(7)], 5), np.ones(48)]))], [1.0])


def test_a_nightly_job_from_18_h_due_at_9_h_never_meets_office_hours() -> None:
    lots = batch_lots(OFFICE, 18.0, 15.0, 7)
    assert [(lot.per_week, lot.window_h) for lot in lots] == [(7, (15.0, 0.0))]


def test_days_with_different_windows_are_different_lots() -> None:
    """From 18 h for 24 h: Mon-Thu and Sun meet 8 office hours of the next day, Fri and Sat none."""
    lots = {lot.days: lot.window_h for lot in batch_lots(OFFICE, 18.0, 24.0, 7)}
    assert lots == {("Mon", "Tue", "Wed", "Thu", "Sun"): (16.0, 8.0), ("Fri", "Sat"): (24.0, 0.0)}


def test_weekday_jobs_come_five_times() -> None:
    assert sum(lot.per_week for lot in batch_lots(OFFICE, 18.0, 24.0, 5)) == 5


@given(st.floats(0, 23.9), st.floats(0.5, 168.0), st.sampled_from([5, 7]))
def test_even_service_has_mean_one_and_stays_inside_the_windows(arrival: float, deadline: float, days: int) -> None:
    week = even_service_week(arrival, deadline, days)
    assert week.mean() == pytest.approx(1.0)
    outside = np.ones(168, dtype=bool)
    for day in range(days):
        hours = np.arange(int(24 * day + arrival), int(np.ceil(24 * day + arrival + deadline)))
        outside[hours % 168] = False
    assert (week[outside] < 1e-9).all()


def test_a_job_of_twelve_hours_is_served_at_twice_the_mean_rate() -> None:
    week = even_service_week(20.0, 12.0, 7)
    assert sorted(set(week.round(9).tolist())) == [0.0, 2.0]


def test_hours_with_several_open_jobs_count_once() -> None:
    assert set(window_week(10.0, 48.0, 7).tolist()) == {1.0}
    assert window_week(22.5, 2.0, 7).reshape(7, 24)[0].tolist() == [0.5] + [0.0] * 21 + [0.5, 1.0]
