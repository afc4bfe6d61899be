"""Loading: overlays replace single fields by id, every mistake is named with its file, and the version is the content's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.items import Kind
from catalog.load import DATA, load_catalog

CATALOG = load_catalog()
H200 = "nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard"


def overlay(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    (folder / name).write_text(text)
    return folder


def problems(folder: Path, text: str, name: str = "mine.yaml") -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog(overlay(folder, text, name))
    assert name in str(caught.value)
    return str(caught.value)


def test_the_catalog_is_whole() -> None:
    assert len(CATALOG.hardware) >= 61
    assert len(CATALOG.models) >= 44
    assert len(CATALOG.tco) >= 200
    assert len(CATALOG.profiles) >= 12
    assert len(CATALOG.claims) == 50


def test_it_is_read_once_per_process() -> None:
    assert load_catalog() is CATALOG


def test_a_negotiated_price_replaces_one_system_and_nothing_else(tmp_path: Path) -> None:
    """One line by system id; the published range does not survive beside the price that was agreed."""
    own = load_catalog(overlay(tmp_path, f"systems:\n  {H200}:\n    purchase: 250000 USD\n"))
    before, after = CATALOG.systems()[H200], own.systems()[H200]
    assert after.purchase_usd is not None
    assert (after.purchase_usd.value, after.purchase_usd.kind, after.purchase_usd.source) == (250_000.0, Kind.USER, "user")
    assert after.purchase_usd_low is None
    assert (after.power_w, after.chips, after.name, after.cooling) == (before.power_w, before.chips, before.name, before.cooling)
    assert {name for name in CATALOG.hardware if CATALOG.hardware[name] != own.hardware[name]} == {"nvidia-h200-sxm"}
    assert (own.models, own.tco) == (CATALOG.models, CATALOG.tco)


def test_a_value_may_cite_a_source_of_the_overlay(tmp_path: Path) -> None:
    text = """
sources:
  quote-17: {citation: Offer 17 of the reseller, date: 2026-11-02, kind: user, reliability: A}
hardware:
  nvidia-l4:
    systems:
      pcie-card:
        power: 100 W
        purchase:
          typical: {value: 2400 USD, source: quote-17, kind: user, date: 2026-11-02, note: 50 cards}
"""
    system = load_catalog(overlay(tmp_path, text)).systems()["nvidia-l4/pcie-card"]
    assert system.purchase_usd is not None
    assert (system.purchase_usd.value, system.purchase_usd.source, system.purchase_usd.note) == (2400.0, "quote-17", "50 cards")
    assert system.power_w is not None
    assert system.power_w.kind is Kind.USER


def test_a_later_overlay_wins_over_an_earlier_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("tco: {pue: {my_site: 1.4}}")
    second.write_text("tco: {pue: {my_site: 1.3}}")
    assert load_catalog(first, second).tco["pue.my_site"].value == 1.3
    assert load_catalog(second, first).tco["pue.my_site"].value == 1.4


def test_new_items_are_added(tmp_path: Path) -> None:
    text = """
hardware:
  acme-one:
    vendor: Acme
    name: One
    class: asic
    status: announced
    aliases: [Acme One]
    peak: {fp8: 500 TFLOPS}
    memory: {hbm: {kind: HBM3e, capacity: 96 GiB, bandwidth: 3 TB/s}}
    systems: {card: {name: Acme card, chips: 1, cooling: air, power: 400 W, purchase: $9000, racks: 0.05}}
models:
  acme-7b:
    family: acme
    max_context: 32768 tokens
    architecture: {layers: 32, hidden: 4096, heads: 32, kv_heads: 8, ffn_intermediate: 14336, vocab: 32000}
"""
    own = load_catalog(overlay(tmp_path, text))
    assert own.systems()["acme-one/card"].purchase_usd.value == 9000.0  # type: ignore[union-attr]
    assert own.models["acme-7b"].params_total == CATALOG.models["mistral-7b"].params_total


def test_null_makes_a_value_unknown_again(tmp_path: Path) -> None:
    own = load_catalog(overlay(tmp_path, f"systems: {{{H200}: {{power: null}}}}"))
    assert own.systems()[H200].power_w is None


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    assert load_catalog(overlay(tmp_path, "hardware:\nmodels:\n")).version == CATALOG.version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hardwear: {}", "hardwear: is not a section of a catalog file; did you mean 'hardware'?"),
        ("hardware: [1]", "hardware: must be a mapping of ids to items"),
        (
            "hardware: {nvidia-l4: {tpd: 72 W}}",
            "hardware.nvidia-l4: 'tpd' is not a field of a hardware item; did you mean 'tdp'?",
        ),
        (
            "hardware: {nvidia-l4: {tdp: 72}}",
            "hardware.nvidia-l4.tdp: '72' has no unit; write for example '72 kW' (W, kW, MW, GW)",
        ),
        ("hardware: {nvidia-l4: {tdp: true}}", "hardware.nvidia-l4.tdp: True is not a value"),
        ("hardware: {nvidia-l4: {tdp: -72 W}}", "is negative"),
        ("hardware: {nvidia-l4: {tdp: .nan}}", "is not a number that can be used"),
        ("hardware: {nvidia-l4: {tdp: {value: 72 W, sorce: x}}}", "'sorce' is not part of a value; did you mean 'source'?"),
        ("hardware: {nvidia-l4: {tdp: {source: aic}}}", "hardware.nvidia-l4.tdp: has no 'value'"),
        ("hardware: {nvidia-l4: {tdp: {value: 72 W, source: aix, kind: press}}}", "no `sources` section has the source 'aix'"),
        ("hardware: {nvidia-l4: {tdp: {value: 72 W, source: aic, kind: rumor}}}", "kind 'rumor' is not one of"),
        ("hardware: {nvidia-l4: {tdp: {value: 72 W, source: aic}}}", "kind '' is not one of"),
        ("hardware: {nvidia-l4: {class: gpus}}", "hardware.nvidia-l4.class: input should be 'gpu'"),
        ("hardware: {nvidia-l4: {peak: {fp17: 1 TFLOPS}}}", "hardware.nvidia-l4.peak.fp17: input should be 'fp32'"),
        ("hardware: {nvidia-l4: {systems: {pcie-card: {chips: 0}}}}", "chips: input should be greater than 0, not 0"),
        ("hardware: {nvidia-l4: {systems: {pcie-card: {chips: 1.5}}}}", "chips: input should be a valid integer, not 1.5"),
        (
            "hardware: {nvidia-l4: {systems: {pcie-card: {cooling: water}}}}",
            "cooling[0]: input should be 'air' or 'liquid', not 'water'",
        ),
        ("hardware: {nvidia-l4: {name: 4}}", "hardware.nvidia-l4.name: input should be a valid string, not 4"),
        ("hardware: {nvidia-l44: {tdp: 72 W}}", "hardware.nvidia-l44: the catalog has no such item; did you mean 'nvidia-l4'?"),
        (
            "hardware: {acme: {vendor: A, name: B, class: gpu, status: shipping, aliases: [H100]}}",
            "hardware.acme.aliases: 'h100' names nvidia-h100-sxm already",
        ),
        ("hardware: {taalas-hc1: {wired_model: llama-3.1-9b}}", "wired_model: 'llama-3.1-9b' is no model of the catalog"),
        ("systems: {nvidia-l4: {power: 1 W}}", "systems.nvidia-l4: must be named <hardware id>/<unit>"),
        ("systems: {nvidia-l4/pci-card: {power: 1 W}}", "hardware.nvidia-l4.systems.pci-card.name: is missing; add it"),
        ("models: {llama-3.1-8b: {max_context: 0}}", "max_context: input should be greater than 0"),
        ("models: {phi-4: {architecture: {layer_kinds: {slidin: 40}}}}", "'slidin' is no kind of layer; did you mean 'sliding'?"),
        ("models: {phi-4: {architecture: {layer_kinds: {full: 39}}}}", "layer_kinds count 39 layers, `layers` says 40"),
        ("models: {phi-4: {architecture: {layer_kinds: {sliding: 40}}}}", "layers with a window need `window`"),
        (
            "models: {phi-4: {architecture: {layer_kinds: {gdn: 40}}}}",
            "`gated_delta` describes the gdn layers; give both or neither",
        ),
        ("models: {phi-4: {architecture: {kv_heads: 41}}}", "41 kv_heads are more than 40 heads"),
        ("models: {phi-4: {architecture: {layers: 2000000000}}}", "less than or equal to 1000000000"),
        ("tco: {pue: {mine: [1]}}", "tco.pue.mine"),
        ("tco: {pue: {mine: {value: true}}}", "tco.pue.mine: True is not a value"),
        ("a: &x 1\nb: *x", "the alias *x is not allowed"),
        ("hardware: {a: 1, a: 2}", "the key 'a' stands twice"),
        ("- hardware", "holds a list"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    assert message in problems(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = problems(tmp_path, "hardware: {nvidia-l4: {tdp: 72 parsec, precisions: [fp99]}}\nmodels: {phi-4: {famly: x}}")
    assert all(place in text for place in ("nvidia-l4.tdp", "nvidia-l4.precisions[0]", "models.phi-4"))


def test_an_id_stands_in_one_file_of_a_folder_only(tmp_path: Path) -> None:
    overlay(tmp_path, "hardware: {nvidia-l4: {tdp: 70 W}}", "a.yaml")
    assert "hardware.nvidia-l4: stands also in" in problems(tmp_path, "hardware: {nvidia-l4: {tdp: 71 W}}", "b.yaml")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="absent: is neither a folder nor a file"):
        load_catalog(tmp_path / "absent")


def test_a_folder_without_end_is_refused(tmp_path: Path) -> None:
    """By its size on disk, before anything is read."""
    for number in range(9):
        with (tmp_path / f"{number}.yaml").open("wb") as file:
            file.truncate(4 * 2**20)
    with pytest.raises(CatalogError, match="a catalog may have at most 33,554,432"):
        load_catalog(tmp_path)


def test_the_version_is_of_the_content_and_not_of_its_files(tmp_path: Path) -> None:
    """The same items in one file or two, in any order: one version; another value: another version."""
    one, two, other = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    for folder in (one, two, other):
        folder.mkdir()
    overlay(one, "tco: {pue: {a: 1.1, b: 1.2}}\nhardware: {nvidia-l4: {tdp: 70 W}}")
    overlay(two, "hardware: {nvidia-l4: {tdp: 70 W}}", "z.yaml")
    overlay(two, "tco: {pue: {b: 1.2, a: 1.1}}", "a.yaml")
    overlay(other, "tco: {pue: {a: 1.1, b: 1.3}}\nhardware: {nvidia-l4: {tdp: 70 W}}")
    versions = [load_catalog(folder).version for folder in (one, two, other)]
    assert versions[0] == versions[1] != versions[2]
    assert CATALOG.version not in versions
    assert len(CATALOG.version) == 64


def test_no_value_of_the_built_in_catalog_is_without_a_source() -> None:
    """Leaving out the source is a convenience for a person's own figures; the built-in files cite every value."""
    for text in (path.read_text() for path in sorted(DATA.glob("hardware/*.yaml"))):
        assert "kind: user" not in text
    users = [fact.name for fact in CATALOG.tco.values() if fact.kind is Kind.USER]
    users += [f"{item.id}.{fact.name}" for item in CATALOG.hardware.values() for fact in item.facts if fact.kind is Kind.USER]
    users += [item.id for item in CATALOG.hardware.values() if item.tdp_w and item.tdp_w.kind is Kind.USER]
    users += [item.id for item in CATALOG.models.values() if item.kind is Kind.USER]
    assert not users


def test_a_cold_load_takes_less_than_a_second() -> None:
    """In a process of its own, by its CPU time: what a command waits for before it can begin."""
    code = "import time; from catalog.load import load_catalog; t = time.process_time(); load_catalog(); print(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=DATA.parents[1])
    assert float(done.stdout) < 1.0
