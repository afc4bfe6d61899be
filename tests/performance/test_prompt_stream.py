"""How a router shares prompts out, and what prompts cost."""

from __future__ import annotations

import numpy as np
import pytest

from planner.performance.capacity_batch import BatchCases
from planner.performance.prompt_stream import Prompts, Router
from planner.performance.queueing import Distribution, coarser


def cases(replicas: float, dispersion: float, steps: tuple[float, ...]) -> BatchCases:
    points = np.array([steps])
    grid = np.array([0.0, 1.0, 64.0])
    return BatchCases(
        grid, np.array([64.0]), points, np.full_like(points, 1 / len(steps)), np.array([dispersion]), np.array([replicas])
    )


def test_one_replica_receives_the_stream_as_it_is() -> None:
    router = Router.of(cases(1, 4.0, (10.0, 300.0)))
    assert router.dispersion == pytest.approx([4.0])
    assert router.own_clock == pytest.approx([0.0])


def test_equal_answers_make_a_router_by_requests_in_flight_take_turns() -> None:
    """Every second arrival of a stream of F = 4 has F = 2, and both replicas are busy in the same bursts."""
    router = Router.of(cases(2, 4.0, (99.0,)))
    assert router.dispersion == pytest.approx([2.0])
    assert router.own_clock == pytest.approx([0.0])


def test_random_answers_make_arrivals_follow_departures() -> None:
    """Answers of variation 1 and Poisson arrivals: 1/8 of the arrivals keeps the pool's pace, 7/8 the replica's own."""
    router = Router.of(cases(8, 1.0, (1e-9, 2.0)))
    assert router.dispersion == pytest.approx([1.0])
    assert router.own_clock == pytest.approx([7 / 8])


def test_a_prompt_costs_its_chunks() -> None:
    """Iterations of 10 ms + 20 µs a token, chunks of 500: 750 tokens take 20 + 15 ms, 15 ms of it more than without them."""
    tokens = np.array([0.0, 250.0, 500.0])
    iteration_s = np.broadcast_to(0.01 + 2e-5 * tokens, (1, 2, 3))
    prompts = Prompts.of(iteration_s, tokens, Distribution(np.array([[750.0]]), np.ones((1, 1))))
    own_s, extra_s, short = prompts.at(np.array([0.0, 64.0]), np.array([7.0]))
    assert (own_s[0, 0], extra_s[0, 0]) == pytest.approx((0.035, 0.015))
    assert prompts.room == pytest.approx([0.5])
    assert short == pytest.approx(0.0, abs=1e-12)


def test_slices_keep_the_mean_and_leave_zeros_apart() -> None:
    rng = np.random.default_rng(3)
    values = np.sort(rng.lognormal(3, 1, (2, 60)), axis=1)
    values[:, :6] = 0.0
    fewer = coarser(Distribution(values, np.full((2, 60), 1 / 60)), (0.1, 0.5, 0.9, 1.0), apart=0.5)
    assert fewer.values.shape == (2, 5)
    assert fewer.values[:, 0] == pytest.approx([0.0, 0.0])
    assert fewer.weights[:, 0] == pytest.approx([0.1, 0.1])
    assert fewer.mean == pytest.approx(values.mean(axis=1))
