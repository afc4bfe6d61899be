"""The first passage of idle time against queues whose busy periods are known exactly."""

from __future__ import annotations

from math import exp, factorial

import numpy as np
import pytest
from scipy.special import gammaincc

from planner.performance.idle_passage import Lives, Response, late


def one(value: float) -> np.ndarray:
    return np.full((1, 1), float(value))


def lives(slack_s: float, *, job_s: float = 1.0, window: float = 0.0, rate: float = 0.0, **other: np.ndarray) -> Lives:
    """Return one life that meets `window` jobs of one length on average, nothing else being random."""
    nothing = {
        "clump": one(1),
        "behind": one(0),
        "response": Response.of(one(1e-9), one(1)),
        "counted": None,
        "batch_s": one(1e-9),
        "batch_shape": one(1),
        "joined_s": one(0),
    }
    jobs = np.full((1, 1, 1), job_s)
    return Lives(one(slack_s), jobs, np.ones((1, 1, 1)), expected=one(window), rate=one(rate), **(nothing | other))


def more_jobs_than(count: int, rate: float, job_s: float, idle_s: float) -> float:
    """Return P(more than `count` jobs before `idle_s` of idle time), by Consul's distribution of a row of busy periods."""
    return 1 - sum(
        rate
        * idle_s
        * (rate * (idle_s + served * job_s)) ** (served - 1)
        * exp(-rate * (idle_s + served * job_s))
        / factorial(served)
        for served in range(count + 1)
    )


@pytest.mark.parametrize("shape", [1.0, 4.0, 30.0])
def test_without_jobs_the_batch_alone_takes_the_slack(shape: float) -> None:
    """A gamma variable of mean one exceeds 1.4 with the probability Q(shape, 1.4·shape)."""
    found = late(lives(1.4, batch_s=one(1 / shape), batch_shape=one(shape)))
    assert found == pytest.approx(gammaincc(shape, 1.4 * shape), rel=5e-3)


@pytest.mark.parametrize(("count", "rate", "idle_s"), [(2, 0.3, 1.0), (5, 0.6, 2.0), (12, 0.7, 3.0)])
def test_rows_of_busy_periods_of_equal_jobs(count: int, rate: float, idle_s: float) -> None:
    """Jobs of 1 s: more than `count` of them come before 2 s of idle time have passed when the slack ends between two numbers."""
    slack_s = count + 0.5
    found = late(lives(slack_s, window=rate * (slack_s + idle_s), rate=rate))
    assert found == pytest.approx(more_jobs_than(count, rate, 1.0, idle_s), abs=0.02)


def test_a_burst_behind_a_request_makes_it_late_more_often() -> None:
    calm, bunched = (
        late(lives(5.5, window=3.0, rate=0.4, clump=one(clump), behind=one((clump - 1) / 2)))[0, 0] for clump in (1.0, 4.0)
    )
    assert bunched > 2 * calm


def test_a_response_that_counts_is_part_of_what_is_late() -> None:
    """Nothing but an exponential time to first token of 1 s against 3 s: e^(−3)."""
    found = late(lives(3.0, response=Response.of(one(1.0), one(1.0)), counted=one(1.0)))
    assert found == pytest.approx(exp(-3.0), rel=0.01)


@pytest.mark.parametrize("variation", [0.5, 0.8, 1.0, 2.5])
def test_two_phases_keep_mean_and_variation(variation: float) -> None:
    """Of (1 + qz)/((1 + az)(1 + bz)) the mean is a + b − q and the second moment 2(a² + ab + b²) − 2q(a + b)."""
    phases = Response.of(one(3.0), one(variation))
    first, second, lead = (float(part[0, 0]) for part in (phases.first_s, phases.second_s, phases.lead_s))
    assert first + second - lead == pytest.approx(3.0)
    square = 2 * (first**2 + first * second + second**2) - 2 * lead * (first + second)
    assert square / 9.0 - 1 == pytest.approx(variation)


def test_no_slack_is_always_late() -> None:
    assert late(lives(-1.0)) == 1.0
