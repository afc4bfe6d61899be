"""The assumptions that cost lines know by name: what each says, in which unit, and how a person may write it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.units import Dimension, parse_quantity
from planner.economics.assumptions import Assumption, given
from planner.errors import InputError


@dataclass(frozen=True, slots=True)
class Definition:
    """What a name stands for; text is read in `dimension` and multiplied by `scale` to the unit kept inside."""

    label: str
    unit: str
    dimension: Dimension
    scale: float = 1.0


def _share(label: str) -> Definition:
    return Definition(label, "of the price", Dimension.FRACTION)


def _yearly_share(label: str) -> Definition:
    return Definition(label, "of the price per year", Dimension.FRACTION_PER_YEAR)


def _index(label: str) -> Definition:
    return Definition(label, "relative to today", Dimension.COUNT)


MONTHLY = 1.0 / 12.0
DEFINITIONS: Mapping[str, Definition] = {
    "purchase_usd": Definition("Price of a unit", "USD/unit", Dimension.MONEY),
    "price_index": _index("Price path of a system"),
    "accelerators": Definition("Accelerators of a unit", "accelerators/unit", Dimension.COUNT),
    "network_share": _share("Network"),
    "storage_share": _share("Storage"),
    "installation_share": _share("Installation"),
    "duties_share": _share("Sales tax, duty, freight"),
    "spares_share": _share("Spare parts held"),
    "implementation_usd_accelerator": Definition("One-off implementation", "USD/accelerator", Dimension.MONEY),
    "facility_usd_kw": Definition("Own facility, built", "USD/kW", Dimension.CAPACITY_COST, 1e3),
    "years_per_period": Definition("Length of a period", "years", Dimension.YEARS),
    "months_per_period": Definition("Length of a period", "months", Dimension.COUNT),
    "hours_per_period": Definition("Length of a period", "hours", Dimension.COUNT),
    "pue": Definition("Power usage effectiveness", "facility kW per IT kW", Dimension.COUNT),
    "tariff_usd_kwh": Definition("Price of energy", "USD/kWh", Dimension.ENERGY_PRICE),
    "tariff_index": _index("Price path of energy"),
    "demand_charge_usd_kw_month": Definition("Demand charge", "USD/kW/month", Dimension.POWER_PRICE),
    "colocation_usd_kw_month": Definition("Colocation", "USD/kW/month", Dimension.POWER_PRICE),
    "rack_usd_year": Definition("Rent of a rack position", "USD/rack/year", Dimension.MONEY_PER_YEAR),
    "site_usd_month": Definition("Fixed cost of a site", "USD/site/month", Dimension.MONEY_PER_YEAR, MONTHLY),
    "support_share_year": _yearly_share("Hardware support and repair"),
    "failure_rate_year": Definition("Accelerators that fail for good", "1/year", Dimension.FRACTION_PER_YEAR),
    "replacement_share": Definition("Cost of replacing a failed accelerator", "of its price", Dimension.FRACTION),
    "software_usd_accelerator_year": Definition("Software licences", "USD/accelerator/year", Dimension.MONEY_PER_YEAR),
    "staff_usd_accelerator_year": Definition("Staff", "USD/accelerator/year", Dimension.MONEY_PER_YEAR),
    "fte_usd_year": Definition("Loaded cost of a full-time employee", "USD/year", Dimension.MONEY_PER_YEAR),
    "insurance_share_year": _yearly_share("Insurance and property tax"),
    "carbon_kg_kwh": Definition("Carbon intensity of electricity", "kg CO2e/kWh", Dimension.CARBON, 1e-3),
    "carbon_usd_kg": Definition("Price of carbon", "USD/kg CO2e", Dimension.MONEY),
    "rent_usd_unit_hour": Definition("Rent of a unit", "USD/unit/h", Dimension.MONEY_PER_HOUR),
    "rent_index": _index("Price path of rent"),
    "upfront_share": Definition("Share of a commitment paid at signing", "of the rent", Dimension.FRACTION),
    "running_share": Definition("Share of a commitment paid as it runs", "of the rent", Dimension.FRACTION),
    "commitment_hours": Definition("Length of a commitment", "hours", Dimension.COUNT),
    "hours_beyond_horizon": Definition("Hours of a commitment after the horizon", "hours", Dimension.COUNT),
    "commitment_lost_share": Definition("Share of such hours that is of no use", "of the rent", Dimension.FRACTION),
    "lease_usd_unit_month": Definition("Lease of a unit", "USD/unit/month", Dimension.MONEY_PER_YEAR, MONTHLY),
    "rent_overhead_share": Definition("Cloud storage, egress, management", "of the rent", Dimension.FRACTION),
    "usd_mtok_input": Definition("Token API, input", "USD/Mtok", Dimension.TOKEN_PRICE),
    "usd_mtok_cached": Definition("Token API, cached input", "USD/Mtok", Dimension.TOKEN_PRICE),
    "usd_mtok_output": Definition("Token API, output", "USD/Mtok", Dimension.TOKEN_PRICE),
    "token_price_index": _index("Price path of tokens"),
    "financed_share": _share("Share of purchases paid by loan"),
    "loan_rate": Definition("Interest of loans", "1/year", Dimension.FRACTION_PER_YEAR),
    "loan_term_years": Definition("Term of loans", "years", Dimension.YEARS),
    "loan_payment_factor": Definition("Loan payment per dollar and period", "1/period", Dimension.FRACTION),
    "loan_balance": Definition("Loan balance per dollar by age", "1", Dimension.FRACTION),
    "value_by_age": Definition("Value of a unit by age", "of the price", Dimension.FRACTION),
    "resale_share": Definition("Share of that value realised in a sale", "of the value", Dimension.FRACTION),
    "decommission_share": _share("Decommissioning"),
    "unserved_usd_request": Definition("Price of a request not served", "USD/request", Dimension.MONEY),
    "embodied_kg_unit": Definition("Embodied emissions of a unit", "kg CO2e/unit", Dimension.COUNT),
    "life_share_year": Definition("Share of the life used in a year", "1/year", Dimension.FRACTION_PER_YEAR),
    "book_life_years": Definition("Book life", "years", Dimension.YEARS),
    "economic_life_years": Definition("Economic life", "years", Dimension.YEARS),
    "stock_age_years": Definition("Age of units owned before the plan", "years", Dimension.YEARS),
    "residual_fraction": Definition("Value when the economic life ends", "of the price", Dimension.FRACTION),
    "discount_rate": Definition("Discount rate", "1/year", Dimension.FRACTION_PER_YEAR),
}


def definition(address: str) -> Definition:
    """Return what an address such as `pue[dc-1]` stands for; raise InputError that offers the nearest names."""
    name = address.partition("[")[0]
    if name not in DEFINITIONS:
        near = difflib.get_close_matches(name, DEFINITIONS, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(DEFINITIONS))}"
        raise InputError.at(f"economics.assumptions.{address}", f"no assumption '{name}'; {hint}")
    return DEFINITIONS[name]


def read_assumption(address: str, text: str, *, date: str = "") -> Assumption:
    """Return a figure that a scenario writes as text with its unit; several values, one per period, are separated by `;`.

    >>> read_assumption("insurance_share_year", "0.5 %/year").values
    (0.005,)
    >>> read_assumption("price_index[hgx-h100]", "1; 0.9; 0.81").values
    (1.0, 0.9, 0.81)
    """
    known = definition(address)
    try:
        values = tuple(parse_quantity(part.strip(), known.dimension) * known.scale for part in text.split(";"))
    except ValueError as error:
        raise InputError.at(f"economics.assumptions.{address}", str(error)) from error
    return given(address, known.label, known.unit, values, date=date)
