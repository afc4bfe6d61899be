"""Reading measured rows and judging predictions on them."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from api.commands.validate import app
from planner.errors import InputError
from planner.performance.measurements.cases import case_of, measured_of, pattern_of
from planner.performance.measurements.rows import Row, read_rows
from planner.performance.measurements.vocabulary import engine_family, kv_bytes_of, weight_format_of
from planner.performance.serving import Pattern
from planner.performance.validation import validate, weighted_quantile

ROW = {
    "use": "decode+serving_curve", "era": ">=2025H2", "group_size": "4", "source_id": "mine", "hardware": "NVIDIA H100 SXM",
    "n_chips": "4", "tp": "4", "pp": "1", "model": "llama3.3-70b", "weight_dtype": "fp8", "kv_dtype": "", "engine": "vLLM 0.12",
    "mode": "server closed loop agg", "batch_or_concurrency": "16", "batch_kind": "concurrency", "input_len": "1000", "output_len": "500",
    "len_kind": "exact", "spec_decode": "no", "ttft_ms": "150", "tpot_ms": "14", "quality": "A", "notes": "", "kind": "independent-measurement",
}  # fmt: skip


def row(**changes):
    return Row(2, ROW | changes)


def written(tmp_path, rows, name="rows.csv"):
    path = tmp_path / name
    with gzip.open(path, "wt", newline="") if name.endswith(".gz") else path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["row_id", *ROW, "a_further_column"])
        writer.writeheader()
        writer.writerows([{"a_further_column": "x"} | one for one in rows])
    return path


def test_a_row_becomes_a_deployment_under_load(catalog):
    case = case_of(row(), catalog)
    assert case is not None
    assert (case.hardware.id, case.model.id, case.pattern) == ("nvidia-h100-sxm", "llama-3.3-70b", Pattern.CLOSED)
    assert float(case.decode.tp) == 4
    assert case.measured == {"tpot": 0.014, "ttft": 0.15}
    assert case.weight == 0.25


@pytest.mark.parametrize(("field", "name"), [("hardware", "H100 SXM9"), ("model", "llama9-70b")])
def test_unknown_names_are_never_guessed(catalog, field, name):
    assert case_of(row(**{field: name}), catalog) is None


def test_uses_decide_which_metrics_a_row_judges():
    assert set(measured_of(row(use="prefill"))) == {"ttft"}
    assert set(measured_of(row(use="decode"))) == {"tpot"}
    assert set(measured_of(row(use="throughput", throughput_tok_s_total="10"))) == {"throughput"}
    assert measured_of(row(use="decode", tpot_ms="nan")) == {}


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"mode": "static batch"}, Pattern.STATIC),
        ({"mode": "offline"}, Pattern.OFFLINE),
        ({"mode": "server", "batch_kind": "estimated by Little law from 5 req/s"}, Pattern.POISSON),
        ({"mode": "server closed loop agg"}, Pattern.CLOSED),
        ({"mode": "interactive"}, Pattern.SINGLE),
    ],
)
def test_modes_name_patterns(changes, pattern):
    assert pattern_of(row(**changes)) is pattern


def test_disaggregated_rows_have_instances_of_their_own_for_prefill(catalog):
    note = "disaggregated: 2 prefill workers TP4 DP1, 1 decode workers TP8 DP1 EP8; tp/ep/dp columns are the decode side"
    case = case_of(row(notes=note, n_chips="16", mode="server closed loop disagg"), catalog)
    assert case is not None
    assert (float(case.decode.tp), float(case.prefill.tp), case.load["prefill_instances"]) == (8, 4, 2)


def test_formats_and_engines_are_read_as_files_write_them(catalog, h100, llama_70b):
    known = {
        "fp8": "fp8",
        "nvfp4": "fp4",
        "bf16?": "bf16",
        "int4 (w4a16)": "int4",
        "q4_k_m": "q4",
        "int8 (w8a8)": "int8",
        "w8a16": "w8a16",
    }
    for text, label in known.items():
        assert weight_format_of(row(weight_dtype=text), h100, llama_70b).label == label
    vendor = row(weight_dtype="", kind="vendor-measurement")
    assert weight_format_of(vendor, catalog.hardware["nvidia-b200-sxm"], llama_70b).label == "fp4"
    assert kv_bytes_of(row(kv_dtype="fp16"), weight_format_of(row(), h100, llama_70b), "vllm", ">=2025H2") == 2.0
    assert [engine_family(text) for text in ("TensorRT-LLM v0.20", "Ollama", "sglang 0.5.9 [x]", "?")] == [
        "trtllm",
        "llama.cpp",
        "sglang",
        "",
    ]


def test_a_weighted_median_counts_groups_not_rows():
    values, weights = np.array([0.1, 0.5, 0.5, 0.5]), np.array([1.0, 0.25, 0.25, 0.25])
    assert weighted_quantile(values, weights, 0.5) == 0.1


def test_the_report_counts_what_it_cannot_predict(catalog):
    report = validate([row(), row(hardware="nothing known"), row(model="nothing known")], catalog).as_dict()
    assert (report["rows"], report["predicted"]) == (3, 1)
    assert set(report["by_metric"]) == {"tpot", "ttft"}
    assert set(report["by_hardware"]) == {"NVIDIA H100 SXM"}


def test_the_command_prints_one_json_object_and_writes_predictions(tmp_path):
    data, out = written(tmp_path, [ROW, ROW | {"hardware": "unknown"}], "rows.csv.gz"), tmp_path / "out.csv"
    done = CliRunner().invoke(app, [str(data), "--json", "--out", str(out)])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    scores = report["by_metric"]["tpot"]
    assert set(scores) >= {"n", "median_ape", "p90_ape", "bias", "coverage80", "coverage95"}
    with out.open() as stream:
        first, second = csv.DictReader(stream)
    assert float(first["predicted_tpot_ms"]) > 0
    assert float(first["low80_tpot_ms"]) < float(first["predicted_tpot_ms"]) < float(first["high80_tpot_ms"])
    assert second["predicted_tpot_ms"] == ""


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="hardware, model, use"):
        read_rows(path)
    path.write_bytes(b"\x1f\x8bnot gzip")
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(path)


@pytest.mark.parametrize("text", ["inf", "-1", "1e999", "", "nan", "0"])
def test_strange_numbers_never_break_a_row(catalog, text):
    for column in ("batch_or_concurrency", "input_len", "output_len", "tp", "n_chips", "group_size", "pp", "dp"):
        case = case_of(row(**{column: text}), catalog)
        report = validate([row(**{column: text})], catalog)
        assert case is None or np.isfinite(next(iter(report.predictions[0].values())).predicted)


def test_predictions_hold_on_the_published_rows(shared, catalog):
    """In-sample: far inside the accuracy asked for on rows that were left out (TPOT 13 %, TTFT 22 %, throughput 15 %)."""
    path = shared / "measurements" / "calibration.csv.gz"
    if not path.is_file():
        pytest.skip("the published measurements are absent")
    result = validate(read_rows(path), catalog)
    assert result.predicted >= 0.95 * len(result.rows)
    limits = {"tpot": 0.13, "ttft": 0.22, "throughput": 0.15}
    for metric, limit in limits.items():
        assert result.by_metric[metric].median_ape <= limit
        assert 0.70 <= result.by_metric[metric].coverage80 <= 0.92
