"""The question that any price can be asked of: as many systems as there is time to predict, each as if all had been at once."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.plan import answer
from planner.answer.pricing import left_for_want, price_question
from planner.options.build import tabulate
from planner.options.market import LeftOut, Market, survey
from planner.scenario.market import PriceBookEntry
from tests.planner.conftest import small
from tests.planner.solved import solved

HARDWARE = ["nvidia-h100-sxm", "amd-mi300x", "amd-mi325x", "intel-gaudi3"]


@pytest.fixture(scope="module")
def asked(catalog: Catalog) -> Context:
    """Return a solved scenario beside whose one server there are some that lack a price or watts."""
    return solved(small(hardware={"include": HARDWARE}, solver={"gap": 0.01, "time_limit": "60 s"}), catalog)


def _entry(item: LeftOut) -> PriceBookEntry:
    """Return some figure for what is not known of a system."""
    lacks = {"purchase": "1000000 USD"} if item.purchase is None else {}
    lacks |= {"power": "10 kW"} if item.power is None else {}
    return PriceBookEntry.model_validate(lacks)


def test_systems_predicted_one_by_one_are_those_predicted_at_once(asked: Context):
    question = price_question(asked, math.inf)
    book = {item.system.id: _entry(item) for item in left_for_want(asked)}
    hardware = asked.scenario.hardware.model_copy(update={"price_book": book})
    scenario = asked.scenario.model_copy(update={"hardware": hardware})
    offerings = tuple(item for item in survey(scenario, asked.catalog).offerings if item.id in question.closed)
    whole = tabulate(scenario, asked.catalog, Market(offerings, ()), asked.demand, Path())
    found = {option.id: option.capacity_rps for option in question.instance.options if option.system in question.closed}
    assert not question.late
    assert len(question.closed) > 1
    assert found == {row.id: row.capacity_rps for row in whole.rows}


def test_without_time_nothing_more_is_predicted_and_the_rest_is_priced_all_the_same(asked: Context):
    question = price_question(asked, 0.0)
    market = {item.id for item in asked.market.offerings}
    assert set(question.late) == {item.system.id for item in left_for_want(asked)}
    assert not question.closed
    assert set(question.price_usd) == market
    assert {option.system for option in question.instance.options} <= market


def test_what_there_was_no_time_to_predict_is_said(asked: Context, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("planner.answer.entry.PREDICTING_SHARE", 0.0)
    missing = len(list(left_for_want(asked)))
    assert f"entry prices: {missing} systems that are not on the market left out" in " ".join(answer(asked).solve.notes)
