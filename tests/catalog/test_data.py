"""The built-in data: physics, neighbours and arithmetic agree, and every exception is one that docs/catalog-review.md explains."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from catalog.items import Fact, Hardware, HardwareClass, Kind, Model, Precision, Sourced
from catalog.load import DATA, load_catalog
from catalog.yaml_reader import read_yaml

CATALOG = load_catalog()
HARDWARE = list(CATALOG.hardware.values())
SRAM_CLASSES = {HardwareClass.SRAM_LPU, HardwareClass.SRAM_WAFER, HardwareClass.IN_MEMORY}


def value(sourced: Sourced | None) -> float | None:
    return None if sourced is None else sourced.value


def sourced_values(item: Hardware) -> Iterator[Sourced]:
    """Yield every typed value of an item."""
    yield from (*item.peak_flops.values(), *item.sparse_peak_flops.values(), *item.measured_matmul_flops.values())
    for tier in item.memory:
        yield from filter(None, (tier.capacity_bytes, tier.bandwidth_bytes_s, tier.effective_fraction))
    for system in item.systems:
        yield from filter(None, (system.power_w, system.purchase_usd_low, system.purchase_usd, system.purchase_usd_high))
    for offer in item.cloud:
        yield from filter(None, (offer.on_demand_usd_chip_h, *offer.reserved_usd_chip_h.values()))
    yield from filter(
        None, (item.tdp_w, item.scale_out_bytes_s, item.host_link_bytes_s, item.book_life_years, item.economic_life_years)
    )


def test_every_value_has_a_source_a_kind_and_a_date() -> None:
    for item in HARDWARE:
        for one in (*sourced_values(item), *item.facts):
            assert one.source in CATALOG.sources, (item.id, one)
            assert one.kind is not Kind.USER
            assert re.match(r"\d{4}|undated|n/a", one.date), (item.id, one)
    for fact in CATALOG.tco.values():
        assert fact.source in CATALOG.sources
        assert re.match(r"\d{4}|undated", fact.date), fact


def test_articles_are_cited_by_publication() -> None:
    """No value, note or source speaks of a file or folder of the collection."""
    for path in DATA.rglob("*.yaml"):
        assert not re.search(r"seed-0|seeds/|tco_inputs|hardware\.yaml|models\.yaml|sources\.md", path.read_text()), path
    assert "The Register" in CATALOG.sources["the-register-2026"].citation
    assert "Towards AI" in CATALOG.sources["towards-ai-2026"].citation


def test_one_file_per_vendor_or_family_and_none_too_long_to_read() -> None:
    for folder, section, key in (("hardware", "hardware", "vendor"), ("models", "models", "family")):
        for path in (DATA / folder).glob("*.yaml"):
            items = read_yaml(path)[section]
            assert isinstance(items, Mapping)
            makers = {str(item[key]) for item in items.values()}
            assert len(makers) == 1 or path.stem == "measured-others", path
            assert len(path.read_text().splitlines()) < 1200, path


def test_a_sparse_peak_is_above_and_a_measured_rate_below_the_dense_peak() -> None:
    for item in HARDWARE:
        for precision, sparse in item.sparse_peak_flops.items():
            if precision in item.peak_flops:
                assert sparse.value > item.peak_flops[precision].value, item.id
        for precision, measured in item.measured_matmul_flops.items():
            assert 0.4 < measured.value / item.peak_flops[precision].value < 1, item.id


# Parts whose ratios are odd in truth; docs/catalog-review.md says why.
ODD_FP8 = {"intel-gaudi3", "google-tpu-v6e", "nvidia-vera-rubin-nvl72", "tenstorrent-p150a"}


def test_halving_the_bits_doubles_the_rate() -> None:
    """8-bit floats run at twice the 16-bit rate, 4-bit floats at two to four times the 8-bit one."""
    for item in HARDWARE:
        peaks = {precision: one.value for precision, one in item.peak_flops.items()}
        wide = peaks.get(Precision.BF16, peaks.get(Precision.FP16))
        if wide and Precision.FP8 in peaks and item.id not in ODD_FP8 and item.hardware_class is not HardwareClass.RISCV:
            assert peaks[Precision.FP8] / wide == pytest.approx(2, rel=0.05), item.id
        four = peaks.get(Precision.NVFP4, peaks.get(Precision.MXFP4))
        if four and Precision.FP8 in peaks:
            assert 1.95 < four / peaks[Precision.FP8] < 4.05, item.id


def test_compute_per_byte_is_that_of_its_class() -> None:
    """16-bit FLOP per byte of the first memory: tens to hundreds for DRAM, below 20 for SRAM that feeds the units directly."""
    little_bandwidth = {"nvidia-jetson-agx-thor"}
    for item in HARDWARE:
        peaks = [one.value for precision, one in item.peak_flops.items() if precision in (Precision.BF16, Precision.FP16)]
        bandwidth = value(item.memory[0].bandwidth_bytes_s) if item.memory else None
        if not peaks or not bandwidth or item.id in little_bandwidth:
            continue
        ratio = max(peaks) / bandwidth
        low, high = (0.5, 20) if item.hardware_class in SRAM_CLASSES else (15, 700)
        assert low < ratio < high, (item.id, ratio)


def test_dram_is_binary_and_usable_capacity_is_not_above_the_printed_one() -> None:
    """The printed gigabytes are binary: usable bytes lie between 0.93 and 1 of them."""
    for item in HARDWARE:
        nominal = [one.value for one in item.facts if one.name.endswith(".nominal")]
        for printed in nominal:
            usable = value(item.memory[0].capacity_bytes)
            assert usable is not None
            assert isinstance(printed, float)
            assert 0.93 < usable / (printed / 1e9 * 2**30) <= 1.0, item.id


def test_a_system_draws_more_than_its_chips() -> None:
    """A figure for the chips alone is not the system's; a wafer system and its chip are one thing."""
    for item in HARDWARE:
        for system in item.systems:
            if system.power_w is None or item.tdp_w is None or item.id == "cerebras-cs3":
                continue
            assert 1.2 < system.power_w.value / (item.tdp_w.value * system.chips) < 2.1, system.id


def test_prices_are_in_order() -> None:
    for item in HARDWARE:
        for system in item.systems:
            prices = [one.value for one in (system.purchase_usd_low, system.purchase_usd, system.purchase_usd_high) if one]
            assert prices == sorted(prices), system.id
        for offer in item.cloud:
            reserved = [price.value for _, price in sorted(offer.reserved_usd_chip_h.items())]
            all_prices = [one.value for one in (offer.on_demand_usd_chip_h,) if one] + reserved
            assert all_prices == sorted(all_prices, reverse=True), offer.id
            assert all(0.2 < price < 20 for price in all_prices), offer.id


def test_a_manufacturing_cost_is_not_a_price() -> None:
    for name in ("google-tpu-v5e", "google-tpu-v5p", "google-tpu-v6e"):
        item = CATALOG.hardware[name]
        assert all(system.purchase_usd is None for system in item.systems)
        assert any(one.name.endswith(".manufacturing_cost") for one in item.facts)


def test_a_bare_card_has_no_power_of_a_system() -> None:
    """The card's TDP is not the host's: unknown stays unknown."""
    bare = ("nvidia-l40s/pcie-card-dual-slot-passive", "nvidia-h100-pcie/pcie-card", "nvidia-rtx-pro-6000-server/pcie-card")
    chips_only = ("nvidia-a100-pcie-80g/a100-pcie-80gb-card", "groq-lpu-v1/deployment-for-70b-int8")
    for name in (*bare, *chips_only, "tenstorrent-galaxy-blackhole/6u-server"):
        assert CATALOG.systems()[name].power_w is None


def test_an_instance_of_eight_has_eight_chips() -> None:
    offers = {offer.instance: offer for item in HARDWARE for offer in item.cloud}
    for name in ("BM.GPU.H100.8", "BM.GPU.H200.8", "BM.GPU.B200.8", "8x H100 SXM", "p5.48xlarge"):
        assert offers[name].chips == 8
    assert offers["p5.48xlarge"].on_demand_usd_chip_h is not None


def test_what_benchmarks_name_cannot_be_planned_without_figures() -> None:
    """Items added because measurements name them carry no invented price or power of a system."""
    for path in (DATA / "hardware").glob("measured-*.yaml"):
        items = read_yaml(path)["hardware"]
        assert isinstance(items, Mapping)
        for name in items:
            for system in CATALOG.hardware[name].systems:
                assert system.purchase_usd is None or system.power_w is None


ROUNDED = {
    "gemma-3-4b", "gemma-3-12b", "kimi-k2", "kimi-k2.5", "llama-2-70b", "mistral-small-3-24b", "nemotron-3-nano-30b-a3b",
}  # fmt: skip


@pytest.mark.parametrize("model", list(CATALOG.models.values()), ids=lambda model: model.id)
def test_a_models_computed_size_is_the_published_one(model: Model) -> None:
    """Within 1.2 %, the makers' rounding; the exceptions round further."""
    published = next((one for one in model.facts if one.name == "published.total"), None)
    if isinstance(published, Fact) and isinstance(published.value, float):
        assert model.params_total == pytest.approx(published.value, rel=0.06 if model.id in ROUNDED else 0.012)
    assert 0 < model.params_read <= model.params_total
    assert sum(model.layer_kinds.values()) == model.layers
    assert model.kv_heads <= model.heads
    assert model.weight_bytes["fp16"] == 2 * model.params_total
