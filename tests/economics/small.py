"""A small world whose sums can be done by hand: one system at 1,000 USD, one site, round shares."""

from __future__ import annotations

from catalog.items import Kind
from planner.economics.assumptions import Assumption, AssumptionBook, Axis, given
from planner.economics.defaults import calendar_assumptions, life_assumptions, loan_assumptions, neutral_assumptions
from planner.economics.discounting import Convention, Discounting

SITE, BOX = "dc", "box"


def clock(periods: int = 4, rate: float = 0.1, years: float = 1.0, convention: Convention = Convention.END_PERIOD) -> Discounting:
    """Return a yearly clock with costs at the end of the period, so that factors are powers of 1.1."""
    return Discounting(periods, years, rate, convention)


def stated(address: str, *values: float, axis: Axis = Axis.PERIOD) -> Assumption:
    """Return a figure without ceremony."""
    return given(address, address, "unit", tuple(values), axis=axis)


def book(time: Discounting, *changes: Assumption, life_years: float = 4.0, residual: float = 0.0) -> AssumptionBook:
    """Return every figure that the default lines need, round numbers throughout."""
    figures = {
        "purchase_usd[box]": 1000.0,
        "accelerators[box]": 8.0,
        "network_share": 0.1,
        "storage_share": 0.02,
        "support_share_year": 0.05,
        "staff_usd_accelerator_year": 10.0,
        "pue[dc]": 1.5,
        "tariff_usd_kwh[dc]": 0.1,
        "tariff_usd_kwh[dc,peak]": 0.2,
        "demand_charge_usd_kw_month[dc]": 10.0,
        "colocation_usd_kw_month[dc]": 150.0,
        "rack_usd_year[dc]": 1200.0,
        "rent_usd_unit_hour[cloud-box]": 2.0,
        "usd_mtok_input[api]": 1.0,
        "usd_mtok_cached[api]": 0.5,
        "usd_mtok_output[api]": 4.0,
        "unserved_usd_request[chat]": 0.01,
        "carbon_kg_kwh[dc]": 0.35,
        "embodied_kg_unit[box]": 2200.0,
        "book_life_years": 5.0,
        "economic_life_years": life_years,
        "residual_fraction": residual,
    }
    return AssumptionBook(
        [
            *neutral_assumptions(),
            *calendar_assumptions(time),
            *life_assumptions(time, life_years, residual, oldest_age_periods=4),
            *loan_assumptions(time, 0.08, 3.0),
            *(stated(name, value) for name, value in figures.items()),
            *changes,
        ]
    )


def sourced(address: str, value: float) -> Assumption:
    """Return a figure with a publication behind it."""
    return Assumption(address, address, (value,), "unit", "paper", "2026-01-01", Kind.PRESS)
