"""Pruning changes no optimum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.program import solve as solving
from planner.program.instance import Option, Role
from planner.program.prune import prune
from planner.program.solve import solve_instance
from tests.program.instances import one_period, system
from tests.program.plain import plain
from tests.program.test_metamorphic import with_twin


def test_a_worse_copy_goes_and_names_its_better():
    instance = with_twin(plain(1))
    pruned, beaten = prune(instance)
    assert {option.id for option in pruned.options} == {option.id for option in plain(1).options}
    assert beaten == {f"{option.id}-worse": option.id for option in plain(1).options}


def test_two_small_replicas_beat_one_large_one_only_if_they_fit_its_units():
    """Two replicas of 4 chips at 1.1 rps beat one of 8 at 2; at 0.9 they do not."""
    base = one_period({"y": 1.0}, {}, {"b": 1.0}, hardware=[system("y", chips=8)])
    for small, goes in ((1.1, True), (0.9, False)):
        options = (
            Option("wide", "w", "y", Role.AGGREGATED, 8, {"b": 2.0}),
            Option("slim", "w", "y", Role.AGGREGATED, 4, {"b": small}),
        )
        assert ("wide" in prune(replace(base, options=options))[1]) == goes


def test_twins_do_not_prune_each_other():
    base = one_period({"y": 1.0}, {}, {"b": 1.0})
    options = tuple(Option(name, "w", "y", Role.AGGREGATED, 1, {"b": 2.0}) for name in ("one", "two"))
    assert len(prune(replace(base, options=options))[0].options) == 1


def compare(seeds, monkeypatch):
    """Assert that optima with and without pruning are equal."""
    kept = [solve_instance(with_twin(plain(seed))).objective_usd for seed in seeds]
    monkeypatch.setattr(solving, "prune", lambda instance: (instance, {}))
    for seed, cost in zip(seeds, kept, strict=True):
        assert solve_instance(with_twin(plain(seed))).objective_usd == (None if cost is None else pytest.approx(cost, rel=1e-6))


def test_pruning_changes_no_optimum(monkeypatch):
    compare(range(6), monkeypatch)


@pytest.mark.slow
def test_pruning_changes_no_optimum_of_hundreds(monkeypatch):
    compare(range(6, 200), monkeypatch)
