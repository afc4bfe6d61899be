"""Weighted requests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.lengths import LengthDistribution
from planner.demand.population import Population, population_of_lengths, weighted_quantile
from tests.demand.strategies import populations


@given(populations())
def test_the_order_of_requests_does_not_matter(p: Population) -> None:
    order = np.random.default_rng(3).permutation(p.weight.size)
    again = Population.of(p.input_tokens[order], p.output_tokens[order], p.cached_tokens[order], p.weight[order])
    assert (again.input_tokens == p.input_tokens).all()
    assert again.weight == pytest.approx(p.weight, rel=1e-14)


@given(populations(), st.floats(0.0, 0.99))
def test_a_hit_rate_is_met_exactly_and_lengths_stay(p: Population, hit: float) -> None:
    changed = p.with_hit_rate(hit)
    assert changed.hit_rate == pytest.approx(hit, abs=1e-9)
    assert changed.mean_tokens()[:2] == pytest.approx(p.mean_tokens()[:2], rel=1e-9)
    assert (changed.new_tokens >= -1e-9).all()
    assert changed.weight.sum() == pytest.approx(1.0)


def test_a_smaller_cache_makes_some_requests_cold_and_leaves_the_others() -> None:
    """One request of 100 tokens, 80 cached; at a hit rate of 0.4 half of it is cold and half still finds 80."""
    p = Population.of(np.array([100.0]), np.array([10.0]), np.array([80.0])).with_hit_rate(0.4)
    assert sorted(zip(p.cached_tokens.tolist(), p.weight.tolist(), strict=True)) == [(0.0, 0.5), (80.0, 0.5)]


@given(populations())
def test_condensing_conserves_tokens(p: Population) -> None:
    small = p.condensed((2, 2))
    assert small.weight.size <= 8
    assert small.mean_tokens() == pytest.approx(p.mean_tokens(), rel=1e-9)


@given(populations(), st.floats(0.5, 4.0), st.floats(0.5, 4.0))
def test_stretching_multiplies_means_where_no_request_is_tiny(p: Population, x: float, y: float) -> None:
    big = Population.of(p.input_tokens + 10, p.output_tokens + 10, p.cached_tokens, p.weight)
    i, o, c = big.stretched(x, y).mean_tokens()
    i0, o0, c0 = big.mean_tokens()
    assert (i, o, c) == pytest.approx((i0 * x, o0 * y, c0 * x), rel=1e-9)


def test_fixed_lengths_keep_the_cached_share() -> None:
    p = Population.of(np.array([100.0, 200.0]), np.array([1.0, 2.0]), np.array([50.0, 0.0])).fixed(1000.0, 300.0)
    assert p.mean_tokens() == pytest.approx((1000.0, 300.0, 250.0))


def test_independent_lengths_multiply_their_weights_and_bins() -> None:
    """Mean input 300 and output 20 with 0.4 x 0.9 + 0.6 x 0.1 = 0.42 of the input cached."""
    p = population_of_lengths(LengthDistribution.fixed(300.0), LengthDistribution.fixed(20.0), ((0.4, 0.9), (0.6, 0.1)))
    assert p.mean_tokens() == pytest.approx((300.0, 20.0, 126.0))
    assert p.hit_rate == pytest.approx(0.42)


def test_weighted_quantile_by_hand() -> None:
    """Weights 0.5, 0.4, 0.1: the median is the first value, p90 the second, p99 the third."""
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4])
    assert [weighted_quantile(values, weight, p) for p in (0.5, 0.9, 0.99)] == [1.0, 2.0, 3.0]
