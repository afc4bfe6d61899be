"""What the page on cost of ownership says is what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.load import load_catalog
from planner.economics.definitions import FIGURES
from planner.economics.gpu_hour import accelerator_hour, ownership_bases
from planner.economics.templates import CARBON_LINES, COST_LINES, NEVER_COUNTED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "economics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", [*COST_LINES, *CARBON_LINES], ids=lambda template: template.id)
def test_every_line_stands_on_the_page_with_its_formula(template: object) -> None:
    """Name, product and why it is off."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{template.id}` |"))
    assert template.formula in row
    assert template.why_off in row


def test_every_figure_and_every_omission_stands_on_the_page() -> None:
    """With the words that a report prints."""
    assert all(f"| `{name}` | {figure.unit} | {figure.words} |" in PAGE for name, figure in FIGURES.items())
    assert all(words in PAGE for words in NEVER_COUNTED)


@pytest.mark.parametrize(
    ("name", "hardware_id"),
    [
        ("H100 SXM", "nvidia-h100-sxm"),
        ("H200 SXM", "nvidia-h200-sxm"),
        ("B200 SXM", "nvidia-b200-sxm"),
        ("GB200 NVL72", "nvidia-gb200-nvl72"),
        ("MI300X", "amd-mi300x"),
    ],
)
def test_the_table_of_accelerator_hours_is_what_the_code_computes(name: str, hardware_id: str) -> None:
    """Two decimals of each way of owning."""
    catalog = load_catalog()
    hardware = catalog.hardware[hardware_id]
    system = max(hardware.systems, key=lambda one: one.chips)
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
    for basis in ownership_bases(catalog).values():
        assert f"| {accelerator_hour(hardware, system, basis, catalog).total_usd:.2f} / " in row
