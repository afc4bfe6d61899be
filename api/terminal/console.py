"""The two consoles, and text made safe for them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 110


def output() -> Console:
    """Return the console for answers (stdout); where it is no terminal, lines are wide enough for tables to stay whole."""
    return _console(to_errors=False)


def notices() -> Console:
    """Return the console for progress and errors (stderr)."""
    return _console(to_errors=True)


def _console(*, to_errors: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if to_errors else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PLAIN_WIDTH
    return Console(stderr=to_errors, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def printable(text: str) -> str:
    r"""Return text whose control characters are written out, so that no input can steer a terminal.

    >>> printable("a" + chr(27) + "[2J")
    'a\\x1b[2J'
    """
    return "".join(mark if mark.isprintable() or mark == "\n" else _escaped(mark) for mark in text)


def _escaped(mark: str) -> str:
    return mark.encode("unicode_escape").decode("ascii")
