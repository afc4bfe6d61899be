"""The strict schema of hardware, sources and claims in catalog files: which fields an item has, and in which dimension."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from catalog.fields import (
    AnyFact,
    AnyKind,
    AnyPrecision,
    Bandwidth,
    Bytes,
    Commitment,
    Count,
    Entry,
    Flops,
    Fraction,
    HourPrice,
    Money,
    Positive,
    Power,
    Slug,
    Span,
    Text,
    TokenPrice,
    TokenRate,
    Tokens,
    Years,
    set_of_text,
)
from catalog.items import HardwareClass, SpeedMetric, Status


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
    cooling: Annotated[list[Literal["air", "liquid"]], BeforeValidator(set_of_text)] = Field(default_factory=list)
    power: Power = None
    purchase: Annotated[PurchaseEntry | None, BeforeValidator(_purchase)] = None
    chips_per_rack: Count = None
    racks: Annotated[float, Field(gt=0, strict=False)] | None = None
    facts: dict[str, AnyFact] = Field(default_factory=dict)
    note: str = ""


class CloudEntry(Entry):
    """A rental offer; `instance` prices are for the whole instance, the others per chip."""

    noun: ClassVar[str] = "a cloud offer"
    provider: str
    instance: str
    chips: Positive
    on_demand: HourPrice = None
    on_demand_instance: HourPrice = None
    reserved: dict[Commitment, HourPrice] = Field(default_factory=dict)
    reserved_instance: dict[Commitment, HourPrice] = Field(default_factory=dict)
    note: str = ""


class ApiEntry(Entry):
    """A price of tokens."""

    noun: ClassVar[str] = "a token offer"
    provider: str
    model: str
    input: TokenPrice = None
    output: TokenPrice = None
    speed: TokenRate = None
    facts: dict[str, AnyFact] = Field(default_factory=dict)
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
    aliases: list[str] = Field(default_factory=list)
    process: AnyFact = None
    peak: dict[AnyPrecision, Flops] = Field(default_factory=dict)
    sparse_peak: dict[AnyPrecision, Flops] = Field(default_factory=dict)
    measured_matmul: dict[AnyPrecision, Flops] = Field(default_factory=dict)
    memory: dict[Slug, MemoryEntry] = Field(default_factory=dict)
    scale_up: LinkEntry | None = None
    scale_out: Bandwidth = None
    host_link: AnyFact = None
    host_bandwidth: Bandwidth = None
    tdp: Power = None
    precisions: list[AnyPrecision] = Field(default_factory=list)
    systems: dict[Slug, SystemEntry] = Field(default_factory=dict)
    cloud: dict[Slug, CloudEntry] = Field(default_factory=dict)
    api: dict[Slug, ApiEntry] = Field(default_factory=dict)
    lead_time: Span = None
    book_life: Years = None
    economic_life: Years = None
    determinism: DeterminismEntry | None = None
    wired_model: str | None = None
    attention_only: bool = False
    max_context: Tokens | None = None
    facts: dict[str, AnyFact] = Field(default_factory=dict)
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
    references: list[str] = Field(default_factory=list)


class SpeedEntry(Entry):
    """A published speed, with one figure at least, and what was said of its circumstances."""

    noun: ClassVar[str] = "a published speed"
    hardware: str
    model: str
    per_user: TokenRate = None
    total: TokenRate = None
    time_per_token: Span = None
    ttft: Span = None
    chips: Positive | None = None
    weights: AnyPrecision | None = None
    batch: Positive | None = None
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    speculation: Literal["yes", "no", "undisclosed"] = "undisclosed"
    counts: Literal["output", "input and output"] = "output"
    note: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> SpeedEntry:
        figures = [getattr(self, metric.value) for metric in SpeedMetric]
        if all(figure is None for figure in figures):
            message = f"has no figure; give one of {', '.join(SpeedMetric)}"
            raise PydanticCustomError("shape", "{message}", {"message": message})
        if any(figure is not None and figure.value <= 0 for figure in figures):
            raise PydanticCustomError("shape", "{message}", {"message": "a speed must be more than nothing"})
        return self
