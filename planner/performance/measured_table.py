"""A table of measured capacities in place of the model.

A CSV that names what each deployment sustains, taken exactly as it stands.

Columns: `hardware`, `model`, `role` (prefill, decode or aggregated), `chips` (of one replica), `weights`, `kv`, `capacity_rps`
[requests/s of one replica inside its promises], and which requests that is for: `request_class` (the class's id), or
`input_tokens` and `output_tokens` (both means of the requests that were measured). `workload`, `layout` and `note` may stand
beside them. A deployment has a line per request class; what it has no line for it does not serve.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.items import Precision
from planner.errors import InputError, Problem

ROLES = ("prefill", "decode", "aggregated")
REQUIRED = ("hardware", "model", "role", "chips", "capacity_rps")
_NEAR = 0.25  # largest distance of lengths, as a share, at which a measured class stands for a request class


@dataclass(frozen=True, slots=True)
class MeasuredClass:
    """A request class as measured: its id (empty = known by its lengths), mean tokens in and out (None = not stated).

    Requests/s.
    """

    request_class: str
    input_tokens: float | None
    output_tokens: float | None
    capacity_rps: float


@dataclass(frozen=True, slots=True)
class MeasuredDeployment:
    """One deployment of the table and what it sustains, line by line."""

    hardware: str
    model: str
    role: str
    chips: int
    weights: Precision
    kv: Precision
    workload: str
    layout: str
    classes: tuple[MeasuredClass, ...]

    def capacity_rps(self, request_class: str, input_tokens: float, output_tokens: float) -> float | None:
        """Return the measured rate for a request class [requests/s].

        The line of its id, else that of the nearest lengths within a quarter.

        None where neither exists: the deployment then does not serve the class.
        """
        named = [line.capacity_rps for line in self.classes if line.request_class == request_class]
        if named:
            return named[0]
        near = [
            (_distance(line, input_tokens, output_tokens), line.capacity_rps) for line in self.classes if not line.request_class
        ]
        distance, rate = min(near, default=(math.inf, 0.0))
        return rate if distance <= math.log1p(_NEAR) else None


def read_measured_table(path: Path) -> tuple[MeasuredDeployment, ...]:
    """Return the deployments of a CSV.

    In the order of their first lines. Raises InputError with every line that cannot be understood.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError.at("", f"cannot be read: {error}", document=path.name) from error
    reader = csv.DictReader(io.StringIO(text))
    if missing := [column for column in REQUIRED if column not in (reader.fieldnames or ())]:
        raise InputError.at("header", f"lacks {', '.join(missing)}; it needs {', '.join(REQUIRED)}", document=path.name)
    lines = [
        (reader.line_num, {key: (value or "").strip() for key, value in row.items() if isinstance(value, str)}) for row in reader
    ]
    problems = [Problem(f"line {number}", message) for number, cells in lines for message in _problems(cells)]
    if problems:
        raise InputError(problems, document=path.name)
    return tuple(_deployments([cells for _, cells in lines]))


def _problems(cells: Mapping[str, str]) -> Iterator[str]:
    if cells.get("role") not in ROLES:
        yield f"role: '{cells.get('role', '')}' must be one of {', '.join(ROLES)}"
    for column in ("chips", "capacity_rps"):
        number = _number(cells.get(column))
        if number is None or number < (1 if column == "chips" else 0):
            yield f"{column}: '{cells.get(column, '')}' must be a number of at least {1 if column == 'chips' else 0}"
    for column in ("weights", "kv"):
        if cells.get(column) and cells[column] not in set(Precision):
            yield f"{column}: '{cells[column]}' is no format; use one of {', '.join(sorted(Precision))}"
    lengths = [_number(cells.get(column)) for column in ("input_tokens", "output_tokens")]
    if not cells.get("request_class") and any(length is None or length <= 0 for length in lengths):
        yield "request_class: name the class, or give input_tokens and output_tokens"


def _deployments(lines: list[dict[str, str]]) -> Iterator[MeasuredDeployment]:
    grouped: defaultdict[tuple[str, ...], list[MeasuredClass]] = defaultdict(list)
    for cells in lines:
        grouped[_key(cells)].append(
            MeasuredClass(
                cells.get("request_class", ""),
                _number(cells.get("input_tokens")),
                _number(cells.get("output_tokens")),
                float(cells["capacity_rps"]),
            )
        )
    for (hardware, model, role, chips, weights, kv, workload, layout), classes in grouped.items():
        yield MeasuredDeployment(
            hardware, model, role, int(float(chips)), Precision(weights), Precision(kv), workload, layout, tuple(classes)
        )


def _key(cells: Mapping[str, str]) -> tuple[str, ...]:
    formats = (cells.get("weights") or str(Precision.BF16), cells.get("kv") or str(Precision.BF16))
    return (
        cells["hardware"],
        cells["model"],
        cells["role"],
        cells["chips"],
        *formats,
        cells.get("workload", ""),
        cells.get("layout", ""),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _distance(line: MeasuredClass, input_tokens: float, output_tokens: float) -> float:
    """Return how far the lengths lie apart: the larger of the two logarithmic distances."""
    if line.input_tokens is None or line.output_tokens is None:
        return math.inf
    return max(
        abs(math.log(line.input_tokens / max(input_tokens, 1.0))), abs(math.log(line.output_tokens / max(output_tokens, 1.0)))
    )
