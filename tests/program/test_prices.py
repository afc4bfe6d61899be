"""What limits are worth and when a system enters: each figure checked by solving again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program.instance import Placement
from planner.program.prices import entry_price, shadow_prices, worth
from planner.program.solve import solve_instance
from tests.program.instances import one_period, site, system
from tests.program.plain import plain


def tight():
    """Return 10 rps on cheap units of 1 kW or dear ones of 0.5 kW, with 8 kW: power is short."""
    hardware = [system("cheap", power_w=1000.0), system("frugal", power_w=500.0)]
    prices = {"cheap": 10.0, "frugal": 16.0}
    return one_period(prices, {n: {"b": 1.0} for n in prices}, {"b": 10.0}, site=site(power_w=8000.0), hardware=hardware)


def test_a_kilowatt_is_worth_what_it_saves():
    """X cheap + y frugal = 10, x + y / 2 <= 8: x = 6, y = 4, 124 USD. A kilowatt turns two frugal into cheap: 12 USD, 0.012 per W."""
    (price,) = [p for p in shadow_prices(tight()) if p.family == "power"]
    assert price.binding
    assert price.usd_per_unit == pytest.approx(0.012)
    base = solve_instance(tight())
    assert base.objective_usd == pytest.approx(124.0)
    assert worth(tight(), base, "power", "s", 1000.0).saves_usd == pytest.approx(12.0)


def test_with_the_fleet_fixed_no_limit_on_it_is_worth_anything():
    base = solve_instance(tight())
    assert all(price.usd_per_unit == pytest.approx(0.0) for price in shadow_prices(tight(), fixed=base))


@pytest.mark.parametrize("seed", range(6))
def test_shadow_prices_of_the_relaxation_are_its_differences(seed):
    """Between two scales of a limit the relaxation's cost moves at least as the duals say: it is convex."""
    from planner.program.adapter import Request, solve
    from planner.program.build import build
    from planner.program.matrix import from_problem
    from planner.program.sets import prepare

    def relaxed(instance):
        model = build(prepare(instance))
        answer = solve(from_problem(model.problem).relaxed(), Request())
        return None if answer.objective is None else answer.objective * model.scale

    instance = plain(seed)
    base = relaxed(instance)
    for price in shadow_prices(instance) if base is not None else ():
        if price.family == "power":
            t = int(price.index[1])
            sites = tuple(
                replace(s, power_w=tuple(w + 100.0 * (i == t) for i, w in enumerate(s.power_w))) for s in instance.sites
            )
            assert base - relaxed(replace(instance, sites=sites)) <= 100.0 * price.usd_per_unit + 1e-6 * abs(base)
            less = tuple(replace(s, power_w=tuple(w - 1.0 * (i == t) for i, w in enumerate(s.power_w))) for s in instance.sites)
            cut = relaxed(replace(instance, sites=less))
            assert cut is None or cut - base >= price.usd_per_unit - 1e-6 * abs(base)


def test_a_rejected_system_enters_below_its_price_and_not_above():
    """Two new units (4 rps each) replace eight old ones at 10 USD: 40 USD each, of a listed 100. Three replace ten: 33.3 each."""
    instance = one_period({"old": 10.0, "new": 100.0}, {"old": {"b": 1.0}, "new": {"b": 4.0}}, {"b": 10.0})
    entry = entry_price(instance, "new")
    assert entry.factor == pytest.approx(0.4)
    assert entry.units == 2
    for factor, bought in ((0.399, True), (0.401, False)):
        placements = tuple(replace(p, buy_usd=(100.0 * factor,)) if p.system == "new" else p for p in instance.placements)
        solution = solve_instance(replace(instance, placements=placements))
        assert any(b.system == "new" for b in solution.bought) == bought


def test_a_price_is_scaled_with_what_possession_costs():
    """As above, but of the 100 USD 50 are paid a period for possession (support is a share of the price): still 40 of 100."""
    instance = one_period({"old": 10.0, "new": 50.0}, {"old": {"b": 1.0}, "new": {"b": 4.0}}, {"b": 10.0})
    placements = tuple(replace(p, own_usd=(50.0,)) if p.system == "new" else p for p in instance.placements)
    entry = entry_price(replace(instance, placements=placements), "new")
    assert entry.factor == pytest.approx(0.4)
    assert entry.units == 2


def test_a_system_that_nothing_can_replace_enters_at_any_price_and_a_useless_one_at_none():
    instance = one_period({"only": 10.0}, {"only": {"b": 1.0}}, {"b": 2.0}, hardware=[system("only"), system("idle")])
    instance = replace(instance, placements=(*instance.placements, Placement("idle", "s", (1.0,), own_usd=(1.0,))))
    assert entry_price(instance, "only").factor == float("inf")
    assert entry_price(instance, "idle").factor is None


def test_another_limit_is_refused():
    with pytest.raises(ValueError, match="moon"):
        worth(tight(), solve_instance(tight()), "moon", "s", 1.0)
