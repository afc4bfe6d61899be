"""Rows of a trace file in chunks: CSV, JSON Lines (both also gzipped), Parquet; only the columns asked for, bounded.

A trace may come from anybody: a file is read as a stream, and reading stops at 5 million rows, at 1 GiB of text, and
where a compressed file grows more than a hundredfold. Text columns (prompts!) never leave this module.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from planner.demand.trace_columns import Columns, find_columns
from planner.errors import InputError, TooLarge

MOST_ROWS = 5_000_000
MOST_BYTES = 1 << 30
MOST_RATIO = 100
_RATIO_FROM_BYTES = 1 << 20
_LONGEST_LINE = 4 << 20
_CHUNK = 100_000

Rows = dict[str, npt.NDArray[np.object_]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a trace may be: rows, bytes of text after decompression, and growth by decompression."""

    rows: int = MOST_ROWS
    uncompressed_bytes: int = MOST_BYTES
    ratio: int = MOST_RATIO


def read_rows(path: Path, given: Mapping[str, str], limits: Limits) -> tuple[Columns, Iterator[Rows]]:
    """Return which column is which and an iterator over chunks of rows, column name -> values.

    Raises `InputError` for a file that is absent, empty, of an unknown kind, damaged or without the columns, `TooLarge`
    beyond a limit.
    """
    name = path.name
    if not path.is_file():
        raise InputError.at("path", f"no file {name!r}; the path of a CSV, JSON Lines or Parquet file is right", document=name)
    kind = name.lower().removesuffix(".gz")
    if kind.endswith(".parquet") and not name.lower().endswith(".gz"):
        return _parquet(path, given, limits)
    if kind.endswith((".jsonl", ".ndjson", ".json")):
        return _json_lines(path, given, limits)
    if kind.endswith((".csv", ".tsv", ".txt")):
        return _csv(path, given, limits)
    raise InputError.at("path", f"{name!r}: .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet is right", document=name)


class _Bounded(io.RawIOBase):
    """A byte stream that stops at the limits; the ratio is judged against the bytes really taken from the compressed file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = path.open("rb")
        self._compressed = path.name.lower().endswith(".gz")
        self._stream: io.BufferedIOBase = gzip.GzipFile(fileobj=self._file) if self._compressed else self._file
        self._limits, self._name, self._size = limits, path.name, path.stat().st_size
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(min(len(buffer), 1 << 18))
        except (EOFError, OSError, zlib.error) as error:
            raise InputError.at("path", f"damaged gzip file: {error}", document=self._name) from None
        self._given += len(data)
        self._check()
        buffer[: len(data)] = data
        return len(data)

    def _check(self) -> None:
        if self._given > self._limits.uncompressed_bytes:
            message = f"more than {self._limits.uncompressed_bytes:,} bytes of text; cut the trace to a shorter span"
            raise TooLarge.at("size", message, document=self._name)
        if self._compressed and self._given > _RATIO_FROM_BYTES and self._given > self._limits.ratio * max(1, self._size):
            raise TooLarge.at(
                "size", f"grows more than {self._limits.ratio}-fold when decompressed; give the plain file", document=self._name
            )

    def close(self) -> None:
        self._stream.close()
        self._file.close()
        super().close()


def _open_text(path: Path, limits: Limits) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedReader(_Bounded(path, limits), 1 << 18), encoding="utf-8-sig", errors="replace", newline=""
    )


def _csv(path: Path, given: Mapping[str, str], limits: Limits) -> tuple[Columns, Iterator[Rows]]:
    separator = "\t" if ".tsv" in path.name.lower() else ","
    with _open_text(path, limits) as text:
        line = next(_short_lines(text, path.name), "")
    header = next(csv.reader([line], delimiter=separator), [])
    if not header:
        raise InputError.at("path", "empty; a header line and rows are right", document=path.name)
    columns = find_columns(header, given, document=path.name)
    return columns, _csv_chunks(path, separator, columns.named(), limits)


def _csv_chunks(path: Path, separator: str, names: Sequence[str], limits: Limits) -> Iterator[Rows]:
    rows = 0
    # Text stays text: numbers are judged where the message can name column and row.
    form = {
        "sep": separator,
        "usecols": list(names),
        "dtype": str,
        "keep_default_na": False,
        "na_filter": False,
        "chunksize": _CHUNK,
    }
    with _open_text(path, limits) as text:
        try:
            for frame in pd.read_csv(text, **form):  # type: ignore[call-overload]
                rows += len(frame)
                _check_rows(rows, limits, path.name)
                yield {name: frame[name].to_numpy(dtype=object) for name in names}
        except pd.errors.EmptyDataError:
            return
        except pd.errors.ParserError as error:
            raise InputError.at(f"after row {rows}", f"not CSV: {str(error)[:120]}", document=path.name) from None


def _json_lines(path: Path, given: Mapping[str, str], limits: Limits) -> tuple[Columns, Iterator[Rows]]:
    text = _open_text(path, limits)
    lines = (line for line in _short_lines(text, path.name) if line.strip())
    try:
        first = next(lines, None)
        if first is None:
            raise InputError.at("path", "empty; one JSON object per line is right", document=path.name)
        columns = find_columns(list(_json_object(first, 1, path.name)), given, document=path.name)
    except BaseException:
        text.close()
        raise
    return columns, _json_chunks(text, chain([first], lines), columns.named(), limits, path.name)


def _json_chunks(text: TextIO, lines: Iterator[str], names: Sequence[str], limits: Limits, document: str) -> Iterator[Rows]:
    chunk: dict[str, list[object]] = {name: [] for name in names}
    with text:
        for row, line in enumerate(lines, start=1):
            _check_rows(row, limits, document)
            record = _json_object(line, row, document)
            for name in names:
                chunk[name].append(record.get(name))
            if row % _CHUNK == 0:
                yield _arrays(chunk)
                chunk = {name: [] for name in names}
        if chunk[names[0]]:
            yield _arrays(chunk)


def _arrays(chunk: Mapping[str, list[object]]) -> Rows:
    return {name: _array(values) for name, values in chunk.items()}


def _array(values: list[object]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _json_object(line: str, row: int, document: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError.at(f"row {row}", "not JSON; one object per line is right", document=document) from None
    if not isinstance(record, dict):
        raise InputError.at(f"row {row}", "not a JSON object; one object per line is right", document=document)
    return record


def _parquet(path: Path, given: Mapping[str, str], limits: Limits) -> tuple[Columns, Iterator[Rows]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError.at("path", f"damaged Parquet file: {str(error)[:120]}", document=path.name) from None
    _check_rows(file.metadata.num_rows, limits, path.name)
    columns = find_columns(file.schema_arrow.names, given, document=path.name)
    return columns, _parquet_chunks(file, columns, limits, path.name)


def _parquet_chunks(file: pq.ParquetFile, columns: Columns, limits: Limits, document: str) -> Iterator[Rows]:
    rows = size = 0
    try:
        for batch in file.iter_batches(batch_size=_CHUNK, columns=list(columns.named())):
            rows, size = rows + batch.num_rows, size + batch.nbytes
            _check_rows(rows, limits, document)
            if size > limits.uncompressed_bytes:
                raise TooLarge.at(
                    "size", f"more than {limits.uncompressed_bytes:,} bytes; cut the trace to a shorter span", document=document
                )
            yield {name: _array(batch.column(k).to_pylist()) for k, name in enumerate(batch.schema.names)}
    except (pa.ArrowException, OSError) as error:
        raise InputError.at("path", f"damaged Parquet file: {str(error)[:120]}", document=document) from None


def _short_lines(text: TextIO, document: str) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise TooLarge.at(
                "line", f"longer than {_LONGEST_LINE:,} characters; one request per line is right", document=document
            )
        yield line


def _check_rows(rows: int, limits: Limits, document: str) -> None:
    if rows > limits.rows:
        raise TooLarge.at(
            "rows", f"more than {limits.rows:,} rows; cut the trace to a shorter span or sample it", document=document
        )
