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
USD = '#,##0_);(#,##0);"–"_)'
USD_UNIT = '#,##0.00_);(#,##0.00);"–"_)'
USD_FINE = '#,##0.0000_);(#,##0.0000);"–"_)'
MUSD = '#,##0.00,,"M";(#,##0.00,,"M");"–"'
COUNT = '#,##0_);-#,##0_);"–"_)'
AMOUNT = '#,##0.0_);-#,##0.0_);"–"_)'
RATE = '#,##0.000_);-#,##0.000_);"–"_)'
SECONDS = "0.000_);-0.000_);0.000_)"
PERCENT = "0.0%_)"
FACTOR = "0.000000_)"
VALUE = "value"
SHORT = 7
BOOLEAN = '"TRUE";"TRUE";"FALSE"'


def number_format(number: str, value: object) -> str:
    """Return the number format for a value; `VALUE` stands for whatever shows a figure of unknown size without a bare point."""
    if number != VALUE:
        return number
    if not isinstance(value, int | float) or isinstance(value, bool):
        return GENERAL
    size = abs(value)
    if size >= 1000:
        return "#,##0_)" if float(value).is_integer() else "#,##0.00_)"
    if size == 0 or len(f"{value:.12g}") <= SHORT:
        return GENERAL
    return "0.00_)" if size >= 100 else "0.0000_)" if size >= 1 else "0.000000_)" if size >= 1e-4 else "0.00E+00"


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
    STATUS = "status"
    CHECK = "check"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Style:
    """A cell's role and number format; whether it wraps, is marked as text for safety, or stands at the left."""

    role: Role = Role.TEXT
    number: str = GENERAL
    wrap: bool = False
    quoted: bool = False
    left: bool = False

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
    Role.KPI: Look(_font(size=12, bold=True, colour=NAVY), horizontal="left"),
    Role.STATUS: Look(_font(bold=True), border=_GRID, horizontal="left"),
    Role.CHECK: Look(_font(bold=True), border=_GRID, horizontal="center"),
    Role.GOOD: Look(_font(bold=True, colour=INK_GOOD), _fill(FILL_GOOD), _GRID, "center"),
    Role.BAD: Look(_font(bold=True, colour=INK_BAD), _fill(FILL_BAD), _GRID, "center"),
}


def alignment(style: Style) -> Alignment:
    """Return the alignment of a style: text at the top, header names centred in height, numbers to the right."""
    head = style.role in (Role.HEAD, Role.HEAD_NUMBER)
    return Alignment(
        horizontal="left" if style.left else LOOKS[style.role].horizontal,
        vertical="center" if head else "top",
        wrap_text=style.wrap or None,
        indent=1 if style.role in (Role.HEAD_NUMBER, Role.TEXT, Role.STRONG, Role.HEAD) else 0,
    )


def million(text: str) -> str:
    """Return the number format that shows millions of something: `12.3 M`."""
    return f'#,##0.0,," {text}"_)'
