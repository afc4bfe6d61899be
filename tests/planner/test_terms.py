"""From a scenario to its terms: defaults first, what the scenario says over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.items import Kind, Sourced, System
from catalog.load import load_catalog
from planner.economics.defaults import PricedSystem, RentOffer
from planner.economics.evaluation import evaluate
from planner.economics.lines import Driver, DriverSeries
from planner.economics.switches import Billing
from planner.economics.templates import COST_LINES
from planner.errors import InputError
from planner.question.terms import Goods, Terms, block_tariffs, terms_of
from planner.scenario import Scenario, parse_scenario, read_scenario

CATALOG = load_catalog()
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PRICE = Sourced(250_000.0, "paper", Kind.PRESS, "2026")
BOX = System("box", "gpu", "Box", 8, frozenset({"air"}), None, None, PRICE, None, 1.0)
GOODS = Goods([PricedSystem(BOX, PRICE)], [RentOffer("offer", 8, Sourced(2.0, "paper", Kind.PRESS, "2026"))])


def scenario(site: dict[str, object] | None = None, **parts: object) -> Scenario:
    """Return a scenario of two years by quarter at one site."""
    document = {
        "splitfleet": 1,
        "id": "small",
        "title": "Small",
        "horizon": {"start": "2027-01-01", "periods": 8, "period": "quarter"},
        "workloads": [
            {
                "id": "chat",
                "model": "llama-3.1-8b",
                "demand": {"profile": "chat", "rate": "1 requests/s"},
                "sla": {"ttft": {"limit": "1 s"}},
            }
        ],
        "sites": [{"id": "dc", "power": "1 MW", **(site or {})}],
        **parts,
    }
    return parse_scenario(document)


def terms(site: dict[str, object] | None = None, **parts: object) -> Terms:
    """Return the terms of such a scenario."""
    return terms_of(scenario(site, **parts), CATALOG, GOODS)


def figure(found: Terms, name: str, *dimensions: str) -> float:
    """Return the first value of an assumption."""
    return found.book.resolve(name, dimensions).values[0]


def test_the_clock_is_the_horizons() -> None:
    """Eight quarters at the scenario's rate, costs in mid-period."""
    clock = terms(economics={"discount_rate": "8 %/year"}).clock
    assert (clock.periods, clock.years_per_period, clock.rate) == (8, 0.25, 0.08)


def test_what_the_scenario_says_overrides_the_catalog_and_counts_as_the_users() -> None:
    """Staff, network, residual."""
    found = terms(economics={"staff_per_accelerator": "900 USD/year", "network_fraction": "12 %", "residual_fraction": 0.1})
    assert figure(found, "staff_usd_accelerator_year") == 900.0
    assert found.book["network_share"].kind is Kind.USER
    assert figure(found, "network_share") == pytest.approx(0.12)
    assert found.book["value_by_age"].values[8] == pytest.approx(1 - 0.9 * 2 / 4)
    assert terms().book["staff_usd_accelerator_year"].kind is not Kind.USER


def test_what_the_scenario_leaves_at_its_default_cites_the_catalog() -> None:
    """10 % is the catalog's enterprise rate, with its range; 8 % is the user's."""
    default, own = terms(), terms(economics={"discount_rate": "8 %/year", "economic_life_years": 3.0})
    assert (default.book["discount_rate"].kind, default.book["discount_rate"].low) == (Kind.ESTIMATE, 0.07)
    assert own.book["discount_rate"].kind is Kind.USER
    assert own.book["economic_life_years"].kind is Kind.USER
    assert default.book["economic_life_years"].source != "scenario"


def test_the_written_out_scenario_has_the_same_terms() -> None:
    """Defaults written out change nothing: same question, same answer."""
    short = scenario()
    full = parse_scenario(short.canonical())
    assert full.sha256() == short.sha256()
    one, other = (terms_of(each, CATALOG, GOODS) for each in (short, full))
    assert list(one.book.values()) == list(other.book.values())
    assert one.switches == other.switches


def test_any_assumption_can_be_stated_by_name_for_one_thing_or_all() -> None:
    """A path of prices for one system, insurance for all; insurance then counts."""
    path = "1; 1; 1; 1; 0.9; 0.9; 0.9; 0.9"
    found = terms(economics={"assumptions": {"price_index[box]": path, "insurance_share_year": "1 %/year"}})
    assert found.book["price_index[box]"].values[4] == 0.9
    assert found.switches.is_on("opex.insurance")
    assert not terms().switches.is_on("opex.insurance")


def test_a_life_of_its_own_for_one_system() -> None:
    """The box earns for two years where others earn for four."""
    found = terms(economics={"assumptions": {"economic_life_years[box]": "2 years"}})
    assert found.book.resolve("value_by_age", ("box",)).values[8] == 0.0
    assert found.book.resolve("value_by_age", ("other",)).values[8] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("assumptions", "message"),
    [
        ({"price_index": "1; 0.9"}, "2 values for 8 periods"),
        ({"prise_index": "1"}, "did you mean price_index"),
        ({"fte_usd_year": "1"}, "economics.assumptions.fte_usd_year"),
    ],
)
def test_what_is_wrong_names_its_field(assumptions: dict[str, str], message: str) -> None:
    """Length, name, unit."""
    with pytest.raises(InputError, match=message):
        terms(economics={"assumptions": assumptions})


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ({}, 1.54),
        ({"cooling": ["liquid"]}, 1.25),
        ({"count": 40}, 1.8),
        ({"pue": 1.2}, 1.2),
    ],
)
def test_pue_is_the_sites_or_that_of_its_kind(site: dict[str, object], expected: float) -> None:
    """Enterprise air, liquid, a closet at the edge, or what is stated."""
    assert figure(terms(site), "pue", "dc") == expected


def test_a_tariff_by_the_hour_becomes_a_price_per_block() -> None:
    """0.30 from 16 to 20, else 0.10: the evening block of 12 hours costs (4 × 0.30 + 8 × 0.10)/12."""
    tariff = {"energy": "0.10 USD/kWh", "time_of_use": [{"hours": "16-20", "energy": "0.30 USD/kWh"}]}
    labels = (["night"] * 12 + ["evening"] * 12) * 7
    found = terms_of(scenario({"tariff": tariff}), CATALOG, GOODS, labels)
    assert figure(found, "tariff_usd_kwh", "dc", "evening") == pytest.approx((4 * 0.3 + 8 * 0.1) / 12)
    assert figure(found, "tariff_usd_kwh", "dc", "night") == pytest.approx(0.1)


def test_block_prices_weighted_by_hours_are_the_mean_tariff() -> None:
    """However the week is cut."""
    site = scenario({"tariff": {"energy": "0.10 USD/kWh", "time_of_use": [{"hours": "22-6", "energy": "0.04 USD/kWh"}]}}).sites[0]
    labels = [str((hour * 7) % 5) for hour in range(168)]
    prices = block_tariffs(site.tariff, 0.1, labels)
    mean = sum(prices[label] for label in labels) / 168
    assert mean == pytest.approx((8 * 0.04 + 16 * 0.10) / 24)


def test_a_colocated_site_pays_for_contracted_power_and_its_energy_once() -> None:
    """All-in: no row of energy; modified gross: both rows, different things."""
    drivers = [DriverSeries(Driver.IT_KWH, (1e4,) * 8, "dc"), DriverSeries(Driver.IT_KW_CONTRACTED, (10.0,) * 8, "dc")]
    lines = {}
    for all_in in (True, False):
        found = terms({"colocation": {"rate": "190 USD/kW/month", "includes_energy": all_in}})
        items = evaluate(COST_LINES, drivers, found.book, found.clock, found.switches)
        lines[found.billing["dc"]] = {item.line for item in items}
    assert lines == {Billing.ALL_IN: {"opex.colocation"}, Billing.COLOCATION: {"opex.colocation", "opex.energy"}}


def test_a_price_of_carbon_counts_where_the_policy_has_one() -> None:
    """50 USD a tonne is 0.05 a kilogram."""
    found = terms({"carbon_intensity": "350 g/kWh"}, policy={"carbon_price_usd_per_t": 50.0})
    assert found.switches.is_on("opex.carbon_price")
    assert figure(found, "carbon_usd_kg") == 0.05
    assert figure(found, "carbon_kg_kwh", "dc") == pytest.approx(0.35)
    assert not terms().switches.is_on("opex.carbon_price")


def test_a_loan_is_stated_by_three_figures() -> None:
    """Half the price at 8 % over two years: eight payments."""
    found = terms(economics={"assumptions": {"financed_share": "50 %", "loan_rate": "8 %/year", "loan_term_years": "2 years"}})
    assert found.loan_periods == 8
    assert found.switches.is_on("financing.repayment")
    assert found.book["loan_balance"].values[8] == 0.0
    assert terms().loan_periods == 0


def test_lines_can_be_left_out_by_name() -> None:
    """And a whole group."""
    found = terms(economics={"exclude": ["opex.staff", "capex"]})
    assert not found.switches.is_on("opex.staff")
    assert not found.switches.is_on("capex.systems")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_has_its_terms(path: Path) -> None:
    """Each site has a PUE and a price of energy or an all-in fee."""
    found = terms_of(read_scenario(path), CATALOG, Goods())
    for site, billing in found.billing.items():
        assert found.book.find("pue", (site,)) is not None
        assert billing is Billing.ALL_IN or found.book.find("tariff_usd_kwh", (site,)) is not None
