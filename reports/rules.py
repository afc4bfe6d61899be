"""Conditional colours: a fill and an ink where a formula is true."""

from __future__ import annotations

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle

from reports.styles import FILL_BAD, FILL_GOOD, FILL_WARN, INK_BAD, INK_GOOD, INK_WARN


def good(condition: str) -> Rule:
    """Return the rule that colours green where a formula (without `=`) is true."""
    return _rule(condition, FILL_GOOD, INK_GOOD)


def bad(condition: str) -> Rule:
    """Return the rule that colours red where a formula is true."""
    return _rule(condition, FILL_BAD, INK_BAD)


def warning(condition: str) -> Rule:
    """Return the rule that colours amber where a formula is true."""
    return _rule(condition, FILL_WARN, INK_WARN)


def _rule(condition: str, fill: str, ink: str) -> Rule:
    pattern = PatternFill("solid", start_color=fill, end_color=fill)
    look = DifferentialStyle(font=Font(color=ink, bold=True), fill=pattern)
    return Rule(type="expression", dxf=look, formula=[condition], stopIfTrue=True)
