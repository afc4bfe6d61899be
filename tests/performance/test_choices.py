"""Layouts worth offering."""

from __future__ import annotations

import pytest

from catalog.items import Precision
from planner.errors import Unsupported
from planner.performance.choices import feasible_layouts, smallest_layout
from planner.performance.layout import Layout

FP8, BF16 = Precision.FP8, Precision.BF16


def test_the_smallest_that_fits_comes_first_then_larger_ones(catalog, h100, llama_70b):
    layouts = feasible_layouts(h100, 8, llama_70b, BF16, BF16)
    assert layouts[0] == Layout(tp=2)
    assert Layout(tp=8) in layouts
    assert Layout() not in layouts


def test_chips_divide_a_system_or_are_whole_systems(catalog, llama_70b):
    for name, chips in (("nvidia-h100-sxm", 8), ("nvidia-gb200-nvl72", 72), ("aws-inferentia2", 12)):
        for layout in feasible_layouts(catalog.hardware[name], chips, llama_70b, BF16, BF16):
            assert chips % layout.chips == 0 or layout.chips % chips == 0


def test_mixtures_may_spread_experts_over_attention_ranks(catalog):
    layouts = feasible_layouts(catalog.hardware["nvidia-gb200-nvl72"], 72, catalog.models["deepseek-r1"], FP8, FP8)
    assert any(layout.dp_attention > 1 and layout.ep == layout.dp_attention for layout in layouts)


def test_sram_chips_are_pipelined_over_as_many_as_hold_the_weights(catalog, llama_70b):
    """70.6 GB of 8-bit weights over 0.23 GB a chip."""
    smallest = smallest_layout(catalog.hardware["groq-lpu-v1"], 64, llama_70b, FP8, FP8)
    assert smallest.pp >= 70.6 / 0.23
    assert smallest.pp % 64 == 0


def test_wired_chips_have_one_layout(catalog, llama_8b, llama_70b):
    chip = catalog.hardware["taalas-hc1"]
    assert feasible_layouts(chip, 1, llama_8b, Precision.INT4, BF16) == [Layout()]
    with pytest.raises(Unsupported, match="wired in"):
        feasible_layouts(chip, 1, llama_70b, Precision.INT4, BF16)


def test_what_no_layout_holds_says_how_much_it_needs(catalog):
    with pytest.raises(Unsupported, match=r"needs .* GB; no layout"):
        smallest_layout(catalog.hardware["nvidia-rtx-3060"], 1, catalog.models["deepseek-r1"], FP8, FP8)
