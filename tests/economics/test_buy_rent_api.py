"""Three curves against volume: exact crossings, steps, dates, never."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.economics.buy_rent_api import (
    Way,
    compare,
    crossings,
    crossover_date,
    cumulative_crossover,
    owned_way,
    rented_way,
)

prices = st.floats(0.01, 100.0)
fixed = st.floats(1.0, 1e5)


def test_an_owned_fleet_loses_again_at_each_step() -> None:
    """100 USD a unit of 100 Mtok against 1.5 USD/Mtok: 66.7 wins, 100 → two units, 133.3 wins again, at 200 still (300 = 300)."""
    own, api = owned_way("own", 1200.0, 100.0), Way("api", 1.5)
    found = crossings(api, own, 300.0)
    assert [(round(one.mtok_month, 6), one.above) for one in found] == [
        (66.666667, "own"),
        (100.0, "api"),
        (133.333333, "own"),
    ]
    assert found[0].utilisation == pytest.approx(2 / 3)
    assert found[2].utilisation == pytest.approx(2 / 3)


def test_never_is_never() -> None:
    """At full load a token of the own fleet costs 1 USD, the API asks 0.9."""
    verdict = compare(Way("api", 0.9), owned_way("own", 1200.0, 100.0), 10_000.0)
    assert verdict.settled is None
    assert verdict.words == "own is never cheaper than api up to 10,000 Mtok a month"


def test_only_between_steps_is_not_for_good() -> None:
    """Own wins where its last unit is nearly full, and loses when another must be added: said so."""
    verdict = compare(Way("api", 1.05), owned_way("own", 1200.0, 100.0), 150.0)
    assert verdict.settled is None
    assert verdict.words == "own is cheaper than api only at 95.2381-100 Mtok a month, and never for good up to 150 Mtok a month"


def test_always_is_always() -> None:
    """A cheaper price per token without fixed cost."""
    assert (
        compare(Way("api", 2.0), Way("other api", 1.0), 10.0).words
        == "other api is cheaper than api at every volume up to 10 Mtok a month"
    )


def test_renting_always_on_in_a_window_and_to_zero() -> None:
    """8 USD/h for 4 Mtok/h: always on 5,840 a month; 160 h 1,280; to zero 2 USD/Mtok."""
    assert rented_way("r", 8.0, 4.0).usd_month(1.0) == 5840.0
    window = rented_way("r", 8.0, 4.0, hours_month=160.0)
    assert (window.usd_month(1.0), window.units(640.0), window.units(641.0)) == (1280.0, 1, 2)
    assert rented_way("r", 8.0, 4.0, to_zero=True).usd_month(100.0) == 200.0


@settings(deadline=None)
@given(fixed, st.floats(10.0, 1000.0), prices, fixed, st.floats(10.0, 1000.0), prices)
def test_crossings_agree_with_a_scan(a: float, ca: float, ma: float, b: float, cb: float, mb: float) -> None:
    """Between crossings the cheaper way is the one named, at every volume tried."""
    one, other = Way("one", ma, a, ca, 1), Way("other", mb, b, cb, 1)
    most = 3000.0
    found = crossings(one, other, most)
    edges = [0.0, *(crossing.mtok_month for crossing in found), most]
    for index, (left, right) in enumerate(itertools.pairwise(edges)):
        name = found[index].below if index < len(found) else found[-1].above if found else None
        for share in np.linspace(0.003, 0.997, 23):
            volume = left + share * (right - left)
            gap = one.usd_month(volume) - other.usd_month(volume)
            if abs(gap) > 1e-6 * one.usd_month(volume) and name is not None:
                assert (gap < 0) == (name == "one")


@given(st.floats(0.1, 100), st.floats(1.0, 1e5), st.floats(0.0, 10.0))
def test_against_an_api_the_first_crossing_is_the_break_even_volume(price: float, unit_usd: float, marginal: float) -> None:
    """The same Q* = fixed/(price − marginal) as in `break_even`."""
    from planner.economics.break_even import break_even_volume

    assume(abs(price - marginal) > 1e-3)
    capacity = 1e4
    expected = break_even_volume(unit_usd, price, marginal, capacity)
    found = crossings(Way("api", price), Way("own", marginal, unit_usd, capacity, 1), capacity)
    if expected.volume is None or expected.volume >= capacity * (1 - 1e-9):
        assert not found
    else:
        assert found[0].mtok_month == pytest.approx(expected.volume, rel=1e-9)
        assert found[0].utilisation == pytest.approx(expected.utilisation, rel=1e-9)


def test_the_date_is_when_demand_stays_above() -> None:
    """A peak that falls again does not count; demand that never gets there is never; already there is today."""
    start = date(2027, 1, 1)
    assert crossover_date(start, 1.0, [100.0, 300.0, 100.0, 300.0], 200.0) == date(2030, 1, 1)
    assert crossover_date(start, 1.0, [100.0, 150.0], 200.0) is None
    assert crossover_date(start, 1.0, [300.0, 250.0], 200.0) == start


def test_cumulative_cost_crosses_for_good_or_never() -> None:
    """Ahead from the first day; never; and only after the last time behind."""
    assert cumulative_crossover([1.0, 1.0], [2.0, 2.0], 1.0) == 0.0
    assert cumulative_crossover([10.0, 1.0], [2.0, 2.0], 1.0) is None
    assert cumulative_crossover([4.0, 0.0, 0.0], [2.0, 2.0, 2.0], 0.25) == pytest.approx(0.5)


def test_rounding_is_no_crossing() -> None:
    """A full instance always on costs what its busy hours cost: at whole units they tie, and neither wins by the last digit."""
    capacity = 1000.0 / 3.0
    busy, always = Way("busy hours", 730.0 * 1.1 / capacity), Way("always on", 0.0, 730.0 * 1.1, capacity, 1)
    assert crossings(busy, always, 9.0 * capacity) == ()
    assert "never cheaper" in compare(busy, always, 9.0 * capacity).words
