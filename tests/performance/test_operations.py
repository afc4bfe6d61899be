"""FLOPs and bytes of each operation, against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.items import Precision
from planner.performance.formats import FORMATS, weight_format
from planner.performance.layout import Layout
from planner.performance.operands import operands
from planner.performance.operations import (
    cache_bytes,
    decode_work,
    expert_share,
    linear_bytes,
    linear_flops,
    pipeline_share,
    prefill_work,
    ridge,
)


def at(value):
    return np.asarray(float(value))


def test_one_decode_token_reads_every_weight_once_but_the_embedding_table(h100, llama_8b):
    """8.03e9 weights less a table of 128256 x 4096 = 0.525e9 leave 7.505e9; at 16 bit 15.01 GB (published per-layer sum)."""
    op = operands(h100, llama_8b, Layout())
    assert float(linear_bytes(op)) == pytest.approx(15.01e9, rel=1e-3)


def test_a_token_costs_two_flops_per_weight(h100, llama_8b):
    op = operands(h100, llama_8b, Layout())
    flops = float(linear_flops(op, decode_work(op, at(3), at(100))))
    assert flops == pytest.approx(2 * 3 * 7_504_924_672, rel=1e-6)


def test_the_cache_of_a_token_is_two_vectors_per_kv_head_and_layer(h100, llama_8b):
    """2 (K, V) x 8 heads x 128 x 32 layers x 2 bytes = 131,072 bytes a token; 10 sequences of 1000 tokens read 1.31 GB."""
    op = operands(h100, llama_8b, Layout())
    assert float(cache_bytes(op, decode_work(op, at(10), at(1000)))) == pytest.approx(10 * 1000 * 131_072)


def test_tensor_parallelism_shards_the_cache_no_further_than_one_head_per_chip(h100, llama_8b):
    """Eight KV heads: 8 chips hold one each, 16 chips hold a copy each of one."""
    one, eight, sixteen = (operands(h100, llama_8b, Layout(tp=tp)) for tp in (1, 8, 16))
    read = [float(cache_bytes(op, decode_work(op, at(1), at(1000)))) for op in (one, eight, sixteen)]
    assert read[0] == pytest.approx(8 * read[1])
    assert read[1] == pytest.approx(read[2])


def test_a_latent_cache_is_replicated_under_tensor_parallelism(catalog):
    """DeepSeek-R1 keeps 512 + 64 elements per token and layer whatever the tensor degree (arXiv 2405.04434)."""
    model = catalog.models["deepseek-r1"]
    op = operands(catalog.hardware["nvidia-b200-sxm"], model, Layout(tp=8), weight_format(Precision.FP8))
    assert float(cache_bytes(op, decode_work(op, at(1), at(1000)))) == pytest.approx(1000 * 61 * 576 * 2)


def test_the_expected_share_of_experts_is_that_of_independent_draws(catalog):
    """Mixtral routes to 2 of 8: one token touches 1/4; two tokens 1 - (3/4)^2 = 7/16."""
    op = operands(catalog.hardware["nvidia-h200-sxm"], catalog.models["mixtral-8x7b"], Layout())
    assert float(expert_share(op, at(1))) == pytest.approx(0.25)
    assert float(expert_share(op, at(2))) == pytest.approx(7 / 16)


def test_a_window_caps_what_decode_reads(catalog):
    """Gemma 3 12B: five of six layers look back 1024 tokens; ten times the context reads far less than ten times the cache."""
    op = operands(catalog.hardware["nvidia-h100-sxm"], catalog.models["gemma-3-12b"], Layout())
    short, long = (float(cache_bytes(op, decode_work(op, at(1), at(tokens)))) for tokens in (2_000, 20_000))
    assert short < long < 6 * short


def test_prefill_after_a_cached_prefix_attends_to_it(h100, llama_8b):
    """N new tokens after c cached ones make n(c + n/2) pairs a layer: 100 x (400 + 50) = 45,000."""
    op = operands(h100, llama_8b, Layout())
    assert float(prefill_work(op, at(100), at(400), at(1)).full_pairs) == pytest.approx(45_000)


def test_the_ridge_is_never_below_its_larger_side():
    one, other = np.array([1.0, 1.0, 5.0]), np.array([0.0, 1.0, 2.0])
    assert np.all(ridge(one, other) >= np.maximum(one, other))
    assert float(ridge(at(1), at(1))) == pytest.approx(2 ** (1 / 3))


def test_a_pipeline_overlaps_chunks(h100, llama_8b):
    """2048 tokens in chunks of 512 are 4 chunks; 4 stages take 7 slots of a sixteenth each: 7/16."""
    op = operands(h100, llama_8b, Layout(pp=4))
    assert float(pipeline_share(op, at(2048))) == pytest.approx(7 / 16)
    assert float(pipeline_share(op, at(100))) == 1.0


@pytest.mark.parametrize(
    "narrow", [Precision.FP8, Precision.INT8, Precision.INT4, Precision.NVFP4, Precision.MXFP4, Precision.BFP8]
)
def test_no_narrow_format_takes_more_bytes_than_16_bit(narrow):
    wide, form = FORMATS[Precision.BF16], FORMATS[narrow]
    assert form.linear_bytes < wide.linear_bytes
    assert form.attention_bytes <= wide.attention_bytes
    assert form.head_bytes <= wide.head_bytes
