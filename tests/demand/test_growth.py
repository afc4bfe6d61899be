"""Growth vectors."""

from __future__ import annotations

import numpy as np
import pytest

from planner.demand.epochs import length_epochs
from planner.demand.growth import PRESET_EVIDENCE, PRESETS, GrowthPath, curve_multipliers, growth_path
from planner.demand.spec import Curve, Event, Growth, Horizon, Logistic
from planner.errors import InputError

YEARS = Horizon(periods=4, period_years=1.0)
QUARTERS = Horizon(periods=12, period_years=0.25)


def test_a_yearly_rate_compounds_from_the_first_period() -> None:
    """+50 % a year: 1, 1.5, 2.25, 3.375."""
    assert curve_multipliers(Curve(cagr=0.5), YEARS).tolist() == [1.0, 1.5, 2.25, 3.375]


def test_four_quarters_are_a_year() -> None:
    assert curve_multipliers(Curve(cagr=0.44), QUARTERS)[4] == pytest.approx(1.44)


def test_an_s_curve_starts_at_one_passes_half_way_at_its_midpoint_and_ends_at_its_ceiling() -> None:
    curve = Curve(logistic=Logistic(ceiling=10.0, midpoint_years=2.0, width_years=0.1))
    assert curve_multipliers(curve, YEARS) == pytest.approx([1.0, 1.0, 5.5, 10.0], abs=0.01)


def test_an_event_comes_and_fades() -> None:
    """Factor 3 from period 1 with an e-folding of one period: 1, 3, 1 + 2/e, 1 + 2/e^2."""
    path = growth_path(Growth(events=(Event(1, 3.0, 1.0),)), YEARS)
    assert path.volume == pytest.approx([1.0, 3.0, 1 + 2 / np.e, 1 + 2 / np.e**2])


def test_an_event_without_decay_stays() -> None:
    assert growth_path(Growth(events=(Event(2, 2.0),)), YEARS).volume.tolist() == [1.0, 1.0, 2.0, 2.0]


def test_a_season_never_changes_the_volume_of_a_year() -> None:
    """December twice every other month: the mean factor is 13/12, so the last quarter is (1 + 1 + 2)/3 x 12/13."""
    path = growth_path(Growth(month_factors=(1.0,) * 11 + (2.0,)), Horizon(4, 0.25, first_month=1))
    assert path.volume == pytest.approx(np.array([1, 1, 1, 4 / 3]) * 12 / 13)
    assert path.volume.mean() == pytest.approx(1.0)


def test_a_season_starts_in_the_month_that_the_plan_does() -> None:
    path = growth_path(Growth(month_factors=(1.0,) * 11 + (2.0,)), Horizon(1, 1 / 12, first_month=12))
    assert path.volume == pytest.approx([24 / 13])


def test_a_preset_fills_only_what_is_left_empty() -> None:
    path = growth_path(Growth(preset="mature_app", volume=Curve(cagr=1.0)), YEARS)
    assert path.volume.tolist() == [1.0, 2.0, 4.0, 8.0]
    assert path.input_tokens[1] == pytest.approx(1.15)
    assert path.output_tokens[1] == pytest.approx(1.10)


def test_every_preset_has_its_evidence() -> None:
    assert set(PRESETS) == set(PRESET_EVIDENCE)


def test_a_list_of_volumes_may_pause_but_lengths_may_not() -> None:
    assert growth_path(Growth(volume=Curve(multipliers=(0.0, 0.0, 1.0, 2.0))), YEARS).volume.tolist() == [0.0, 0.0, 1.0, 2.0]
    with pytest.raises(InputError, match=r"growth\.input_tokens"):
        growth_path(Growth(input_tokens=Curve(multipliers=(0.0, 1.0, 1.0, 1.0))), YEARS)


@pytest.mark.parametrize(
    ("growth", "field"),
    [
        (Growth(preset="rocket"), r"g\.preset"),
        (Growth(volume=Curve(multipliers=(1.0, 2.0))), r"g\.volume"),
        (Growth(volume=Curve(multipliers=(0.0,) * 4)), r"g\.volume"),
        (Growth(volume=Curve(cagr=0.1, multipliers=(1.0,) * 4)), r"g\.volume: states cagr and multipliers"),
        (Growth(volume=Curve(cagr=-1.5)), r"g\.volume\.cagr"),
        (Growth(volume=Curve(cagr=float("nan"))), r"g\.volume\.cagr"),
        (Growth(volume=Curve(cagr=1e9)), r"g\.volume"),
        (Growth(volume=Curve(logistic=Logistic(-1.0, 1.0, 1.0))), r"g\.volume\.logistic"),
        (Growth(events=(Event(9, 2.0),)), r"g\.events\.0\.period"),
        (Growth(events=(Event(1, -2.0),)), r"g\.events\.0"),
        (Growth(cache_hit=(0.1, 0.2)), r"g\.cache_hit"),
        (Growth(cache_hit=(0.1, 0.2, 0.3, 1.0)), r"g\.cache_hit"),
        (Growth(month_factors=(1.0,) * 11), r"g\.month_factors"),
    ],
)
def test_what_cannot_be_is_refused_by_name(growth: Growth, field: str) -> None:
    with pytest.raises(InputError, match=field):
        growth_path(growth, YEARS, field="g")


def test_lengths_within_the_band_share_one_epoch() -> None:
    """+5 % a year with a band of 10 %: 1, 1.05 | 1.1025, 1.158; the factors are their means."""
    epochs = length_epochs(growth_path(Growth(input_tokens=Curve(cagr=0.05)), YEARS), 0.10)
    assert [(e.first, e.last) for e in epochs] == [(0, 1), (2, 3)]
    assert epochs[0].input_factor == pytest.approx(1.025)


def test_an_epoch_has_the_tokens_of_its_periods() -> None:
    path = growth_path(Growth(volume=Curve(cagr=1.0), input_tokens=Curve(cagr=0.3)), QUARTERS)
    epochs = length_epochs(path, 0.25)
    by_epoch = sum(path.volume[e.first : e.last + 1].sum() * e.input_factor for e in epochs)
    assert by_epoch == pytest.approx(path.volume @ path.input_tokens)
    assert [e.first for e in epochs] == [0, *(e.last + 1 for e in epochs[:-1])]


def test_a_change_of_cache_hit_begins_an_epoch_and_a_pause_does_no_harm() -> None:
    path = GrowthPath(np.array([0.0, 0.0, 1.0]), np.ones(3), np.ones(3), np.array([0.2, 0.2, 0.5]))
    epochs = length_epochs(path, 0.1)
    assert [(e.first, e.cache_hit) for e in epochs] == [(0, pytest.approx(0.2)), (2, pytest.approx(0.5))]
