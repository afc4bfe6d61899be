"""The tornado of a plan: each end is the plan's quantities priced anew, and ranges say where they come from."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.money import cost_items, drivers_of
from planner.answer.sensitivity import MOST_ROWS, sensitivity_rows
from planner.economics.evaluation import evaluate, net_present_cost
from planner.economics.templates import COST_LINES
from planner.plan.evidence import Sensitivity
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved


@pytest.fixture(scope="module")
def context(catalog: Catalog) -> Context:
    workload = copy.deepcopy(SMALL["workloads"][0]) | {"demand": {"profile": "chat_realtime", "rate": "40 requests/s"}}
    site = SMALL["sites"][0] | {"pue": 1.1, "space_per_rack": "9000 USD/year"}
    return solved(small(hardware={"include": ["nvidia-h100-sxm"]}, workloads=[workload], sites=[site]), catalog)


@pytest.fixture(scope="module")
def rows(context: Context) -> tuple[Sensitivity, ...]:
    return sensitivity_rows(context, cost_items(context, drivers_of(context)))


def test_rows_are_the_widest_and_in_order(rows: tuple[Sensitivity, ...]):
    widths = [abs(row.cost_high_usd - row.cost_low_usd) for row in rows]
    assert 8 <= len(rows) <= MOST_ROWS
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0.0


def test_each_end_is_the_plan_priced_anew(context: Context, rows: tuple[Sensitivity, ...]):
    """Not from the rows but from the quantities: evaluate them with the changed book or clock."""
    terms, drivers = context.costs.terms, drivers_of(context)
    for row in rows:
        if row.assumption in ("economic_life_years", "residual_fraction"):
            continue  # they act through the value by age; held by the tests of the economics
        for end, usd in ((row.low, row.cost_low_usd), (row.high, row.cost_high_usd)):
            book = terms.book.replaced([replace(terms.book[row.assumption], values=(end,))])
            clock = replace(terms.clock, rate=end) if row.assumption == "discount_rate" else terms.clock
            assert net_present_cost(evaluate(COST_LINES, drivers, book, clock, terms.switches)) == pytest.approx(usd, rel=1e-9)


def test_a_range_says_who_gave_it(rows: tuple[Sensitivity, ...]):
    """The price of the server has a published range; the scenario's tariff has none and moves by a fifth."""
    by_id = {row.assumption: row for row in rows}
    assert by_id["discount_rate"].label == "Discount rate (published range)"
    tariff = by_id["tariff_usd_kwh[hall]"]
    assert (tariff.low, tariff.high) == (pytest.approx(0.064), pytest.approx(0.096))
    assert tariff.label.endswith("(± 20 %)")


def test_no_facility_draws_less_than_its_machines(rows: tuple[Sensitivity, ...]):
    """A PUE of 1.1 less a fifth would be 0.88."""
    (pue,) = [row for row in rows if row.assumption == "pue[hall]"]
    assert (pue.low, pue.high) == (1.0, pytest.approx(1.32))
