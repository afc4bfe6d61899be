"""A user's trace of requests: lengths, arrivals and prefix reuse, and nothing else that the file holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from planner.demand.bursts import fano, iat_cv
from planner.demand.population import Population
from planner.demand.prefix import PrefixCounter
from planner.demand.trace_columns import Columns
from planner.demand.trace_files import Limits, Rows, read_rows
from planner.demand.trace_numbers import numbers_of
from planner.demand.trace_time import Clock, ClockReader
from planner.demand.weeks import HOURS_OF_WEEK, week_of
from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

LONGEST_TOKENS = 1e8
_DAY_S = 86_400.0
_WEEK_S = 7 * _DAY_S


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Requests of a trace in order of arrival, shape (request,) each.

    `arrival_s` counts from the first request and is None where the file has no times (lengths only);
    `start_hour_of_week` is the hour after Monday 0 h UTC at which it begins, None on a relative clock. `cached_tokens`
    is None where the file says nothing of prefixes. `skipped` rows asked for or produced no token: failed requests.
    """

    name: str
    input_tokens: FloatArray
    output_tokens: FloatArray
    cached_tokens: FloatArray | None
    arrival_s: FloatArray | None
    start_hour_of_week: float | None
    skipped: int

    @property
    def rows(self) -> int:
        """Return the number of requests."""
        return int(self.input_tokens.size)

    def span_s(self) -> float:
        """Return the time from the first to the last arrival [s], 0 without arrival times."""
        return 0.0 if self.arrival_s is None else float(self.arrival_s[-1])

    def mean_rps(self) -> float | None:
        """Return the mean rate [requests/s], None without arrival times or with all in one instant."""
        return self.rows / self.span_s() if self.span_s() > 0 else None

    def iat_cv(self) -> float | None:
        """Return the coefficient of variation of the gaps; None where most are zero: the clock moves in steps."""
        if self.arrival_s is None or self.rows < 3 or np.median(np.diff(self.arrival_s)) <= 0:
            return None
        return _finite(iat_cv(self.arrival_s))

    def fano_1min(self) -> float | None:
        """Return Var/mean of the counts per minute, None for spans under ten minutes, where it would be noise."""
        return None if self.arrival_s is None or self.span_s() < 600.0 else _finite(fano(self.arrival_s))

    def population(self) -> Population:
        """Return the requests as a population of equal weights."""
        cached = np.zeros(self.rows) if self.cached_tokens is None else self.cached_tokens
        return Population.of(self.input_tokens, self.output_tokens, cached)

    def week(self) -> FloatArray | None:
        """Return the measured 168 multipliers: by hour of the week from a week's span on, of the day from a day's; else None."""
        if self.arrival_s is None or self.span_s() < _DAY_S * 0.98:
            return None
        start = 0.0 if self.start_hour_of_week is None else self.start_hour_of_week
        period = HOURS_OF_WEEK if self.span_s() >= _WEEK_S * 0.98 else 24
        counts = np.bincount(((self.arrival_s / 3600.0 + start) % period).astype(np.int64), minlength=period)
        return week_of(counts / _hours_seen(start, self.span_s() / 3600.0, period))


def read_trace(
    path: Path, *, columns: Mapping[str, str] | None = None, time_unit: str | None = None, limits: Limits | None = None
) -> Trace:
    """Return the trace of a CSV, JSON Lines (each also .gz) or Parquet file.

    `columns` maps timestamp, input_tokens, output_tokens, cached_tokens or hash_ids to the file's own names; without it
    the names of the published traces are recognised. `hash_ids` (prefix blocks of 512 tokens) become cached tokens of
    an unbounded prefix cache. Raises `InputError` naming column and row, `TooLarge` beyond 5 million rows, 1 GiB of
    text or a hundredfold decompression.
    """
    found, chunks = read_rows(path, columns or {}, limits or Limits())
    counts_milliseconds = found.hash_ids is not None or found.input_tokens == "input_length"
    reader = None
    if found.timestamp is not None:
        reader = ClockReader(found.timestamp, time_unit, milliseconds=counts_milliseconds, document=path.name)
    return _assembled(path.name, _collected(found, chunks, reader, path.name))


@dataclass(frozen=True, slots=True)
class _Raw:
    """The columns as read, in file order."""

    inputs: FloatArray
    outputs: FloatArray
    cached: FloatArray | None
    clock: Clock | None


def _collected(found: Columns, chunks: Iterable[Rows], reader: ClockReader | None, document: str) -> _Raw:
    inputs: list[FloatArray] = []
    outputs: list[FloatArray] = []
    cached: list[FloatArray] = []
    prefixes, row = PrefixCounter(), 0
    for chunk in chunks:
        inputs.append(_tokens(chunk[found.input_tokens], found.input_tokens, row, document))
        outputs.append(_tokens(chunk[found.output_tokens], found.output_tokens, row, document))
        if found.cached_tokens is not None:
            cached.append(_tokens(chunk[found.cached_tokens], found.cached_tokens, row, document))
        elif found.hash_ids is not None:
            cached.append(prefixes.cached(chunk[found.hash_ids], inputs[-1], found.hash_ids, row, document))
        if reader is not None and found.timestamp is not None:
            reader.add(chunk[found.timestamp])
        row += inputs[-1].size
    if row == 0:
        raise InputError.at("rows", "none; a trace needs at least one request", document=document)
    clock = None if reader is None else reader.clock()
    return _Raw(np.concatenate(inputs), np.concatenate(outputs), np.concatenate(cached) if cached else None, clock)


def _tokens(values: npt.NDArray[np.object_], name: str, before: int, document: str) -> FloatArray:
    numbers = numbers_of(values)
    bad = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0) | (numbers > LONGEST_TOKENS))
    if bad.size:
        shown = str(values[int(bad[0])])[:40]
        message = f"{shown!r} is not a count of tokens; a number from 0 to {LONGEST_TOKENS:.0e} is right"
        raise InputError.at(f"{name}, row {before + int(bad[0]) + 1}", message, document=document)
    return numbers


def _assembled(name: str, raw: _Raw) -> Trace:
    clock = raw.clock
    kept = (raw.inputs > 0) & (raw.outputs > 0)
    if not kept.any():
        raise InputError.at("rows", "no request has both input and output tokens", document=name)
    order = np.flatnonzero(kept)
    if clock is not None:
        order = order[np.argsort(clock.seconds[order], kind="stable")]
    arrival, start = _arrivals(clock, order)
    cached = None if raw.cached is None else np.minimum(raw.cached, raw.inputs)[order]
    return Trace(name, raw.inputs[order], raw.outputs[order], cached, arrival, start, int((~kept).sum()))


def _arrivals(clock: Clock | None, order: npt.NDArray[np.int64]) -> tuple[FloatArray | None, float | None]:
    if clock is None:
        return None, None
    seconds = clock.seconds[order]
    start = None if clock.start_hour_of_week is None else (clock.start_hour_of_week + float(seconds[0]) / 3600.0) % HOURS_OF_WEEK
    return seconds - seconds[0], start


def _hours_seen(start_h: float, length_h: float, period: int) -> FloatArray:
    """Return how many hours of each hour of the period the trace covers, never under a hundredth, shape (period,)."""
    hours = np.arange(math.floor(start_h), math.ceil(start_h + length_h) + 1)
    inside = np.clip(np.minimum(hours + 1.0, start_h + length_h) - np.maximum(hours, start_h), 0.0, 1.0)
    return np.maximum(np.bincount(hours.astype(np.int64) % period, inside, period), 0.01)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
