"""A measured row as the core sees it: which deployment, under which load, and which metrics it can judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import CatalogError
from catalog.items import Catalog, Hardware, Model
from catalog.lookup import find_hardware, find_model
from planner.errors import Unsupported
from planner.performance.measurements.layouts import Arrangement, arrangement_of
from planner.performance.measurements.rows import Row
from planner.performance.measurements.vocabulary import engine_family, kv_bytes_of, weight_format_of
from planner.performance.operands import Operands, operands
from planner.performance.serving import Pattern
from planner.performance.traits import maker_of_kind, traits_of

METRICS = ("tpot", "ttft", "throughput", "e2e")
_DEFAULT_INPUT, _DEFAULT_OUTPUT = 512.0, 128.0  # where a row states no lengths
_NOMINAL_SHARE = 0.9  # InferenceX draws lengths uniformly from 0.8 to 1.0 of the nominal ones
_TRTLLM_RESERVES = 1.0  # TensorRT-LLM admits a request only when its longest answer fits (GUARANTEED_NO_EVICT)
_OTHERS_RESERVE = 0.55  # the others admit on what is used: half an answer on average, and some slack
_QUEUED_REQUESTS = {"trtllm": 2048.0}  # per instance of an offline run that states no batch: the engine's own limit
_QUEUED_OTHERS = 256.0
_GPTJ_BEAMS = 4.0  # MLPerf Inference's gpt-j task decodes with beam width 4
_SERVER_SHARE = 0.25  # of the engine's limit that a server run occupies where it states no concurrency


@dataclass(frozen=True, slots=True)
class Case:
    """One row understood: operands of decode and prefill, load, traits, and the measured metrics in seconds and tokens/s."""

    row: Row
    hardware: Hardware
    model: Model
    decode: Operands
    prefill: Operands
    pattern: Pattern
    load: Mapping[str, float]
    traits: Mapping[str, str]
    measured: Mapping[str, float]
    weight: float


def case_of(row: Row, catalog: Catalog) -> Case | None:
    """Return the case of a row; None where the catalog does not know its hardware or model or the pair cannot run."""
    try:
        hardware, model = find_hardware(catalog, row.raw("hardware")), find_model(catalog, row.raw("model"))
        return _case(row, hardware, model)
    except (CatalogError, Unsupported):
        return None


def _case(row: Row, hardware: Hardware, model: Model) -> Case:
    engine, era = engine_family(row.text("engine")), row.raw("era")
    weights = weight_format_of(row, hardware, model)
    kv_bytes = kv_bytes_of(row, weights, engine, era)
    where = arrangement_of(row, hardware, model, weights)
    decode = operands(hardware, model, where.decode, weights, kv_bytes, overcommit=True)
    apart = where.prefill_instances > 0
    prefill = operands(hardware, model, where.prefill, weights, kv_bytes, overcommit=True) if apart else decode
    pattern = pattern_of(row)
    return Case(
        row,
        hardware,
        model,
        decode,
        prefill,
        pattern,
        _load(row, where, engine, pattern),
        traits_of(hardware, model, weights, engine, era) | _setting(row, where, hardware, apart=apart),
        measured_of(row),
        _weight(row),
    )


def pattern_of(row: Row) -> Pattern:
    """Return how the requests of a row come."""
    mode, kind = row.text("mode"), row.text("batch_kind")
    if mode.startswith("static"):
        return Pattern.STATIC
    if mode.startswith("offline") or "inflight" in kind:
        return Pattern.OFFLINE
    if "little" in kind:
        return Pattern.POISSON
    if _is_mlperf(row) and row.value("batch_or_concurrency") is None:
        return (
            Pattern.OFFLINE
        )  # as many as the limits of its scenario allow: a share of the offline rate, which the setting's factor learns
    return Pattern.CLOSED if mode.startswith("server") else Pattern.SINGLE


def measured_of(row: Row) -> dict[str, float]:
    """Return the metrics that a row may judge: what its `use` allows and its cells hold."""
    use = row.text("use")
    seconds = {"tpot": ("decode", "serving_curve"), "ttft": ("prefill", "serving_curve"), "e2e": ("e2e",)}
    found = {name: _milliseconds(row, f"{name}_ms") for name, uses in seconds.items() if any(one in use for one in uses)}
    if "throughput" in use:
        found["throughput"] = row.value("throughput_tok_s_total")
    return {name: value for name, value in found.items() if value is not None and value > 0}


def _milliseconds(row: Row, column: str) -> float | None:
    value = row.value(column)
    return None if value is None else value / 1e3


def _weight(row: Row) -> float:
    size = row.value("group_size")
    return 1.0 / size if size is not None and size >= 1 else 1.0


def _load(row: Row, where: Arrangement, engine: str, pattern: Pattern) -> dict[str, float]:
    share = _NOMINAL_SHARE if row.text("len_kind") == "nominal" and "inferencex" in row.text("source_id") else 1.0
    prompt, answer = row.value("input_len"), row.value("output_len")
    return {
        "input_tokens": share * max(_DEFAULT_INPUT if prompt is None else prompt, 1.0),
        "output_tokens": share * max(_DEFAULT_OUTPUT if answer is None else answer, 1.0),
        "cached_tokens": 0.0,
        "concurrency": _concurrency(row, engine, where.replicas, pattern),
        "replicas": float(where.replicas),
        "prefill_instances": float(where.prefill_instances),
        "reserved_share": _TRTLLM_RESERVES if engine == "trtllm" else _OTHERS_RESERVE,
        "beams": _GPTJ_BEAMS if row.text("model").startswith("gpt-j") and "mlperf" in row.text("source_id") else 1.0,
        "tokens_per_step": 1.0,
        "spare_requests": 1.0 if engine == "trtllm" and _protocol(row.text("source_id")) == "nvidia" else 0.0,
    }


def _concurrency(row: Row, engine: str, replicas: int, pattern: Pattern) -> float:
    """Return the requests over the whole deployment; a configured batch is per engine instance."""
    stated, full = row.value("batch_or_concurrency"), _QUEUED_REQUESTS.get(engine, _QUEUED_OTHERS) * replicas
    if stated is not None and stated > 0:
        return stated * replicas if "configured" in row.text("batch_kind") else stated
    if pattern is Pattern.OFFLINE:
        return full
    return full * _SERVER_SHARE if row.text("mode").startswith("server") else 1.0


def _setting(row: Row, where: Arrangement, hardware: Hardware, *, apart: bool) -> dict[str, str]:
    """Return the traits of how a row was measured: they shift its predictions, never those of a plan."""
    source, kind = row.text("source_id"), row.text("batch_kind")
    protocol = "mlperf" if _is_mlperf(row) else _protocol(source)
    arrival = (
        ("mlperf" if protocol == "mlperf" else "poisson") if "little" in kind else "sustained" if "30 min" in kind else "closed"
    )
    mode = row.text("mode")
    return {
        "pools": "apart" if apart else "together",
        "ranks": "dp" if where.decode.dp_attention > 1 else "",
        "protocol": protocol,
        "loadgen": f"{protocol}|{engine_family(row.text('engine'))}",
        "submitter": f"{protocol}|{maker_of_kind(hardware)}",
        "arrival": arrival,
        "setting": f"{protocol}|{mode.split()[0]}" if mode else "",
        "speculation": {"yes": "on", "unk": "unknown"}.get(row.text("spec_decode")[:3], ""),
    }


def _is_mlperf(row: Row) -> bool:
    return "mlperf" in row.text("source_id") or "mlperf" in row.text("kind")


def _protocol(source: str) -> str:
    names = (("inferencex_via", "inferencex"), ("aiconfigurator", "nvidia"), ("accelmark", "accelmark"))
    return next((name for word, name in names if word in source), "other")
