"""Parameter counts, bytes read and cache sizes of a language model, computed from the dimensions in its published configuration.

Counted layer by layer: embeddings, attention with biases and norms, latent attention, recurrent mixers, dense and expert
feed-forward blocks, routers. Not counted: multi-token-prediction heads and vision or audio towers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catalog.items import LatentAttention, MixtureOfExperts
from catalog.mixers import GatedDelta, Mamba1, Mamba2

ATTENTION_KINDS = ("full", "sliding", "chunked")
WINDOWED_KINDS = ("sliding", "chunked")
LAYER_KINDS = (*ATTENTION_KINDS, "gdn", "mamba1", "mamba2", "mlponly", "moeonly")


@dataclass(frozen=True, slots=True)
class Indexer:
    """The index of DeepSeek Sparse Attention: heads, dimension and how many tokens it lets through."""

    heads: int
    head_dim: int
    top_k: int


@dataclass(frozen=True, slots=True)
class Details:
    """The small print of an architecture: which biases, gates and norms it has."""

    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    lm_head_bias: bool = False
    norm_bias: bool = False
    norms_per_layer: int = 2
    qk_norm: str = ""
    attention_gate: bool = False
    attention_sinks: bool = False
    router_bias: bool = False
    expert_bias: bool = False
    shared_expert_gate: bool = False
    position_embeddings: int = 0
    embedding_norm: bool = False


@dataclass(frozen=True, slots=True)
class FullAttention:
    """The geometry of the full-attention layers where it differs from the windowed ones; `shared_kv` keys serve as values too."""

    head_dim: int
    kv_heads: int
    shared_kv: bool


@dataclass(frozen=True, slots=True)
class Architecture:
    """The dimensions of a decoder, named as its published configuration names them."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn_intermediate: int
    ffn_gated: bool
    vocab: int
    tied_embeddings: bool
    layer_kinds: Mapping[str, int]
    experts: MixtureOfExperts | None = None
    latent: LatentAttention | None = None
    indexer: Indexer | None = None
    mixer: GatedDelta | Mamba1 | Mamba2 | None = None
    details: Details = Details()
    full: FullAttention | None = None

    @property
    def attention_layers(self) -> int:
        """Return the number of layers that have attention of any kind."""
        return sum(self.layer_kinds.get(kind, 0) for kind in ATTENTION_KINDS)

    @property
    def dense_layers(self) -> int:
        """Return the number of layers with a dense feed-forward block."""
        if "mlponly" in self.layer_kinds:
            return self.layer_kinds["mlponly"]
        if "moeonly" in self.layer_kinds:
            return 0
        return self.layers - (self.experts.moe_layers if self.experts else 0)


def embedding_weights(a: Architecture) -> int:
    """Return the weights of the token table."""
    return a.vocab * a.hidden


def lm_head_weights(a: Architecture) -> int:
    """Return the weights of the output projection; 0 where it is the token table itself."""
    return (0 if a.tied_embeddings else a.vocab * a.hidden) + (a.vocab if a.details.lm_head_bias else 0)


def _latent_weights(a: Architecture, m: LatentAttention) -> int:
    """Return the weights of one latent-attention block (DeepSeek-V2, arXiv 2405.04434), with its sparse index if any."""
    queries = a.heads * (m.qk_nope_head_dim + m.qk_rope_head_dim)
    query = a.hidden * m.q_lora_rank + m.q_lora_rank + m.q_lora_rank * queries if m.q_lora_rank else a.hidden * queries
    down = a.hidden * (m.kv_lora_rank + m.qk_rope_head_dim) + m.kv_lora_rank
    up = m.kv_lora_rank * a.heads * (m.qk_nope_head_dim + m.v_head_dim)
    index = 0
    if a.indexer is not None:
        i = a.indexer
        index = (m.q_lora_rank or a.hidden) * i.heads * i.head_dim + a.hidden * (i.head_dim + i.heads) + 2 * i.head_dim
    return query + down + up + a.heads * m.v_head_dim * a.hidden + index


def _grouped_weights(a: Architecture, head_dim: int, kv_heads: int, *, shared_kv: bool = False) -> int:
    """Return the weights of one block of multi-head or grouped-query attention."""
    d = a.details
    queries, keys = a.heads * head_dim, kv_heads * head_dim
    projected = queries * (2 if d.attention_gate else 1) + keys * (1 if shared_kv else 2)
    weights = a.hidden * projected + queries * a.hidden
    weights += (queries + 2 * keys) * d.qkv_bias + a.hidden * d.output_bias + a.heads * d.attention_sinks
    return weights + {"": 0, "per_head": 2 * head_dim, "per_layer": queries + keys}[d.qk_norm]


def attention_weights(a: Architecture) -> int:
    """Return the weights of all attention blocks."""
    if a.latent is not None:
        return a.attention_layers * _latent_weights(a, a.latent)
    own = a.layer_kinds.get("full", 0) if a.full else 0
    common = (a.attention_layers - own) * _grouped_weights(a, a.head_dim, a.kv_heads)
    if a.full is None:
        return common
    return common + own * _grouped_weights(a, a.full.head_dim, a.full.kv_heads, shared_kv=a.full.shared_kv)


def _block_weights(a: Architecture, intermediate: int) -> int:
    return (3 if a.ffn_gated else 2) * a.hidden * intermediate


def expert_weights(a: Architecture) -> int:
    """Return the weights of one routed expert in one layer; 0 for a dense model."""
    if a.experts is None:
        return 0
    width = a.experts.expert_intermediate
    bias = ((2 if a.ffn_gated else 1) * width + a.hidden) * a.details.expert_bias
    return _block_weights(a, width) + bias


def routed_weights(a: Architecture, experts: int | None = None) -> int:
    """Return the weights of all routed experts over all layers, or of `experts` of them per layer."""
    if a.experts is None:
        return 0
    return a.experts.moe_layers * (a.experts.experts if experts is None else experts) * expert_weights(a)


def _around_experts(a: Architecture) -> int:
    """Return the weights of routers and shared experts."""
    if a.experts is None:
        return 0
    e, d = a.experts, a.details
    router = a.hidden * e.experts + e.experts * d.router_bias + a.hidden * d.shared_expert_gate
    return e.moe_layers * (router + _block_weights(a, e.shared_intermediate))


def _mixer_weights(a: Architecture) -> int:
    count = a.layers - a.attention_layers - a.layer_kinds.get("mlponly", 0) - a.layer_kinds.get("moeonly", 0)
    return count * a.mixer.weights(a.hidden) if a.mixer else 0


def _common_weights(a: Architecture) -> int:
    """Return every weight that is neither a routed expert nor the token table nor the output projection."""
    d = a.details
    dense = _block_weights(a, a.ffn_intermediate) + (a.ffn_intermediate * (2 if a.ffn_gated else 1) + a.hidden) * d.mlp_bias
    norms = (a.layers * d.norms_per_layer + 1 + d.embedding_norm) * a.hidden * (2 if d.norm_bias else 1)
    blocks = attention_weights(a) + _mixer_weights(a) + a.dense_layers * dense
    return blocks + _around_experts(a) + norms + d.position_embeddings * a.hidden


def params_total(a: Architecture) -> int:
    """Return the number of weights of the model."""
    return _common_weights(a) + routed_weights(a) + embedding_weights(a) + lm_head_weights(a)


def params_read(a: Architecture) -> int:
    """Return the weights that one decode token touches: its experts and the output projection, not the token table."""
    active = routed_weights(a, a.experts.experts_per_token) if a.experts else 0
    head = embedding_weights(a) + lm_head_weights(a) if a.tied_embeddings else lm_head_weights(a)
    return _common_weights(a) + active + head


def kv_bytes_per_layer(a: Architecture) -> int:
    """Return the 16-bit cache bytes of one token in one attention layer; latent attention caches one latent for all heads."""
    if a.latent is not None:
        return 2 * (a.latent.kv_lora_rank + a.latent.qk_rope_head_dim)
    return 2 * 2 * a.kv_heads * a.head_dim


def kv_bytes_per_token(a: Architecture) -> int:
    """Return the 16-bit cache bytes per token of the layers whose cache grows with the context."""
    layers = a.layer_kinds.get("full", 0)
    if a.full is not None:
        return layers * 2 * (1 if a.full.shared_kv else 2) * a.full.kv_heads * a.full.head_dim
    return layers * kv_bytes_per_layer(a)


def window_kv_bytes_per_token(a: Architecture) -> int:
    """Return the 16-bit cache bytes per token of the windowed layers, which stop growing at the window."""
    return sum(a.layer_kinds.get(kind, 0) for kind in WINDOWED_KINDS) * kv_bytes_per_layer(a)


def index_bytes_per_token(a: Architecture) -> int:
    """Return the 8-bit index keys per token of a sparse-attention index."""
    return a.layers * a.indexer.head_dim if a.indexer else 0


def state_bytes(a: Architecture) -> int:
    """Return the 16-bit recurrent and convolution state that one sequence keeps, whatever its length."""
    if a.mixer is None:
        return 0
    count = sum(a.layer_kinds.get(kind, 0) for kind in ("gdn", "mamba1", "mamba2"))
    return 2 * count * sum(a.mixer.state(a.hidden))


def weight_bytes(a: Architecture) -> Mapping[str, float]:
    """Return the bytes of all weights by storage format.

    `*_all` are lower bounds; the `linear` formats keep token table and output projection in 16 bits; NVFP4 takes 4.5 and MXFP4
    4.25 bits with their block scales; `mxfp4_experts_only` keeps everything but the routed experts in 16 bits.
    """
    total = params_total(a)
    table = embedding_weights(a) + lm_head_weights(a)
    linear = total - table
    formats: dict[str, float] = {
        "fp16": 2 * total,
        "fp8_all": total,
        "fp8_linear_only": linear + 2 * table,
        "fp4_all_4bit": total / 2,
        "nvfp4_linear_4p5bit_rest_bf16": linear * 4.5 / 8 + 2 * table,
        "mxfp4_linear_4p25bit_rest_bf16": linear * 4.25 / 8 + 2 * table,
    }
    if a.experts is not None:
        routed = routed_weights(a)
        formats["mxfp4_experts_only_rest_bf16"] = routed * 4.25 / 8 + 2 * (total - routed)
    return MappingProxyType(formats)
