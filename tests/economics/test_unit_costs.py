"""Costs per token, user and hour, and utilisation by three denominators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.economics.carbon import Emissions, embodied_share_kg
from planner.economics.unit_costs import (
    PoolCost,
    TokenVolume,
    Utilisation,
    token_cost,
    tokens_per_usd,
    usd_per_accelerator_hour,
    usd_per_mtok,
    usd_per_mtok_at_rate,
    usd_per_user_month,
)

usd = st.floats(0.0, 1e8)
work = st.floats(0.0, 1e3)
pools = st.lists(st.builds(PoolCost, usd, work, work, work), min_size=1, max_size=6)
tokens = st.builds(TokenVolume, st.floats(1.0, 1e12), st.floats(1.0, 1e12), st.floats(1.0, 1e12))


@given(pools, tokens)
def test_costs_of_the_kinds_add_up_to_the_whole(some: list[PoolCost], volume: TokenVolume) -> None:
    """Nothing is lost and nothing counted twice, idle pools included."""
    cost = token_cost(some, volume)
    parts = (
        (cost.input_usd_mtok or 0.0) * volume.input
        + (cost.cached_usd_mtok or 0.0) * volume.cached
        + (cost.output_usd_mtok or 0.0) * volume.output
    ) / 1e6
    whole = sum(pool.usd for pool in some)
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)
    assert (cost.blended_usd_mtok or 0.0) * volume.total / 1e6 == pytest.approx(whole, rel=1e-9, abs=1e-6)


@given(pools, tokens)
def test_the_order_of_pools_does_not_show(some: list[PoolCost], volume: TokenVolume) -> None:
    """Bit for bit."""
    assert token_cost(some, volume) == token_cost(list(reversed(some)), volume)


def test_prefill_pays_for_input_and_decode_for_output() -> None:
    """An aggregated pool of 60 that prefills a quarter of its time: 15 and 45; cached tokens take a tenth of the prefill."""
    cost = token_cost(
        [PoolCost(30.0, 9.0, 1.0, 0.0), PoolCost(10.0, 0.0, 0.0, 5.0), PoolCost(60.0, 1.0, 0.0, 3.0)],
        TokenVolume(42e6, 3e6, 55e6),
    )
    assert (cost.input_usd_mtok, cost.cached_usd_mtok, cost.output_usd_mtok) == pytest.approx((1.0, 1.0, 1.0))


def test_a_reserve_is_shared_like_the_work() -> None:
    """An idle pool of 10 beside 30 for input and 70 for output."""
    cost = token_cost([PoolCost(30, 1, 0, 0), PoolCost(70, 0, 0, 1), PoolCost(10, 0, 0, 0)], TokenVolume(1e6, 0, 1e6))
    assert (cost.input_usd_mtok, cost.output_usd_mtok) == pytest.approx((33.0, 77.0))


def test_no_tokens_no_price() -> None:
    """Nothing was generated."""
    cost = token_cost([PoolCost(5.0, 0, 0, 0)], TokenVolume(1e6, 0.0, 0.0))
    assert (cost.input_usd_mtok, cost.output_usd_mtok) == (5.0, None)
    assert token_cost([], TokenVolume(0, 0, 0)).blended_usd_mtok is None
    assert usd_per_user_month(1.0, 1.0, 0.0) is None


@given(st.floats(1e-6, 1e6))
def test_tokens_per_dollar_is_the_exact_reciprocal(price: float) -> None:
    """One number in two units."""
    assert tokens_per_usd(price) * price == pytest.approx(1e6, rel=1e-15)


def test_hourly_and_total_definitions_agree() -> None:
    """3.60 an hour at 1,000 tokens/s: 3.6 million tokens an hour, 1 USD/Mtok."""
    assert usd_per_mtok_at_rate(3.6, 1000.0) == pytest.approx(usd_per_mtok(3.6, 3.6e6))


def test_an_hour_that_is_often_down_costs_more() -> None:
    """90 % available: each hour carries a ninth more."""
    assert usd_per_accelerator_hour(8760.0, 1.0, 0.9) == pytest.approx(1 / 0.9)


def test_three_denominators() -> None:
    """200 served of 400 feasible of 1,000 nameplate; 100 USD are 0.1, 0.25 and 0.5 a million."""
    use = Utilisation(1000e6, 400e6, 200e6)
    assert (use.of_nameplate, use.of_sla_feasible) == (0.2, 0.5)
    assert use.usd_mtok(100.0) == pytest.approx({"nameplate": 0.1, "sla_feasible": 0.25, "served": 0.5})
    with pytest.raises(ValueError, match="must hold"):
        Utilisation(1.0, 2.0, 0.5)


def test_embodied_carbon_is_never_charged_more_than_once() -> None:
    """Longer than its life: the whole, not more."""
    assert embodied_share_kg(1000.0, 6.0, 4.0) == 1000.0
    assert Emissions(1.0, 1.0).g_per_mtok(0.0) is None
