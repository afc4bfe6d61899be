"""`splitfleet catalog audit`, and the page of documentation that it writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from api.command_line import run
from tools.audit_docs import PAGE, page

OURS = re.compile(
    r"(?:stated with speculative decoding, )?(?:within|faster than|slower than) our prediction[^,|]*, ([\d.,]+)[^)]*\)"
)


def test_the_page_is_what_the_catalog_says_today() -> None:
    """`make schemas` brings it up to date; our predictions on it may be a refit of the coefficients old, but not far off."""
    written, today = PAGE.read_text(encoding="utf-8"), page()
    assert OURS.sub("", written) == OURS.sub("", today)
    then, now = ([float(value.replace(",", "")) for value in OURS.findall(text)] for text in (written, today))
    assert len(then) > 30
    assert now == pytest.approx(then, rel=0.5)


def test_json_holds_every_claim_with_its_verdict_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "audit", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) > 50
    assert all(row["verdict"] and row["explanation"] and row["citation"] for row in rows)
    groq = next(row for row in rows if row["id"] == "ainews-llama-3-70b-groq-x1")
    assert (groq["verdict"], groq["fewest_chips"], groq["claimed"], groq["unit"]) == ("impossible", 316, 0.008, "s")


def test_one_kind_of_hardware_by_its_alias(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "audit", "--hardware", "Cerebras CS-3", "--json"]) == 0
    assert {row["hardware"] for row in json.loads(capsys.readouterr().out)} == {"cerebras-cs3"}


def test_the_table_begins_with_what_is_impossible(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "audit", "--hardware", "groq-lpu-v1"]) == 0
    out = capsys.readouterr().out
    assert out.index("impossible") < out.index("possible only with")
    assert "published speeds:" in out


def test_unknown_hardware_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "audit", "--hardware", "acme-nine"]) == 2
    assert "acme-nine" in capsys.readouterr().err


def test_an_overlays_claim_is_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text("speeds:\n  own: {hardware: L40S, model: llama-3-70b, chips: 1, ttft: 1 ms}\n")
    assert run(["catalog", "audit", "--catalog", str(tmp_path), "--hardware", "nvidia-l40s", "--json"]) == 0
    assert "own" in {row["id"] for row in json.loads(capsys.readouterr().out)}


def test_a_speed_without_a_figure_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text("speeds:\n  own: {hardware: L40S, model: llama-3-70b}\n")
    assert run(["catalog", "audit", "--catalog", str(tmp_path)]) == 2
    assert "has no figure" in capsys.readouterr().err
