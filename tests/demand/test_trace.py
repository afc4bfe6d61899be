"""Reading a user's trace."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.demand.trace import read_trace
from planner.demand.trace_files import Limits
from planner.errors import InputError, TooLarge


def _write(path: Path, text: str) -> Path:
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n"


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_dates_lengths_and_the_hour_of_the_week(tmp_path: Path, name: str) -> None:
    """16 November 2023 was a Thursday: hour 3 x 24 + 18.26 of the week; the second request came 4.314579 s later."""
    trace = read_trace(_write(tmp_path / name, AZURE))
    assert trace.input_tokens.tolist() == [374.0, 396.0]
    assert trace.output_tokens.tolist() == [44.0, 109.0]
    assert trace.arrival_s == pytest.approx([0.0, 4.314579], abs=1e-6)
    assert trace.start_hour_of_week == pytest.approx(72 + 18 + 15 / 60 + 46.68 / 3600, abs=1e-4)


def test_json_lines_with_milliseconds_and_prefix_blocks(tmp_path: Path) -> None:
    """The second prompt repeats one of two blocks: 512 tokens cached; the third repeats both of the first but is only 700 long."""
    rows = [(0, 1000, [1, 2]), (1500, 900, [1, 3]), (3000, 700, [1, 2])]
    text = "\n".join(json.dumps({"timestamp": t, "input_length": n, "output_length": 5, "hash_ids": h}) for t, n, h in rows)
    trace = read_trace(_write(tmp_path / "m.jsonl.gz", text))
    assert trace.arrival_s is not None
    assert trace.arrival_s.tolist() == [0.0, 1.5, 3.0]
    assert trace.cached_tokens is not None
    assert trace.cached_tokens.tolist() == [0.0, 512.0, 700.0]
    assert trace.start_hour_of_week is None


def test_parquet_keeps_numbers_and_never_reads_prompts(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "t_s": [3.0, 1.0],
            "input_tokens": [7, 9],
            "output_tokens": [2, 4],
            "cached_prefix_tokens": [5, 0],
            "prompt": ["secret", "x"],
        }
    )
    frame.to_parquet(tmp_path / "w.parquet")
    trace = read_trace(tmp_path / "w.parquet")
    assert trace.input_tokens.tolist() == [9.0, 7.0]
    assert trace.cached_tokens is not None
    assert trace.cached_tokens.tolist() == [0.0, 5.0]
    assert "secret" not in repr(trace)


@pytest.mark.parametrize(
    ("column", "values", "unit", "expected"),
    [
        ("timestamp", ["1700000000", "1700000002"], None, 2.0),
        ("timestamp", ["1700000000000", "1700000002000"], None, 2.0),
        ("timestamp", ["1700000000000000", "1700000002000000"], None, 2.0),
        ("arrived_at", ["0.5", "2.5"], None, 2.0),
        ("arrival_ms", ["500", "2500"], None, 2.0),
        ("time", ["500", "2500"], "ms", 2.0),
        ("created_at", ["2026-01-31T10:00:00Z", "2026-01-31T10:00:02Z"], None, 2.0),
        ("date", ["2026-01-31T10:00:00+01:00", "2026-01-31T09:00:02Z"], None, 2.0),
        ("date", ["2026-01-31", "2026-02-01"], "iso", 86400.0),
    ],
)
def test_clocks(tmp_path: Path, column: str, values: list[str], unit: str | None, expected: float) -> None:
    text = f"{column},prompt_tokens,completion_tokens\n" + "".join(f"{v},10,5\n" for v in values)
    assert read_trace(_write(tmp_path / "c.csv", text), time_unit=unit).span_s() == pytest.approx(expected)


def test_columns_may_be_named_by_the_user(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", "when,a,b\n1,10,5\n2,20,6\n")
    trace = read_trace(path, columns={"timestamp": "when", "input_tokens": "a", "output_tokens": "b"})
    assert trace.input_tokens.tolist() == [10.0, 20.0]


def test_failed_requests_are_left_out_and_counted(tmp_path: Path) -> None:
    trace = read_trace(_write(tmp_path / "x.csv", "timestamp,input_tokens,output_tokens\n5,10,0\n6,10,5\n7,0,5\n9,20,6\n"))
    assert (trace.rows, trace.skipped) == (2, 2)
    assert trace.arrival_s is not None
    assert trace.arrival_s.tolist() == [0.0, 3.0]


def test_a_trace_without_times_has_lengths_only(tmp_path: Path) -> None:
    trace = read_trace(_write(tmp_path / "x.csv", "num_prefill_tokens,num_decode_tokens\n10,5\n"))
    assert trace.arrival_s is None
    assert trace.mean_rps() is None
    assert trace.iat_cv() is None


def test_a_clock_that_starts_over_with_each_conversation_tells_no_arrivals(tmp_path: Path) -> None:
    text = "t_s,input_tokens,output_tokens\n" + "".join(f"{t},10,5\n" for t in (0, 3, 9, 0, 4, 0, 2))
    assert read_trace(_write(tmp_path / "x.csv", text)).arrival_s is None


def test_a_week_is_measured_by_hour_and_a_day_by_hour_of_the_day(tmp_path: Path) -> None:
    """One request a minute for two days, ten a minute from 9 to 10 h: 600 against 60 an hour; mean 82.5."""
    minutes = [m for m in range(2 * 1440) for _ in range(10 if (m // 60) % 24 == 9 else 1)]
    text = "t_s,input_tokens,output_tokens\n" + "".join(f"{60 * m},10,5\n" for m in minutes)
    week = read_trace(_write(tmp_path / "x.csv", text)).week()
    assert week is not None
    assert week[9] == pytest.approx(600 / 82.5, rel=0.01)
    assert week[10] == pytest.approx(60 / 82.5, rel=0.01)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "x.csv",
            "timestamp,input_tokens,output_tokens\n1,10,5\n2,ten,5\n",
            r"input_tokens, row 2: 'ten' is not a count of tokens",
        ),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,10,5\n2,-4,5\n", r"input_tokens, row 2: '-4'"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,10,nan\n", r"output_tokens, row 1: 'nan'"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,10,1e300\n", r"output_tokens, row 1: '1e300'"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,10,5\nsoon,10,5\n", r"timestamp, row 2: 'soon' is not a time"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,10\n", r"output_tokens, row 1: '' is not a count"),
        ("x.csv", "timestamp,input_tokens\n1,10\n", "output_tokens: no column for it; the file has timestamp, input_tokens"),
        ("x.csv", "", "empty"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n", "rows: none"),
        ("x.csv", "timestamp,input_tokens,output_tokens\n1,0,0\n", "no request has both"),
        ("x.jsonl", '{"timestamp": 1, "input_length": 5, "output_length": 5}\n{oops\n', "row 2: not JSON"),
        ("x.jsonl", "[1, 2]\n", "row 1: not a JSON object"),
        ("x.jsonl", '{"timestamp": 1, "input_length": true, "output_length": 5}\n', "input_length, row 1: 'True'"),
        ("x.jsonl", '{"input_length": 5, "output_length": 5}\n{"input_length": 5}\n', "output_length, row 2: 'None'"),
        (
            "x.jsonl",
            '{"input_length": 5, "output_length": 5, "hash_ids": "abc"}\n',
            "hash_ids, row 1: a list of whole block numbers",
        ),
        ("x.parquet", "this is no parquet", "damaged Parquet"),
        ("x.xlsx", "whatever", "'x.xlsx': .csv, .csv.gz"),
    ],
)
def test_a_broken_trace_is_refused_by_column_and_row(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_trace(_write(tmp_path / name, text))


def test_an_absent_file_and_a_damaged_gzip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file 'gone\.csv'"):
        read_trace(tmp_path / "gone.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(AZURE.encode() * 500)[:200])
    with pytest.raises(InputError, match="damaged gzip"):
        read_trace(tmp_path / "cut.csv.gz")
    (tmp_path / "not.csv.gz").write_bytes(b"plain text")
    with pytest.raises(InputError, match="damaged gzip"):
        read_trace(tmp_path / "not.csv.gz")


def test_wrong_mappings_and_units_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", "timestamp,input_tokens,output_tokens\n1,10,5\n")
    with pytest.raises(
        InputError, match=r"columns\.input_tokens: the file has no column 'input_tokenz' \(did you mean 'input_tokens'\?\)"
    ):
        read_trace(path, columns={"input_tokens": "input_tokenz"})
    with pytest.raises(InputError, match=r"columns\.price: no such role"):
        read_trace(path, columns={"price": "timestamp"})
    with pytest.raises(InputError, match="time_unit: 'weeks'"):
        read_trace(path, time_unit="weeks")


def test_a_gzip_bomb_is_refused_while_it_is_read(tmp_path: Path) -> None:
    """50 MB of zeros zip to 50 KB, a thousandfold."""
    with gzip.open(tmp_path / "bomb.csv.gz", "wb") as file:
        file.write(b"timestamp,input_tokens,output_tokens\n")
        file.writelines(b"1,1,1\n" * 170_000 for _ in range(50))
    with pytest.raises(TooLarge, match="grows more than 100-fold"):
        read_trace(tmp_path / "bomb.csv.gz")


def test_a_file_in_one_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="one request per line"):
        read_trace(_write(tmp_path / "x.jsonl", "[" + "1," * 3_000_000))


@pytest.mark.parametrize(
    ("limits", "message"), [(Limits(rows=1), "more than 1 rows"), (Limits(uncompressed_bytes=60), "more than 60 bytes")]
)
def test_rows_and_bytes_are_bounded(tmp_path: Path, limits: Limits, message: str) -> None:
    with pytest.raises(TooLarge, match=message):
        read_trace(_write(tmp_path / "x.csv", AZURE), limits=limits)


def test_too_many_rows_of_parquet_are_refused_before_they_are_read(tmp_path: Path) -> None:
    pd.DataFrame({"input_tokens": np.ones(50), "output_tokens": np.ones(50)}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(TooLarge, match="more than 49 rows"):
        read_trace(tmp_path / "x.parquet", limits=Limits(rows=49))


@pytest.mark.parametrize(
    ("file", "rows", "mean_in", "mean_out", "rps", "dispersion"),
    [
        ("azure_llm_2023_code.csv.gz", 8819, 2047.8, 27.9, 2.57, 164.0),
        ("azure_llm_2023_conv.csv.gz", 19366, 1154.7, 211.1, 5.53, 16.1),
        ("mooncake_fast25_conversation_trace.jsonl.gz", 12031, 12035.1, 342.6, 3.40, 2.9),
        ("vidur_arxiv_summarization_lengths.csv.gz", 28257, 2588.1, 291.4, None, None),
        ("weka_claude_code_agentic_requests.parquet", 49307, 122316.9, 440.3, None, None),
    ],
)
def test_the_public_traces_load_with_their_published_statistics(
    shared: Path, file: str, rows: int, mean_in: float, mean_out: float, rps: float | None, dispersion: float | None
) -> None:
    trace = read_trace(shared / "traces" / file)
    assert trace.rows == rows
    assert float(trace.input_tokens.mean()) == pytest.approx(mean_in, abs=0.1)
    assert float(trace.output_tokens.mean()) == pytest.approx(mean_out, abs=0.1)
    assert trace.mean_rps() == (None if rps is None else pytest.approx(rps, abs=0.01))
    assert trace.fano_1min() == (None if dispersion is None else pytest.approx(dispersion, abs=0.15))


def test_published_prefix_reuse_is_counted(shared: Path) -> None:
    """37.4 % of the tokens of the Mooncake conversation trace with an unbounded cache; 96.3 % within agentic sessions."""
    for file, hit in (
        ("mooncake_fast25_conversation_trace.jsonl.gz", 0.3736),
        ("weka_claude_code_agentic_requests.parquet", 0.9632),
    ):
        assert read_trace(shared / "traces" / file).population().hit_rate == pytest.approx(hit, abs=1e-4)


def test_a_clock_in_steps_has_no_measurable_gaps(shared: Path) -> None:
    """90 % of the Mooncake gaps are zero: its raw CV of 3.0 is the clock's."""
    assert read_trace(shared / "traces" / "mooncake_fast25_conversation_trace.jsonl.gz").iat_cv() is None
    assert read_trace(shared / "traces" / "azure_llm_2023_conv.csv.gz").iat_cv() == pytest.approx(1.09, abs=0.01)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_no_damage_to_a_file_is_a_traceback(tmp_path: Path, kind: str) -> None:
    """Two hundred random edits of a sound file per kind: each still loads or is refused with a message."""
    frame = pd.DataFrame({"t_s": np.arange(30.0), "input_tokens": np.arange(1, 31), "output_tokens": np.full(30, 5)})
    path, rng = tmp_path / f"trace.{kind}", random.Random(kind)
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        text = frame.to_csv(index=False) if kind.startswith("csv") else frame.to_json(orient="records", lines=True)
        path.write_bytes(text.encode())
    sound, hostile = (
        path.read_bytes(),
        [b'"', b"\x00", b"\xff\xfe", b"nan", b"1e999", b"9" * 400, b"null", b"true", b"\r", b"[", b"\xed\xa0\x80"],
    )
    verdicts = []
    for _ in range(200):
        damaged = bytearray(sound)
        at = rng.randrange(len(damaged))
        damaged[at : at + rng.randint(0, 3)] = rng.choice(
            [*hostile, bytes([rng.randrange(256)]), str(rng.randrange(10)).encode()]
        )
        path.write_bytes(gzip.compress(bytes(damaged)) if kind.endswith("gz") else bytes(damaged))
        verdicts.append(_verdict(path))
    assert any(verdict != "loads" for verdict in verdicts)
    assert all(verdicts)


def _verdict(path: Path) -> str:
    """Return how a file is received: it loads, or the message with which it is refused."""
    try:
        read_trace(path)
    except InputError as error:
        return str(error)
    return "loads"
