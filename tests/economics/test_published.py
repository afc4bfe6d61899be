"""Published results, to the digits that were published."""

from __future__ import annotations

import pytest

from economics.small import stated
from planner.economics.assumptions import AssumptionBook
from planner.economics.break_even import TokenPrice, payback_months
from planner.economics.defaults import calendar_assumptions, neutral_assumptions
from planner.economics.discounting import Discounting
from planner.economics.evaluation import evaluate
from planner.economics.lines import Driver, DriverSeries
from planner.economics.power import equal_count, power_chain
from planner.economics.switches import line_switches
from planner.economics.templates import COST_LINES
from planner.economics.unit_costs import straight_line_annual_usd

GPT_5 = TokenPrice(1.25, 10.0)
HOURS = 176.0


def test_power_chain_of_ten_thousand_accelerators() -> None:
    """7.0 MW → ×1.3 = 9.1 → ×PUE 1.30 = 11.83 → ×1.1 = 13.01 MW; 103.6 GWh a year and 8.3 M USD at 0.08."""
    chain = power_chain(10_000, 700.0, 1.3, 1.30, 1.1)
    watts = (chain.accelerators_w, chain.servers_w, chain.facility_w, chain.provisioned_w)
    assert [f"{value / 1e6:.2f}" for value in watts] == ["7.00", "9.10", "11.83", "13.01"]
    assert f"{chain.annual_kwh / 1e6:.1f}" == "103.6"
    assert f"{chain.annual_kwh * 0.08 / 1e6:.1f}" == "8.3"


def test_power_chain_agrees_with_the_cost_lines() -> None:
    """The energy line of the same machines over the same year: 9,100 kW × 8,760 h × 1.3 × 0.08."""
    year = Discounting(1, 1.0, 0.0)
    book = AssumptionBook(
        [*neutral_assumptions(), *calendar_assumptions(year), stated("pue", 1.3), stated("tariff_usd_kwh", 0.08)]
    )
    series = DriverSeries(Driver.IT_KWH, (9_100.0 * 8760,), "site")
    items = evaluate(COST_LINES, [series], book, year, line_switches(book, {}))
    assert sum(item.usd[0] for item in items) == pytest.approx(power_chain(10_000, 700, 1.3, 1.3, 1.1).annual_kwh * 0.08)


def test_yearly_cost_of_a_server() -> None:
    """NVIDIA: 320,000 over four years + 3,000 hosting + 4,500 software = 87,500."""
    assert straight_line_annual_usd(320_000, 4, hosting_usd_year=3_000, software_usd_year=4_500) == 87_500.0


def months_against_gpt_5(cards: float, tokens_s: float, watts: float = 300.0) -> float | None:
    """Return the break-even of A100 cards at 15,000 USD and 0.15 USD/kWh, 176 hours a month, two thirds of the tokens output."""
    api = tokens_s * 3600 * HOURS / 1e6 * GPT_5.blended(1 / 3, 0.0, 2 / 3)
    return payback_months(cards * 15_000, api, cards * watts / 1e3 * HOURS * 0.15)


def test_months_until_sixteen_cards_beat_gpt_5() -> None:
    """Pan et al., arXiv 2509.18101: Kimi-K2 on 16 A100 at 800 tokens/s, 69.3 months."""
    assert f"{months_against_gpt_5(16, 800):.1f}" == "69.3"


@pytest.mark.parametrize(
    ("model", "tokens_s_per_card", "published"),
    [
        ("GLM-4.5", 400 / 6, "51.5"),
        ("Qwen3-235B", 100.0, "34.0"),
        ("gpt-oss-120B", 110.0, "30.9"),
        ("Llama-3.3-70B", 190.0, "17.8"),
    ],
)
def test_months_of_the_other_models(model: str, tokens_s_per_card: float, published: str) -> None:
    """The same formula; months depend on throughput per card alone, which these figures imply."""
    assert f"{months_against_gpt_5(1, tokens_s_per_card):.1f}" == published, model


def test_the_papers_power_is_lower_than_its_table_says() -> None:
    """With the 400 W of its own table the 69.3 months are 70.1; a full cost of ownership shows such a gap."""
    assert f"{months_against_gpt_5(16, 800, watts=400.0):.1f}" == "70.1"


def test_forty_dgx_h100_in_power_and_in_money() -> None:
    """Splitwise: the power of 70 DGX-A100 (700 W against 400 W a GPU) and the cost of 86 (38 against 17.6 USD an hour)."""
    assert equal_count(40, 700.0, 400.0) == 70
    assert equal_count(40, 38.0, 17.6) == 86


def test_by_the_power_of_whole_machines_the_seventy_are_sixty_two() -> None:
    """The machines' own TDPs, 10,200 and 6,500 W, do not carry the published 70: 40 × 10.2/6.5 = 62.8."""
    assert equal_count(40, 10_200.0, 6_500.0) == 62
