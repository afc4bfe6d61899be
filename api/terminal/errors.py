"""Errors as a person at a terminal reads them: one line each, no traceback."""

from __future__ import annotations

import sys

from api.failures import Failure
from api.terminal.console import printable

MOST_LINES = 20
LONGEST_LINE = 1000


def show_failure(failure: Failure) -> None:
    """Write a failure to stderr, a line per problem, at most 20 of them."""
    lines = failure.lines()
    for line in lines[:MOST_LINES]:
        shown = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " ..."
        sys.stderr.write("error: " + printable(shown).replace("\n", "\\n") + "\n")
    if len(lines) > MOST_LINES:
        sys.stderr.write(f"error: and {len(lines) - MOST_LINES} more\n")
    if failure.code == "defect":
        sys.stderr.write("Set SPLITFLEET_DEBUG=1 to see where it happened, and please report it.\n")
    sys.stderr.flush()
