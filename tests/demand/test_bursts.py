"""Minute-scale burstiness."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.bursts import fano, iat_cv, minute_peak_factor, thinned_fano


def test_the_peak_minute_of_the_chat_week_is_found() -> None:
    """F = 21 at 45.1 x 1.65 = 74.4 rps, N = 4,465 a minute: 1 + 2.4 sqrt(21/4465) = 1.1646, published 1.17."""
    assert minute_peak_factor(45.1 * 1.65, 21.0) == pytest.approx(1.17, abs=0.01)


def test_hand_case() -> None:
    """N = 60, F = 15: 1 + 2.4 sqrt(0.25) = 2.2."""
    assert minute_peak_factor(1.0, 15.0) == pytest.approx(2.2)


@given(st.floats(1e-3, 1e6), st.floats(1.01, 100.0), st.floats(0.1, 500.0))
def test_larger_streams_have_smaller_peak_factors(rate: float, more: float, dispersion: float) -> None:
    assert minute_peak_factor(rate * more, dispersion) <= minute_peak_factor(rate, dispersion)


def test_no_load_and_no_burst_rule_have_factor_one() -> None:
    assert minute_peak_factor(0.0, 20.0) == 1.0
    assert minute_peak_factor(5.0, 20.0, z=0.0) == 1.0


def test_a_poisson_stream_measures_one_on_both_scales() -> None:
    arrivals = np.cumsum(np.random.default_rng(1).exponential(0.1, 200_000))
    assert iat_cv(arrivals) == pytest.approx(1.0, abs=0.02)
    assert fano(arrivals) == pytest.approx(1.0, abs=0.15)


def test_a_clock_has_no_variation() -> None:
    assert iat_cv(np.arange(1000.0)) == 0.0
    assert fano(np.arange(6001.0)) == 0.0


def test_too_little_to_measure_is_not_a_number() -> None:
    assert math.isnan(iat_cv(np.zeros(5)))
    assert math.isnan(iat_cv(np.array([0.0, 1.0])))
    assert math.isnan(fano(np.array([0.0, 59.0])))


def test_a_share_of_a_clustered_stream_is_less_clustered() -> None:
    """A tenth of a stream of F = 21 has F = 3; so it is in 40,000 drawn minutes of a negative binomial with F = 20 (2.9)."""
    assert thinned_fano(21.0, 0.1) == pytest.approx(3.0)
    assert thinned_fano(21.0, 1.0) == 21.0
    rng = np.random.default_rng(2)
    counts = rng.negative_binomial(5, 0.05, 40_000)  # variance/mean = 1/0.05 = 20
    thinned = rng.binomial(counts, 0.1)
    assert thinned.var() / thinned.mean() == pytest.approx(thinned_fano(20.0, 0.1), rel=0.05)
