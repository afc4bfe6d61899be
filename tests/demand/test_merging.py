"""Ward's criterion."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.demand.merging import merge_cells

features = arrays(np.float64, (12, 2), elements=st.floats(-10, 10))
weights = arrays(np.float64, 12, elements=st.floats(0.01, 5.0))


def test_two_clusters_on_a_line_are_found() -> None:
    label = merge_cells(np.array([[0.0], [0.1], [5.0], [5.2], [0.2]]), np.ones(5), 2)
    assert label.tolist() == [0, 0, 1, 1, 0]


def test_the_cheapest_pair_joins_by_weight_and_distance() -> None:
    """Points 0, 1, 2.2: weights 1, 1, 1 join the first two (price 0.5 against 0.72); a weight of 0.1 on the last joins that (0.13)."""
    points = np.array([[0.0], [1.0], [2.2]])
    assert merge_cells(points, np.ones(3), 2).tolist() == [0, 0, 1]
    assert merge_cells(points, np.array([1.0, 1.0, 0.1]), 2).tolist() == [0, 1, 1]


def test_light_cells_join_even_where_more_would_be_allowed() -> None:
    label = merge_cells(np.array([[0.0], [1.0], [9.0]]), np.array([0.5, 0.001, 0.499]), 3, smallest=0.002)
    assert label.tolist() == [0, 0, 1]


@given(features, weights, st.integers(1, 12))
def test_every_cell_gets_a_group_and_there_are_no_more_than_asked(f: np.ndarray, w: np.ndarray, most: int) -> None:
    label = merge_cells(f, w, most)
    assert label.shape == (12,)
    assert set(label.tolist()) == set(range(int(label.max()) + 1))
    assert label.max() < most


def test_cells_that_do_not_differ_always_join() -> None:
    assert merge_cells(np.ones((4, 3)), np.ones(4), 4).tolist() == [0, 0, 0, 0]
