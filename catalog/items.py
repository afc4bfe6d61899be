"""What the catalog gives to everybody else: plain frozen values in SI units, each number beside its source.

Files are for people (`141 GB`, `4.8 TB/s`); these types are for code (bytes, bytes/s, FLOP/s, W, USD). Unknown is
`None`, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a value came to be known; only measurements may calibrate."""

    DATASHEET = "datasheet"
    MEASUREMENT = "independent-measurement"
    VENDOR_CLAIM = "vendor-claim"
    PRESS = "press"
    ESTIMATE = "estimate"
    USER = "user"


class HardwareClass(StrEnum):
    """The families of silicon that the performance core knows how to read."""

    GPU = "gpu"
    TPU = "tpu"
    ASIC = "asic"
    SRAM_WAFER = "sram_wafer"
    SRAM_LPU = "sram_lpu"
    IN_MEMORY = "in_memory"
    TRANSFORMER_ASIC = "transformer_asic"
    HARDWIRED = "hardwired"
    RDU = "rdu"
    OPTICAL = "optical"
    RISCV = "riscv"
    EDGE_NPU = "edge_npu"
    CPU = "cpu"


class Status(StrEnum):
    """Whether an item can be had."""

    SHIPPING = "shipping"
    ANNOUNCED = "announced"
    ROADMAP = "roadmap"
    CANCELLED = "cancelled"


class Precision(StrEnum):
    """Number formats of weights, KV cache and arithmetic."""

    FP32 = "fp32"
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"
    FP8 = "fp8"
    INT8 = "int8"
    MXFP8 = "mxfp8"
    BFP8 = "bfp8"
    CFP8 = "cfp8"
    MXINT8 = "mxint8"
    MXFP6 = "mxfp6"
    INT4 = "int4"
    FP4 = "fp4"
    NVFP4 = "nvfp4"
    MXFP4 = "mxfp4"
    MXINT4 = "mxint4"


@dataclass(frozen=True, slots=True)
class Sourced:
    """One number with its evidence: value [SI unit of the field], source id, kind and date as published."""

    value: float
    source: str
    kind: Kind
    date: str
    note: str = ""
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A publication that values cite; reliability A (primary) to D (contradictory or low quality)."""

    id: str
    citation: str
    date: str
    kind: Kind
    reliability: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MemoryTier:
    """One memory of an accelerator; `effective_fraction` of the bandwidth is what somebody measured, where known."""

    kind: str
    capacity_bytes: Sourced | None
    bandwidth_bytes_s: Sourced | None
    effective_fraction: Sourced | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A scale-up fabric: unidirectional bandwidth per chip [bytes/s] and how many chips it joins."""

    kind: str
    bandwidth_bytes_s: Sourced | None
    domain_chips: Sourced | None


@dataclass(frozen=True, slots=True)
class System:
    """A unit that can be ordered: a card, an 8-way server, a rack, a wafer system.

    `power_w` is the nameplate of the whole unit; `racks` the share of a rack that it takes. `None` = not known: a plan may
    then choose the system only if the scenario supplies the figure.
    """

    id: str
    hardware_id: str
    name: str
    chips: int
    cooling: frozenset[str]
    power_w: Sourced | None
    purchase_usd_low: Sourced | None
    purchase_usd: Sourced | None
    purchase_usd_high: Sourced | None
    racks: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CloudOffer:
    """A public rental offer, per chip-hour [USD]; `reserved_usd_h` maps a commitment in years to its price."""

    id: str
    hardware_id: str
    provider: str
    instance: str
    chips: int
    on_demand_usd_chip_h: Sourced | None
    reserved_usd_chip_h: Mapping[int, Sourced]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApiOffer:
    """A public price of tokens served on this hardware [USD per million tokens]."""

    hardware_id: str
    provider: str
    model: str
    usd_per_m_input: Sourced | None
    usd_per_m_output: Sourced | None
    tokens_s_per_user: Sourced | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value outside the common fields (analyst constants, articles' figures, published speeds), kept with its source.

    A number counts `unit` (`USD/kWh`, `tokens/s`; empty where it has none); whatever is not one number is text.
    """

    name: str
    value: float | str
    source: str
    kind: Kind
    date: str
    note: str = ""
    conflict: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Hardware:
    """One kind of accelerator and everything sourced about it; all figures per chip unless a field says otherwise.

    `wired_model_id` names the one model a hard-wired chip runs; `attention_only` chips cannot run recurrent layers;
    `max_context_tokens` bounds the context where the chip does.
    """

    id: str
    vendor: str
    name: str
    hardware_class: HardwareClass
    status: Status
    available_from: str | None
    aliases: frozenset[str]
    peak_flops: Mapping[Precision, Sourced]
    sparse_peak_flops: Mapping[Precision, Sourced]
    measured_matmul_flops: Mapping[Precision, Sourced]
    memory: tuple[MemoryTier, ...]
    scale_up: Link | None
    scale_out_bytes_s: Sourced | None
    host_link_bytes_s: Sourced | None
    tdp_w: Sourced | None
    precisions: frozenset[Precision]
    systems: tuple[System, ...]
    cloud: tuple[CloudOffer, ...]
    api: tuple[ApiOffer, ...]
    lead_time_weeks: Sourced | None
    book_life_years: Sourced | None
    economic_life_years: Sourced | None
    determinism: str
    wired_model_id: str | None = None
    attention_only: bool = False
    max_context_tokens: int | None = None
    facts: tuple[Fact, ...] = ()
    note: str = ""
    status_detail: str = ""
    determinism_reason: str = ""


@dataclass(frozen=True, slots=True)
class MixtureOfExperts:
    """Routed and shared experts: counts, width of one expert and in how many layers they stand."""

    experts: int
    experts_per_token: int
    shared_experts: int
    expert_intermediate: int
    shared_intermediate: int
    moe_layers: int
    first_dense_layers: int


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """MLA dimensions (DeepSeek-V2, arXiv 2405.04434)."""

    kv_lora_rank: int
    q_lora_rank: int | None
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int


@dataclass(frozen=True, slots=True)
class Model:
    """A language model as its configuration describes it; parameter counts are numbers of weights.

    `layer_kinds` counts layers by kind: full, sliding, chunked, gdn, mamba1, mamba2, mlponly, moeonly. `params_read` is what one
    decode token touches at batch 1 without the input embedding. `kv_bytes_per_token_16bit` counts only layers whose cache grows;
    `window_kv_bytes_per_token_16bit` the windowed ones, which stop growing at `window_tokens`; `state_bytes` is the recurrent
    state of one sequence.
    """

    id: str
    family: str
    hf_id: str
    aliases: frozenset[str]
    licence: str
    attention: str
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
    window_tokens: int | None
    max_context_tokens: int
    native_precision: Precision
    pure_transformer: bool
    params_total: float
    params_read: float
    params_embedding: float
    params_lm_head: float
    params_routed_total: float
    params_routed_active: float
    kv_bytes_per_token_16bit: float
    window_kv_bytes_per_token_16bit: float
    state_bytes: float
    experts: MixtureOfExperts | None
    latent: LatentAttention | None
    sparse_attention_top_k: int | None
    weight_bytes: Mapping[str, float]
    source: str
    kind: Kind
    date: str
    note: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of a background article beside what the sources say of it: `verdict` in a few words, `reading` in full."""

    text: str
    source: str
    verdict: str
    reading: str
    references: tuple[str, ...] = ()


class SpeedMetric(StrEnum):
    """What a published speed counts; the value is the name of its field in a catalog file."""

    PER_USER = "per_user"
    TOTAL = "total"
    TIME_PER_TOKEN = "time_per_token"  # noqa: S105 - a noun, not a secret
    TTFT = "ttft"


@dataclass(frozen=True, slots=True)
class Speed:
    """One published speed [tokens/s or s, as the metric says] and the circumstances that were stated with it.

    `None` and `undisclosed` = not stated. `counts_input` says that the rate counts prompt tokens too. Speeds are audited and
    never calibrate anything.
    """

    id: str
    hardware: str
    model: str
    metric: SpeedMetric
    figure: Sourced
    chips: int | None = None
    weights: Precision | None = None
    batch: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    speculation: str = "undisclosed"
    counts_input: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything known, by id, with the hash of its content [SHA-256 of the canonical form].

    `tco` maps a dotted name (`pue.defaults_by_facility.enterprise_air`) to a sourced fact; `profiles` holds demand profiles as
    published, keyed by id; `coefficients` the calibrated efficiencies that the performance core reads.
    """

    version: str
    hardware: Mapping[str, Hardware]
    models: Mapping[str, Model]
    tco: Mapping[str, Fact]
    sources: Mapping[str, Source]
    profiles: Mapping[str, Mapping[str, object]]
    coefficients: Mapping[str, object] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    speeds: tuple[Speed, ...] = ()

    def systems(self) -> dict[str, System]:
        """Return every orderable system by id."""
        return {system.id: system for item in self.hardware.values() for system in item.systems}
