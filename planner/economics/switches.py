"""Which lines count: what is off by default, what the scenario leaves out, and how each site is billed for power.

A kilowatt-hour is billed once. A metered site pays its tariff; a colocated one pays for contracted kilowatts and, unless the fee
contains it, the metered energy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from planner.economics.assumptions import AssumptionBook
from planner.economics.lines import LineTemplate, Switches
from planner.economics.templates import COST_LINES
from planner.errors import InputError, Problem


class Billing(StrEnum):
    """How a site pays for power and the room around it."""

    METERED = "metered"
    COLOCATION = "colocation"
    ALL_IN = "all-in"


NOT_AT_SITE: Mapping[Billing, Mapping[str, str]] = {
    Billing.METERED: {"opex.colocation": "the site is not colocated"},
    Billing.COLOCATION: {"opex.space": "contained in the colocation fee"},
    Billing.ALL_IN: {
        "opex.space": "contained in the colocation fee",
        "opex.energy": "contained in the all-in colocation fee",
        "opex.demand_charge": "contained in the all-in colocation fee",
    },
}


def line_switches(
    book: AssumptionBook,
    billing: Mapping[str, Billing],
    exclude: Iterable[str] = (),
    templates: Sequence[LineTemplate] = COST_LINES,
) -> Switches:
    """Return the switches of a plan.

    A line that is off by default counts as soon as the book holds the assumption that enables it. `exclude` names lines
    (`opex.staff`) or whole groups (`opex`) that the scenario leaves out; an unknown name raises InputError.
    """
    off = {
        template.id: template.why_off
        for template in templates
        if template.why_off and not any(_names(address, template.enabled_by) for address in book)
    }
    off |= dict.fromkeys(_excluded(exclude, templates), "left out by the scenario")
    site_off = {(line, site): why for site, kind in billing.items() for line, why in NOT_AT_SITE[kind].items()}
    return Switches(off, {key: why for key, why in sorted(site_off.items()) if key[0] not in off})


def check_energy_once(switches: Switches, billing: Mapping[str, Billing]) -> None:
    """Raise InputError where a site's kilowatt-hours would be billed by tariff and inside an all-in fee."""
    twice = [
        Problem(site, "energy is in the all-in colocation fee and must not be billed by tariff as well")
        for site, kind in sorted(billing.items())
        if kind is Billing.ALL_IN and switches.is_on("opex.energy", site)
    ]
    if twice:
        raise InputError(twice)


def _names(address: str, name: str) -> bool:
    return address == name or address.startswith(f"{name}[")


def _excluded(exclude: Iterable[str], templates: Sequence[LineTemplate]) -> list[str]:
    lines: list[str] = []
    known = {template.id for template in templates} | {template.group.value for template in templates}
    for name in exclude:
        if name not in known:
            raise InputError.at("economics.exclude", f"no cost line '{name}'; there are {', '.join(sorted(known))}")
        lines += [template.id for template in templates if name in (template.id, template.group.value)]
    return sorted(set(lines))
