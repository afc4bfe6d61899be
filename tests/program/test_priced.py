"""What the first part of a unit is worth at the margin of the relaxation: hand-solvable cases, and never less than what pays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program.adapter import Request, solve
from planner.program.instance import Instance, Link, Option, Role
from planner.program.priced import PricedProgram, narrowed
from planner.program.solution import Outcome
from tests.program.instances import one_period, site, system
from tests.program.plain import plain
from tests.program.rich import rich


def priced(instance: Instance) -> PricedProgram:
    """Return the program of an instance whose every system costs 1 USD of price per USD that it is bought for."""
    twice = tuple(
        replace(
            p,
            buy_usd=tuple(None if usd is None else 2.0 * usd for usd in p.buy_usd),
            cash_usd=tuple(2.0 * usd for usd in p.cash_usd),
        )
        for p in instance.placements
    )
    prices = {p.system: next((usd for usd in p.buy_usd if usd), 1.0) for p in instance.placements}
    return PricedProgram(instance, replace(instance, placements=twice), prices)


def margin(instance: Instance, name: str) -> float | None:
    """Return the marginal price of a system from the relaxation without it."""
    program = priced(instance)
    base = program.relaxed({name}, 60.0)
    assert base.duals is not None
    return program.marginal_price(name, program.known(program.row_prices(base.duals, {name})), Request())


def test_a_faster_unit_is_worth_the_units_that_it_replaces():
    """10 rps on old units, 10 USD per rps; a new unit serves 4 rps: worth 40 USD, whatever it is said to cost."""
    for asked in (100.0, 39.0, 1.0):
        instance = one_period({"old": 10.0, "new": asked}, {"old": {"b": 1.0}, "new": {"b": 4.0}}, {"b": 10.0})
        assert margin(instance, "new") == pytest.approx(40.0)


def test_watts_that_are_short_are_part_of_what_a_unit_is_worth():
    """Cheap units (10 USD, 1 kW) and frugal ones (16 USD, 0.5 kW) on 8 kW: a rps is worth 22 USD, a kilowatt 12.

    A unit of 0.25 kW and 1 rps is worth 22 - 3 = 19 USD; one of 2 kW and 1 rps nothing: 22 - 24 < 0.
    """
    hardware = [
        system("cheap", power_w=1000.0),
        system("frugal", power_w=500.0),
        system("thrifty", power_w=250.0),
        system("hungry", power_w=2000.0),
    ]
    prices = {"cheap": 10.0, "frugal": 16.0, "thrifty": 99.0, "hungry": 99.0}
    instance = one_period(prices, {n: {"b": 1.0} for n in prices}, {"b": 10.0}, site=site(power_w=8000.0), hardware=hardware)
    assert margin(instance, "thrifty") == pytest.approx(19.0)
    assert margin(instance, "hungry") is None


def pairs() -> Instance:
    """Return 10 rps on pairs of prefill (5 rps) and decode (2 rps) units at 10 USD, with a decode unit of 6 rps as a rival."""
    base = one_period({"p": 10.0, "d": 10.0, "new": 99.0}, {}, {"b": 10.0})
    options = (
        Option("p!", "w", "p", Role.PREFILL, 1, {"b": 5.0}),
        Option("d!", "w", "d", Role.DECODE, 1, {"b": 2.0}),
        Option("new!", "w", "new", Role.DECODE, 1, {"b": 6.0}),
    )
    return replace(base, options=options, links=(Link("l", frozenset({"p!"}), frozenset({"d!", "new!"}), "s", "s"),))


def test_half_of_the_work_has_a_price_too():
    """A decode unit of 6 rps replaces three of 2 rps: 30 USD, though it serves nobody alone."""
    assert margin(pairs(), "new") == pytest.approx(30.0)


def test_a_system_of_another_program_is_priced_by_the_rows_that_it_shares():
    """The prices of a program that never heard of a system price it all the same."""
    instance = pairs()
    core, own = priced(narrowed(instance, {"p", "d"})), priced(narrowed(instance, {"new"}))
    base = core.relaxed(set(), 60.0)
    prices = own.known(core.row_prices(base.duals, {"new"}))
    assert own.marginal_price("new", prices, Request()) == pytest.approx(30.0)


@pytest.mark.parametrize("make", [plain, rich])
def test_above_its_marginal_price_no_system_pays(make):
    """With a unit at a price a little above the margin the relaxation is no cheaper than without: the margin is an upper figure."""
    asked = helped = 0
    for seed in range(12):
        instance = make(seed)
        program = priced(instance)
        for item in instance.systems:
            base = program.relaxed({item.id}, 60.0)
            if base.outcome is not Outcome.OPTIMAL:
                continue
            price = program.marginal_price(item.id, program.known(program.row_prices(base.duals, {item.id})), Request())
            dear = solve(program.at(item.id, 1.001 * (price or 0.0), set()).relaxed(), Request())
            assert dear.objective is None or dear.objective >= base.bound * (1.0 - 1e-6), (seed, item.id)
            asked, helped = asked + 1, helped + (price is not None)
    assert asked >= 10
    assert helped >= 3
