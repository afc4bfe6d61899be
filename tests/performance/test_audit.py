"""The audit of published speeds: what fits, what the floor forbids, what only help makes possible, and that nothing is lost."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.items import Catalog, Kind, Precision, Sourced, Speed, SpeedMetric
from catalog.load import load_catalog
from catalog.lookup import find_hardware
from planner.performance.audit import Verdict, Word, audit, verdicts_for
from planner.performance.audit.bounds import bounds_of
from planner.performance.audit.claims import speeds_of, verdict_of
from planner.performance.choices import feasible_layouts
from planner.performance.step_model import step_model

KNOWN = load_catalog()


def said(
    hardware: str, model: str, metric: SpeedMetric, value: float, *, chips: int | None = 1, weights: Precision | None = None,
    batch: int | None = None, lengths: tuple[int, int] | None = None, speculation: str = "undisclosed", counts_input: bool = False,
) -> Verdict:  # fmt: skip
    """Return the verdict on a made-up claim."""
    figure = Sourced(value, "user", Kind.VENDOR_CLAIM, "2026")
    isl, osl = lengths or (None, None)
    speed = Speed("made-up", hardware, model, metric, figure, chips, weights, batch, isl, osl, speculation, counts_input)
    return verdict_of(speed, KNOWN)


def found(name: str) -> Verdict:
    """Return the verdict on the claim of the catalog whose id starts with a name."""
    return next(one for one in audit(KNOWN) if one.speed.id.startswith(name))


def test_70b_at_16_bit_over_one_h100s_bandwidth_takes_42_ms_and_no_single_h100_holds_it() -> None:
    """70.6e9 weights less the embedding table's 1.05e9, of 2 bytes, over 3.35 TB/s: 41.5 ms; with the table 42.1; 70e9 exactly: 41.8."""
    h100, model = KNOWN.hardware["nvidia-h100-sxm"], KNOWN.models["llama-3-70b"]
    assert pytest.approx(41.8e-3, rel=1e-3) == 140e9 / 3.35e12
    bounds = bounds_of(h100, model, Precision.BF16, 1.0)
    assert bounds.numbers[0] == 2
    assert bounds.token_s(1.0, 1.0)[0] * 2 == pytest.approx(41.8e-3, rel=0.01)
    verdict = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 0.042, weights=Precision.BF16)
    assert verdict.word is Word.IMPOSSIBLE
    assert "cannot hold llama-3-70b at bf16 (141 GB > 85.9 GB)" in verdict.finding.explanation


def test_9_ms_a_token_from_70b_at_16_bit_takes_five_h100() -> None:
    """41.5 ms / 9 ms = 4.6, so five; two hold the weights, but their floor is 20.7 ms, and more than twice speed takes speculation."""
    claim = {"weights": Precision.BF16, "speculation": "no"}
    alone = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 9e-3, **claim)  # type: ignore[arg-type]
    pair = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 9e-3, chips=2, **claim)  # type: ignore[arg-type]
    assert (alone.word, alone.finding.fewest_chips) == (Word.IMPOSSIBLE, 5)
    assert (pair.word, pair.finding.fewest_chips) == (Word.IMPOSSIBLE, 5)
    assert "floor 20.7 ms, claimed 9.00 ms" in pair.finding.explanation
    assert "at least 5 chips" in pair.finding.explanation


def test_the_smallest_number_of_chips_does_it_and_one_less_does_not() -> None:
    claim = {"weights": Precision.BF16, "speculation": "no"}
    verdict = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 1 / 140, chips=2, **claim)  # type: ignore[arg-type]
    fewest = verdict.finding.fewest_chips
    assert fewest is not None
    for chips, word in ((fewest, Word.POSSIBLE), (fewest - 1, Word.IMPOSSIBLE)):
        again = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 1 / 140, chips=chips, **claim)  # type: ignore[arg-type]
        assert again.word is word


def test_a_claim_below_the_floor_is_possible_with_speculation_up_to_the_best_published_gain() -> None:
    """Two H100 make at most 48 tokens/s; 6.5 tokens a step make 313 of it."""
    for rate, word in ((47.0, Word.POSSIBLE), (60.0, Word.SPECULATION), (310.0, Word.SPECULATION), (400.0, Word.IMPOSSIBLE)):
        verdict = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TIME_PER_TOKEN, 1 / rate, chips=2, weights=Precision.BF16)
        assert verdict.word is word, rate


def test_a_speed_per_user_that_only_a_batch_reaches_is_a_sum() -> None:
    verdict = said("nvidia-h100-sxm", "llama-3-70b", SpeedMetric.PER_USER, 500.0, chips=2, weights=Precision.BF16)
    assert verdict.word is Word.BATCHING
    assert "users get together, not one" in verdict.finding.explanation


def test_a_total_is_alone_together_or_beyond_arithmetic() -> None:
    """One H100 at fp8 reads 8.0e9 bytes in 2.4 ms: 410 tokens/s alone; 1979e12 / (2 x 7.5e9) = 132,000 at the very most together."""
    for rate, word in ((300.0, Word.POSSIBLE), (10_000.0, Word.BATCHING), (200_000.0, Word.IMPOSSIBLE)):
        verdict = said("nvidia-h100-sxm", "llama-3.1-8b", SpeedMetric.TOTAL, rate, weights=Precision.FP8)
        assert verdict.word is word, rate
    assert verdict.finding.fewest_chips == 2
    assert verdict.finding.bound == pytest.approx(132_000, rel=0.05)


def test_prompts_cost_arithmetic_where_both_lengths_are_stated() -> None:
    """2048 in and 128 out of a 70B take 2 x 70e9 x 2048 FLOPs: 8 x 1979e12 / 2.8e14 = 57 requests/s, 7,200 tokens/s at most."""
    claim = {"chips": 8, "weights": Precision.FP8, "lengths": (2048, 128)}
    verdict = said("nvidia-h100-sxm", "llama-3.1-70b", SpeedMetric.TOTAL, 7_600.0, **claim)  # type: ignore[arg-type]
    assert verdict.word is Word.IMPOSSIBLE
    assert verdict.finding.bound == pytest.approx(7_100, rel=0.05)
    counted = said("nvidia-h100-sxm", "llama-3.1-70b", SpeedMetric.TOTAL, 100_000.0, counts_input=True, **claim)  # type: ignore[arg-type]
    assert counted.word is Word.BATCHING


def test_the_first_token_has_a_floor_too() -> None:
    """2 x 70e9 x 8000 FLOPs over 8 x 989e12 FLOP/s: 140 ms."""
    for claimed, word in ((0.1, Word.IMPOSSIBLE), (0.2, Word.POSSIBLE)):
        verdict = said(
            "nvidia-h100-sxm", "llama-3-70b", SpeedMetric.TTFT, claimed, chips=8, weights=Precision.BF16, lengths=(8000, 100)
        )
        assert verdict.word is word


def test_what_nobody_publishes_is_not_judged_and_the_sentence_says_what_is_missing() -> None:
    wired, silent, sohu = found("hc1-llama"), found("sn40l-llama-3.1-70b"), found("sohu")
    assert {wired.word, silent.word, sohu.word} == {Word.UNJUDGED}
    assert "255 TB/s of weights" in wired.finding.explanation
    assert "no memory bandwidth" in silent.finding.explanation
    assert "no peak FLOP/s" in sohu.finding.explanation
    assert "8,688 TFLOP/s a chip" in sohu.finding.explanation
    assert wired.prediction is None


def test_unknown_hardware_and_models_are_not_judged() -> None:
    for hardware, model in (("acme-nine", "llama-3-70b"), ("nvidia-h100-sxm", "acme-7t")):
        verdict = said(hardware, model, SpeedMetric.PER_USER, 10.0)
        assert verdict.word is Word.UNJUDGED
        assert "the catalog has no" in verdict.finding.explanation


def test_silicon_that_cannot_run_the_model_makes_a_claim_impossible() -> None:
    verdict = said("etched-sohu", "jamba-v0.1", SpeedMetric.PER_USER, 10.0, chips=8)
    assert verdict.word is Word.IMPOSSIBLE
    assert "transformers only" in verdict.finding.explanation


def test_the_table_of_the_article_is_judged() -> None:
    """One LPU holds 0.23 GB of 72.7; one wafer 44; eight H100 are slower there than they are; Inferentia2 needs three chips or more."""
    groq, wafer, gpus, inferentia = (found(f"ainews-llama-3-70b-{name}") for name in ("groq", "wse", "h100", "inferentia"))
    assert (groq.word, groq.finding.fewest_chips) == (Word.IMPOSSIBLE, 316)
    assert (wafer.word, wafer.finding.fewest_chips) == (Word.IMPOSSIBLE, 2)
    assert gpus.word is Word.POSSIBLE
    assert "slower than our prediction" in gpus.finding.explanation
    assert (inferentia.word, inferentia.finding.chips) == (Word.POSSIBLE, 3)


def test_a_speed_reached_with_a_draft_model_and_beyond_our_interval_needed_it() -> None:
    assert found("lpu-llama-3.1-70b-draft").word is Word.SPECULATION


def test_what_independent_parties_measured_without_speculation_is_never_called_impossible() -> None:
    relayed = [one for one in audit(KNOWN) if "Artificial Analysis" in one.speed.note]
    assert len(relayed) > 10
    assert {one.word for one in relayed} <= {Word.POSSIBLE, Word.SPECULATION, Word.UNJUDGED}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["nvidia-h100-sxm", "amd-mi300x", "google-tpu-v6e", "groq-lpu-v1", "cerebras-cs3", "dmatrix-corsair"]),
    st.sampled_from(["llama-3.1-8b", "llama-3-70b", "mixtral-8x7b", "deepseek-r1", "gpt-oss-120b"]),
    st.integers(1, 64),
    st.integers(1, 8000),
)
def test_more_chips_are_never_slower_and_more_users_never_faster(hardware: str, model: str, batch: int, context: int) -> None:
    bounds = bounds_of(KNOWN.hardware[hardware], KNOWN.models[model], Precision.INT8, 1.0)
    floors = bounds.token_s(float(batch), float(context))
    assert (np.diff(floors) <= 0).all()
    assert (bounds.token_s(batch + 1.0, float(context)) >= floors * (1 - 1e-12)).all()
    assert bounds.numbers[0] * bounds.largest_bytes >= bounds.need_bytes


@pytest.mark.parametrize(
    "hardware", ["nvidia-h100-sxm", "nvidia-b200-sxm", "amd-mi300x", "google-tpu-v6e", "groq-lpu-v1", "cerebras-cs3"]
)
@pytest.mark.parametrize("model", ["llama-3.1-8b", "llama-3-70b", "mixtral-8x7b"])
def test_no_prediction_and_no_deployment_is_below_the_bound(hardware: str, model: str) -> None:
    """The bound is taken in the claim's favour, so every layout that can be planned lies above it."""
    item, llm = KNOWN.hardware[hardware], KNOWN.models[model]
    bounds = bounds_of(item, llm, Precision.FP8, 1.0)
    floors = bounds.token_s(4.0, 1000.0)
    for layout in feasible_layouts(item, 8, llm, Precision.INT8, Precision.BF16):
        step = step_model(item, llm, layout, Precision.INT8, Precision.BF16, KNOWN.coefficients)
        place = int(np.searchsorted(bounds.numbers, layout.chips, side="right")) - 1
        assert float(step.decode_step_s(4.0, 1000.0)) >= float(floors[place]) * (1 - 1e-9)


def test_the_verdict_does_not_depend_on_our_coefficients_unless_speculation_is_stated() -> None:
    bare = replace(KNOWN, coefficients={})
    for one, other in zip(audit(KNOWN), audit(bare), strict=True):
        assert one.word is other.word or one.speed.speculation == "yes"


def test_claims_calibrate_nothing() -> None:
    """The coefficients list the sources of their rows; none of them is a claim's."""
    section = KNOWN.coefficients["performance"]
    assert isinstance(section, dict)
    fitted = set(section.get("value", section)["measured"]["rows_by_source"])
    assert len(fitted) > 10
    assert not {speed.figure.source for speed in KNOWN.speeds} & fitted


def test_every_claim_has_one_verdict_a_sentence_and_a_source() -> None:
    verdicts = audit(KNOWN)
    assert len(verdicts) == len(list(speeds_of(KNOWN)))
    for one in verdicts:
        assert one.finding.explanation
        assert one.speed.figure.source in KNOWN.sources
        assert one.speed.figure.kind is not Kind.MEASUREMENT
    assert {one.speed.id for one in verdicts_for("groq-lpu-v1", KNOWN)} == {
        one.speed.id for one in verdicts if one.hardware_id == "groq-lpu-v1"
    }
    assert verdicts_for("nvidia-t4", KNOWN) == ()


def test_the_same_catalog_is_audited_once_and_all_of_it_in_less_than_two_seconds() -> None:
    fresh = replace(KNOWN, version="another")
    begun = time.process_time()
    first = audit(fresh)
    assert time.process_time() - begun < 2.0
    assert all(one is other for one, other in zip(first, audit(fresh), strict=True))


def test_nothing_of_the_published_claims_is_lost(shared: Path) -> None:
    """Every rate and time of both files stands in the catalog, for the hardware that the file names."""
    have = {
        (find_hardware(KNOWN, speed.hardware).id, round(speed.figure.value, 6)) for speed in KNOWN.speeds
    }  # fmt: skip
    rows = 0
    for name in ("claims.csv", "sram_class_and_claims.csv"):
        with (shared / "measurements" / name).open(newline="") as file:
            for row in csv.DictReader(file):
                rows += 1
                hardware = find_hardware(KNOWN, row["hardware"]).id
                if row["decode_tok_s_per_user"] and not row["tpot_ms"]:
                    assert (hardware, round(float(row["decode_tok_s_per_user"]), 6)) in have
                if total := row["throughput_tok_s_total"] or ("500000" if hardware == "etched-sohu" else ""):
                    assert (hardware, round(float(total), 6)) in have
                for column in ("tpot_ms", "ttft_ms"):
                    if row[column]:
                        assert (hardware, round(float(row[column]) / 1e3, 6)) in have
    assert rows == 71


def test_the_overlays_claims_are_audited_too(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "speeds:\n  own-claim: {hardware: nvidia-h100-sxm, model: llama-3-70b, chips: 1, weights: bf16, per_user: 500 tokens/s}\n"
    )
    own: Catalog = load_catalog(tmp_path)
    verdict = next(one for one in verdicts_for("nvidia-h100-sxm", own) if one.speed.id == "own-claim")
    assert verdict.word is Word.IMPOSSIBLE
