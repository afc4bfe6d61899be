"""Queues and batches of one instance, against cases that can be solved by hand."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.items import Precision
from catalog.load import load_catalog
from planner.performance.factors import PARTS, Factors
from planner.performance.layout import Layout
from planner.performance.serving import Deployed, Load, Pattern, _clump_s, _prefill_residence, serve
from planner.performance.step_model import step_model

CATALOG = load_catalog()
STEP = step_model(
    CATALOG.hardware["nvidia-h100-sxm"], CATALOG.models["llama-3.1-8b"], Layout(), Precision.BF16, Precision.BF16, CATALOG.coefficients
)  # fmt: skip


@pytest.fixture
def deployed():
    return STEP.deployed()


def load(**changes):
    values = {
        "input_tokens": 1000, "output_tokens": 200, "cached_tokens": 0, "concurrency": 16, "replicas": 1, "prefill_instances": 0,
        "reserved_share": 0.55, "beams": 1, "tokens_per_step": 1, "spare_requests": 0,
    } | changes  # fmt: skip
    return Load(*(np.asarray(values[f.name], np.float64) for f in fields(Load)))


def test_one_request_waits_for_nobody():
    """N = 1: R^2 + R(Z - D) - DZ = 0 has the root R = D."""
    assert float(_prefill_residence(np.asarray(1.0), np.asarray(0.2), np.asarray(5.0))) == pytest.approx(0.2)


def test_a_saturated_prefill_queue_holds_all_but_those_that_decode():
    """N D >> Z: the queue holds N D - Z seconds of work (asymptotic bound of a closed network)."""
    residence = float(_prefill_residence(np.asarray(1000.0), np.asarray(0.1), np.asarray(10.0)))
    assert residence == pytest.approx(1000 * 0.1 - 10, rel=0.02)


def test_disaggregated_decode_is_not_disturbed_by_prefill(deployed):
    together = serve(Pattern.CLOSED, deployed, load(input_tokens=8000))
    apart = serve(Pattern.CLOSED, deployed, load(input_tokens=8000, prefill_instances=4))
    assert float(apart.tpot_s) < float(together.tpot_s)


def test_prompts_that_come_together_share_the_fixed_cost_of_a_pass(deployed):
    """One prompt of 1,000 tokens takes its time alone; eight fill one pass of 8,192 tokens: less than eight times that."""
    one, eight = (float(_clump_s(deployed, load(), np.asarray(float(count)))) for count in (1, 8))
    assert one == pytest.approx(float(STEP.prefill_s(1000)), rel=0.01)
    assert one < eight < 8 * one


def test_clumps_spread_over_prefill_instances(deployed):
    one, four = (float(_clump_s(deployed, load(prefill_instances=n), np.asarray(64.0))) for n in (1, 4))
    assert four == pytest.approx(one / 4, rel=0.1)


def test_more_prefill_instances_shorten_the_wait(deployed):
    few, many = (serve(Pattern.CLOSED, deployed, load(input_tokens=8000, concurrency=64, prefill_instances=n)) for n in (1, 4))
    assert float(many.ttft_s) < float(few.ttft_s)


def test_requests_beyond_memory_wait_for_a_slot(deployed):
    fits, crowded = (serve(Pattern.CLOSED, deployed, load(input_tokens=16_000, concurrency=n)) for n in (16, 256))
    assert float(crowded.ttft_s) > 10 * float(fits.ttft_s)


def test_replicas_share_the_load(deployed):
    one, two = (serve(Pattern.CLOSED, deployed, load(concurrency=32 * n, replicas=n)) for n in (1, 2))
    assert float(two.throughput_tok_s) == pytest.approx(2 * float(one.throughput_tok_s))
    assert float(two.tpot_s) == pytest.approx(float(one.tpot_s))


def test_a_static_batch_that_memory_splits_runs_in_waves(deployed):
    small, large = (serve(Pattern.STATIC, deployed, load(input_tokens=16_000, concurrency=n)) for n in (8, 512))
    assert float(large.e2e_s) > float(small.e2e_s)
    assert float(large.throughput_tok_s) >= float(small.throughput_tok_s)


def test_loads_of_many_rows_are_cut_by_index(deployed):
    many = Load(*(np.full(3, float(getattr(load(), f.name))) for f in fields(Load)))
    assert many.rows(np.array([True, False, True])).concurrency.shape == (2,)
    assert isinstance(deployed, Deployed)


@settings(max_examples=60, deadline=None)
@given(
    pattern=st.sampled_from(list(Pattern)),
    concurrency=st.integers(1, 4096),
    prompt=st.integers(1, 30_000),
    answer=st.integers(1, 4_000),
    ratio=st.floats(0.01, 100.0),
)
def test_no_factor_makes_a_client_faster_than_physics(pattern, concurrency, prompt, answer, ratio):
    """Whatever a fit may find, down to a hundredth of its value: a token takes its floor, a batch its bytes and FLOPs."""
    step = STEP
    factors = Factors(*(np.asarray(float(getattr(step.factors, part)) * ratio) for part in PARTS))
    deployed = Deployed(step.operands, step.operands, factors)
    asked = load(input_tokens=prompt, output_tokens=answer, concurrency=concurrency)
    seen = serve(pattern, deployed, asked)
    alone = float(step.prefill_floor_s(prompt))
    token = float(step.decode_floor_s(1, prompt))
    assert float(seen.ttft_s) >= alone * (1 - 1e-9)
    assert float(seen.tpot_s) >= token * (1 - 1e-9)
    assert float(seen.throughput_tok_s) <= 1.001 * 989.5e12 / (2 * 7_504_924_672) * (1 + 1 / answer)
