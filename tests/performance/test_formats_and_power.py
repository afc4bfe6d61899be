"""What formats cost and what chips draw."""

from __future__ import annotations

import pytest

from catalog.items import Precision
from planner.errors import Unsupported
from planner.performance.book import Book
from planner.performance.factors import Coefficients
from planner.performance.formats import FORMATS, kv_element_bytes, peak_flops, weight_format
from planner.performance.power import DEFAULT_SHARES, power_of
from planner.performance.traits import architecture, generation, link, maker, mixture, segment

EMPTY = Book(Coefficients({}, {}), {}, {}, frozenset(), frozenset())


def test_every_precision_of_the_catalog_has_a_format():
    assert set(FORMATS) == set(Precision)


def test_arithmetic_falls_back_to_what_the_chip_publishes(catalog):
    """An A100 has no FP8: its 8-bit weights run at the 312 TFLOP/s of 16 bit (INT8 arithmetic is for INT8 weights)."""
    a100, b200 = catalog.hardware["nvidia-a100-sxm-80g"], catalog.hardware["nvidia-b200-sxm"]
    assert peak_flops(a100, weight_format(Precision.BF16).arithmetic, 1.0) == pytest.approx(312e12)
    assert peak_flops(b200, weight_format(Precision.FP8).arithmetic, 1.0) == pytest.approx(4500e12, rel=0.01)
    assert peak_flops(a100, weight_format(Precision.INT4).arithmetic, 1.0) == pytest.approx(312e12)


def test_a_chip_without_any_published_peak_is_not_guessed(catalog):
    with pytest.raises(Unsupported, match="no peak"):
        peak_flops(catalog.hardware["lumai-iris-nova"], weight_format(Precision.BF16).arithmetic, 1.0)


def test_only_formats_that_engines_keep_caches_in_are_allowed():
    assert kv_element_bytes(Precision.FP8) == 1.0
    with pytest.raises(Unsupported, match="no engine keeps a KV cache in mxint4"):
        kv_element_bytes(Precision.MXINT4)


def test_watts_mix_idle_and_busy_time(h100):
    """Half the time in decode: half way between idle and decode."""
    power = power_of(h100, EMPTY)
    idle, busy = power.watts("idle"), power.watts("decode")
    assert power.watts("decode", 0.5) == pytest.approx((idle + busy) / 2)
    assert busy == pytest.approx(700 * DEFAULT_SHARES["decode"])


def test_no_nameplate_no_watts(catalog):
    unknown = next(item for item in catalog.hardware.values() if item.tdp_w is None)
    assert power_of(unknown, EMPTY).watts("decode") is None


def test_traits_name_families_not_products(catalog):
    hardware, models = catalog.hardware, catalog.models
    assert segment(hardware["nvidia-b300-sxm"]) == segment(hardware["amd-mi355x"]) == "datacentre_gpu"
    assert segment(hardware["nvidia-rtx-4090"]) == "workstation_gpu"
    assert segment(hardware["groq-lpu-v1"]) == segment(hardware["taalas-hc1"]) == "statically_scheduled"
    assert generation(hardware["nvidia-b300-sxm"]) == generation(hardware["nvidia-b200-sxm"])
    assert maker(hardware["amd-mi300x"]) == "amd"
    assert link(hardware["nvidia-gb200-nvl72"]) == "nvlink"
    assert [architecture(models[name]) for name in ("llama-3.1-8b", "mixtral-8x7b", "deepseek-r1", "jamba-v0.1")] == [
        "dense", "moe", "mla", "hybrid",
    ]  # fmt: skip
    assert [mixture(models[name]) for name in ("llama-3.1-8b", "mixtral-8x7b", "deepseek-r1")] == ["", "coarse", "fine"]
