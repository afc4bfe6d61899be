"""An item of the catalog as sections of lines: a name, a value as people write it, and its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalog.dimensions import Dimension
from catalog.items import ApiOffer, CloudOffer, Fact, Hardware, MemoryTier, Model, Source, Sourced, System
from catalog.units import base_unit, format_quantity

_DIMENSION_OF_UNIT = {
    base_unit(dimension): dimension
    for dimension in (Dimension.BYTES, Dimension.BANDWIDTH, Dimension.FLOPS, Dimension.POWER, Dimension.DURATION, Dimension.MONEY)
}


@dataclass(frozen=True, slots=True)
class Line:
    """One value with its evidence; `remarks` are its note and its conflict."""

    name: str
    value: str
    source: str
    kind: str
    date: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, words that need no source (names, counts), and values that have one."""

    title: str
    words: tuple[tuple[str, str], ...] = ()
    lines: list[Line] = field(default_factory=list)


def sections_of(item: object) -> list[Section]:
    """Return the sections of a hardware item, a model, a system, a source, TCO inputs or a profile."""
    match item:
        case Hardware():
            return _hardware(item)
        case Model():
            return _model(item)
        case System():
            return [_system(item)]
        case Source():
            words = (
                ("citation", item.citation),
                ("date", item.date),
                ("kind", str(item.kind)),
                ("reliability", item.reliability),
            )
            return [Section(item.id, (*words, ("note", item.note)))]
        case Mapping() if all(isinstance(value, Fact) for value in item.values()):
            return [Section("TCO inputs", lines=[_fact(value) for value in item.values()])]
        case Mapping():
            return [Section(str(item.get("id", "")), tuple((str(key), _json(value)) for key, value in item.items()))]
        case _:
            raise TypeError(f"{type(item).__name__} is no item of the catalog")


def _hardware(item: Hardware) -> list[Section]:
    head = Section(
        f"{item.vendor} {item.name}",
        (
            ("id", item.id),
            ("also known as", ", ".join(sorted(item.aliases))),
            ("class", str(item.hardware_class)),
            ("status", ", ".join(dict.fromkeys(filter(None, (str(item.status), item.status_detail))))),
            ("precisions", ", ".join(sorted(item.precisions))),
            ("latency", ": ".join(filter(None, (item.determinism, item.determinism_reason)))),
            ("runs only", item.wired_model_id or ""),
            ("longest context", f"{item.max_context_tokens} tokens" if item.max_context_tokens else ""),
            ("note", item.note),
        ),
        _lines(
            {
                "power (TDP)": (item.tdp_w, Dimension.POWER),
                "scale-out": (item.scale_out_bytes_s, Dimension.BANDWIDTH),
                "host link": (item.host_link_bytes_s, Dimension.BANDWIDTH),
                "lead time [weeks]": (item.lead_time_weeks, Dimension.COUNT),
                "book life": (item.book_life_years, Dimension.YEARS),
                "economic life": (item.economic_life_years, Dimension.YEARS),
            }
        ),
    )
    parts = [head, _compute(item), *map(_memory, item.memory), _link(item)]
    parts += [*map(_system, item.systems), *map(_cloud, item.cloud), *map(_api, item.api)]
    parts.append(Section("Further facts", lines=[_fact(fact) for fact in item.facts]))
    return [part for part in parts if part.lines or part.words]


def _compute(item: Hardware) -> Section:
    values = {f"{precision}, dense": (value, Dimension.FLOPS) for precision, value in item.peak_flops.items()}
    values |= {f"{precision}, sparse": (value, Dimension.FLOPS) for precision, value in item.sparse_peak_flops.items()}
    values |= {f"{precision}, measured": (value, Dimension.FLOPS) for precision, value in item.measured_matmul_flops.items()}
    return Section("Peak compute", lines=_lines(values))


def _memory(tier: MemoryTier) -> Section:
    values = {
        "capacity": (tier.capacity_bytes, Dimension.BYTES),
        "bandwidth": (tier.bandwidth_bytes_s, Dimension.BANDWIDTH),
        "of which usable": (tier.effective_fraction, Dimension.FRACTION),
    }
    return Section(f"Memory: {tier.kind}", lines=_lines(values))


def _link(item: Hardware) -> Section:
    link = item.scale_up
    if link is None:
        return Section("Scale-up")
    values = {
        "bandwidth, one way": (link.bandwidth_bytes_s, Dimension.BANDWIDTH),
        "joins chips": (link.domain_chips, Dimension.COUNT),
    }
    return Section(f"Scale-up: {link.kind or 'link'}", lines=_lines(values))


def _system(system: System) -> Section:
    words = (
        ("name", system.name),
        ("chips", str(system.chips)),
        ("cooling", ", ".join(sorted(system.cooling)) or "not known"),
        ("racks", "not known" if system.racks is None else f"{system.racks:g}"),
        ("power", "" if system.power_w else "not known"),
        ("price", "" if system.purchase_usd or system.purchase_usd_low or system.purchase_usd_high else "not known"),
        ("note", system.note),
    )
    values = {
        "power": (system.power_w, Dimension.POWER),
        "price, low": (system.purchase_usd_low, Dimension.MONEY),
        "price, typical": (system.purchase_usd, Dimension.MONEY),
        "price, high": (system.purchase_usd_high, Dimension.MONEY),
    }
    return Section(f"System {system.id}", words, _lines(values))


def _cloud(offer: CloudOffer) -> Section:
    values = {"on demand, per chip": (offer.on_demand_usd_chip_h, Dimension.MONEY_PER_HOUR)}
    values |= {
        f"reserved {years} y, per chip": (price, Dimension.MONEY_PER_HOUR) for years, price in offer.reserved_usd_chip_h.items()
    }
    words = (("chips of the instance", str(offer.chips)), ("note", offer.note))
    return Section(f"Rent: {offer.provider} {offer.instance}", words, _lines(values))


def _api(offer: ApiOffer) -> Section:
    values = {
        "input": (offer.usd_per_m_input, Dimension.TOKEN_PRICE),
        "output": (offer.usd_per_m_output, Dimension.TOKEN_PRICE),
        "speed per user": (offer.tokens_s_per_user, Dimension.TOKEN_RATE),
    }
    return Section(f"Tokens: {offer.provider} {offer.model}", (("note", offer.note),) if offer.note else (), _lines(values))


def _model(model: Model) -> list[Section]:
    bytes_, count = Dimension.BYTES, Dimension.COUNT
    shape = {"layers": model.layers, "hidden": model.hidden, "heads": model.heads, "key-value heads": model.kv_heads}
    shape |= {"head dimension": model.head_dim, "feed-forward width": model.ffn_intermediate, "vocabulary": model.vocab}
    experts, latent = model.experts, model.latent
    head = Section(
        model.id,
        (
            ("also known as", ", ".join(sorted(model.aliases))),
            ("family", model.family),
            ("licence", model.licence),
            ("attention", model.attention),
            ("layers by kind", ", ".join(f"{count} {kind}" for kind, count in model.layer_kinds.items())),
            *((name, str(value)) for name, value in shape.items()),
            ("experts", f"{experts.experts_per_token} of {experts.experts} in {experts.moe_layers} layers" if experts else ""),
            ("latent attention", f"rank {latent.kv_lora_rank}, rope {latent.qk_rope_head_dim}" if latent else ""),
            ("window", f"{model.window_tokens} tokens" if model.window_tokens else ""),
            ("longest context", f"{model.max_context_tokens} tokens"),
            ("published in", str(model.native_precision)),
            ("note", model.note),
        ),
    )
    computed = {
        "parameters": (model.params_total, count),
        "parameters read per token": (model.params_read, count),
        "KV cache per token, 16 bit": (model.kv_bytes_per_token_16bit, bytes_),
        "windowed KV per token, 16 bit": (model.window_kv_bytes_per_token_16bit, bytes_),
        "recurrent state per sequence": (model.state_bytes, bytes_),
        **{f"weights, {name}": (size, bytes_) for name, size in model.weight_bytes.items()},
    }
    lines = [
        Line(name, format_quantity(value, dimension), model.source, str(model.kind), model.date)
        for name, (value, dimension) in computed.items()
        if value
    ]
    facts = Section("Further facts", lines=[_fact(fact) for fact in model.facts])
    return [head, Section("Computed from the published configuration", lines=lines), *([facts] if facts.lines else [])]


def _lines(values: Mapping[str, tuple[Sourced | None, Dimension]]) -> list[Line]:
    return [
        Line(name, format_quantity(value.value, dimension), value.source, str(value.kind), value.date, _remarks(value))
        for name, (value, dimension) in values.items()
        if value is not None
    ]


def _fact(fact: Fact) -> Line:
    return Line(fact.name, _fact_value(fact), fact.source, str(fact.kind), fact.date, _remarks(fact))


def _fact_value(fact: Fact) -> str:
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit in _DIMENSION_OF_UNIT:
        return format_quantity(fact.value, _DIMENSION_OF_UNIT[fact.unit])
    return f"{format_quantity(fact.value, Dimension.COUNT)} {fact.unit}".strip()


def _remarks(value: Sourced | Fact) -> tuple[str, ...]:
    said: Iterable[str] = (value.note, f"conflict: {value.conflict}" if value.conflict else "")
    return tuple(filter(None, said))


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
