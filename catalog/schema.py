"""The strict schema of catalog files: which fields an item has, in which dimension, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from catalog.dimensions import Dimension
from catalog.errors import Problem
from catalog.items import Fact, HardwareClass, Kind, Precision, Sourced, Status
from catalog.leaf import fact, near, sourced

_SLUG = r"^[a-z0-9][a-z0-9._-]*$"


def _optional(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda raw: None if raw is None else read(raw)


def _tokens(raw: object) -> object:
    """Return a number of tokens written with or without its unit as a whole number."""
    return int(sourced(raw, Dimension.TOKENS).value) if isinstance(raw, str) else raw


def _years(raw: object) -> object:
    """Return a commitment such as `1 year` as a whole number of years."""
    years = sourced(raw, Dimension.YEARS).value
    if years != int(years):
        raise ValueError(f"'{raw}' is not a whole number of years; write for example '3 years'")
    return int(years)


def _text(raw: object) -> object:
    """Return a date or name that YAML read as a number as the text it is."""
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw


def _set_of_text(raw: object) -> object:
    """Return a list of words; one word may stand alone."""
    return [raw] if isinstance(raw, str) else raw


def _quantity(dimension: Dimension) -> Any:  # noqa: ANN401 - a validator, not a value
    return PlainValidator(_optional(partial(sourced, dimension=dimension)))


Bytes = Annotated[Sourced | None, _quantity(Dimension.BYTES)]
Bandwidth = Annotated[Sourced | None, _quantity(Dimension.BANDWIDTH)]
Flops = Annotated[Sourced | None, _quantity(Dimension.FLOPS)]
Power = Annotated[Sourced | None, _quantity(Dimension.POWER)]
Money = Annotated[Sourced | None, _quantity(Dimension.MONEY)]
HourPrice = Annotated[Sourced | None, _quantity(Dimension.MONEY_PER_HOUR)]
TokenPrice = Annotated[Sourced | None, _quantity(Dimension.TOKEN_PRICE)]
TokenRate = Annotated[Sourced | None, _quantity(Dimension.TOKEN_RATE)]
Span = Annotated[Sourced | None, _quantity(Dimension.DURATION)]
Years = Annotated[Sourced | None, _quantity(Dimension.YEARS)]
Fraction = Annotated[Sourced | None, _quantity(Dimension.FRACTION)]
Count = Annotated[Sourced | None, _quantity(Dimension.COUNT)]
AnyFact = Annotated[Fact | None, PlainValidator(_optional(partial(fact, "")))]
Tokens = Annotated[int, BeforeValidator(_tokens), Field(gt=0)]
Text = Annotated[str, BeforeValidator(_text)]
Commitment = Annotated[int, BeforeValidator(_years), Field(gt=0, le=10)]
Slug = Annotated[str, Field(pattern=_SLUG)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
AnyPrecision = Annotated[Precision, Field(strict=False)]
AnyKind = Annotated[Kind, Field(strict=False)]


class Entry(BaseModel):
    """Base of every entry: unknown fields are refused with the nearest known one; nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
    noun: ClassVar[str] = "an entry"

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            raise PydanticCustomError("shape", "{message}", {"message": f"must be a mapping of fields, as {cls.noun} has"})
        known = {field.alias or name for name, field in cls.model_fields.items()}
        unknown = [str(key) for key in raw if key not in known]
        if unknown:
            hints = "; ".join(f"'{key}' is not a field of {cls.noun}{near(key, known)}" for key in unknown)
            raise PydanticCustomError("unknown", "{message}", {"message": f"{hints} (fields: {', '.join(sorted(known))})"})
        return raw


class MemoryEntry(Entry):
    """One memory tier; `nominal` is the figure the vendor prints where it differs from the usable capacity."""

    noun: ClassVar[str] = "a memory tier"
    kind: str
    capacity: Bytes = None
    nominal: Bytes = None
    bandwidth: Bandwidth = None
    effective_fraction: Fraction = None


class LinkEntry(Entry):
    """A scale-up fabric, unidirectional per chip."""

    noun: ClassVar[str] = "a scale-up link"
    kind: str = ""
    bandwidth: Bandwidth = None
    domain: Count = None


class PurchaseEntry(Entry):
    """What a unit costs to buy."""

    noun: ClassVar[str] = "a purchase price"
    low: Money = None
    typical: Money = None
    high: Money = None


def _purchase(raw: object) -> object:
    """Return one price, bare or with its source, as the typical one."""
    if raw is None or (isinstance(raw, dict) and "value" not in raw):
        return raw
    return {"typical": raw}


class SystemEntry(Entry):
    """A unit that can be ordered."""

    noun: ClassVar[str] = "a system"
    name: str
    chips: Positive
    cooling: Annotated[list[Literal["air", "liquid"]], BeforeValidator(_set_of_text)] = []
    power: Power = None
    purchase: Annotated[PurchaseEntry | None, BeforeValidator(_purchase)] = None
    chips_per_rack: Count = None
    racks: Annotated[float, Field(gt=0, strict=False)] | None = None
    facts: dict[str, AnyFact] = {}
    note: str = ""


class CloudEntry(Entry):
    """A rental offer; `instance` prices are for the whole instance, the others per chip."""

    noun: ClassVar[str] = "a cloud offer"
    provider: str
    instance: str
    chips: Positive
    on_demand: HourPrice = None
    on_demand_instance: HourPrice = None
    reserved: dict[Commitment, HourPrice] = {}
    reserved_instance: dict[Commitment, HourPrice] = {}
    note: str = ""


class ApiEntry(Entry):
    """A price of tokens."""

    noun: ClassVar[str] = "a token offer"
    provider: str
    model: str
    input: TokenPrice = None
    output: TokenPrice = None
    speed: TokenRate = None
    facts: dict[str, AnyFact] = {}
    note: str = ""


class DeterminismEntry(Entry):
    """How repeatable the latency is, and why."""

    noun: ClassVar[str] = "a determinism"
    kind: str = Field(alias="class")
    reason: str = ""


class HardwareEntry(Entry):
    """One kind of accelerator."""

    noun: ClassVar[str] = "a hardware item"
    vendor: str
    name: str
    hardware_class: Annotated[HardwareClass, Field(strict=False)] = Field(alias="class")
    status: Annotated[Status, Field(strict=False)]
    status_detail: str = ""
    available: AnyFact = None
    aliases: list[str] = []
    process: AnyFact = None
    peak: dict[AnyPrecision, Flops] = {}
    sparse_peak: dict[AnyPrecision, Flops] = {}
    measured_matmul: dict[AnyPrecision, Flops] = {}
    memory: dict[Slug, MemoryEntry] = {}
    scale_up: LinkEntry | None = None
    scale_out: Bandwidth = None
    host_link: AnyFact = None
    host_bandwidth: Bandwidth = None
    tdp: Power = None
    precisions: list[AnyPrecision] = []
    systems: dict[Slug, SystemEntry] = {}
    cloud: dict[Slug, CloudEntry] = {}
    api: dict[Slug, ApiEntry] = {}
    lead_time: Span = None
    book_life: Years = None
    economic_life: Years = None
    determinism: DeterminismEntry | None = None
    wired_model: str | None = None
    attention_only: bool = False
    max_context: Tokens | None = None
    facts: dict[str, AnyFact] = {}
    note: str = ""


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
    layer_kinds: dict[str, Positive] = {}
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


class ModelEntry(Entry):
    """One language model; everything that can be computed is computed from its architecture."""

    noun: ClassVar[str] = "a model"
    family: str
    hf_id: str = ""
    aliases: list[str] = []
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
    published: dict[str, AnyFact] = {}
    note: str = ""


class SourceEntry(Entry):
    """A publication."""

    noun: ClassVar[str] = "a source"
    citation: str
    date: Text
    kind: AnyKind
    reliability: Annotated[str, Field(pattern="^[A-D]$")]
    note: str = ""


class ClaimEntry(Entry):
    """A statement of an article, and what became of it on inspection."""

    noun: ClassVar[str] = "a claim"
    claim: str
    source: str
    verdict: str
    reading: str = ""
    references: list[str] = []


def problems_of(error: ValidationError, prefix: str) -> list[Problem]:
    """Return every finding of a validation as a problem whose field starts with `prefix`."""
    return [Problem(_path(prefix, found["loc"]), _message(found)) for found in error.errors(include_url=False)]


def _path(prefix: str, location: tuple[int | str, ...]) -> str:
    path = prefix
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else "" if part == "[key]" else f".{part}"
    return path


def _message(found: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    """Return a finding in words that say what to do."""
    if found["type"] == "missing":
        return "is missing; add it"
    if found["type"] in ("value_error", "shape", "unknown"):
        return str(found["msg"]).removeprefix("Value error, ")
    given = repr(found["input"])
    return f"{found['msg'][:1].lower()}{found['msg'][1:]}, not {given if len(given) <= 80 else given[:80] + '...'}"
