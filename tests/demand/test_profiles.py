"""The library of demand profiles and its strict reader."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.demand.profiles import DemandProfile, find_profile, profile_week, read_profile
from planner.errors import InputError, UnknownItem

Profiles = dict[str, dict[str, object]]
QUANTILES = ("p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p999", "mean", "max")
TWELVE = {
    "chat_realtime", "code_completion_realtime", "rag_long_context", "agentic_tool", "reasoning", "voice_assistant", "batch_summarization",
    "batch_classification", "batch_generation", "edge_assistant", "multimodal_image", "api_mixed_large",
}  # fmt: skip


def _all(profiles: Profiles) -> list[DemandProfile]:
    return [read_profile(mapping, document=profile_id) for profile_id, mapping in profiles.items()]


def test_there_are_twelve_and_each_is_valid(profiles: Profiles) -> None:
    assert {profile.id for profile in _all(profiles)} == TWELVE


def test_every_figure_names_a_source_and_every_target_its_own(profiles: Profiles) -> None:
    for profile in _all(profiles):
        tables = [profile.input_tokens, profile.output_tokens, profile.uncached_input_tokens, profile.image_tokens]
        used = {t.source for t in tables if t} | {profile.prefix_cache.source, profile.arrival.source}
        assert used <= set(profile.sources), profile.id
        assert all(len(target.source) > 10 for target in profile.targets), profile.id
        assert profile.default_target.why


def test_a_weak_profile_says_so(profiles: Profiles) -> None:
    for profile in _all(profiles):
        if profile.confidence in {"low", "low-medium"}:
            assert profile.input_tokens.assumed or profile.confidence_note, profile.id


def test_shapes_have_mean_one_and_the_published_peak(profiles: Profiles) -> None:
    for profile in _all(profiles):
        week = profile_week(profiles, profile)
        assert week.mean() == pytest.approx(1.0)
        if profile.id in {"chat_realtime", "code_completion_realtime", "reasoning", "multimodal_image"}:
            assert week.max() == pytest.approx(profile.arrival.peak_hour_to_mean, rel=1e-3)


def test_a_shape_may_be_anothers(profiles: Profiles) -> None:
    rag, chat = (read_profile(profiles[i]) for i in ("rag_long_context", "chat_realtime"))
    assert (profile_week(profiles, rag) == profile_week(profiles, chat)).all()


def test_targets_of_the_default_tell_the_time_of_an_answer(profiles: Profiles) -> None:
    """Chat: 1 s + 105 x 50 ms = 6.25 s for 106 tokens; images: 12 s end to end."""
    assert read_profile(profiles["chat_realtime"]).default_target.response_s(106.0) == pytest.approx(6.25)
    assert read_profile(profiles["multimodal_image"]).default_target.response_s(130.0) == 12.0
    assert read_profile(profiles["batch_generation"]).default_target.response_s(130.0) is None


def test_small_streams_of_code_are_more_clustered(profiles: Profiles) -> None:
    arrival = read_profile(profiles["code_completion_realtime"]).arrival
    assert (arrival.fano_at(2.6), arrival.fano_at(28.0)) == (164.0, 23.0)


def test_the_published_figures_are_carried_over(profiles: Profiles, shared: Path) -> None:
    """Every quantile, mean, hit rate, burst figure, hourly shape and default target of the reference equals ours."""
    reference = json.loads((shared / "traces" / "profiles.json").read_text(encoding="utf-8"))["profiles"]
    assert {entry["id"] for entry in reference} == set(profiles)
    for entry in reference:
        ours: Any = profiles[entry["id"]]
        for field in ("input_tokens", "output_tokens", "uncached_input_tokens", "image_tokens"):
            for name in QUANTILES:
                assert ours.get(field, {}).get(name) == entry.get(field, {}).get(name), (entry["id"], field, name)
        assert ours["prefix_cache"]["hit_rate"] == entry["prefix_cache"]["planning_hit_rate"]
        for name in ("iat_cv", "fano_1min", "peak_hour_to_mean", "p95_hour_to_mean", "peak_minute_to_mean"):
            if name in entry["arrival"]:
                assert ours["arrival"][name] == entry["arrival"][name], (entry["id"], name)
        diurnal = entry["diurnal"]
        for theirs, name in {"hour_of_week_168_utc_mon0": "hour_of_week", "day_24": "day", "day_24_local": "day"}.items():
            if theirs in diurnal:
                assert ours["week"][name] == diurnal[theirs], (entry["id"], name)
        for name, value in entry["default_sla"].items():
            assert ours["default_target"][name] == value, (entry["id"], name)


def _drop(name: str) -> Callable[[Any], None]:
    return lambda p: p.pop(name)


def _put(path: str, value: object) -> Callable[[Any], None]:
    def change(profile: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            profile = profile[step]
        profile[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("input_tokens"), "input_tokens: missing"),
        (_put("color", "red"), "color: unknown field"),
        (_put("input_tokens.p51", 3), r"input_tokens\.p51: unknown field"),
        (_put("input_tokens.mean", float("nan")), r"input_tokens\.mean: "),
        (_put("input_tokens.mean", True), r"input_tokens\.mean: "),
        (_put("input_tokens.mean", "many"), r"input_tokens\.mean: "),
        (_put("input_tokens.mean", -4), r"input_tokens\.mean: "),
        (_put("input_tokens.mean", 1e9), r"input_tokens\.mean: 1e\+09 lies outside min and max"),
        (_put("input_tokens.p50", 7e9), "input_tokens: quantiles must not fall"),
        (_put("input_tokens.source", "nowhere"), r"input_tokens\.source: source 'nowhere' is not in sources"),
        (_put("prefix_cache.hit_rate", 1.4), r"prefix_cache\.hit_rate: "),
        (_put("prefix_cache.warm_cached_share", None), "prefix_cache: give warm_request_share"),
        (_put("week.hour_of_week", [1.0] * 167), r"week\.hour_of_week: "),
        (_put("week.hour_of_week", [0.0] * 168), "week: a shape must have a mean above 0"),
        (_put("week", None), "week: missing"),
        (_put("kind", "sometimes"), "kind: "),
        (_put("default_target.percentile", 101), r"default_target\.percentile: "),
        (_put("targets", "none"), "targets: "),
    ],
)
def test_a_broken_profile_is_refused_by_field(profiles: Profiles, change: Callable[[Any], None], message: str) -> None:
    broken = copy.deepcopy(profiles["chat_realtime"])
    change(broken)
    with pytest.raises(InputError, match=message):
        read_profile(broken, document="mine.yaml")


def test_every_problem_is_told_at_once(profiles: Profiles) -> None:
    broken = copy.deepcopy(profiles["chat_realtime"])
    _drop("title")(broken)
    _put("color", "red")(broken)
    with pytest.raises(InputError) as caught:
        read_profile(broken)
    assert {problem.field for problem in caught.value.problems} == {"title", "color"}


def test_an_unknown_id_lists_the_known_ones(profiles: Profiles) -> None:
    with pytest.raises(UnknownItem, match="chat_realtime"):
        find_profile(profiles, "chat")


def test_an_alternate_without_tables_is_refused(profiles: Profiles) -> None:
    chat = read_profile(profiles["chat_realtime"])
    assert chat.lengths("2023-sample")[0].mean == 1154.7
    with pytest.raises(InputError, match="2023-sample, sharegpt-8k"):
        chat.lengths("2022-sample")
    with pytest.raises(InputError, match="benchmark-style"):
        read_profile(profiles["reasoning"]).lengths("benchmark-style")


def test_cache_bins_add_up(profiles: Profiles) -> None:
    for profile in _all(profiles):
        assert np.sum([share for share, _ in profile.prefix_cache.bins()]) == pytest.approx(1.0)
