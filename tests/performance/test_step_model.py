"""A deployment's answers: the memory wall, refusals with their reason, and laws that hold for every point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import faster

from catalog.items import Precision
from catalog.load import load_catalog
from planner.errors import Unsupported
from planner.performance.layout import Layout
from planner.performance.step_model import step_model

CATALOG = load_catalog()
BF16, FP8 = Precision.BF16, Precision.FP8
DEPLOYMENTS = [
    ("nvidia-h100-sxm", "llama-3.3-70b", Layout(tp=4), FP8),
    ("nvidia-b200-sxm", "deepseek-r1", Layout(dp_attention=8, ep=8), FP8),
    ("amd-mi300x", "mixtral-8x7b", Layout(tp=2), BF16),
    ("nvidia-h200-sxm", "gemma-3-27b", Layout(), BF16),
    ("nvidia-h100-sxm", "nemotron-h-56b", Layout(tp=4), BF16),
    ("google-tpu-v6e", "llama-3.1-8b", Layout(tp=2), BF16),
    ("groq-lpu-v1", "llama-2-70b", Layout(pp=576), Precision.INT8),
    ("nvidia-h100-sxm", "llama-3.3-70b", Layout(tp=4, pp=2), BF16),
    ("apple-m3-ultra", "qwen3-30b-a3b", Layout(), Precision.INT4),
]
POINT = {"batch": st.integers(1, 512), "context": st.integers(1, 60_000)}


def made(place, model="", layout=None, weights=BF16, hardware=None):
    if isinstance(place, int):
        name, model, layout, weights = DEPLOYMENTS[place]
    else:
        name = place
    return step_model(hardware or CATALOG.hardware[name], CATALOG.models[model], layout, weights, BF16, CATALOG.coefficients)


def test_the_memory_wall_of_70b_on_3_35_tb_s_is_41_8_ms(h100, llama_70b):
    """70e9 weights x 2 bytes / 3.35e12 B/s = 41.8 ms; the model's own 70.55e9 less its embedding table give 41.5."""
    pair = made("nvidia-h100-sxm", "llama-3.3-70b", Layout(tp=2))
    floor_of_one = 2 * float(pair.decode_floor_s(1, 1))
    assert pytest.approx(41.8e-3, rel=1e-3) == 70e9 * 2 / 3.35e12
    assert floor_of_one == pytest.approx(41.8e-3, rel=0.01)
    assert float(pair.decode_step_s(1, 1)) >= float(pair.decode_floor_s(1, 1))


def test_no_single_h100_holds_70b_at_16_bit():
    with pytest.raises(Unsupported, match=r"141\.1 GB of weights per chip.*2 chips or more hold it"):
        made("nvidia-h100-sxm", "llama-3.3-70b", Layout())


def test_a_transformer_chip_refuses_recurrent_layers():
    with pytest.raises(Unsupported, match="transformers only"):
        made("etched-sohu", "jamba-v0.1", Layout(tp=8), FP8)


def test_wired_weights_run_one_model_one_request_and_a_bounded_context():
    with pytest.raises(Unsupported, match="wired in"):
        made("taalas-hc1", "llama-3.3-70b", Layout(), Precision.INT4)
    wired = made("taalas-hc1", "llama-3.1-8b", Layout(), Precision.INT4)
    assert float(wired.decode_step_s(1, 500)) == pytest.approx(1 / 17_000, rel=1e-6)
    assert float(wired.max_batch(1000)) == 1
    assert float(wired.max_batch(4000)) == 0


def test_sram_chips_need_a_pipeline_that_holds_the_weights():
    """70 GB of INT8 weights over 230 MB a chip: at least 319 of them with room for nothing else."""
    with pytest.raises(Unsupported, match="chips or more hold it"):
        made("groq-lpu-v1", "llama-2-70b", Layout(pp=64), Precision.INT8)
    rack = made("groq-lpu-v1", "llama-2-70b", Layout(pp=576), Precision.INT8)
    assert float(rack.max_batch(2048)) >= 1


def test_formats_that_a_chip_lacks_are_refused_with_those_it_has():
    with pytest.raises(Unsupported, match="does not run nvfp4"):
        made("nvidia-a100-sxm-80g", "llama-3.1-8b", Layout(), Precision.NVFP4)


def test_unmeasured_hardware_has_the_wider_interval():
    known = made("nvidia-h100-sxm", "llama-3.3-70b", Layout(tp=4)).interval("tpot")
    unseen = made("google-tpu-v6e", "llama-3.1-8b", Layout(tp=2)).interval("tpot")
    assert unseen.hi80 / unseen.lo80 > known.hi80 / known.lo80
    assert known.lo95 <= known.lo80 <= 1 <= known.hi80 <= known.hi95


def test_watts_lie_between_idle_and_nameplate(h100):
    step = made("nvidia-h100-sxm", "llama-3.3-70b", Layout(tp=4))
    idle, decode, prefill = (step.power_w(name) for name in ("idle", "decode", "prefill"))
    assert 0 < idle < decode < prefill <= 4 * 700
    assert step.power_w("decode", 0.0) == idle


def test_a_cache_over_a_link_takes_its_bytes_over_the_bandwidth():
    """1000 tokens of Llama 3.1 8B are 131 MB at 16 bit; over 50 GB/s 2.6 ms."""
    step = made("nvidia-h100-sxm", "llama-3.1-8b", Layout())
    assert float(step.kv_transfer_s(1000, 50e9)) == pytest.approx(1000 * 131_072 / 50e9)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(DEPLOYMENTS) - 1), more=st.integers(1, 200), **POINT)
def test_more_requests_or_more_context_are_never_faster_per_step(place, batch, context, more):
    step = made(place)
    now = float(step.decode_step_s(batch, context))
    assert float(step.decode_step_s(batch + more, context)) >= now * (1 - 1e-12)
    assert float(step.decode_step_s(batch, context + more)) >= now * (1 - 1e-12)
    assert float(step.mixed_step_s(batch, context, more)) >= now * (1 - 1e-12)
    assert float(step.prefill_s(context + more)) >= float(step.prefill_s(context)) * (1 - 1e-12)


@settings(max_examples=60, deadline=None)
@given(
    place=st.integers(0, len(DEPLOYMENTS) - 1),
    what=st.sampled_from(["bandwidth", "compute", "link"]),
    by=st.floats(1.0, 8.0),
    **POINT,
)
def test_more_bandwidth_compute_or_links_are_never_slower(place, what, by, batch, context):
    slow, fast = made(place), made(place, hardware=faster(CATALOG.hardware[DEPLOYMENTS[place][0]], **{what: by}))
    for step in ("decode_step_s", "mixed_step_s"):
        arguments = (batch, context) if step == "decode_step_s" else (batch, context, 512)
        assert float(getattr(fast, step)(*arguments)) <= float(getattr(slow, step)(*arguments)) * (1 + 1e-12)
    assert float(fast.prefill_s(context)) <= float(slow.prefill_s(context)) * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(DEPLOYMENTS) - 1), **POINT)
def test_nothing_is_faster_than_the_physical_floor(place, batch, context):
    step = made(place)
    assert float(step.decode_step_s(batch, context)) >= float(step.decode_floor_s(batch, context))
    assert float(step.prefill_s(context)) >= float(step.prefill_floor_s(context))
    assert float(step.mixed_step_s(batch, context, 256)) >= float(step.decode_floor_s(batch, context))


@given(tp=st.sampled_from([2, 4, 8]), context=st.integers(1, 100_000))
def test_more_chips_never_need_more_memory_per_chip(tp, context):
    few, many = (made("nvidia-h200-sxm", "llama-3.3-70b", Layout(tp=degree), FP8) for degree in (tp, 2 * tp))
    assert many.weight_bytes_per_chip() <= few.weight_bytes_per_chip()
    assert float(many.max_batch(context)) >= float(few.max_batch(context))


def test_eight_bit_weights_leave_more_room_and_read_less():
    wide, narrow = (made("nvidia-h200-sxm", "llama-3.3-70b", Layout(tp=2), weights) for weights in (BF16, FP8))
    assert narrow.weight_bytes_per_chip() < wide.weight_bytes_per_chip()
    assert float(narrow.decode_floor_s(1, 1000)) < float(wide.decode_floor_s(1, 1000))
    assert float(narrow.max_batch(4096)) > float(wide.max_batch(4096))


def test_arrays_broadcast_over_operating_points():
    step = made(0)
    grid = step.decode_step_s(np.array([[1], [8], [64]]), np.array([100, 1000, 10_000, 30_000]))
    assert grid.shape == (3, 4)
    assert grid[1, 2] == pytest.approx(float(step.decode_step_s(8, 10_000)))
