"""The strict schema of models in catalog files: the dimensions of an architecture, from which everything else is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from catalog.architecture import LAYER_KINDS, WINDOWED_KINDS
from catalog.fields import AnyFact, AnyKind, AnyPrecision, Entry, Positive, Text, Tokens, Whole
from catalog.items import Kind, Precision
from catalog.leaf import near


class ExpertsEntry(Entry):
    """A mixture of experts."""

    noun: ClassVar[str] = "a mixture of experts"
    experts: Positive
    per_token: Positive
    intermediate: Positive
    layers: Positive
    shared: Whole = 0
    shared_intermediate: Whole = 0
    first_dense_layers: Whole = 0
    router_bias: bool = False
    bias: bool = False
    shared_gate: bool = False


class LatentEntry(Entry):
    """Latent attention."""

    noun: ClassVar[str] = "a latent attention"
    kv_lora_rank: Positive
    q_lora_rank: Positive | None = None
    qk_nope_head_dim: Positive
    qk_rope_head_dim: Positive
    v_head_dim: Positive


class IndexerEntry(Entry):
    """A sparse-attention index."""

    noun: ClassVar[str] = "a sparse-attention index"
    heads: Positive
    head_dim: Positive
    top_k: Positive


class GatedDeltaEntry(Entry):
    """A Gated DeltaNet mixer."""

    noun: ClassVar[str] = "a Gated DeltaNet mixer"
    key_heads: Positive
    key_dim: Positive
    value_heads: Positive
    value_dim: Positive
    convolution: Positive


class Mamba1Entry(Entry):
    """A Mamba mixer."""

    noun: ClassVar[str] = "a Mamba mixer"
    expand: Positive
    state_size: Positive
    convolution: Positive


class Mamba2Entry(Entry):
    """A Mamba-2 mixer."""

    noun: ClassVar[str] = "a Mamba-2 mixer"
    heads: Positive
    head_dim: Positive
    state_size: Positive
    groups: Positive
    convolution: Positive


class ArchitectureEntry(Entry):
    """The dimensions of a decoder, as its configuration names them."""

    noun: ClassVar[str] = "an architecture"
    layers: Positive
    hidden: Positive
    heads: Positive
    kv_heads: Positive
    head_dim: Positive | None = None
    ffn_intermediate: Positive | None = None
    ffn_gated: bool = True
    vocab: Positive
    tied_embeddings: bool = False
    layer_kinds: dict[str, Positive] = Field(default_factory=dict)
    window: Tokens | None = None
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    lm_head_bias: bool = False
    norm_bias: bool = False
    norms_per_layer: Positive = 2
    qk_norm: Annotated[str, Field(pattern="^(per_head|per_layer)?$")] = ""
    attention_gate: bool = False
    attention_sinks: bool = False
    position_embeddings: Whole = 0
    embedding_norm: bool = False
    full_head_dim: Positive | None = None
    full_kv_heads: Positive | None = None
    full_shared_kv: bool = False
    experts: ExpertsEntry | None = None
    latent: LatentEntry | None = None
    indexer: IndexerEntry | None = None
    gated_delta: GatedDeltaEntry | None = None
    mamba1: Mamba1Entry | None = None
    mamba2: Mamba2Entry | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        """Refuse an architecture whose parts contradict each other, with every contradiction."""
        if said := "; ".join(self._contradictions()):
            raise ValueError(said)
        return self

    def _contradictions(self) -> Iterator[str]:
        kinds = self.layer_kinds
        for kind in kinds:
            if kind not in LAYER_KINDS:
                yield f"layer_kinds: '{kind}' is no kind of layer{near(kind, LAYER_KINDS)} ({', '.join(LAYER_KINDS)})"
        if kinds and sum(kinds.values()) != self.layers:
            yield f"layer_kinds count {sum(kinds.values())} layers, `layers` says {self.layers}"
        if self.window is None and any(kind in kinds for kind in WINDOWED_KINDS):
            yield "layers with a window need `window`; write for example '4096 tokens'"
        for kind, mixer in (("gdn", self.gated_delta), ("mamba1", self.mamba1), ("mamba2", self.mamba2)):
            if (kind in kinds) != (mixer is not None):
                yield f"`{'gated_delta' if kind == 'gdn' else kind}` describes the {kind} layers; give both or neither"
        if self.kv_heads > self.heads:
            yield f"{self.kv_heads} kv_heads are more than {self.heads} heads"
        if self.experts and (self.experts.per_token > self.experts.experts or self.experts.layers > self.layers):
            yield "experts: no more per token than there are, in no more layers than there are"


class ModelEntry(Entry):
    """One language model; everything that can be computed is computed from its architecture."""

    noun: ClassVar[str] = "a model"
    family: str
    hf_id: str = ""
    aliases: list[str] = Field(default_factory=list)
    licence: str = ""
    licence_source: str = ""
    attention: str = ""
    native_precision: AnyPrecision = Precision.BF16
    native_format: str = ""
    pure_transformer: bool = True
    max_context: Tokens
    max_context_extended: Tokens | None = None
    architecture: ArchitectureEntry
    source: str = "user"
    kind: AnyKind = Kind.USER
    date: Text = ""
    source_note: str = ""
    published: dict[str, AnyFact] = Field(default_factory=dict)
    note: str = ""
