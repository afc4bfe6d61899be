"""Parameter and cache arithmetic, by hand on small shapes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalog.architecture import (
    Architecture,
    Details,
    FullAttention,
    Indexer,
    index_bytes_per_token,
    kv_bytes_per_token,
    params_read,
    params_total,
    routed_weights,
    state_bytes,
    weight_bytes,
    window_kv_bytes_per_token,
)
from catalog.items import LatentAttention, MixtureOfExperts
from catalog.mixers import GatedDelta, Mamba2

TINY = Architecture(
    layers=2, hidden=8, heads=2, kv_heads=1, head_dim=4, ffn_intermediate=16, ffn_gated=True, vocab=10, tied_embeddings=False,
    layer_kinds={"full": 2},
)  # fmt: skip


def test_a_dense_decoder_by_hand() -> None:
    """Per layer: attention 8x8 + 2x(8x4) + 8x8 = 192, gated block 3x8x16 = 384, norms 16; 2 layers = 1184.

    Final norm 8; table 80; head 80: 1352 in all, 1272 read per token.
    """
    assert params_total(TINY) == 1352
    assert params_read(TINY) == 1272


def test_tied_embeddings_are_counted_once_and_read_once() -> None:
    tied = replace(TINY, tied_embeddings=True)
    assert params_total(tied) == 1272 == params_read(tied)


def test_biases_norms_and_positions_are_counted() -> None:
    """Per layer: query, key and value biases 8+4+4, output 8, block 2x16+8, norm biases 16; final norm bias 8; 5 positions of 8."""
    details = Details(qkv_bias=True, output_bias=True, mlp_bias=True, norm_bias=True, position_embeddings=5)
    assert params_total(replace(TINY, details=details)) == 1352 + 2 * (16 + 8 + 40 + 16) + 8 + 40


def test_only_the_chosen_experts_are_read() -> None:
    """4 experts of 3x8x6 = 144 in 2 layers hold 1152; 1 per token reads 288. Router 8x4 per layer, no dense block."""
    experts = MixtureOfExperts(4, 1, 0, 6, 0, 2, 0)
    moe = replace(TINY, experts=experts, ffn_intermediate=0)
    assert routed_weights(moe) == 1152
    assert params_total(moe) - params_read(moe) == (1152 - 288) + 80
    assert params_total(moe) == 1352 - 2 * 384 + 1152 + 2 * 32


def test_cache_bytes_by_hand() -> None:
    """Keys and values of 1 head x 4 dimensions at 2 bytes: 16 per layer and token."""
    assert kv_bytes_per_token(TINY) == 32
    windowed = replace(TINY, layer_kinds={"full": 1, "sliding": 1})
    assert (kv_bytes_per_token(windowed), window_kv_bytes_per_token(windowed)) == (16, 16)
    shared = replace(windowed, full=FullAttention(head_dim=8, kv_heads=1, shared_kv=True))
    assert (kv_bytes_per_token(shared), window_kv_bytes_per_token(shared)) == (16, 16)


def test_latent_attention_caches_one_latent_for_all_heads() -> None:
    """Rank 6 + rope 2 = 8 elements of 2 bytes in each of 2 layers, whatever the heads; an index adds 4 bytes per layer."""
    latent = replace(TINY, latent=LatentAttention(6, None, 4, 2, 4), indexer=Indexer(2, 4, 16))
    assert kv_bytes_per_token(latent) == 32
    assert index_bytes_per_token(latent) == 8


def test_recurrent_state_by_hand() -> None:
    """Gated DeltaNet: 2 value heads x 4 x 4 = 32, convolution 3 x (2x4 + 8) = 48; 80 elements of 2 bytes in one layer."""
    delta = replace(TINY, layer_kinds={"full": 1, "gdn": 1}, mixer=GatedDelta(1, 4, 2, 4, 4))
    assert state_bytes(delta) == 160
    mamba = replace(TINY, layer_kinds={"full": 1, "mamba2": 1}, mixer=Mamba2(2, 4, 8, 1, 4))
    assert state_bytes(mamba) == 2 * (8 * 8 + 3 * (8 + 16))
    assert state_bytes(TINY) == 0


def test_storage_formats_by_hand() -> None:
    """1192 linear weights and 160 of table and head."""
    sizes = weight_bytes(TINY)
    assert (sizes["fp16"], sizes["fp8_all"], sizes["fp8_linear_only"]) == (2704, 1352, 1192 + 320)
    assert sizes["nvfp4_linear_4p5bit_rest_bf16"] == 1192 * 4.5 / 8 + 320


@given(st.integers(1, 96), st.sampled_from([64, 128, 1024, 8192]), st.sampled_from([1, 2, 4, 8]), st.integers(1, 250_000))
def test_reading_never_exceeds_holding(layers: int, hidden: int, kv_heads: int, vocab: int) -> None:
    """And more layers or words never make a model smaller."""
    shape = replace(TINY, layers=layers, hidden=hidden, heads=8, kv_heads=kv_heads, vocab=vocab, layer_kinds={"full": layers})
    assert params_read(shape) < params_total(shape)
    deeper = replace(shape, layers=layers + 1, layer_kinds={"full": layers + 1})
    assert params_total(deeper) > params_total(shape)
    assert kv_bytes_per_token(deeper) > kv_bytes_per_token(shape)
