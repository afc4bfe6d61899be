"""The commands `catalog list`, `show` and `check`, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.command_line import run
from catalog.load import load_catalog

CATALOG = load_catalog()
H200 = "nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a successful command prints."""
    assert run(["catalog", *arguments]) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command that is refused says; nothing goes to stdout, and no traceback."""
    assert run(["catalog", *arguments]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("hardware", CATALOG.hardware),
        ("models", CATALOG.models),
        ("systems", CATALOG.systems()),
        ("profiles", CATALOG.profiles),
        ("tco", CATALOG.tco),
        ("sources", CATALOG.sources),
    ],
)
def test_every_item_is_listed(capsys: pytest.CaptureFixture[str], kind: str, names: dict[str, object]) -> None:
    text = answer(capsys, "list", "--kind", kind)
    rows = json.loads(answer(capsys, "list", "--kind", kind, "--json"))
    assert [row.get("id", row.get("name")) for row in rows] == list(names)
    assert all(name in text for name in names)


def test_the_list_can_be_narrowed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(answer(capsys, "list", "--class", "sram_lpu", "--json"))
    assert {row["id"] for row in rows} == {"groq-lpu-v1", "nvidia-groq3-lpx"}
    rows = json.loads(answer(capsys, "list", "--class", "sram_lpu", "--status", "shipping", "--json"))
    assert [row["id"] for row in rows] == ["groq-lpu-v1"]


def test_json_is_in_si_units_and_unknown_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["id"]: row for row in json.loads(answer(capsys, "list", "--json"))}
    assert rows["nvidia-h200-sxm"]["memory_bandwidth_bytes_s"] == 4.8e12
    assert rows["cerebras-wse4"]["memory_bytes"] is None


def test_an_item_is_shown_with_the_evidence_of_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "show", "NVIDIA B200")
    for piece in (
        "8 TB/s",
        "mleng, datasheet, 2026-08-22",
        "aic uses 7.7",
        "conflict: NVIDIA aiconfigurator lists PCIe 6.0",
        "14.3 kW",
    ):
        assert piece in text
    assert "github:ai-dynamo/aiconfigurator@095f58a" in text


def test_shown_as_json_an_item_keeps_the_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    item = json.loads(answer(capsys, "show", "nvidia-h100-sxm", "--json"))
    assert item["tdp_w"] == {
        "value": 700.0,
        "source": "mleng",
        "kind": "datasheet",
        "date": "2026-08-22",
        "note": "",
        "conflict": "",
    }


@pytest.mark.parametrize(
    "name", [H200, "llama3.3-70b", "chat_realtime", "pue", "pue.defaults_by_facility.enterprise_air", "mleng"]
)
def test_everything_in_the_catalog_can_be_shown(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert answer(capsys, "show", name).strip()
    assert json.loads(answer(capsys, "show", name, "--json"))


def test_every_hardware_item_and_model_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*list(CATALOG.hardware)[::8], *list(CATALOG.models)[::8]):
        assert name in answer(capsys, "show", name)


def test_an_unknown_name_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'nvidia-h100-sxm'" in refusal(capsys, "show", "nvidia-h100-smx")
    assert "did you mean 'hardware'" in refusal(capsys, "list", "--kind", "hardwear")
    assert "'gpu'" in refusal(capsys, "list", "--class", "gpus")
    assert "did you mean 'shipping'" in refusal(capsys, "list", "--status", "shiping")


def test_own_prices_are_listed_and_shown_in_place_of_the_published_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "prices.yaml").write_text(f"systems: {{{H200}: {{purchase: 250000 USD}}}}")
    rows = json.loads(answer(capsys, "list", "--kind", "systems", "--catalog", str(tmp_path), "--json"))
    assert next(row["purchase_usd"] for row in rows if row["id"] == H200) == 250_000
    assert "250000 USD  user, user" in answer(capsys, "show", H200, "--catalog", str(tmp_path))


def test_a_valid_folder_is_told_what_it_changes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(f"systems: {{{H200}: {{purchase: 250000 USD}}}}\ntco: {{pue: {{mine: 1.2}}}}")
    assert "valid; 1 hardware changed, 1 TCO inputs added" in answer(capsys, "check", str(tmp_path))
    assert "it changes nothing" in answer(capsys, "check", str(_empty(tmp_path)))


def test_a_folder_with_mistakes_is_refused_with_all_of_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("hardware: {nvidia-l4: {tdp: 72}}")
    (tmp_path / "b.yaml").write_text("models: {phi-4: {max_contxt: 1}}")
    said = refusal(capsys, "check", str(tmp_path))
    assert "a.yaml: hardware.nvidia-l4.tdp: '72' has no unit" in said
    assert "b.yaml: models.phi-4: 'max_contxt' is not a field of a model; did you mean 'max_context'?" in said
    assert "is neither a folder nor a file" in refusal(capsys, "check", str(tmp_path / "absent"))


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"
