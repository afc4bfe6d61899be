"""Default assumptions from the catalog, each with its source, and those that follow from a system, an offer or the calendar.

Nothing here is invented: where the catalog knows no figure, the assumption is absent and the line that needs it says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.items import ApiOffer, Catalog, Fact, Kind, Sourced, System
from planner.economics.assumptions import Assumption, Axis, assumption_id, from_sourced
from planner.economics.carbon import embodied_unit_kg
from planner.economics.depreciation import value_by_age
from planner.economics.discounting import Discounting
from planner.economics.facts import quantity
from planner.economics.financing import balance_by_age, payment_factor
from planner.economics.vocabulary import definition

HOURS_PER_YEAR = 8760.0

# Assumption ← name in the catalog's TCO inputs, with the names of its low and high where the sources give a range.
CATALOG_FIGURES: tuple[tuple[str, str, str, str], ...] = (
    (
        "support_share_year",
        "maintenance_support.maintenance_pct_capex_per_year.base",
        "maintenance_support.maintenance_pct_capex_per_year.low",
        "maintenance_support.maintenance_pct_capex_per_year.high",
    ),
    ("staff_usd_accelerator_year", "staff.base", "staff.low", "staff.high"),
    (
        "failure_rate_year",
        "maintenance_support.gpu_permanent_failure_per_year.central",
        "maintenance_support.gpu_permanent_failure_per_year.low",
        "maintenance_support.gpu_permanent_failure_per_year.high",
    ),
    ("tariff_usd_kwh", "electricity_price.us_industrial_average.2025", "electricity_price.us_industrial_average.2024", ""),
)

CAPITAL_FIGURES: tuple[tuple[str, str, str, str], ...] = (
    (
        "discount_rate",
        "cost_of_capital.wacc_scenarios.enterprise",
        "cost_of_capital.wacc_scenarios.hyperscaler",
        "cost_of_capital.wacc_scenarios.neocloud",
    ),
    (
        "book_life_years",
        "depreciation_years.scenario_defaults.base",
        "depreciation_years.scenario_defaults.aggressive",
        "depreciation_years.scenario_defaults.accounting",
    ),
    ("economic_life_years", "depreciation_years.semianalysis_economic", "", "depreciation_years.coreweave"),
)

# Network as a share of server price, with low and high: public bills of material for serving say 10-15 %; Epoch AI puts the
# interconnect of a training cluster at 19 % of the whole, 0.19/0.81 = 0.235 of the servers.
NETWORK = (0.15, 0.10, 0.235, "Epoch AI cost parameters (high); public bills of material for serving (low)", "2026-04-01")
# Storage: Bernstein's 1.0-1.5 % of a $5.9M rack with its share of the building, over the rack's $3.4M.
STORAGE = (0.022, 0.017, 0.026, "Bernstein, cost of a gigawatt of data centre", "2025-10-29")
PUE_BY_COOLING = {
    "air": "pue.defaults_by_facility.enterprise_air",
    "liquid": "pue.defaults_by_facility.modern_colo_liquid",
    "edge": "pue.defaults_by_facility.edge_closet",
    "hyperscale": "pue.defaults_by_facility.hyperscale_liquid",
}


def catalog_assumptions(catalog: Catalog) -> list[Assumption]:
    """Return the assumptions that hold for every site and system, from the catalog's TCO inputs."""
    found = [_figure(catalog, name, base, low, high) for name, base, low, high in CATALOG_FIGURES]
    shares = [_share("network_share", NETWORK), _share("storage_share", STORAGE)]
    return [assumption for assumption in found if assumption is not None] + shares + neutral_assumptions()


def capital_assumptions(catalog: Catalog) -> list[Assumption]:
    """Return what capital costs and how long it lasts: discount rate, book life, economic life, and a residual of nothing.

    A residual of zero is the cautious reading of published lives between two and six years.
    """
    found = [_figure(catalog, name, base, low, high) for name, base, low, high in CAPITAL_FIGURES]
    note = "cautious: nothing is left when the economic life ends"
    return [one for one in found if one is not None] + [_made("residual_fraction", (0.0,), "splitfleet default", note=note)]


def neutral_assumptions() -> list[Assumption]:
    """Return the figures that change nothing: prices stay, nothing is prepaid, a sale realises the whole value."""
    ones = ("price_index", "tariff_index", "rent_index", "token_price_index", "running_share", "resale_share")
    zeros = ("demand_charge_usd_kw_month", "rack_usd_year")
    pairs = [(name, 1.0) for name in ones] + [(name, 0.0) for name in zeros]
    note = "neutral: no change is assumed where nothing is stated"
    return [_made(name, (value,), "splitfleet default", note=note) for name, value in pairs]


def calendar_assumptions(clock: Discounting) -> list[Assumption]:
    """Return the length of a period in years, months and hours (8,760 h a year, 730 h a month)."""
    years = clock.years_per_period
    lengths = {"years_per_period": years, "months_per_period": 12.0 * years, "hours_per_period": HOURS_PER_YEAR * years}
    return [_made(name, (value,), "calendar: 8,760 h a year, 730 h a month") for name, value in lengths.items()]


def life_assumptions(
    clock: Discounting, economic_life_years: float, residual_fraction: float, *, item: str = "", oldest_age_periods: int = 0
) -> list[Assumption]:
    """Return value by age (straight line to the residual) and the share of the life used in a year, for all systems or one."""
    ages = clock.periods + oldest_age_periods
    values = value_by_age(economic_life_years, residual_fraction, clock.years_per_period, ages)
    note = f"straight line to {residual_fraction:.0%} of the price in {economic_life_years:g} years"
    scope = (item,) if item else ()
    return [
        _made("value_by_age", values, "derived from economic life and residual", *scope, note=note, axis=Axis.AGE),
        _made("life_share_year", (1.0 / economic_life_years,), "derived from economic life", *scope, note=note),
    ]


def loan_assumptions(clock: Discounting, annual_rate: float, term_years: float) -> list[Assumption]:
    """Return the payment per dollar and the balance by age of loans at a rate [1/year] and term [years]."""
    payment = payment_factor(annual_rate, term_years, clock.years_per_period)
    balance = balance_by_age(annual_rate, term_years, clock.years_per_period, clock.periods)
    note = f"level payments over {term_years:g} years at {annual_rate:.2%} a year"
    return [
        _made("loan_payment_factor", (payment,), "derived from loan rate and term", note=note),
        _made("loan_balance", balance, "derived from loan rate and term", note=note, axis=Axis.AGE),
    ]


@dataclass(frozen=True, slots=True)
class PricedSystem:
    """A system and what it costs: price of a unit [USD], and the yearly fall of that price [1/year]."""

    system: System
    purchase: Sourced | None
    price_change: float = 0.0


@dataclass(frozen=True, slots=True)
class RentOffer:
    """A rental price of a unit of `chips` accelerators [USD per chip and hour]; `term_years` 0 is on demand."""

    id: str
    chips: float
    usd_chip_hour: Sourced
    term_years: float = 0.0
    upfront_share: float = 0.0


def system_assumptions(priced: PricedSystem, clock: Discounting) -> list[Assumption]:
    """Return price (with its range), price path, accelerators and embodied emissions of one system."""
    system, purchase = priced.system, priced.purchase
    found = [
        _made("accelerators", (float(system.chips),), "catalog", system.id),
        _made(
            "embodied_kg_unit",
            (embodied_unit_kg(system.chips),),
            "Cloud Carbon Footprint methodology",
            system.id,
            note="150 kg an accelerator, 1,000 kg a server of eight; a lower bound for modern boards",
            date="2021",
        ),
    ]
    if purchase is not None:
        own = purchase.kind is Kind.USER
        low, high = (None, None) if own else (system.purchase_usd_low, system.purchase_usd_high)
        known = definition("purchase_usd")
        address = assumption_id("purchase_usd", system.id)
        found.append(from_sourced(address, f"{known.label}: {system.name}", known.unit, purchase, low=low, high=high))
    if priced.price_change:
        path = tuple((1.0 - priced.price_change) ** (period * clock.years_per_period) for period in range(clock.periods))
        note = f"falls {priced.price_change:.1%} a year"
        found.append(_made("price_index", path, "scenario", system.id, note=note, kind=Kind.USER))
    return found


def rent_assumptions(offer: RentOffer, clock: Discounting) -> list[Assumption]:
    """Return the hourly rent of a unit and, for a commitment, its prepayment and the hours that outlive the plan."""
    known = definition("rent_usd_unit_hour")
    per_chip = offer.usd_chip_hour
    unit = Sourced(per_chip.value * offer.chips, per_chip.source, per_chip.kind, per_chip.date, per_chip.note)
    found = [from_sourced(assumption_id("rent_usd_unit_hour", offer.id), f"{known.label}: {offer.id}", known.unit, unit)]
    if offer.term_years > 0.0:
        term = offer.term_years * HOURS_PER_YEAR
        left = [max(0.0, term - (clock.periods - t) * clock.years_per_period * HOURS_PER_YEAR) for t in range(clock.periods)]
        found += [
            _made("commitment_hours", (term,), "terms of the offer", offer.id),
            _made("hours_beyond_horizon", tuple(left), "derived from the commitment", offer.id),
        ]
    if offer.upfront_share > 0.0:
        found += [
            _made("upfront_share", (offer.upfront_share,), "terms of the offer", offer.id),
            _made("running_share", (1.0 - offer.upfront_share,), "terms of the offer", offer.id),
        ]
    return found


def api_assumptions(offer_id: str, offer: ApiOffer, cached: Sourced | None = None) -> list[Assumption]:
    """Return the token prices of an API; cached input costs what input costs unless a price is given."""
    prices: Iterable[tuple[str, Sourced | None]] = (
        ("usd_mtok_input", offer.usd_per_m_input),
        ("usd_mtok_cached", cached or offer.usd_per_m_input),
        ("usd_mtok_output", offer.usd_per_m_output),
    )
    return [
        from_sourced(assumption_id(name, offer_id), f"{definition(name).label}: {offer_id}", definition(name).unit, price)
        for name, price in prices
        if price is not None
    ]


def from_fact(address: str, fact: Fact, *, low: Fact | None = None, high: Fact | None = None) -> Assumption | None:
    """Return the assumption that repeats a fact of the catalog, in its own unit; None where the fact is not one number."""
    known = definition(address)
    value, least, most = (None if one is None else quantity(one, known.dimension, known.scale) for one in (fact, low, high))
    return None if value is None else from_sourced(address, known.label, known.unit, value, low=least, high=most)


def _figure(catalog: Catalog, name: str, base: str, low: str, high: str) -> Assumption | None:
    facts = catalog.tco
    return from_fact(name, facts[base], low=facts.get(low), high=facts.get(high)) if base in facts else None


def _share(name: str, figure: tuple[float, float, float, str, str]) -> Assumption:
    value, low, high, source, date = figure
    known = definition(name)
    return Assumption(name, known.label, (value,), known.unit, source, date, Kind.ESTIMATE, low=low, high=high)


def _made(
    name: str,
    values: tuple[float, ...],
    source: str,
    *scope: str,
    note: str = "",
    date: str = "",
    axis: Axis = Axis.PERIOD,
    kind: Kind = Kind.ESTIMATE,
) -> Assumption:
    known = definition(name)
    label = f"{known.label}: {scope[0]}" if scope else known.label
    return Assumption(assumption_id(name, *scope), label, values, known.unit, source, date, kind, axis=axis, note=note)
