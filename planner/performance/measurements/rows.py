"""Reading measurement rows: a CSV, plain or gzipped, in the column layout of the published collections.

Further columns are ignored.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.errors import InputError

MAX_BYTES = 200_000_000
REQUIRED = ("hardware", "model", "use")
_UNKNOWN = ("", "nan", "none", "null", "na", "n/a")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as its file has it: text by column, numbers parsed where they are read."""

    number: int  # line of the file
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a cell in lower case without surrounding space; empty where unknown."""
        value = (self.cells.get(column) or "").strip()
        return "" if value.lower() in _UNKNOWN else value.lower()

    def raw(self, column: str) -> str:
        """Return a cell as written."""
        return (self.cells.get(column) or "").strip()

    def value(self, column: str) -> float | None:
        """Return a cell as a finite number; None where unknown."""
        try:
            number = float(self.cells.get(column) or "")
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def whole(self, column: str, default: int) -> int:
        """Return a count of at least one."""
        number = self.value(column)
        return default if number is None or number < 1 else round(number)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file. Raises InputError where it is no CSV or lacks a column that every prediction needs."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError.at("header", f"lacks the column {', '.join(missing)}; a measurement file has them", document=path.name)
    return list(_rows(reader))


def _rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    for cells in reader:
        yield Row(reader.line_num, {str(key): value or "" for key, value in cells.items() if isinstance(value, str)})


def _text(path: Path) -> str:
    """Return the file's text, unpacked, within the size that a measurement file may have."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError) as error:
        raise InputError.at("", f"cannot be read: {error}", document=path.name) from error
    if len(data) > MAX_BYTES:
        raise InputError.at("", f"is larger than {MAX_BYTES:,} bytes unpacked; split it", document=path.name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError.at("", "is not UTF-8 text", document=path.name) from error
