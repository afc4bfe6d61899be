"""The parts of the queue model against results that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError
from planner.performance.queueing import (
    Arrivals,
    Bins,
    Departures,
    Distribution,
    Peakedness,
    check_percentile,
    full_house_ratio,
    highest_rate,
    in_chunks,
    occupancy,
    overlap,
)
from planner.performance.single_server import Density, ResponseTail


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


def exponential() -> Distribution:
    """Return quadrature of the exponential distribution of mean one: conditional means of 60 slices, the last ones fine."""
    edges = np.concatenate((np.linspace(0, 0.95, 40), 1 - 0.05 * 0.75 ** np.arange(1, 30), [1.0]))
    upper = np.where(edges < 1, (1 - edges) * (1 - np.log(np.maximum(1 - edges, 1e-300))), 0.0)
    return Distribution((upper[:-1] - upper[1:]) / np.diff(edges), np.diff(edges))


def test_dispersion_is_the_square_of_the_variation_of_gaps() -> None:
    """Gaps of variation 3 have F = 9; half of that stream, split at random, has F = 1 + 8/2 = 5."""
    assert Arrivals.of_gaps(3.0).dispersion == 9.0
    assert Arrivals.of_gaps(3.0).split(2).dispersion == 5.0


def test_quadrature_of_a_sample_keeps_its_mean() -> None:
    sample = np.random.default_rng(1).lognormal(3, 1, 12_345)
    assert Distribution.of_sample(sample).mean == pytest.approx(sample.mean(), rel=1e-12)


def test_quadrature_of_a_single_value_is_that_value() -> None:
    points = Distribution.of_sample(np.full(500, 7.0))
    assert set(points.values) == {7.0}
    assert points.second_moment == pytest.approx(49.0)


def test_overlap_is_one_for_constant_and_a_half_for_exponential_stays() -> None:
    assert overlap(np.full((1, 3), 2.0), np.full((1, 3), 1 / 3)) == pytest.approx([1.0])
    points = exponential()
    assert overlap(points.values[None], points.weights[None]) == pytest.approx([0.5], abs=0.01)


def test_poisson_arrivals_are_not_peaked() -> None:
    peak = Peakedness.of(one(5), one(0.5), one(1), one(0.7))
    assert peak.stock == pytest.approx([1.0])
    assert peak.ahead == pytest.approx([0.0], abs=1e-9)


def test_peakedness_of_many_exponential_stays_is_the_mean_of_one_and_the_dispersion() -> None:
    """With 10^4 in flight the stay sees the whole dispersion: z = (1 + F)/2 = 3 for F = 5."""
    assert Peakedness.of(one(1e4), one(1), one(5), one(0.5)).stock == pytest.approx([3.0], rel=1e-3)


def test_full_house_ratio_of_poisson_arrivals_is_the_load() -> None:
    assert full_house_ratio(one(3), one(4), one(1)) == pytest.approx([0.75], abs=1e-5)
    assert full_house_ratio(one(5), one(4), one(1)) == pytest.approx([1.0])


@pytest.mark.parametrize(("servers", "rate", "waits"), [(1, 0.6, 0.6), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9)])
def test_poisson_occupancy_is_erlang_c(servers: int, rate: float, waits: float) -> None:
    """Erlang C: a = 1, n = 2: (1/2·2)/(1 + 1 + 1/2·2) = 1/3; a = 2, n = 3: (8/6·3)/(1 + 2 + 2 + 8/6·3) = 4/9."""
    bins = Bins.of(one(servers))
    peak = Peakedness.of(one(rate), one(1), one(1), one(0.5))
    seen = occupancy(one(rate), Departures.linear(one(1), bins), bins, peak, one(rate / servers))
    assert seen.waits == pytest.approx([waits], rel=1e-6)


def test_occupancy_in_wide_bins_agrees_with_one_state_a_bin() -> None:
    """Erlang C of 400 servers at a = 385, from its recursion; the chain has 64 bins of 6.25 states."""
    blocking = 1.0
    for servers in range(1, 401):
        blocking = 385 * blocking / (servers + 385 * blocking)
    erlang_c = blocking / (1 - 385 / 400 * (1 - blocking))
    bins = Bins.of(one(400))
    peak = Peakedness.of(one(385), one(1), one(1), one(0.5))
    seen = occupancy(one(385), Departures.linear(one(1), bins), bins, peak, one(385 / 400))
    assert seen.waits == pytest.approx([erlang_c], rel=0.03)
    assert seen.mean == pytest.approx([382], rel=0.02)


@pytest.mark.parametrize(("rate", "limit"), [(0.3, 2.0), (0.6, 5.0), (0.9, 20.0)])
def test_response_of_m_m_1_is_exponential(rate: float, limit: float) -> None:
    """P(T > t) = exp(−(1 − λ)t)."""
    points = exponential()
    density = Density.of(points.values[None], points.weights[None])
    tail = ResponseTail(density, density, one(limit), one(1), one(1))
    assert tail.exceeds(tail.waiting(one(rate))[0]) == pytest.approx([np.exp(-(1 - rate) * limit)], rel=0.02, abs=5e-4)


@pytest.mark.parametrize("dispersion", [1.5, 4.0, 12.25])
@pytest.mark.parametrize(("rate", "limit"), [(0.2, 4.0), (0.6, 10.0), (0.85, 60.0)])
def test_response_of_gi_m_1_is_exponential(dispersion: float, rate: float, limit: float) -> None:
    """P(T > t) = exp(−(1 − σ)t) with σ = A*(1 − σ), exact for any gaps (Kendall 1953); P(W = 0) = 1 − σ."""
    points = exponential()
    density = Density.of(points.values[None], points.weights[None])
    tail = ResponseTail(density, density, one(limit), one(dispersion), one(1))
    waiting, idle = tail.waiting(one(rate))
    ratio = full_house_ratio(one(rate), one(1), one(dispersion))
    assert tail.exceeds(waiting) == pytest.approx(np.exp(-(1 - ratio) * limit), rel=0.02, abs=1e-3)
    assert idle == pytest.approx(1 - ratio, rel=0.02)


def test_response_of_m_d_1_below_two_service_times() -> None:
    """P(W ≤ t) = (1 − λ)·exp(λt) for t < 1, so P(W + 1 > 1.5) = 1 − 0.6·exp(0.4·0.5)."""
    density = Density.of(np.ones((1, 1)), np.ones((1, 1)))
    tail = ResponseTail(density, density, one(1.5), one(1), one(1))
    assert tail.exceeds(tail.waiting(one(0.4))[0]) == pytest.approx([1 - 0.6 * np.exp(0.2)], rel=0.01)


def test_highest_rate_finds_the_crossing() -> None:
    """Misses exp(−5(1 − x)) of 1 % at x = 1 − ln(100)/5 of saturation; nothing meets a limit that everything misses."""
    found = highest_rate(lambda rate: np.exp(-5 * (1 - rate / 8)), 0.01, one(8))
    assert found == pytest.approx([8 * (1 - np.log(100) / 5)], rel=1e-3)
    assert highest_rate(lambda rate: 0 * rate + 0.5, 0.01, one(8)) == pytest.approx([0.0])


@given(count=st.integers(0, 1500))
def test_chunks_cover_every_case_once(count: int) -> None:
    assert np.array_equal(in_chunks(count, lambda rows: np.arange(count, dtype=float)[rows]), np.arange(count))


@pytest.mark.parametrize("percentile", [99.0, 0.3, 1.0, float("nan")])
def test_percentile_is_a_share(percentile: float) -> None:
    with pytest.raises(InputError, match=r"0\.99 for p99"):
        check_percentile(percentile)
