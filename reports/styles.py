"""The look of every cell: what kind of cell it is (FAST colours) and how its number is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

FONT = "Calibri"
NAVY, BLUE, GREEN, GREY, RED, WHITE, INK = "1F3864", "0000FF", "00703C", "6B7280", "C00000", "FFFFFF", "111827"
FILL_INPUT, FILL_FROZEN, FILL_SECTION, FILL_GOOD, FILL_BAD, FILL_WARN = "FFF9DB", "F0F1F3", "DCE6F2", "C6EFCE", "FFC7CE", "FFEB9C"
INK_GOOD, INK_BAD, INK_WARN = "006100", "9C0006", "7F5F00"

GENERAL = "General"
USD = '#,##0;(#,##0);"–"'
USD_UNIT = '#,##0.00;(#,##0.00);"–"'
USD_FINE = '#,##0.0000;(#,##0.0000);"–"'
MUSD = '#,##0.00,,"M";(#,##0.00,,"M");"–"'
COUNT = '#,##0;-#,##0;"–"'
AMOUNT = '#,##0.0;-#,##0.0;"–"'
RATE = '#,##0.000;-#,##0.000;"–"'
SECONDS = "0.000;-0.000;0.000"
PERCENT = "0.0%"
FACTOR = "0.000000"
VALUE = "#,##0.######"


class Role(StrEnum):
    """What a cell is for; each has one look throughout the workbook."""

    TITLE = "title"
    NOTE = "note"
    HEAD = "head"
    HEAD_NUMBER = "head_number"
    SECTION = "section"
    TEXT = "text"
    STRONG = "strong"
    INPUT = "input"
    CALC = "calc"
    LINK = "link"
    FROZEN = "frozen"
    TOTAL = "total"
    KPI = "kpi"
    CHECK = "check"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Style:
    """A cell's role, its number format, and whether its text wraps or is set as text for safety."""

    role: Role = Role.TEXT
    number: str = GENERAL
    wrap: bool = False
    quoted: bool = False

    def as_(self, role: Role) -> Style:
        """Return the same number format in another role."""
        return replace(self, role=role)


@dataclass(frozen=True, slots=True)
class Look:
    """The openpyxl parts of a role."""

    font: Font
    fill: PatternFill | None = None
    border: Border | None = None
    horizontal: str | None = None


def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", start_color=colour, end_color=colour)


def _font(*, size: float = 10, bold: bool = False, italic: bool = False, colour: str = INK) -> Font:
    return Font(name=FONT, size=size, bold=bold, italic=italic, color=colour)


_HAIR = Side(style="hair", color="BFC5CE")
_GRID = Border(bottom=_HAIR)

LOOKS: dict[Role, Look] = {
    Role.TITLE: Look(_font(size=16, bold=True, colour=NAVY)),
    Role.NOTE: Look(_font(italic=True, colour=GREY)),
    Role.HEAD: Look(_font(bold=True, colour=WHITE), _fill(NAVY), horizontal="left"),
    Role.HEAD_NUMBER: Look(_font(bold=True, colour=WHITE), _fill(NAVY), horizontal="right"),
    Role.SECTION: Look(_font(bold=True, colour=NAVY), _fill(FILL_SECTION)),
    Role.TEXT: Look(_font(), border=_GRID, horizontal="left"),
    Role.STRONG: Look(_font(bold=True), border=_GRID, horizontal="left"),
    Role.INPUT: Look(_font(colour=BLUE), _fill(FILL_INPUT), _GRID),
    Role.CALC: Look(_font(), border=_GRID),
    Role.LINK: Look(_font(colour=GREEN), border=_GRID),
    Role.FROZEN: Look(_font(), _fill(FILL_FROZEN), _GRID),
    Role.TOTAL: Look(_font(bold=True), border=Border(top=Side(style="thin", color=NAVY), bottom=_HAIR)),
    Role.KPI: Look(_font(size=16, bold=True, colour=NAVY), border=_GRID, horizontal="left"),
    Role.CHECK: Look(_font(bold=True), border=_GRID, horizontal="center"),
    Role.GOOD: Look(_font(bold=True, colour=INK_GOOD), _fill(FILL_GOOD), _GRID, "center"),
    Role.BAD: Look(_font(bold=True, colour=INK_BAD), _fill(FILL_BAD), _GRID, "center"),
}


def alignment(style: Style) -> Alignment:
    """Return the alignment of a style: text at the top where it wraps, numbers to the right."""
    return Alignment(
        horizontal=LOOKS[style.role].horizontal, vertical="top" if style.wrap else "center", wrap_text=style.wrap or None
    )


def million(text: str) -> str:
    """Return the number format that shows millions of something: `12.3 M`."""
    return f'#,##0.0,," {text}"'
