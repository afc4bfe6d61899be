"""The figures that people quote, each with the one definition that a report prints beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureDefinition:
    """What a figure is called, its unit, and numerator over denominator in words."""

    label: str
    unit: str
    words: str


LEVELISED = "present cost over present tokens, both at the plan's discount rate: the constant price that pays for the plan"
FIGURES: Mapping[str, FigureDefinition] = {
    "net_present_cost_usd": FigureDefinition(
        "Net present cost", "USD", "sum of all cost lines, each discounted to the start of the plan; credits are negative"
    ),
    "equivalent_annual_cost_usd": FigureDefinition(
        "Equivalent annual cost",
        "USD/year",
        "net present cost × r / (1 − (1 + r)^-years): the level yearly amount of equal worth",
    ),
    "usd_per_mtok": FigureDefinition("Cost of a million tokens", "USD/Mtok", f"all pools over all tokens; {LEVELISED}"),
    "usd_per_mtok_input": FigureDefinition(
        "Cost of a million input tokens", "USD/Mtok", f"cost of the work on prompt tokens that are computed; {LEVELISED}"
    ),
    "usd_per_mtok_cached": FigureDefinition(
        "Cost of a million cached input tokens", "USD/Mtok", f"cost of the work on prompt tokens found in the cache; {LEVELISED}"
    ),
    "usd_per_mtok_output": FigureDefinition(
        "Cost of a million output tokens", "USD/Mtok", f"cost of the work on generated tokens; {LEVELISED}"
    ),
    "tokens_per_usd": FigureDefinition("Tokens per dollar", "tokens/USD", "the exact reciprocal of the cost of a million tokens"),
    "usd_per_user_month": FigureDefinition(
        "Cost of a user in a month",
        "USD/user/month",
        "present cost over present user-months; users grow with the requests, at the stated requests per user and day",
    ),
    "usd_per_accelerator_hour": FigureDefinition(
        "Cost of an accelerator-hour",
        "USD/h",
        "present cost of owned and rented machines over their present accelerator-hours, busy or not",
    ),
    "tokens_s_per_mw": FigureDefinition(
        "Throughput per megawatt",
        "tokens/s/MW",
        "tokens served by owned machines per second over their all-in provisioned facility power (nameplate × PUE)",
    ),
    "joules_per_token": FigureDefinition(
        "Energy of a token",
        "J/token",
        "average facility power that owned machines draw over the tokens that they serve per second",
    ),
    "provisioned_joules_per_token": FigureDefinition(
        "Provisioned energy of a token",
        "J/token",
        "all-in provisioned facility power of owned machines over the tokens that they serve per second",
    ),
    "g_co2e_per_mtok": FigureDefinition(
        "Carbon of a million tokens",
        "gCO2e/Mtok",
        "SCI: (energy × grid intensity + share of embodied emissions) of owned machines over their tokens",
    ),
    "utilisation_of_nameplate": FigureDefinition(
        "Utilisation of nameplate",
        "1",
        "tokens served over what all accelerators present would serve of the same mix, busy every hour, spares, reserve and"
        " idle ones included; each at the rate at which its deployment keeps every promise",
    ),
    "utilisation_of_sla_feasible": FigureDefinition(
        "Utilisation of SLA-feasible capacity",
        "1",
        "tokens served over what the replicas that are up would serve of the same mix, busy whenever they are up, every"
        " promise kept",
    ),
    "usd_per_mtok_at_nameplate": FigureDefinition(
        "Cost of a million tokens at nameplate", "USD/Mtok", "cost over the tokens that nameplate capacity would make"
    ),
    "usd_per_mtok_at_sla_feasible": FigureDefinition(
        "Cost of a million tokens at SLA-feasible load", "USD/Mtok", "cost over the tokens that SLA-feasible capacity would make"
    ),
}
