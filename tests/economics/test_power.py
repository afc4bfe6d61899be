"""Watts and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.power import (
    demand_charge_usd,
    energy_usd,
    energy_usd_per_mtok,
    equal_count,
    joules_per_token,
    machine_power_w,
    tokens_s_per_mw,
)

positive = st.floats(1e-3, 1e9)


@given(positive, positive)
def test_joules_per_token_and_tokens_per_megawatt_are_reciprocal(watts: float, rate: float) -> None:
    """J/token = 1e6 / (tokens/s/MW)."""
    assert joules_per_token(watts, rate) == pytest.approx(1e6 / tokens_s_per_mw(rate, watts), rel=1e-12)


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1))
def test_a_machine_draws_between_idle_and_full(idle: float, extra: float, load: float) -> None:
    """Linear in the load."""
    assert idle <= machine_power_w(idle, idle + extra, load) <= (idle + extra) * (1 + 1e-12)


def test_a_flat_tariff_is_energy_times_price() -> None:
    """One block of the whole year equals two halves."""
    whole = energy_usd([100.0], [8760.0], [0.08], 1.3)
    assert whole == pytest.approx(100 * 8760 * 1.3 * 0.08)
    assert energy_usd([100.0, 100.0], [4380.0, 4380.0], [0.08, 0.08], 1.3) == pytest.approx(whole)


def test_the_demand_charge_counts_each_month_by_its_own_peak() -> None:
    """Eleven quiet months do not pay for the loud one."""
    assert demand_charge_usd([10.0] * 11 + [100.0], 1.2, 15.0) == pytest.approx(210 * 1.2 * 15)


@given(positive, st.floats(0.01, 1.0))
def test_energy_per_token_is_the_bill_over_the_tokens(joules: float, tariff: float) -> None:
    """1e6 tokens × J / 3.6e6 J/kWh × USD/kWh."""
    assert energy_usd_per_mtok(joules, tariff) == pytest.approx(joules * 1e6 / 3.6e6 * tariff)


def test_equal_counts_are_whole_and_not_lost_to_rounding() -> None:
    """0.1 + 0.2 style noise does not cost a machine."""
    assert equal_count(3, 0.1 + 0.2, 0.1) == 9
    assert np.all([equal_count(n, 1.0, 1.0) == n for n in range(100)])
