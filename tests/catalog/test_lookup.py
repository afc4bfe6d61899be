"""Lookup: an item is found by any name people give it, and never by guessing."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import UnknownNameError
from catalog.load import load_catalog
from catalog.lookup import find_hardware, find_model, find_system, name_clashes, normal, resolve

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("nvidia-h100-sxm", "nvidia-h100-sxm"),
        ("NVIDIA H100 SXM", "nvidia-h100-sxm"),
        ("nvidia_h100-sxm", "nvidia-h100-sxm"),
        ("h100", "nvidia-h100-sxm"),
        ("AMD MI355X", "amd-mi355x"),
        ("Google TPU v6e", "google-tpu-v6e"),
        ("TPU7x", "google-tpu-v7-ironwood"),
        ("Tenstorrent Wormhole n150", "tenstorrent-n150"),
        ("Intel Gaudi3", "intel-gaudi3"),
        ("AWS Trainium2", "aws-trainium2"),
        ("NVIDIA RTX PRO 6000 Blackwell", "nvidia-rtx-pro-6000-server"),
        ("NVIDIA GB10 (DGX Spark)", "nvidia-dgx-spark"),
        ("NVIDIA Jetson AGX Thor", "nvidia-jetson-agx-thor"),
        ("SambaNova SN40L", "sambanova-sn40l"),
        ("Apple M1 (8-core GPU?)", "apple-m1-8-core"),
        ("NVIDIA A100 40GB SXM", "nvidia-a100-sxm-40g"),
    ],
)
def test_hardware_is_found_by_the_names_that_benchmarks_use(name: str, item: str) -> None:
    assert find_hardware(CATALOG, name).id == item


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("llama3.3-70b", "llama-3.3-70b"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b"),
        ("Llama 3 8B", "llama-3-8b"),
        ("gpt-oss-120b", "gpt-oss-120b"),
        ("qwen3.5-397b-a17b", "qwen3.5-397b-a17b"),
        ("minimax-m2.5", "minimax-m2.5"),
        ("kimi-k2.5", "kimi-k2.5"),
        ("glm-5", "glm-5"),
        ("phi4-14b", "phi-4"),
        ("opt-1.3b", "opt-1.3b"),
        ("opt-13b", "opt-13b"),
    ],
)
def test_models_are_found_by_the_names_that_benchmarks_use(name: str, item: str) -> None:
    assert find_model(CATALOG, name).id == item


def test_a_system_is_found_under_any_name_of_its_hardware() -> None:
    system = find_system(CATALOG, "NVIDIA H200/HGX H200 8-GPU server baseboard")
    assert system.id == "nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard"
    assert find_system(CATALOG, system.id) is resolve(CATALOG, system.id)


@pytest.mark.parametrize("name", ["nvidia-h100-smx", "llama-3.3-7b", "", "x" * 1000, "nvidia-h100-sxm/hgx", "/", "a/b/c"])
def test_a_name_that_is_nobodys_is_refused_and_never_guessed(name: str) -> None:
    for find in (find_hardware, find_model, find_system, resolve):
        with pytest.raises(UnknownNameError, match="the catalog has no"):
            find(CATALOG, name)


def test_the_nearest_names_are_offered() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nvidia-h100-sxm'"):
        find_hardware(CATALOG, "nvidia-h100-smx")


def test_points_and_hyphens_count_between_digits_only() -> None:
    assert normal("Llama-3.1 8B") == normal("llama3.1-8b") == "llama3.1-8b"
    assert normal("opt-1.3b") != normal("opt-13b")
    assert normal("qwen2-7b") != normal("qwen-27b")


def test_no_name_means_two_items() -> None:
    assert not name_clashes(CATALOG.hardware)
    assert not name_clashes(CATALOG.models)


def test_every_measured_hardware_and_model_is_known(shared: Path) -> None:
    """Every name in the calibration set and the claims resolves, but for models whose configuration was not published."""
    import pandas as pd

    unpublished = {"gemma-4-e2b", "gemma-4-e4b", "deepseek-v4-pro", "kimi-k2.6", "unspecified trillion-parameter MoE"}
    for file in ("calibration.csv.gz", "claims.csv", "sram_class_and_claims.csv"):
        table = pd.read_csv(shared / "measurements" / file, usecols=["hardware", "model"])
        for name in table["hardware"].dropna().unique():
            assert find_hardware(CATALOG, name)
        for name in set(table["model"].dropna()) - unpublished:
            assert find_model(CATALOG, name)
