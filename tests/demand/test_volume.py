"""Users, requests, tokens: one chain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.spec import Rate, RateBasis
from planner.demand.volume import Traffic, volume_chain
from planner.errors import InputError

CHAT = Traffic(isl_tokens=1000.0, osl_tokens=200.0, peak_hour_factor=2.0, fano_1min=15.0, response_s=10.0)


def _value(rate: Rate, name: str) -> float:
    return next(step.value for step in volume_chain(rate, CHAT).steps if step.name == name)


def test_ten_thousand_users_step_by_step() -> None:
    """10,000 users x 8.64 a day = 86,400 a day = 1 request/s.

    Busiest hour 2; busiest minute 2 (1 + 2.4 sqrt(15/120)) = 3.697; 1,000 input tokens/s; 2 x 10 s = 20 requests in flight.
    """
    rate = Rate(users=10_000, requests_per_user_day=8.64)
    assert volume_chain(rate, CHAT).mean_rps == pytest.approx(1.0)
    assert _value(rate, "requests a day") == pytest.approx(86_400)
    assert _value(rate, "busiest hour") == pytest.approx(2.0)
    assert _value(rate, "busiest minute") == pytest.approx(2 * (1 + 2.4 * (15 / 120) ** 0.5))
    assert _value(rate, "input tokens, mean") == pytest.approx(1000.0)
    assert _value(rate, "output tokens, busiest hour") == pytest.approx(400.0)
    assert _value(rate, "requests in flight, busiest hour") == pytest.approx(20.0)


def test_tokens_a_month_are_input_plus_output() -> None:
    """1,200 tokens x 730 h x 3,600 s = 3.1536e9 a month is 1 request/s."""
    assert volume_chain(Rate(tokens_per_month=1200 * 730 * 3600.0), CHAT).mean_rps == pytest.approx(1.0)


def test_concurrent_users_wait_think_and_ask_again() -> None:
    """60 users, 20 s of thought and 10 s per answer (the target's): 2 requests/s; at a stated 40 s per answer: 1."""
    assert volume_chain(Rate(concurrent_users=60, think_time_s=20), CHAT).mean_rps == pytest.approx(2.0)
    assert volume_chain(Rate(concurrent_users=60, think_time_s=20, response_s=40), CHAT).mean_rps == pytest.approx(1.0)


def test_a_rate_of_the_busiest_hour_is_halved_where_that_hour_is_twice_the_mean() -> None:
    rate = Rate(requests_rps=8.0, basis=RateBasis.PEAK_HOUR)
    assert volume_chain(rate, CHAT).mean_rps == pytest.approx(4.0)
    assert _value(rate, "busiest hour") == pytest.approx(8.0)


@given(st.floats(1e-6, 1e6))
def test_the_three_ways_of_saying_a_rate_agree(rps: float) -> None:
    stated = [Rate(requests_rps=rps), Rate(requests_per_day=rps * 86_400), Rate(tokens_per_month=rps * 1200 * 730 * 3600)]
    assert [volume_chain(rate, CHAT).mean_rps for rate in stated] == pytest.approx([rps] * 3, rel=1e-12)


def test_every_step_says_how_it_came_about() -> None:
    assert all(step.how and step.unit for step in volume_chain(Rate(users=5, requests_per_user_day=1), CHAT).steps)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (Rate(), "r: states nothing; exactly one"),
        (Rate(requests_rps=1.0, users=5.0), "r: states requests_rps and users"),
        (Rate(users=5.0), r"r\.requests_per_user_day: missing"),
        (Rate(concurrent_users=5.0), r"r\.think_time_s: missing"),
        (Rate(requests_rps=-1.0), r"r\.requests_rps: -1"),
        (Rate(requests_rps=0.0), r"r\.requests_rps: 0"),
        (Rate(requests_rps=float("nan")), r"r\.requests_rps: nan"),
        (Rate(requests_per_day=float("inf")), r"r\.requests_per_day: inf"),
        (Rate(requests_rps=1e9), r"r: amounts to 1e\+09 requests/s; more than 0 and at most 1e\+07"),
        (Rate(users=1e10, requests_per_user_day=1e5), "r: amounts to"),
    ],
)
def test_what_cannot_be_is_refused_by_name(rate: Rate, message: str) -> None:
    with pytest.raises(InputError, match=message):
        volume_chain(rate, CHAT, field="r")


def test_concurrency_without_a_target_asks_for_the_seconds_per_answer() -> None:
    unknown = Traffic(1000.0, 200.0, 2.0, 15.0, None)
    with pytest.raises(InputError, match=r"rate\.response_s: missing"):
        volume_chain(Rate(concurrent_users=5, think_time_s=1), unknown)
