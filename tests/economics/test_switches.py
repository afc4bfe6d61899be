"""Which lines count, and that a kilowatt-hour is billed once."""

from __future__ import annotations

import pytest

from economics.small import book, clock, stated
from planner.economics.lines import Group, Switches
from planner.economics.switches import Billing, check_energy_once, line_switches
from planner.economics.templates import COST_LINES
from planner.errors import InputError

BOOK = book(clock())


def test_a_line_is_off_until_its_assumption_is_stated() -> None:
    """Insurance costs nothing until somebody says what it costs, be it for one system."""
    assert not line_switches(BOOK, {}).is_on("opex.insurance")
    for address in ("insurance_share_year", "insurance_share_year[box]"):
        assert line_switches(book(clock(), stated(address, 0.005)), {}).is_on("opex.insurance")


def test_a_whole_group_can_be_left_out() -> None:
    """No opex at all."""
    switches = line_switches(BOOK, {}, ["opex"])
    assert not any(switches.is_on(line.id) for line in COST_LINES if line.group is Group.OPEX)
    assert switches.is_on("capex.systems")


def test_an_unknown_line_is_refused_with_the_list() -> None:
    """A misspelt name must not silently count."""
    with pytest.raises(InputError, match=r"no cost line 'opex\.enrgy'; there are capex"):
        line_switches(BOOK, {}, ["opex.enrgy"])


@pytest.mark.parametrize(
    ("billing", "on"),
    [
        (Billing.METERED, {"opex.energy", "opex.demand_charge", "opex.space"}),
        (Billing.COLOCATION, {"opex.energy", "opex.demand_charge", "opex.colocation"}),
        (Billing.ALL_IN, {"opex.colocation"}),
    ],
)
def test_each_way_of_paying_for_power_bills_each_thing_once(billing: Billing, on: set[str]) -> None:
    """Energy by meter or in the fee, space by rack or in the fee."""
    switches = line_switches(BOOK, {"dc": billing})
    lines = {"opex.energy", "opex.demand_charge", "opex.colocation", "opex.space"}
    assert {line for line in lines if switches.is_on(line, "dc")} == on
    check_energy_once(switches, {"dc": billing})


def test_energy_billed_twice_is_refused() -> None:
    """Switches made by hand do not get past the check."""
    with pytest.raises(InputError, match="colo: energy is in the all-in colocation fee"):
        check_energy_once(Switches(), {"colo": Billing.ALL_IN})
