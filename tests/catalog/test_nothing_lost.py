"""Every leaf of the collected facts is in the catalog: same value in SI, same source, kind and date.

The expected SI values are computed here from the units that the collected facts carry in their field names, not by the catalog's reader.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.items import Fact, Hardware, Sourced
from catalog.load import load_catalog

CATALOG = load_catalog()

# The background articles are cited by publication.
ARTICLES = {
    "seed-000": "aissential-towards-ai-2026",
    "seed-001": "towards-ai-2026",
    "seed-002": "the-register-2026",
    "seed-003": "ainews-deep-dive",
    "seed-004": "podcast-insights-2026",
}
SCALES = {
    "tflops_dense": 1e12, "tflops_sparse": 1e12, "measured_matmul_tflops": 1e12, "bandwidth_TB_s": 1e12, "Gb_s_per_chip": 1.25e8,
    "GB_s_per_chip_unidirectional": 1e9, "system_power_kW": 1e3, "rack_power_kW": 1e3, "all_in_utility_kW_per_chip": 1e3,
    "ms_per_tok": 1e-3, "fp8_PF": 1e15, "hbm_TB": 1e12, "hbm_TB_s": 1e12, "sram_GB": 1e9, "sram_PB_s": 1e15, "scale_up_TB_s": 1e12,
    "capacity_GB": 1e9,
}  # fmt: skip
# Offers and prices that stood under a part they are not for (docs/catalog-review.md).
MOVED = {
    ("nvidia-a100-sxm-80g", "p4d.24xlarge (A100-40G)"): "nvidia-a100-sxm-40g",
    ("nvidia-a100-sxm-80g", "A100 PCIe 80GB card"): "nvidia-a100-pcie-80g",
    ("qualcomm-cloud-ai100-ultra", "dl2q.24xlarge (8 x AI 100 Standard)"): "qualcomm-cloud-ai100-standard",
}

Evidence = tuple[str, str, str]


def leaves(tree: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield every value with its evidence and the names on the way to it."""
    if isinstance(tree, dict) and "v" in tree:
        yield path, tree
    elif isinstance(tree, dict):
        own = (str(tree.get("unit") or tree.get("instance") or ""),)
        for key, value in tree.items():
            yield from leaves(value, (*path, *filter(None, own), str(key)))
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value, path)


def kept(item: object) -> Iterator[tuple[float | str, Evidence]]:
    """Yield every value that an item of the catalog holds."""
    if isinstance(item, Sourced | Fact):
        yield item.value, (item.source, str(item.kind), item.date)
    elif dataclasses.is_dataclass(item):
        for field in dataclasses.fields(item):
            yield from kept(getattr(item, field.name))
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from kept(value)
    elif isinstance(item, tuple):
        for value in item:
            yield from kept(value)


def evidence(leaf: dict[str, Any]) -> Evidence:
    date = str(leaf["date"]).replace("undated (<=2025)", "undated, 2025 or before")
    return ARTICLES.get(leaf["src"], leaf["src"]), leaf["kind"], date


def same(leaf: dict[str, Any], scales: tuple[float, ...], value: float | str) -> bool:
    if isinstance(leaf["v"], int | float):
        return isinstance(value, float) and any(value == pytest.approx(leaf["v"] * scale, rel=1e-12) for scale in scales)
    return isinstance(value, str) and plain(value).startswith(plain(leaf["v"]))


def plain(text: str) -> str:
    """Return a text without the names of files that the collection gave its parts."""
    return re.sub(
        r"hardware\.yaml \S+|the facts? semianalysis\S* of each hardware item|measured_matmul of each hardware item", "~", text
    )


def scales(path: tuple[str, ...]) -> tuple[float, ...]:
    """Return the factors to SI; DRAM is sold in binary gigabytes, which the catalog writes as GiB."""
    found = next((SCALES[name] for name in reversed(path) if name in SCALES), 1.0)
    return (found, 2.0**30) if path[-1] == "capacity_GB" else (found,)


def has(item: Hardware, path: tuple[str, ...], leaf: dict[str, Any]) -> bool:
    return any(where == evidence(leaf) and same(leaf, scales(path), value) for value, where in kept(item))


@pytest.fixture(scope="module")
def collected(shared: Path) -> dict[str, dict[str, Any]]:
    names = ("hardware", "models", "tco_inputs")
    return {name: yaml.load((shared / "facts" / f"{name}.yaml").read_text(), Loader=yaml.CSafeLoader) for name in names}


def home(item_id: str, path: tuple[str, ...], leaf: dict[str, Any]) -> Hardware:
    if item_id == "nvidia-h100-pcie" and leaf.get("note", "").startswith("H100 NVL"):
        return CATALOG.hardware["nvidia-h100-nvl"]
    moved = next((MOVED[item_id, name] for name in path if (item_id, name) in MOVED), item_id)
    return CATALOG.hardware[moved]


def test_every_hardware_value_is_kept(collected: dict[str, dict[str, Any]]) -> None:
    items = collected["hardware"]["items"]
    assert len(items) == 61
    lost = [
        (item["id"], path, leaf)
        for item in items
        for path, leaf in leaves(item)
        if not has(home(item["id"], path, leaf), path, leaf)
    ]
    assert not lost


def test_every_hardware_item_keeps_its_names_and_words(collected: dict[str, dict[str, Any]]) -> None:
    """Vendor, name, class, status, systems, offers, verdicts on the articles' figures, limits."""
    for item in collected["hardware"]["items"]:
        kept_item = CATALOG.hardware[item["id"]]
        assert (kept_item.vendor, kept_item.name, kept_item.hardware_class) == (item["vendor"], item["name"], item["class"])
        assert kept_item.status == item["availability"]["status"]
        determinism = item.get("determinism") or {"cls": ""}
        assert kept_item.determinism == determinism["cls"]
        notes = " ".join(fact.note for fact in kept_item.facts)
        for figure in item.get("seed_figures", []):
            assert figure["verdict"] in notes
        for field in ("limits", "tflops_note", "memory_note"):
            assert item.get(field, "") in kept_item.note
        homes = [kept_item, *(CATALOG.hardware[new] for (old, _), new in MOVED.items() if old == item["id"])]
        offers = {offer.instance for hardware in homes for offer in hardware.cloud}
        assert {offer["instance"] for offer in item.get("cloud", [])} <= offers
        systems = {system.name for hardware in homes for system in hardware.systems}
        without_chips = {unit["unit"] for unit in item.get("orderable", []) if "chips" not in unit}
        assert {unit["unit"] for unit in item.get("orderable", [])} - without_chips - {"EPYC 9655 96c"} <= systems


def test_every_claim_of_the_articles_is_kept(collected: dict[str, dict[str, Any]]) -> None:
    said = {(claim.source, claim.verdict.split(" ")[0]) for claim in CATALOG.claims}
    claims = collected["hardware"]["seed_claims"]
    assert len(CATALOG.claims) == len(claims)
    for claim in claims:
        assert (ARTICLES[claim["seed"]], claim["verdict"].split(" ")[0]) in said


def test_every_model_keeps_every_dimension_and_count(collected: dict[str, dict[str, Any]]) -> None:
    """Parameter counts, weights and cache bytes are computed by the catalog and must equal the collected ones exactly."""
    models = collected["models"]["models"]
    assert len(models) == 44
    for given in models:
        model = CATALOG.models[given["id"]]
        arch, params, cache = given["arch"], given["params"], given["kv_cache"]
        assert (model.layers, model.hidden, model.heads, model.kv_heads) == (
            arch["layers"],
            arch["hidden"],
            arch["heads"],
            arch["kv_heads"],
        )
        assert model.head_dim == arch["head_dim"] or (arch["head_dim"] is None and model.latent)
        assert (model.ffn_intermediate or None, model.ffn_gated, model.vocab) == (
            arch["ffn_intermediate"],
            arch["ffn_gated"],
            arch["vocab"],
        )
        assert dict(model.layer_kinds) == arch["layer_type_counts"]
        assert model.window_tokens == arch.get("window_or_chunk")
        assert model.tied_embeddings == arch["tie_embeddings"]
        assert (model.params_total, model.params_read) == (params["total"], params["active_per_token_read"])
        assert (model.params_embedding, model.params_lm_head) == (params["embedding"], params["lm_head"])
        assert (model.params_routed_total, model.params_routed_active) == (
            params["routed_experts_total"],
            params["routed_experts_active"],
        )
        assert model.kv_bytes_per_token_16bit == cache["bytes_per_token_fp16"] == 2 * cache["bytes_per_token_fp8"]
        assert model.window_kv_bytes_per_token_16bit == cache.get("window_bytes_per_token_fp16_until_window", 0)
        recurrent = cache.get("recurrent_state_bytes_per_sequence_bf16", 0) + cache.get("conv_state_bytes_per_sequence_bf16", 0)
        assert model.state_bytes == recurrent
        for name, size in given["weight_bytes"].items():
            assert model.weight_bytes[name] == pytest.approx(size, abs=1)
        assert model.sparse_attention_top_k == arch.get("dsa_indexer", {}).get("topk")
        assert (model.source, str(model.kind), model.date) == (
            given["source"]["ref"],
            given["source"]["kind"],
            given["source"]["date"],
        )
        assert (model.hf_id, model.licence) == (given["hf_id"], given.get("licence", ""))
        assert (model.max_context_tokens, model.pure_transformer) == (given["max_context"], given["is_pure_transformer"])
        facts = {fact.name: fact for fact in model.facts}
        for name, key in (("total", "published_total_B"), ("active", "published_active_B")):
            if (published := given.get("params_check", {}).get(key)) is not None:
                assert facts[f"published.{name}"].value == pytest.approx(published * 1e9)
        assert facts.get("index_bytes_per_token", Fact("", 0.0, "", model.kind, "")).value == cache.get(
            "dsa_index_key_bytes_per_token_fp8", 0
        )


def test_every_tco_input_is_kept_under_its_name(collected: dict[str, dict[str, Any]]) -> None:
    """Names are those of the collection; percentages stay fractions, kilowatts become watts."""
    found = 0
    for path, leaf in tco_leaves(collected["tco_inputs"]["inputs"]):
        fact = CATALOG.tco[".".join(path).replace("market_context_from_seeds", "market_context")]
        assert (fact.source, str(fact.kind), fact.date) == evidence(leaf)
        scale = 1e3 if path[-1].endswith("_kW") else 1e-3 if path[-1].endswith("_ms") else 1.0
        assert same(leaf, (scale,), fact.value), (path, leaf, fact)
        currency = leaf.get("currency", "USD")
        assert fact.unit.startswith(currency) or path[0] != "electricity_price"
        found += 1
    assert found >= 175


def tco_leaves(tree: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(tree, dict) and "v" in tree:
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from tco_leaves(value, (*path, str(key)))


def test_every_source_is_kept(shared: Path) -> None:
    rows = [
        line.strip().strip("|").split("|")
        for line in (shared / "facts" / "sources.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    listed = [[cell.strip() for cell in row] for row in rows if len(row) == 6 and row[4].strip() in "ABCD" and row[4].strip()]
    assert len(listed) > 160
    for name, _, date, kind, reliability, _ in listed:
        source = CATALOG.sources[ARTICLES.get(name, name)]
        assert (str(source.kind), source.reliability) == (kind, reliability)
        assert source.date == date.replace("undated (<=2025)", "undated, 2025 or before")
