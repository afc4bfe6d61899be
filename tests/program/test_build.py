"""Building a program: what it costs, and what it leaves as it was."""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from planner.errors import SolverError
from planner.program.build import build
from planner.program.model import Model
from planner.program.prune import prune
from planner.program.sets import prepare
from planner.program.view import View, views
from tests.program.rich import rich


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_of_cycles_is_as_it_was_after_a_build_and_after_one_that_fails(on, monkeypatch):
    sets = prepare(prune(rich(1))[0])
    before = gc.isenabled()
    try:
        gc.enable() if on else gc.disable()
        build(sets)
        assert gc.isenabled() is on
        monkeypatch.setattr(Model, "row", lambda *_, **__: (_ for _ in ()).throw(SolverError("no rows today")))
        with pytest.raises(SolverError):
            build(sets)
        assert gc.isenabled() is on
    finally:
        gc.enable() if before else gc.disable()


def test_the_shares_of_a_spot_are_looked_up_once_and_are_those_that_the_program_has(monkeypatch):
    asked = Counter()
    plain = View._routes

    def counted(view, spot, t, h):
        asked[spot, t, h, view.world.id] += 1
        return plain(view, spot, t, h)

    monkeypatch.setattr(View, "_routes", counted)
    sets = prepare(prune(rich(1))[0])
    model = build(sets)
    assert set(asked.values()) == {1}
    found = {
        (spot.option, name, spot.site, t, h, view.world.id): share.name
        for view in views(model, sets)
        for spot in sets.spots
        for t in sets.periods
        for h in sets.blocks
        for name, share in view.shares(spot, t, h)
    }
    assert found == {index: share.name for index, share in model.family("share").items()}
    assert found


def test_parts_of_names_are_codes_numbers_without_a_sign_and_what_has_no_code():
    model = Model({"a long identifier": "x.1"})
    assert model.name("retire", ("a long identifier", "", -1, 12, "low")) == "retire_x.1_m1_12_low"
    assert model.name("retire", ("a long identifier", "1", 1)) == "retire_x.1_1_1"
