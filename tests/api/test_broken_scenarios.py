"""Every broken scenario gets a message that names the field, exit code 2, no traceback, and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_scenario import SMALL

from api.command_line import run

ALIAS_BOMB = """\
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]
"""
BATCH = "    kind: batch\n    demand: {profile: batch_summarization, rate: 1000 requests/day}\n"

# name: (text in the valid scenario, what stands there instead, field that the message must name)
EDITS: dict[str, tuple[str, str, str]] = {
    "version_missing": ("splitfleet: 1\n", "", "splitfleet"),
    "version_unknown": ("splitfleet: 1", "splitfleet: 9", "splitfleet"),
    "id_missing": ("id: small\n", "", "id"),
    "id_climbs_out_of_the_folder": ("id: small", "id: ../../etc", "id"),
    "id_with_spaces": ("id: small", "id: my plan", "id"),
    "title_missing": ("title: One chat service in one small hall\n", "", "title"),
    "title_a_number": ("title: One chat service in one small hall", "title: 7", "title"),
    "title_endless": ("title: One chat", "title: " + "x" * 500, "title"),
    "horizon_missing": ("horizon: {start: 2027-01-01, periods: 2, period: year}\n", "", "horizon"),
    "date_impossible": ("2027-01-01", "2027-02-30", "horizon.start"),
    "date_thirteenth_month": ("2027-01-01", "2027-13-01", "horizon.start"),
    "date_in_words": ("2027-01-01", "next spring", "horizon.start"),
    "date_of_another_age": ("2027-01-01", "1027-01-01", "horizon.start"),
    "periods_none": ("periods: 2", "periods: 0", "horizon.periods"),
    "periods_negative": ("periods: 2", "periods: -4", "horizon.periods"),
    "periods_too_many": ("periods: 2", "periods: 1000000", "horizon.periods"),
    "periods_a_fraction": ("periods: 2", "periods: 2.5", "horizon.periods"),
    "periods_a_yes": ("periods: 2", "periods: true", "horizon.periods"),
    "periods_huge": ("periods: 2", "periods: " + "9" * 60, "horizon.periods"),
    "periods_endless_digits": ("periods: 2", "periods: " + "9" * 5000, "horizon.periods"),
    "period_unknown": ("period: year", "period: week", "horizon.period"),
    "workloads_missing": (SMALL[SMALL.index("workloads:") : SMALL.index("sites:")], "", "workloads"),
    "workloads_empty": (SMALL[SMALL.index("workloads:") : SMALL.index("sites:")], "workloads: []\n", "workloads"),
    "workloads_a_mapping": (SMALL[SMALL.index("workloads:") : SMALL.index("sites:")], "workloads: {id: chat}\n", "workloads"),
    "workload_null": (SMALL[SMALL.index("workloads:") : SMALL.index("sites:")], "workloads: [null]\n", "workloads[0]"),
    "workload_id_twice": (
        "workloads:\n",
        "workloads:\n" + SMALL[SMALL.index("  - id: chat") : SMALL.index("sites:")],
        "workloads",
    ),
    "model_missing": ("    model: llama-3.1-8b\n", "", "workloads[0].model"),
    "model_unknown": ("llama-3.1-8b", "llama-9-800b", "workloads[0].model"),
    "model_empty": ("model: llama-3.1-8b", "model: ''", "workloads[0].model"),
    "model_misspelt_field": ("    model: llama-3.1-8b", "    modell: llama-3.1-8b", "workloads[0].modell"),
    "profile_unknown": ("chat_realtime", "chat_unreal", "workloads[0].demand.profile"),
    "demand_without_source": ("{profile: chat_realtime, rate: 5 requests/s}", "{rate: 5 requests/s}", "workloads[0].demand"),
    "demand_without_volume": (", rate: 5 requests/s", "", "workloads[0].demand"),
    "demand_with_two_volumes": (
        "rate: 5 requests/s",
        "rate: 5 requests/s, users: {count: 5, requests_per_day: 2}",
        "workloads[0].demand",
    ),
    "rate_zero": ("rate: 5 requests/s", "rate: 0 requests/s", "workloads[0].demand.rate"),
    "rate_negative": ("rate: 5 requests/s", "rate: -5 requests/s", "workloads[0].demand.rate"),
    "rate_nan": ("rate: 5 requests/s", "rate: .nan", "workloads[0].demand.rate"),
    "rate_infinite": ("rate: 5 requests/s", "rate: .inf", "workloads[0].demand.rate"),
    "rate_a_billion_a_second": ("rate: 5 requests/s", "rate: 1e9 requests/s", "workloads[0].demand.rate"),
    "rate_beyond_numbers": ("rate: 5 requests/s", "rate: 1e999 requests/s", "workloads[0].demand.rate"),
    "rate_without_unit": ("rate: 5 requests/s", "rate: 5", "workloads[0].demand.rate"),
    "rate_in_watts": ("rate: 5 requests/s", "rate: 5 kW", "workloads[0].demand.rate"),
    "rate_a_list": ("rate: 5 requests/s", "rate: [5 requests/s]", "workloads[0].demand.rate"),
    "rate_a_yes": ("rate: 5 requests/s", "rate: yes", "workloads[0].demand.rate"),
    "trace_absent": ("profile: chat_realtime, rate: 5 requests/s", "trace: nowhere.csv", "workloads[0].demand.trace"),
    "trace_a_folder": ("profile: chat_realtime, rate: 5 requests/s", "trace: .", "workloads[0].demand.trace"),
    "sla_missing": (SMALL[SMALL.index("    sla:") : SMALL.index("sites:")], "", "workloads[0]"),
    "sla_misspelt": ("      ttft:", "      tfft:", "workloads[0].sla.tfft"),
    "ttft_zero": ("limit: 2 s", "limit: 0 s", "workloads[0].sla.ttft.limit"),
    "ttft_negative": ("limit: 2 s", "limit: -2 s", "workloads[0].sla.ttft.limit"),
    "ttft_in_dollars": ("limit: 2 s", "limit: 2 USD", "workloads[0].sla.ttft.limit"),
    "ttft_unit_unknown": ("limit: 2 s", "limit: 2 fortnights", "workloads[0].sla.ttft.limit"),
    "ttft_without_unit": ("limit: 2 s", "limit: 2", "workloads[0].sla.ttft.limit"),
    "percentile_beyond": ("limit: 2 s, percentile: 95", "limit: 2 s, percentile: 120", "workloads[0].sla.ttft.percentile"),
    "percentile_a_share": ("limit: 2 s, percentile: 95", "limit: 2 s, percentile: 0.95", "workloads[0].sla.ttft.percentile"),
    "percentile_text": ("limit: 2 s, percentile: 95", "limit: 2 s, percentile: p95", "workloads[0].sla.ttft.percentile"),
    "batch_without_deadline": ("    demand: {profile: chat_realtime, rate: 5 requests/s}\n", BATCH, "workloads[0]"),
    "deadline_on_realtime": ("    sla:\n", "    deadline: 24 h\n    sla:\n", "workloads[0]"),
    "workload_at_unknown_site": ("    sla:\n", "    sites: [moon]\n    sla:\n", "workloads[0].sites"),
    "growth_multipliers_of_other_length": (
        "    sla:\n",
        "    growth: {multipliers: [1, 2, 3]}\n    sla:\n",
        "workloads[0].growth.multipliers",
    ),
    "precision_unknown": ("    sla:\n", "    precision: {weights: [fp5]}\n    sla:\n", "workloads[0].precision.weights"),
    "power_missing": ("    power: 100 kW\n", "", "sites[0].power"),
    "power_zero": ("power: 100 kW", "power: 0 kW", "sites[0].power"),
    "power_negative": ("power: 100 kW", "power: -100 kW", "sites[0].power"),
    "power_as_energy": ("power: 100 kW", "power: 100 kWh", "sites[0].power"),
    "power_without_unit": ("power: 100 kW", "power: 100", "sites[0].power"),
    "power_a_yes": ("power: 100 kW", "power: true", "sites[0].power"),
    "racks_negative": ("racks: 4", "racks: -4", "sites[0].racks"),
    "cooling_unknown": ("cooling: [air]", "cooling: [snow]", "sites[0].cooling"),
    "cooling_empty": ("cooling: [air]", "cooling: []", "sites[0].cooling"),
    "pue_below_one": ("pue: 1.3", "pue: 0.9", "sites[0].pue"),
    "pue_text": ("pue: 1.3", "pue: '1.3'", "sites[0].pue"),
    "hours_overlap": (
        "    pue: 1.3\n",
        "    tariff: {energy: 0.1 USD/kWh, time_of_use: [{hours: 8-12, energy: 0.2 USD/kWh}, {hours: 11-13, energy: 0.3 USD/kWh}]}\n",
        "time_of_use[1].hours",
    ),
    "hardware_unknown": ("nvidia-h100-sxm", "nvidia-h1000-sxm", "hardware.include[0]"),
    "price_book_of_unknown_system": (
        "hardware:\n",
        "hardware:\n  price_book: {nvidia-h100-sxm/nothing: {purchase: 1 USD}}\n",
        "hardware.price_book",
    ),
    "price_in_euro": (
        "hardware:\n",
        "hardware:\n  price_book: {nvidia-h100-sxm/8-gpu-server: {purchase: 1000 EUR}}\n",
        "purchase",
    ),
    "nothing_can_be_acquired": ("hardware:\n", "acquisition: {buy: false}\nhardware:\n", "acquisition"),
    "gap_above_one": ("hardware:\n", "solver: {gap: 3}\nhardware:\n", "solver.gap"),
    "time_limit_zero": ("hardware:\n", "solver: {time_limit: 0 s}\nhardware:\n", "solver.time_limit"),
    "field_unknown_at_the_top": ("hardware:\n", "hardwear: {}\nhardware:\n", "hardwear"),
    "key_twice": ("    power: 100 kW\n", "    power: 100 kW\n    power: 200 kW\n", "sites[0]"),
    "measured_table_absent": ("hardware:\n", "performance: {measured: none.csv}\nhardware:\n", "performance.measured"),
    "alias": ("title: One chat service in one small hall", "title: &t One\ndescription: *t", "description"),
    "tabs": ("    model:", "\tmodel:", "line 7"),
    "tag_that_calls_code": ("title: One chat service in one small hall", "title: !!python/object/apply:os.system [id]", "title"),
    "bracket_not_closed": ("cooling: [air]", "cooling: [air", "line"),
}
WHOLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "holds nothing"),
    "blank": (b"\n\n# only a comment\n", "holds nothing"),
    "a_list_at_the_top": (b"- id: small\n", "a list"),
    "a_word": (b"hello\n", "a single value"),
    "two_documents": ((SMALL + "---\n" + SMALL).encode(), "second document"),
    "alias_bomb": (ALIAS_BOMB.encode(), "alias"),
    "binary": (bytes(range(256)) * 16, "UTF-8"),
    "latin_1": (SMALL.replace("One chat", "Café").encode("latin-1"), "UTF-8"),
    "utf_16": (SMALL.encode("utf-16"), "UTF-8"),
    "null_bytes": (SMALL.replace("One", "O\0e").encode(), "control characters"),
    "fifty_megabytes": (b"# " + b"x" * (50 * 2**20), "bytes"),
    "deep_nesting": (b"id: " + b"[" * 100_000 + b"]" * 100_000, "nests deeper"),
    "a_hundred_thousand_values": (b"id: [" + b"1," * 100_000 + b"1]", "values"),
    "a_zip_file": (b"PK\x03\x04" + b"\x00\xff" * 500, "UTF-8"),
    "json_with_nan": (b'{"splitfleet": 1, "id": "small", "sites": [{"power": NaN}]}', "sites[0].power"),
    "json_cut_short": (b'{"splitfleet": 1, "id": "sma', "not valid"),
    "escape_sequences_for_the_terminal": (b'"\\e[2Jowned": 1\n', "no such field"),
}


def _tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def _refused(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is said about a scenario that must be refused."""
    before = _tree(folder)
    code = run(["plan", str(path), "-o", str(folder / "out")])
    said = capsys.readouterr()
    assert code == 2, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    assert all(line.startswith("error: ") for line in said.err.splitlines())
    assert "\x1b" not in said.err
    assert _tree(folder) == before
    return said.err


def test_there_are_more_than_forty() -> None:
    """The promise is for at least forty kinds of broken scenario."""
    assert len(EDITS) + len(WHOLE) >= 90


@pytest.mark.parametrize("name", EDITS)
def test_a_broken_field_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the field that was broken, by its path."""
    old, new, field = EDITS[name]
    assert SMALL.count(old) == 1
    path = tmp_path / "broken.yaml"
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    said = _refused(path, tmp_path, capsys)
    assert field in said


@pytest.mark.parametrize("name", WHOLE)
def test_a_broken_file_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what the file is instead of a scenario."""
    content, words = WHOLE[name]
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    assert words in _refused(path, tmp_path, capsys)


def test_what_is_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file, a folder, a pipe and a device are no scenario; none of them makes the command wait."""
    os.mkfifo(tmp_path / "pipe")
    assert "no such file" in _refused(tmp_path / "absent.yaml", tmp_path, capsys)
    assert "folder" in _refused(tmp_path, tmp_path, capsys)
    assert "regular file" in _refused(tmp_path / "pipe", tmp_path, capsys)
    assert "regular file" in _refused(Path("/dev/zero"), tmp_path, capsys)
    assert "cannot be opened" in _refused(Path("x" * 300), tmp_path, capsys)
    assert "no such file" in _refused(tmp_path / "a\nb.yaml", tmp_path, capsys)


def test_every_problem_is_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three mistakes in three places are three lines."""
    path = tmp_path / "broken.yaml"
    path.write_text(
        SMALL.replace("100 kW", "0 kW").replace("periods: 2", "periods: 0").replace("limit: 2 s", "limit: 2"), encoding="utf-8"
    )
    said = _refused(path, tmp_path, capsys)
    assert all(field in said for field in ("horizon.periods", "workloads[0].sla.ttft.limit", "sites[0].power"))
    assert len(said.splitlines()) == 3


def test_a_broken_catalog_overlay_is_refused(tmp_path: Path, small_text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An overlay is an input like the scenario: named with its file, exit code 2."""
    path = tmp_path / "fine.yaml"
    path.write_text(small_text, encoding="utf-8")
    overlay = tmp_path / "prices"
    overlay.mkdir()
    (overlay / "mine.yaml").write_text("hardwear: {}\n", encoding="utf-8")
    code = run(["plan", str(path), "-o", str(tmp_path / "out"), "--catalog", str(overlay)])
    said = capsys.readouterr().err
    assert code == 2
    assert "mine.yaml" in said
    assert "hardwear" in said
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_refused(tmp_path: Path, small_text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The mistake is found before the work, not after it."""
    path = tmp_path / "fine.yaml"
    path.write_text(small_text, encoding="utf-8")
    assert run(["plan", str(path), "-o", str(path)]) == 2
    assert "--output" in capsys.readouterr().err
