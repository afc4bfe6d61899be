"""One deployment at one point: figures, intervals, floors, refusals, and the command."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.commands.estimate import app
from catalog.items import Precision
from planner.errors import InputError, Unsupported
from planner.performance.estimate import estimate
from planner.performance.layout import Layout
from planner.performance.serving import Pattern
from planner.performance.speculation import Speculation
from planner.performance.step_model import step_model


@pytest.fixture
def step(catalog):
    return step_model(
        catalog.hardware["nvidia-h100-sxm"], catalog.models["llama-3.3-70b"], Layout(tp=4), Precision.FP8, Precision.FP8, catalog.coefficients
    )  # fmt: skip


def test_every_figure_lies_inside_its_intervals_and_above_its_floor(step):
    out = estimate(step, 2000, 300, 32)
    for figure in (out.ttft_s, out.tpot_s, out.e2e_s):
        assert figure.floor <= figure.low95 <= figure.low80 <= figure.value <= figure.high80 <= figure.high95
    rate = out.throughput_tok_s
    assert rate.low95 <= rate.low80 <= rate.value <= rate.high80 <= rate.high95 <= rate.floor


def test_end_to_end_time_is_first_token_plus_the_others(step):
    """TPOT is (E2E - TTFT) / (OSL - 1)."""
    out = estimate(step, 2000, 300, 8)
    assert (out.e2e_s.value - out.ttft_s.value) / 299 == pytest.approx(out.tpot_s.value)


def test_a_closed_loop_keeps_littles_law(step):
    """Throughput = concurrency x tokens / end-to-end time."""
    out = estimate(step, 2000, 300, 8)
    assert out.throughput_tok_s.value == pytest.approx(8 * 300 / out.e2e_s.value)


def test_a_cached_prefix_saves_prefill(step):
    assert estimate(step, 8000, 100, 4, prefix_hit=0.8).ttft_s.value < estimate(step, 8000, 100, 4).ttft_s.value


def test_speculation_pays_at_small_batches_less_at_large(step):
    plan = Speculation(draft_tokens=3, acceptance=0.8)
    small = estimate(step, 1000, 300, 1, speculation=plan).tokens_per_step
    large = estimate(step, 1000, 300, 256, speculation=plan).tokens_per_step
    assert small > 1.5
    assert large < small


def test_expected_tokens_of_a_step_are_a_geometric_sum():
    """1 + 0.5 + 0.25 + 0.125 = 1.875; nothing accepted gives one token, everything k + 1."""
    assert Speculation(3, 0.5).tokens_per_step == 1.875
    assert Speculation(3, 0.0).tokens_per_step == 1.0
    assert Speculation(3, 1.0).tokens_per_step == 4.0


def test_aggregated_serving_slows_decode_by_the_prefill_of_others(step):
    """The same batch with longer prompts: the cache grows a little, the interference a lot."""
    crowded, calm = (estimate(step, 8000, 100, 32, prefix_hit=hit).tpot_s.value for hit in (0.0, 0.95))
    assert crowded > 1.5 * calm


@pytest.mark.parametrize("pattern", list(Pattern))
def test_every_pattern_answers(step, pattern):
    out = estimate(step, 500, 100, 4, pattern=pattern)
    assert 0 < out.tpot_s.value < out.e2e_s.value


def test_what_cannot_be_is_refused_with_the_reason(step, catalog):
    with pytest.raises(Unsupported, match="exceed the context"):
        estimate(step, 200_000, 10, 1)
    with pytest.raises(InputError, match="batch"):
        estimate(step, 100, 10, 0)
    chip, model = catalog.hardware["nvidia-rtx-4090"], catalog.models["llama-3.1-8b"]
    tight = step_model(chip, model, Layout(), Precision.BF16, Precision.BF16, catalog.coefficients)
    with pytest.raises(Unsupported, match="holds no request of"):
        estimate(tight, 100_000, 1000, 1)


def test_the_command_answers_in_json_and_in_words():
    asked = [
        "--hardware",
        "NVIDIA H100 SXM",
        "--model",
        "llama3.3-70b",
        "--tp",
        "4",
        "--isl",
        "2000",
        "--osl",
        "300",
        "--batch",
        "32",
    ]
    done = CliRunner().invoke(app, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert answer["hardware"] == "nvidia-h100-sxm"
    assert set(answer["tpot_s"]) == {"value", "low80", "high80", "low95", "high95", "floor"}
    shown = CliRunner().invoke(app, asked)
    assert shown.exit_code == 0
    for word in ("TTFT", "TPOT", "E2E", "throughput", "memory per chip", "tokens per joule"):
        assert word in " ".join(shown.output.split())
