"""From validated entries to the catalog's frozen items: nothing is lost, what has no field of its own becomes a fact."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from catalog import architecture as arch
from catalog.dimensions import SECONDS_PER_WEEK
from catalog.items import (
    ApiOffer,
    Claim,
    CloudOffer,
    Fact,
    Hardware,
    LatentAttention,
    Link,
    MemoryTier,
    MixtureOfExperts,
    Model,
    Precision,
    Source,
    Sourced,
    Speed,
    SpeedMetric,
    System,
)
from catalog.mixers import GatedDelta, Mamba1, Mamba2
from catalog.model_schema import ArchitectureEntry, ExpertsEntry, ModelEntry
from catalog.schema import ApiEntry, ClaimEntry, CloudEntry, HardwareEntry, SourceEntry, SpeedEntry, SystemEntry


def hardware_of(item_id: str, entry: HardwareEntry) -> Hardware:
    """Return the hardware that an entry describes."""
    return Hardware(
        id=item_id,
        vendor=entry.vendor,
        name=entry.name,
        hardware_class=entry.hardware_class,
        status=entry.status,
        available_from=str(entry.available.value) if entry.available else None,
        aliases=frozenset(entry.aliases),
        peak_flops=_known(entry.peak),
        sparse_peak_flops=_known(entry.sparse_peak),
        measured_matmul_flops=_known(entry.measured_matmul),
        memory=tuple(MemoryTier(m.kind, m.capacity, m.bandwidth, m.effective_fraction) for m in entry.memory.values()),
        scale_up=Link(entry.scale_up.kind, entry.scale_up.bandwidth, entry.scale_up.domain) if entry.scale_up else None,
        scale_out_bytes_s=entry.scale_out,
        host_link_bytes_s=entry.host_bandwidth,
        tdp_w=entry.tdp,
        precisions=frozenset(entry.precisions),
        systems=tuple(_system(item_id, slug, system) for slug, system in entry.systems.items()),
        cloud=tuple(_cloud(item_id, slug, offer) for slug, offer in entry.cloud.items()),
        api=tuple(_api(item_id, offer) for offer in entry.api.values()),
        lead_time_weeks=_scaled(entry.lead_time, SECONDS_PER_WEEK),
        book_life_years=entry.book_life,
        economic_life_years=entry.economic_life,
        determinism=entry.determinism.kind if entry.determinism else "",
        wired_model_id=entry.wired_model,
        attention_only=entry.attention_only,
        max_context_tokens=entry.max_context,
        facts=tuple(_hardware_facts(entry)),
        note=entry.note,
        status_detail=entry.status_detail,
        determinism_reason=entry.determinism.reason if entry.determinism else "",
    )


def model_of(item_id: str, entry: ModelEntry) -> Model:
    """Return the model that an entry describes, its counts computed from its architecture."""
    a = architecture_of(entry.architecture)
    experts = a.experts
    return Model(
        id=item_id,
        family=entry.family,
        hf_id=entry.hf_id,
        aliases=frozenset(filter(None, (*entry.aliases, entry.hf_id))),
        licence=entry.licence,
        attention=entry.attention,
        layers=a.layers,
        hidden=a.hidden,
        heads=a.heads,
        kv_heads=a.kv_heads,
        head_dim=a.head_dim,
        ffn_intermediate=a.ffn_intermediate,
        ffn_gated=a.ffn_gated,
        vocab=a.vocab,
        tied_embeddings=a.tied_embeddings,
        layer_kinds=a.layer_kinds,
        window_tokens=entry.architecture.window,
        max_context_tokens=entry.max_context,
        native_precision=entry.native_precision,
        pure_transformer=entry.pure_transformer,
        params_total=float(arch.params_total(a)),
        params_read=float(arch.params_read(a)),
        params_embedding=float(arch.embedding_weights(a)),
        params_lm_head=float(arch.lm_head_weights(a)),
        params_routed_total=float(arch.routed_weights(a)),
        params_routed_active=float(arch.routed_weights(a, experts.experts_per_token)) if experts else 0.0,
        kv_bytes_per_token_16bit=float(arch.kv_bytes_per_token(a)),
        window_kv_bytes_per_token_16bit=float(arch.window_kv_bytes_per_token(a)),
        state_bytes=float(arch.state_bytes(a)),
        experts=experts,
        latent=a.latent,
        sparse_attention_top_k=a.indexer.top_k if a.indexer else None,
        weight_bytes=arch.weight_bytes(a),
        source=entry.source,
        kind=entry.kind,
        date=entry.date,
        note=entry.note,
        facts=tuple(_model_facts(entry, a)),
    )


def architecture_of(entry: ArchitectureEntry) -> arch.Architecture:
    """Return the dimensions of a model, with what can be left out of a file filled in.

    Without `layer_kinds` every layer is `full`; without `head_dim` the heads share the hidden width, and latent attention has the
    query's.
    """
    latent = LatentAttention(**entry.latent.model_dump()) if entry.latent else None
    query = latent.qk_nope_head_dim + latent.qk_rope_head_dim if latent else entry.hidden // entry.heads
    return arch.Architecture(
        layers=entry.layers,
        hidden=entry.hidden,
        heads=entry.heads,
        kv_heads=entry.kv_heads,
        head_dim=entry.head_dim or query,
        ffn_intermediate=entry.ffn_intermediate or 0,
        ffn_gated=entry.ffn_gated,
        vocab=entry.vocab,
        tied_embeddings=entry.tied_embeddings,
        layer_kinds=MappingProxyType(dict(entry.layer_kinds) or {"full": entry.layers}),
        experts=_experts(entry.experts) if entry.experts else None,
        latent=latent,
        indexer=arch.Indexer(**entry.indexer.model_dump()) if entry.indexer else None,
        mixer=_mixer(entry),
        details=_details(entry),
        full=_full(entry, entry.head_dim or query),
    )


def source_of(item_id: str, entry: SourceEntry) -> Source:
    """Return the publication that an entry describes."""
    return Source(item_id, entry.citation, entry.date, entry.kind, entry.reliability, entry.note)


def claim_of(entry: ClaimEntry) -> Claim:
    """Return the article's statement that an entry describes."""
    return Claim(entry.claim, entry.source, entry.verdict, entry.reading, tuple(entry.references))


def speeds_of(item_id: str, entry: SpeedEntry) -> tuple[Speed, ...]:
    """Return one speed for every figure that an entry states."""
    figures = {metric: getattr(entry, metric.value) for metric in SpeedMetric}
    return tuple(
        Speed(
            item_id,
            entry.hardware,
            entry.model,
            metric,
            figure,
            entry.chips,
            entry.weights,
            entry.batch,
            entry.input_tokens,
            entry.output_tokens,
            entry.speculation,
            entry.counts != "output",
            entry.note,
        )
        for metric, figure in figures.items()
        if figure is not None
    )


def _known(values: Mapping[Precision, Sourced | None]) -> Mapping[Precision, Sourced]:
    return MappingProxyType({precision: value for precision, value in values.items() if value is not None})


def _scaled(value: Sourced | None, divisor: float, note: str = "") -> Sourced | None:
    if value is None:
        return None
    return dataclasses.replace(value, value=value.value / divisor, note="; ".join(filter(None, (note, value.note))))


def _system(item_id: str, slug: str, entry: SystemEntry) -> System:
    price = entry.purchase
    racks = entry.racks
    if racks is None and entry.chips_per_rack is not None:
        racks = entry.chips / entry.chips_per_rack.value
    return System(
        id=f"{item_id}/{slug}",
        hardware_id=item_id,
        name=entry.name,
        chips=entry.chips,
        cooling=frozenset(entry.cooling),
        power_w=entry.power,
        purchase_usd_low=price.low if price else None,
        purchase_usd=price.typical if price else None,
        purchase_usd_high=price.high if price else None,
        racks=racks,
        note=entry.note,
    )


def _cloud(item_id: str, slug: str, entry: CloudEntry) -> CloudOffer:
    """Return a rental offer per chip; a price given only for the instance is divided by its chips."""
    share = f"price of the instance / {entry.chips} chips"
    instance = {years: _scaled(price, entry.chips, share) for years, price in entry.reserved_instance.items()}
    reserved = instance | {years: price for years, price in entry.reserved.items() if price is not None}
    return CloudOffer(
        id=f"{item_id}/{slug}",
        hardware_id=item_id,
        provider=entry.provider,
        instance=entry.instance,
        chips=entry.chips,
        on_demand_usd_chip_h=entry.on_demand or _scaled(entry.on_demand_instance, entry.chips, share),
        reserved_usd_chip_h=MappingProxyType({years: price for years, price in sorted(reserved.items()) if price is not None}),
        note=entry.note,
    )


def _api(item_id: str, entry: ApiEntry) -> ApiOffer:
    return ApiOffer(item_id, entry.provider, entry.model, entry.input, entry.output, entry.speed, entry.note)


def _hardware_facts(entry: HardwareEntry) -> Iterator[Fact]:
    """Yield everything about an item that has no field of its own, named by its place in the file."""
    yield from _named({"available": entry.available, "process": entry.process, "host_link": entry.host_link})
    for slug, tier in entry.memory.items():
        yield from _valued({f"memory.{slug}.nominal": tier.nominal}, "bytes")
    for slug, system in entry.systems.items():
        yield from _valued({f"systems.{slug}.chips_per_rack": system.chips_per_rack}, "")
        yield from _named({f"systems.{slug}.{name}": value for name, value in system.facts.items()})
    for slug, offer in entry.cloud.items():
        yield from _valued({f"cloud.{slug}.on_demand_instance": offer.on_demand_instance}, "USD/h")
        reserved = {f"cloud.{slug}.reserved_instance.{years}y": price for years, price in offer.reserved_instance.items()}
        yield from _valued(reserved, "USD/h")
    for slug, tokens in entry.api.items():
        yield from _named({f"api.{slug}.{name}": value for name, value in tokens.facts.items()})
    yield from _named(entry.facts)


def _named(facts: Mapping[str, Fact | None]) -> Iterator[Fact]:
    for name, value in facts.items():
        if value is not None:
            yield dataclasses.replace(value, name=name)


def _valued(values: Mapping[str, Sourced | None], unit: str) -> Iterator[Fact]:
    for name, v in values.items():
        if v is not None:
            yield Fact(name, v.value, v.source, v.kind, v.date, v.note, v.conflict, unit)


def _model_facts(entry: ModelEntry, a: arch.Architecture) -> Iterator[Fact]:
    """Yield what a model's entry says beyond the common fields."""
    yield from _named({f"published.{name}": value for name, value in entry.published.items()})
    said: dict[str, float | str] = {
        "licence_source": entry.licence_source,
        "native_format": entry.native_format,
        "max_context_extended": float(entry.max_context_extended or 0),
        "index_bytes_per_token": float(arch.index_bytes_per_token(a)),
        "configuration": entry.source_note,
    }
    for name, value in said.items():
        if value:
            yield Fact(name, value, entry.source, entry.kind, entry.date)


def _experts(entry: ExpertsEntry) -> MixtureOfExperts:
    return MixtureOfExperts(
        experts=entry.experts,
        experts_per_token=entry.per_token,
        shared_experts=entry.shared,
        expert_intermediate=entry.intermediate,
        shared_intermediate=entry.shared_intermediate,
        moe_layers=entry.layers,
        first_dense_layers=entry.first_dense_layers,
    )


def _mixer(entry: ArchitectureEntry) -> GatedDelta | Mamba1 | Mamba2 | None:
    if entry.gated_delta:
        return GatedDelta(**entry.gated_delta.model_dump())
    if entry.mamba1:
        return Mamba1(**entry.mamba1.model_dump())
    return Mamba2(**entry.mamba2.model_dump()) if entry.mamba2 else None


def _full(entry: ArchitectureEntry, head_dim: int) -> arch.FullAttention | None:
    if entry.full_head_dim is None and entry.full_kv_heads is None and not entry.full_shared_kv:
        return None
    return arch.FullAttention(entry.full_head_dim or head_dim, entry.full_kv_heads or entry.kv_heads, entry.full_shared_kv)


def _details(entry: ArchitectureEntry) -> arch.Details:
    experts = entry.experts
    return arch.Details(
        qkv_bias=entry.qkv_bias,
        output_bias=entry.output_bias,
        mlp_bias=entry.mlp_bias,
        lm_head_bias=entry.lm_head_bias,
        norm_bias=entry.norm_bias,
        norms_per_layer=entry.norms_per_layer,
        qk_norm=entry.qk_norm,
        attention_gate=entry.attention_gate,
        attention_sinks=entry.attention_sinks,
        router_bias=bool(experts and experts.router_bias),
        expert_bias=bool(experts and experts.bias),
        shared_expert_gate=bool(experts and experts.shared_gate),
        position_embeddings=entry.position_embeddings,
        embedding_norm=entry.embedding_norm,
    )
