"""The demand table, from the question to the rates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.demand.spec import Curve, DemandKind, DemandOptions, Growth, Horizon, Rate, TraceSource, WorkloadDemand
from planner.demand.table import DemandTable, build_demand
from planner.errors import InputError, UnknownItem

Profiles = dict[str, dict[str, object]]
YEAR = Horizon(periods=4, period_years=0.25)
CHAT = WorkloadDemand("chat", profile="chat_realtime", rate=Rate(requests_rps=30.0))
CODE = WorkloadDemand(
    "code", profile="code_completion_realtime", rate=Rate(requests_rps=40.0), growth=Growth(volume=Curve(cagr=0.5))
)
NIGHT = WorkloadDemand(
    "night",
    kind=DemandKind.BATCH,
    profile="batch_summarization",
    rate=Rate(requests_per_day=500_000),
    arrival_hour=20.0,
    deadline_h=12.0,
)


def _tokens(table: DemandTable, workload: str, field: str) -> np.ndarray:
    """Return the workload's mean tokens/s of a field, shape (period,)."""
    rows = table.rows_of(workload)
    each = np.array([getattr(table.classes[k], field) for k in rows])
    weekly = table.rates_rps[rows] @ table.hours_per_week / 168.0
    return each @ weekly


def test_one_fixed_length_in_a_flat_week_is_one_class_in_one_block() -> None:
    """2 requests/s of 1,000 input and 100 output tokens, half of the input cached, growing to 3."""
    fixed = WorkloadDemand(
        "w",
        isl_tokens=1000,
        osl_tokens=100,
        prefix_cache_hit=0.5,
        rate=Rate(requests_rps=2.0),
        growth=Growth(volume=Curve(cagr=0.5)),
    )
    table = build_demand([fixed], {}, Horizon(2, 1.0))
    assert [(c.isl_tokens, c.osl_tokens, c.cached_tokens, c.share) for c in table.classes] == [(1000.0, 100.0, 500.0, 1.0)]
    assert table.rates_rps.tolist() == [[[2.0], [3.0]]]
    assert table.peak_hour_rps.tolist() == [[[2.0], [3.0]]]
    assert table.peak_rps[0, 0, 0] == pytest.approx(2.0 * (1 + 2.4 * (1 / 120) ** 0.5))


def test_profiles_become_rates_whose_tokens_add_up(profiles: Profiles) -> None:
    table = build_demand([CHAT, CODE, NIGHT], profiles, YEAR)
    assert table.rates_rps.shape == (len(table.classes), 4, len(table.blocks))
    assert table.mean_rps("chat") == pytest.approx([30.0] * 4)
    assert table.mean_rps("code") == pytest.approx(40.0 * 1.5 ** np.array([0, 0.25, 0.5, 0.75]))
    assert table.mean_rps("night") == pytest.approx([500_000 / 86_400] * 4)
    assert _tokens(table, "chat", "isl_tokens") == pytest.approx([30.0 * 1632] * 4)
    assert _tokens(table, "chat", "osl_tokens") == pytest.approx([30.0 * 106] * 4)
    assert _tokens(table, "chat", "cached_tokens") == pytest.approx([30.0 * 1632 * 0.35] * 4)


def test_peaks_are_the_published_ones(profiles: Profiles) -> None:
    """Chat: busiest hour 1.655 x mean; busiest minute 1 + 2.4 sqrt(20/(60 x 30 x 1.655)) above that, published 1.93 x mean at 45 rps."""
    table = build_demand([replace(CHAT, rate=Rate(requests_rps=45.1))], profiles, Horizon())
    assert table.peak_hour_rps.sum(axis=0).max() == pytest.approx(45.1 * 1.655, rel=1e-3)
    assert table.peak_rps.sum(axis=0).max() == pytest.approx(45.1 * 1.93, rel=0.01)


def test_a_mean_day_is_lifted_to_the_published_busiest_hour(profiles: Profiles) -> None:
    """The mean day of the mixed API is nearly flat (1.14), but its busiest hour was 1.862 x the mean."""
    table = build_demand([WorkloadDemand("api", profile="api_mixed_large", rate=Rate(requests_rps=10.0))], profiles, Horizon())
    assert table.peak_hour_rps.sum(axis=0).max() == pytest.approx(18.62, rel=1e-3)
    assert table.mean_rps("api") == pytest.approx([10.0])


def test_the_order_of_the_workloads_changes_nothing(profiles: Profiles) -> None:
    first, second = build_demand([CHAT, CODE, NIGHT], profiles, YEAR), build_demand([NIGHT, CODE, CHAT], profiles, YEAR)
    assert first.classes == second.classes
    assert first.blocks == second.blocks
    assert (first.rates_rps == second.rates_rps).all()
    assert (first.peak_rps == second.peak_rps).all()


def test_twice_the_demand_is_twice_the_rate_and_less_than_twice_the_peak_minute(profiles: Profiles) -> None:
    one = build_demand([CHAT], profiles, YEAR)
    two = build_demand([replace(CHAT, rate=Rate(requests_rps=60.0))], profiles, YEAR)
    assert two.rates_rps == pytest.approx(2 * one.rates_rps)
    assert (two.peak_rps > one.peak_rps).all()
    assert (two.peak_rps < 2 * one.peak_rps).all()


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(["chat_realtime", "rag_long_context", "agentic_tool", "reasoning", "edge_assistant"]),
        min_size=1,
        max_size=3,
    ),
    st.floats(0.01, 1e4),
    st.floats(0.0, 0.9),
    st.integers(1, 20),
    st.floats(-0.3, 1.0),
    st.integers(1, 6),
)
def test_mass_is_conserved(
    profiles: Profiles, ids: list[str], rps: float, hit: float, most: int, growth: float, blocks: int
) -> None:
    """For any mix of profiles the class rates add up to the workload's rate, and their tokens to rate x mean length, in every period."""
    specs = [
        WorkloadDemand(
            f"w{k}", profile=i, rate=Rate(requests_rps=rps * (k + 1)), prefix_cache_hit=hit, max_classes=most,
            growth=Growth(volume=Curve(cagr=growth)), time_shift_h=3.5 * k,
        )
        for k, i in enumerate(ids)
    ]  # fmt: skip
    table = build_demand(specs, profiles, YEAR, DemandOptions(max_blocks=blocks))
    for k, i in enumerate(ids):
        rate = rps * (k + 1) * (1 + growth) ** (np.arange(4) / 4)
        mean_input = float(profiles[i]["input_tokens"]["mean"])  # type: ignore[index]
        assert table.mean_rps(f"w{k}") == pytest.approx(rate, rel=1e-9)
        assert _tokens(table, f"w{k}", "isl_tokens") == pytest.approx(rate * mean_input, rel=1e-9)
        assert _tokens(table, f"w{k}", "cached_tokens") == pytest.approx(rate * mean_input * hit, rel=1e-6, abs=1e-9)
        assert len(table.rows_of(f"w{k}")) <= most
    assert (table.peak_rps >= table.peak_hour_rps).all()
    assert (table.peak_hour_rps >= table.rates_rps * (1 - 1e-12)).all()


def test_growing_prompts_begin_new_classes_whose_tokens_follow(profiles: Profiles) -> None:
    """+40 % a year on input over eight quarters: epochs within 10 %; tokens over each epoch are those of its periods."""
    spec = replace(CHAT, growth=Growth(input_tokens=Curve(cagr=0.4)))
    table = build_demand([spec], profiles, Horizon(8, 0.25))
    load = table.workload("chat")
    assert load.epoch_of_period == (0, 0, 1, 1, 2, 2, 3, 3)
    assert table.mean_rps("chat") == pytest.approx([30.0] * 8)
    served = _tokens(table, "chat", "isl_tokens").reshape(4, 2).sum(axis=1)
    asked = (30.0 * 1632 * 1.4 ** (np.arange(8) / 4)).reshape(4, 2).sum(axis=1)
    assert served == pytest.approx(asked, rel=1e-9)
    assert len(load.populations) == 4


def test_batch_work_has_lots_and_an_even_schedule_inside_its_windows(profiles: Profiles) -> None:
    table = build_demand([CHAT, NIGHT], profiles, YEAR)
    job = table.workload("night").batch
    assert job is not None
    assert job.requests_per_job == pytest.approx([500_000.0] * 4)
    assert sum(lot.per_week for lot in job.lots) == 7
    assert all(sum(lot.window_h) == pytest.approx(12.0) for lot in job.lots)
    allowed = sum(lot.per_week * np.array(lot.window_h) for lot in job.lots)
    rates = table.rates_rps[table.rows_of("night")].sum(axis=0)[0]
    assert rates * table.hours_per_week * 3600 == pytest.approx(500_000 / 12 * allowed)
    assert table.workload("chat").batch is None


def test_weekday_jobs_carry_the_whole_weeks_requests(profiles: Profiles) -> None:
    table = build_demand([replace(NIGHT, days=5)], profiles, Horizon())
    job = table.workload("night").batch
    assert job is not None
    assert job.requests_per_job[0] == pytest.approx(700_000.0)


def test_batch_waits_so_it_has_no_peak_minute(profiles: Profiles) -> None:
    table = build_demand([CHAT, NIGHT], profiles, Horizon())
    rows = table.rows_of("night")
    assert (table.peak_rps[rows] == table.peak_hour_rps[rows]).all()


def test_a_batch_window_of_the_whole_day_leaves_the_week_as_it_is(profiles: Profiles) -> None:
    alone = build_demand([CHAT], profiles, Horizon())
    assert build_demand([CHAT, replace(NIGHT, deadline_h=24.0)], profiles, Horizon()).blocks == alone.blocks


def test_blocks_lie_wholly_inside_or_outside_a_batch_window(profiles: Profiles) -> None:
    """From 20 h for 12 h: hours 20-23 and 0-7 are inside, so every block has only such hours or none."""
    inside = {*range(20, 24), *range(8)}
    for block in build_demand([CHAT, CODE, NIGHT], profiles, Horizon()).blocks:
        hours = {hour for _, hour in block.cells}
        assert hours <= inside or not hours & inside


def test_a_time_zone_moves_the_peak(profiles: Profiles) -> None:
    """Two equal streams eleven hours apart fill each other's valley: the busiest hour of the sum is below the sum of busiest hours."""
    east = replace(CODE, id="east", growth=Growth(), time_shift_h=11.0)
    table = build_demand([replace(CODE, growth=Growth()), east], profiles, Horizon(), DemandOptions(max_blocks=6, burst_z=0.0))
    assert table.peak_hour_rps.sum(axis=0).max() < 0.85 * 2 * 40.0 * 3.007


def test_a_trace_brings_its_own_rate_and_burstiness(shared: Path, profiles: Profiles) -> None:
    path = shared / "traces" / "azure_llm_2023_conv.csv.gz"
    spec = WorkloadDemand("conv", trace=TraceSource(path), profile="chat_realtime", prefix_cache_hit=0.35)
    table = build_demand([spec], profiles, Horizon())
    assert table.mean_rps("conv") == pytest.approx([5.53], abs=0.01)
    load = table.workload("conv")
    assert load.fano_1min == pytest.approx(16.1, abs=0.1)
    assert load.iat_cv == pytest.approx(1.09, abs=0.01)
    assert _tokens(table, "conv", "isl_tokens") == pytest.approx([5.530422 * 1154.7], rel=1e-3)
    assert _tokens(table, "conv", "cached_tokens") / _tokens(table, "conv", "isl_tokens") == pytest.approx([0.35])
    assert table.workload("conv").peak_hour_factor == pytest.approx(1.655, rel=1e-3)


def test_a_trace_alone_has_a_flat_week_and_says_so(shared: Path) -> None:
    spec = WorkloadDemand("m", trace=TraceSource(shared / "traces" / "mooncake_fast25_conversation_trace.jsonl.gz"))
    table = build_demand([spec], {}, Horizon())
    assert [b.name for b in table.blocks] == ["all hours"]
    assert "flat week (no shape known)" in table.workload("m").described
    isl, cached = _tokens(table, "m", "isl_tokens")[0], _tokens(table, "m", "cached_tokens")[0]
    assert cached / isl == pytest.approx(0.3736, abs=1e-4)


def test_users_are_counted_step_by_step(profiles: Profiles) -> None:
    table = build_demand([replace(CHAT, rate=Rate(users=10_000, requests_per_user_day=20))], profiles, Horizon())
    names = [step.name for step in table.workload("chat").steps]
    assert names[:4] == ["users", "requests per user and day", "requests a day", "mean rate"]
    assert "requests in flight, busiest hour" in names


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (replace(CHAT, rate=None), r"workloads\.chat\.rate: missing"),
        (replace(CHAT, profile=None), r"workloads\.chat\.profile: missing"),
        (replace(CHAT, rate=Rate(requests_rps=1e9)), r"workloads\.chat\.rate: amounts to 1e\+09"),
        (replace(CHAT, growth=Growth(volume=Curve(cagr=5e7))), r"workloads\.chat\.growth\.volume: "),
        (replace(CHAT, prefix_cache_hit=1.0), r"workloads\.chat\.prefix_cache_hit: 1"),
        (replace(CHAT, isl_scale=float("nan")), r"workloads\.chat\.isl_scale: nan"),
        (replace(CHAT, isl_tokens=0.5), r"workloads\.chat\.isl_tokens: 0\.5 tokens"),
        (replace(CHAT, max_classes=0), r"workloads\.chat\.max_classes: 0"),
        (replace(CHAT, time_shift_h=99.0), r"workloads\.chat\.time_shift_h: 99"),
        (replace(CHAT, shape=(1.0,) * 23), r"workloads\.chat\.shape: 23 numbers"),
        (replace(CHAT, deadline_h=5.0), r"workloads\.chat\.deadline_h: only batch"),
        (replace(CHAT, alternate="nope"), "alternate: 'nope'"),
        (replace(NIGHT, deadline_h=200.0), r"workloads\.night\.deadline_h: 200 h"),
        (replace(NIGHT, arrival_hour=24.0), r"workloads\.night\.arrival_hour: 24"),
        (replace(NIGHT, days=6), r"workloads\.night\.days: 6"),
    ],
)
def test_what_cannot_be_is_refused_by_name(profiles: Profiles, spec: WorkloadDemand, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_demand([spec], profiles, YEAR)


def test_no_workload_a_name_given_twice_and_an_odd_horizon_are_refused_together(profiles: Profiles) -> None:
    with pytest.raises(InputError, match="workloads: empty"):
        build_demand([], profiles, YEAR)
    with pytest.raises(InputError) as caught:
        build_demand([CHAT, CHAT], profiles, Horizon(0, -1.0, 13), DemandOptions(max_blocks=0))
    assert {p.field for p in caught.value.problems} >= {
        "workloads",
        "horizon.periods",
        "horizon.period_years",
        "horizon.first_month",
        "max_blocks",
    }


def test_an_unknown_profile_names_the_field_and_the_known_ids(profiles: Profiles) -> None:
    with pytest.raises(
        UnknownItem, match=r"workloads\.chat\.profile: no demand profile 'chats'; the catalog has .*chat_realtime"
    ):
        build_demand([replace(CHAT, profile="chats")], profiles, YEAR)


def test_a_trace_without_times_asks_for_a_rate(tmp_path: Path) -> None:
    path = tmp_path / "lengths.csv"
    path.write_text("input_tokens,output_tokens\n10,5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"workloads\.w\.rate: missing; the trace has no arrival times"):
        build_demand([WorkloadDemand("w", trace=TraceSource(path))], {}, YEAR)
