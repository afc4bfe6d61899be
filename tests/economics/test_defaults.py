"""Defaults: where each figure comes from, and that nothing is invented."""

from __future__ import annotations

import dataclasses

import pytest

from catalog.items import Kind, Sourced, System
from catalog.load import load_catalog
from catalog.units import Dimension
from economics.small import clock
from planner.economics.assumptions import AssumptionBook
from planner.economics.defaults import (
    PricedSystem,
    RentOffer,
    api_assumptions,
    calendar_assumptions,
    capital_assumptions,
    catalog_assumptions,
    loan_assumptions,
    rent_assumptions,
    system_assumptions,
)
from planner.economics.facts import number
from planner.economics.vocabulary import DEFINITIONS, definition, read_assumption
from planner.errors import InputError

CATALOG = load_catalog()


def box(low: float | None = None) -> System:
    """Return an 8-way server, with a range of prices where one is asked for."""
    known = None if low is None else Sourced(low, "paper", Kind.PRESS, "2026")
    return System("box", "gpu", "Box", 8, frozenset({"air"}), None, known, None, known, 1.0)


def test_every_default_has_a_source_and_is_in_the_catalogs_words() -> None:
    """Kind and date as published, low ≤ value ≤ high."""
    for one in catalog_assumptions(CATALOG):
        assert one.source, one.id
        assert one.unit == definition(one.id).unit
        assert (one.low or one.values[0]) <= one.values[0] <= (one.high or one.values[0]), one.id


@pytest.mark.parametrize(
    ("address", "value", "low", "high"),
    [
        ("support_share_year", 0.05, 0.02, 0.08),
        ("staff_usd_accelerator_year", 300.0, 100.0, 2500.0),
        ("failure_rate_year", 0.04, 0.025, 0.06),
        ("tariff_usd_kwh", 0.0826, 0.0771, None),
        ("economic_life_years", 4.0, None, 6.0),
        ("book_life_years", 5.0, 4.0, 6.0),
        ("discount_rate", 0.1, 0.07, 0.12),
        ("residual_fraction", 0.0, None, None),
    ],
)
def test_figures_of_the_catalog_arrive_in_their_own_unit(
    address: str, value: float, low: float | None, high: float | None
) -> None:
    """4 %/year is 0.04 a year; 300 USD/accelerator/year stays a yearly amount."""
    found = AssumptionBook([*catalog_assumptions(CATALOG), *capital_assumptions(CATALOG)])[address]
    assert found.values[0] == pytest.approx(value)
    assert found.low == (None if low is None else pytest.approx(low))
    assert found.high == (None if high is None else pytest.approx(high))
    assert found.kind is not Kind.USER


def test_without_the_catalogs_figure_there_is_no_default() -> None:
    """An empty catalog gives no tariff, and says which figure is missing."""
    bare = dataclasses.replace(CATALOG, tco={})
    assert "tariff_usd_kwh" not in AssumptionBook(catalog_assumptions(bare))
    with pytest.raises(InputError, match=r"pue\.survey_average\.2025: the catalog has no count"):
        number(bare, "pue.survey_average.2025", Dimension.COUNT)


def test_text_that_is_no_number_is_not_made_one() -> None:
    """`2-3` years is a range, `~1/3` a remark."""
    with pytest.raises(InputError, match="no number of years"):
        number(CATALOG, "depreciation_years.burry", Dimension.YEARS)


def test_a_system_brings_its_price_with_its_range() -> None:
    """The catalog's low stands beside it; a user's own price has no range but its own."""
    press = Sourced(250_000.0, "paper", Kind.PRESS, "2026")
    own = Sourced(240_000.0, "quote", Kind.USER, "")
    assert AssumptionBook(system_assumptions(PricedSystem(box(230_000.0), press), clock()))["purchase_usd[box]"].low == 230_000
    assert AssumptionBook(system_assumptions(PricedSystem(box(230_000.0), own), clock()))["purchase_usd[box]"].low is None
    unpriced = AssumptionBook(system_assumptions(PricedSystem(box(), None), clock()))
    assert "purchase_usd[box]" not in unpriced
    assert unpriced["embodied_kg_unit[box]"].values == (2200.0,)


def test_a_falling_price_is_a_path() -> None:
    """20 % a year, quarterly: 0.8^(t/4)."""
    path = AssumptionBook(system_assumptions(PricedSystem(box(), None, 0.2), clock(5, years=0.25)))["price_index[box]"]
    assert path.values == pytest.approx([0.8 ** (t / 4) for t in range(5)])


def test_a_rental_offer_is_priced_per_unit_and_knows_how_long_it_binds() -> None:
    """Eight chips at 2 USD; one year from each of two years, the second commitment ends with the plan."""
    offer = RentOffer("h100-1y", 8, Sourced(2.0, "paper", Kind.PRESS, "2026"), term_years=1.5, upfront_share=0.25)
    found = AssumptionBook(rent_assumptions(offer, clock(2)))
    assert found["rent_usd_unit_hour[h100-1y]"].values == (16.0,)
    assert found["commitment_hours[h100-1y]"].values == (13_140.0,)
    assert found["hours_beyond_horizon[h100-1y]"].values == (0.0, 4380.0)
    assert found["running_share[h100-1y]"].values == (0.75,)


def test_an_api_charges_cached_input_like_input_unless_it_says_otherwise() -> None:
    """A public price list of a fast provider."""
    offer = next(one for one in CATALOG.hardware["groq-lpu-v1"].api if one.usd_per_m_input and one.usd_per_m_output)
    found = AssumptionBook(api_assumptions("groq", offer))
    assert found["usd_mtok_cached[groq]"].values == found["usd_mtok_input[groq]"].values
    cheaper = AssumptionBook(api_assumptions("groq", offer, Sourced(0.01, "price list", Kind.PRESS, "")))
    assert cheaper["usd_mtok_cached[groq]"].values == (0.01,)


def test_the_calendar_has_8760_hours_and_730_a_month() -> None:
    """A quarter: 0.25 years, 3 months, 2,190 hours."""
    found = {one.id: one.values[0] for one in calendar_assumptions(clock(years=0.25))}
    assert found == {"years_per_period": 0.25, "months_per_period": 3.0, "hours_per_period": 2190.0}


def test_a_loan_is_described_by_payment_and_balance() -> None:
    """Two years at 10 %: 0.576190 a year; 0.523810 owed after one."""
    found = {one.id: one for one in loan_assumptions(clock(3), 0.1, 2.0)}
    assert found["loan_payment_factor"].values[0] == pytest.approx(0.5761904762)
    assert found["loan_balance"].values == pytest.approx((1.0, 0.5238095238, 0.0, 0.0))


class TestVocabulary:
    """Assumptions as people write them."""

    @pytest.mark.parametrize(
        ("address", "text", "value"),
        [
            ("insurance_share_year", "0.5 %/year", 0.005),
            ("facility_usd_kw", "10 USD/W", 10_000.0),
            ("carbon_kg_kwh[dc]", "350 g/kWh", 0.35),
            ("fte_usd_year", "200000 USD/year", 200_000.0),
            ("site_usd_month", "1200 USD/year", 100.0),
            ("loan_term_years", "3 years", 3.0),
            ("pue[dc]", "1.3", 1.3),
        ],
    )
    def test_a_unit_is_read_into_the_unit_of_the_line(self, address: str, text: str, value: float) -> None:
        """And it counts as the user's own figure."""
        found = read_assumption(address, text)
        assert found.values == (pytest.approx(value),)
        assert (found.id, found.kind) == (address, Kind.USER)

    @pytest.mark.parametrize(
        ("address", "text", "message"),
        [
            ("insurance_share", "0.5 %", "no assumption 'insurance_share'; did you mean insurance_share_year"),
            ("fte_usd_year", "200000", "fte_usd_year"),
            ("pue", "high", "pue"),
        ],
    )
    def test_what_cannot_be_read_names_its_field(self, address: str, text: str, message: str) -> None:
        """A misspelt name, a forgotten unit, a word."""
        with pytest.raises(InputError, match=message):
            read_assumption(address, text)

    def test_every_name_has_a_label_and_a_unit(self) -> None:
        """The Inputs sheet prints both."""
        assert all(one.label and one.unit for one in DEFINITIONS.values())
