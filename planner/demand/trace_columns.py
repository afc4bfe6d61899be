"""Which column of a trace is which: the names that published traces use, or a mapping of the user's."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.errors import InputError, Problem

NAMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": (
        "timestamp",
        "time_stamp",
        "arrival_time",
        "arrived_at",
        "arrival",
        "arrival_s",
        "t_s",
        "t",
        "time",
        "time_s",
        "timestamp_s",
        "timestamp_ms",
        "arrival_ms",
        "request_time",
        "start_time",
        "created",
        "created_at",
        "date",
        "datetime",
        "time_utc",
    ),
    "input_tokens": (
        "input_tokens",
        "contexttokens",
        "context_tokens",
        "input_length",
        "num_prefill_tokens",
        "prefill_tokens",
        "prompt_tokens",
        "request_tokens",
        "input_len",
        "prompt_len",
        "prompt_length",
        "isl",
        "num_input_tokens",
        "n_input_tokens",
        "tokens_in",
    ),
    "output_tokens": (
        "output_tokens",
        "generatedtokens",
        "generated_tokens",
        "output_length",
        "num_decode_tokens",
        "decode_tokens",
        "completion_tokens",
        "response_tokens",
        "output_len",
        "response_length",
        "osl",
        "num_output_tokens",
        "n_output_tokens",
        "tokens_out",
    ),
    "cached_tokens": (
        "cached_prefix_tokens",
        "cached_tokens",
        "cached_input_tokens",
        "cache_read_input_tokens",
        "num_cached_tokens",
    ),
    "hash_ids": ("hash_ids",),
}
_NEEDED = ("input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Columns:
    """The trace's own names of the columns that are read; nothing else of the file is kept."""

    input_tokens: str
    output_tokens: str
    timestamp: str | None = None
    cached_tokens: str | None = None
    hash_ids: str | None = None

    def named(self) -> tuple[str, ...]:
        """Return the names in use."""
        every = (self.timestamp, self.input_tokens, self.output_tokens, self.cached_tokens, self.hash_ids)
        return tuple(name for name in every if name is not None)


def find_columns(present: Sequence[str], given: Mapping[str, str], *, document: str) -> Columns:
    """Return which column is which.

    Raises `InputError` for a given name that the file does not have, a role that does not exist, or missing token columns.
    """
    problems = [
        Problem(f"columns.{role}", f"no such role; {', '.join(NAMES)} are right") for role in sorted(given) if role not in NAMES
    ]
    problems += [
        Problem(f"columns.{role}", f"the file has no column {name!r}{_nearest(name, present)}; it has {_listed(present)}")
        for role, name in sorted(given.items())
        if name not in present
    ]
    found = {role: given.get(role) or _recognised(role, present) for role in NAMES}
    problems += [
        Problem(
            role,
            f"no column for it; the file has {_listed(present)}. Name yours (columns: {{{role}: name}}) or call it {role!r}",
        )
        for role in _NEEDED
        if found[role] is None
    ]
    if problems:
        raise InputError(problems, document=document)
    inputs, outputs = found["input_tokens"], found["output_tokens"]
    assert inputs is not None
    assert outputs is not None
    return Columns(inputs, outputs, found["timestamp"], found["cached_tokens"], found["hash_ids"])


def plain_name(name: str) -> str:
    """Return a column name as it is compared: lower case, spaces and dashes as underscores."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _recognised(role: str, present: Sequence[str]) -> str | None:
    by_plain = {plain_name(name): name for name in reversed(present)}
    return next((by_plain[alias] for alias in NAMES[role] if alias in by_plain), None)


def _nearest(name: str, present: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, present, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _listed(present: Sequence[str]) -> str:
    short = [name if len(name) <= 40 else name[:37] + "..." for name in present[:12]]
    return ", ".join(short) + (f" and {len(present) - 12} more" if len(present) > 12 else "")
