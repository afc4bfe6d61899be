"""The shape of a week."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.demand.weeks import day_types, shift_week, week_of
from planner.errors import InputError

shapes = st.sampled_from([24, 168]).flatmap(lambda n: arrays(np.float64, n, elements=st.floats(0.01, 1e3)))


@given(shapes, st.floats(-24, 24))
def test_a_week_has_mean_one_before_and_after_a_shift(shape: np.ndarray, hours: float) -> None:
    week = shift_week(week_of(shape), hours)
    assert week.shape == (168,)
    assert week.mean() == pytest.approx(1.0, abs=1e-12)


def test_a_utc_shape_is_read_five_hours_earlier_in_new_york() -> None:
    """A peak at Tuesday 2 h UTC (hour 26) stands at Monday 21 h (hour 21) on a clock five hours behind."""
    shape = np.ones(168)
    shape[26] = 10.0
    assert int(np.argmax(shift_week(week_of(shape), -5.0))) == 21


def test_half_an_hour_later_splits_a_peak_between_two_hours() -> None:
    shape = np.zeros(168)
    shape[10] = 168.0
    moved = shift_week(week_of(shape), 0.5)
    assert moved[10] == pytest.approx(84.0)
    assert moved[11] == pytest.approx(84.0)


def test_day_types_are_means_of_five_and_of_two_days() -> None:
    shape = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0], 24)
    assert day_types(shape)[:, 0].tolist() == [3.0, 9.0]


@pytest.mark.parametrize("shape", [[1.0] * 23, [0.0] * 24, [1.0] * 23 + [-1.0], [1.0] * 23 + [float("nan")], []])
def test_a_shape_that_is_none_is_refused_by_name(shape: list[float]) -> None:
    with pytest.raises(InputError, match=r"workloads\.chat\.shape"):
        week_of(shape, field="workloads.chat.shape")
