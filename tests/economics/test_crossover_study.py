"""One workload, every way to serve it, and when its demand makes the difference."""

from __future__ import annotations

from datetime import date

import pytest

from planner.economics.break_even import TokenPrice
from planner.economics.buy_rent_api import Way, owned_way, rented_way
from planner.economics.crossover_study import Mix, Unit, dated_findings, study, ways_to_serve

UNIT = Unit(mtok_month=730.0, owned_usd_year=12_000.0, energy_usd_mtok=0.1, rent_usd_hour=2.0)
MIX = Mix(0.5, 0.25, 0.25)


def test_a_study_compares_every_pair_in_the_order_given() -> None:
    """API, rent, own: three verdicts, and curves that are the ways' own costs."""
    ways = [Way("api", 1.5), rented_way("rent", 0.2, 0.2), owned_way("own", 1200.0, 100.0)]
    found = study(ways, 400.0, points=5)
    assert found.mtok_month == (0.0, 100.0, 200.0, 300.0, 400.0)
    assert found.usd_month["own"] == (100.0, 100.0, 200.0, 300.0, 400.0)
    assert [(one.incumbent, one.challenger) for one in found.verdicts] == [("api", "rent"), ("api", "own"), ("rent", "own")]
    assert found.findings[1].startswith("own is cheaper than api from 133.333 Mtok a month")


def test_the_ways_of_a_workload_by_hand() -> None:
    """API (0.5 + 0.25) × 1 + 0.25 × 5 = 2 USD/Mtok; rent 2 USD for 1 Mtok an hour; own 1,000 a month and 0.1 a Mtok."""
    ways = {way.name: way for way in ways_to_serve(UNIT, MIX, TokenPrice(1.0, 5.0))}
    assert [ways[name].usd_month(730.0) for name in ways] == pytest.approx([1460.0, 1460.0, 1460.0, 1073.0])
    assert list(ways) == ["token API", "rent, scaled to zero", "rent, always on", "own"]


def test_ways_that_do_not_exist_are_not_offered() -> None:
    """Nobody rents it out, nobody sells its tokens."""
    only = ways_to_serve(Unit(730.0, 12_000.0), MIX)
    assert [way.name for way in only] == ["own"]
    assert study(only, 100.0).verdicts == ()


def test_findings_say_when_demand_gets_there() -> None:
    """Own beats the API from 1,000/1.9 = 526.3 Mtok a month; 300 never gets there.

    Demand of 500 in the middle of 2028 and 700 in the middle of 2029 is there 0.13 years after mid-2028: day 596, 19 August.
    """
    found = study(ways_to_serve(Unit(730.0, 12_000.0, 0.1), MIX, TokenPrice(1.0, 5.0)), 730.0)
    start = date(2027, 1, 1)
    assert dated_findings(found, start, 1.0, [300.0, 500.0, 700.0]) == (
        "own is cheaper than token API from 526.316 Mtok a month, 72% of its capacity; demand is there from 2028-08-19",
    )
    assert dated_findings(found, start, 1.0, [300.0])[0].endswith("never stays there within the plan (it reaches 300)")
    assert dated_findings(found, start, 1.0, [600.0])[0].endswith("demand is there from the start")
    dear = study(ways_to_serve(Unit(730.0, 1e6), MIX, TokenPrice(1.0, 5.0)), 730.0)
    assert dated_findings(dear, start, 1.0, [1.0]) == ("own is never cheaper than token API up to 730 Mtok a month",)
