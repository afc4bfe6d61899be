"""Every cost line, in the order of a report; each formula says in words the product that is computed."""

from __future__ import annotations

from planner.economics.lines import Driver, Factor, Group, LineTemplate
from planner.economics.templates_flows import (
    FINANCING_LINES,
    PENALTY_LINES,
    RENT_LINES,
    TERMINAL_LINES,
    TOKEN_LINES,
)
from planner.economics.templates_owned import CAPEX_LINES, OPEX_LINES, PUE, YEARS

COST_LINES: tuple[LineTemplate, ...] = (
    *CAPEX_LINES,
    *OPEX_LINES,
    *RENT_LINES,
    *TOKEN_LINES,
    *FINANCING_LINES,
    *TERMINAL_LINES,
    *PENALTY_LINES,
)

CARBON_LINES: tuple[LineTemplate, ...] = (
    LineTemplate(
        id="carbon.operational",
        group=Group.CARBON,
        label="Operational emissions",
        formula="IT kWh × PUE × carbon intensity",
        driver=Driver.IT_KWH,
        factors=(PUE, Factor("carbon_kg_kwh", ("site",))),
    ),
    LineTemplate(
        id="carbon.embodied",
        group=Group.CARBON,
        label="Embodied emissions, share of the life used",
        formula="units owned × embodied kg of a unit × share of the life per year × years per period",
        driver=Driver.UNITS_OWNED,
        factors=(Factor("embodied_kg_unit", ("item",)), Factor("life_share_year", ("item",)), YEARS),
    ),
)

NEVER_COUNTED: tuple[str, ...] = (
    "income tax and the tax shield of depreciation",
    "currency risk and hedging",
    "model licences, fine-tuning and evaluation",
    "data transfer to the public internet",
    "application development and managed services above the serving stack",
)
