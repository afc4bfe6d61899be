"""A measured table is taken as it stands, and refused where it cannot be understood."""

from __future__ import annotations

import pytest

from planner.errors import InputError
from planner.performance.measured_table import read_measured_table

TABLE = """hardware,model,role,chips,weights,kv,request_class,input_tokens,output_tokens,capacity_rps
nvidia-h100-sxm,llama-3.3-70b,aggregated,4,fp8,bf16,chat-1,,,2.5
nvidia-h100-sxm,llama-3.3-70b,aggregated,4,fp8,bf16,,1000,200,3.25
nvidia-h100-sxm,llama-3.3-70b,aggregated,8,fp8,bf16,,1000,200,7
"""


def written(tmp_path, text):
    path = tmp_path / "measured.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_of_one_deployment_belong_together(tmp_path):
    four, eight = read_measured_table(written(tmp_path, TABLE))
    assert (four.chips, len(four.classes)) == (4, 2)
    assert (eight.chips, len(eight.classes)) == (8, 1)


def test_a_class_is_found_by_its_id_then_by_lengths_within_a_quarter(tmp_path):
    four, _ = read_measured_table(written(tmp_path, TABLE))
    assert four.capacity_rps("chat-1", 50_000, 9) == 2.5
    assert four.capacity_rps("chat-2", 1200, 180) == 3.25
    assert four.capacity_rps("chat-3", 2000, 200) is None


def test_every_bad_line_is_named(tmp_path):
    bad = TABLE + "nvidia-h100-sxm,llama-3.3-70b,both,0,fp9,bf16,,,,x\n"
    with pytest.raises(InputError) as raised:
        read_measured_table(written(tmp_path, bad))
    text = str(raised.value)
    assert text.count("line 5") == 5
    for word in ("role", "chips", "capacity_rps", "fp9", "request_class"):
        assert word in text


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="lacks role"):
        read_measured_table(written(tmp_path, "hardware,model,chips,capacity_rps\n"))
