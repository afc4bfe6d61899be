"""The quoted figures of a workload and of a fleet, from plain quantities by their definitions (`definitions.FIGURES`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from planner.economics.carbon import Emissions
from planner.economics.power import joules_per_token, tokens_s_per_mw
from planner.economics.unit_costs import PoolCost, TokenVolume, Utilisation, token_cost, tokens_per_usd, usd_per_user_month


@dataclass(frozen=True, slots=True)
class FleetService:
    """What a fleet serves and draws, averaged over a time span.

    `tokens_s`: tokens of all kinds served per second; `provisioned_facility_w`: nameplate of everything present × PUE;
    `average_facility_w`: drawn on average × PUE.
    """

    tokens_s: float
    provisioned_facility_w: float
    average_facility_w: float


def workload_figures(
    pools: Iterable[PoolCost], present_tokens: TokenVolume, present_user_months: float | None = None
) -> dict[str, float]:
    """Return the unit costs of a workload: present USD of its pools over present tokens and present user-months.

    Figures that do not exist (no such tokens, users not stated) are absent.
    """
    costs = list(pools)
    found = token_cost(costs, present_tokens)
    figures: dict[str, float | None] = {
        "usd_per_mtok": found.blended_usd_mtok,
        "usd_per_mtok_input": found.input_usd_mtok,
        "usd_per_mtok_cached": found.cached_usd_mtok,
        "usd_per_mtok_output": found.output_usd_mtok,
        "tokens_per_usd": tokens_per_usd(found.blended_usd_mtok) if found.blended_usd_mtok else None,
    }
    if present_user_months:
        figures["usd_per_user_month"] = usd_per_user_month(sum(pool.usd for pool in costs), 1.0, present_user_months)
    return {name: value for name, value in figures.items() if value is not None}


def fleet_figures(service: FleetService) -> dict[str, float]:
    """Return energy figures of a fleet; absent where nothing is served or no power is known."""
    if service.tokens_s <= 0.0 or service.provisioned_facility_w <= 0.0:
        return {}
    return {
        "tokens_s_per_mw": tokens_s_per_mw(service.tokens_s, service.provisioned_facility_w),
        "provisioned_joules_per_token": joules_per_token(service.provisioned_facility_w, service.tokens_s),
        "joules_per_token": joules_per_token(service.average_facility_w, service.tokens_s),
    }


def carbon_figures(emitted: Emissions, tokens: float) -> dict[str, float]:
    """Return the carbon intensity of tokens; absent where there are none."""
    grams = emitted.g_per_mtok(tokens)
    return {} if grams is None else {"g_co2e_per_mtok": grams}


def utilisation_figures(use: Utilisation, usd: float | None = None) -> dict[str, float]:
    """Return utilisation by its denominators and, where the work is in tokens, what they cost at each [USD/Mtok]."""
    figures: dict[str, float | None] = {
        "utilisation_of_nameplate": use.of_nameplate,
        "utilisation_of_sla_feasible": use.of_sla_feasible,
    }
    if usd is not None:
        prices = use.usd_mtok(usd)
        figures["usd_per_mtok_at_nameplate"] = prices["nameplate"]
        figures["usd_per_mtok_at_sla_feasible"] = prices["sla_feasible"]
    return {name: value for name, value in figures.items() if value is not None}
