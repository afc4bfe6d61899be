"""A sheet before it is a file: cells with values, formulas and their known results, addressed by the names of their lines.

Sheets over time share one layout: columns A to E say what a row is, F is its total, G what it starts from (or its present
value), and every period has the same column, from H on, on every sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from openpyxl.chart._chart import ChartBase
from openpyxl.formatting.rule import Rule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from reports.styles import BOOLEAN, GENERAL, VALUE, Role, Style, number_format
from reports.text import cell_text, finite, looks_like_formula

FIRST_PERIOD = 8
TOTAL, START = "F", "G"
LABEL_ROW, HEAD_ROW = 4, 5


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula (with its `=`) and the result that the plan knows for it."""

    text: str
    value: float | str | bool


PLAIN = Style()
Value = str | float | bool | Formula | None


class Kind(StrEnum):
    """What a sheet is for; the colour of its tab says it."""

    OUTPUT = "1F3864"
    INPUT = "F2C200"
    WORKING = "9CA3AF"
    CHECK = "2E7D32"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in its style."""

    value: Value
    style: Style


@dataclass(frozen=True, slots=True)
class Spot:
    """The address of one cell, and the number that it holds in the plan."""

    sheet: str
    column: str
    row: int
    value: float

    def seen_from(self, home: str) -> str:
        """Return the fixed reference to this cell, as a formula on sheet `home` writes it: `Cost!$F$12`."""
        return f"{_prefix(self.sheet, home)}${self.column}${self.row}"


@dataclass(frozen=True, slots=True)
class Line:
    """A row over the periods: where it stands and the numbers that it holds in the plan, shape `(period,)`."""

    sheet: str
    row: int
    values: tuple[float, ...]

    def at(self, column: str, home: str) -> str:
        """Return the reference to this row in the formula's own column: `Quantities!H12`; the same period, whatever the sheet."""
        return f"{_prefix(self.sheet, home)}{column}{self.row}"

    def span(self, home: str) -> str:
        """Return the fixed range of all periods: `Quantities!$H$12:$S$12`."""
        return f"{_prefix(self.sheet, home)}${period_column(0)}${self.row}:${period_column(len(self.values) - 1)}${self.row}"

    def total(self) -> Spot:
        """Return the row's total, in column F."""
        return Spot(self.sheet, TOTAL, self.row, sum(self.values))

    def period(self, index: int) -> Spot:
        """Return the cell of one period."""
        return Spot(self.sheet, period_column(index), self.row, self.values[index])


def period_column(index: int) -> str:
    """Return the column of a period, the same on every sheet over time: `H` for the first."""
    return get_column_letter(FIRST_PERIOD + index)


@dataclass(slots=True)
class Sheet:
    """A sheet being filled from top to bottom; `row` is where the next line goes."""

    title: str
    heading: str
    note: str
    kind: Kind
    periods: tuple[str, ...] = ()
    row: int = HEAD_ROW
    cells: dict[int, dict[int, Cell]] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    charts: list[tuple[ChartBase, str]] = field(default_factory=list)
    rules: list[tuple[str, Rule]] = field(default_factory=list)
    validations: list[DataValidation] = field(default_factory=list)
    freeze: str = ""
    landscape: bool = True
    one_page: bool = False
    print_columns: int = 0

    def put(self, row: int, column: int, value: Value, style: Style) -> None:
        """Set a cell. Text becomes safe text, never a formula; a number that is not finite becomes the words `not known`."""
        if value is None:
            return
        if isinstance(value, str):
            style = replace(style, quoted=looks_like_formula(value))
            value = cell_text(value)
        elif isinstance(value, bool):
            style = replace(style, number=BOOLEAN)
        elif isinstance(value, float):
            known = finite(value)
            value = "not known" if known is None else known
        elif isinstance(value, Formula) and isinstance(value.value, bool):
            style = replace(style, number=BOOLEAN)
        elif isinstance(value, Formula) and isinstance(value.value, float) and finite(value.value) is None:
            raise ValueError(f"{self.title} row {row}: the result of {value.text} is not a finite number")
        if style.number == VALUE:
            style = replace(style, number=number_format(VALUE, value.value if isinstance(value, Formula) else value))
        self.cells.setdefault(row, {})[column] = Cell(value, style)

    def write(self, *values: Value, style: Style | Sequence[Style] | None = None, column: int = 1) -> int:
        """Write one line of cells from `column` on, return its row."""
        row = self.row
        styles = [style or PLAIN] * len(values) if not isinstance(style, Sequence) else style
        for offset, (value, each) in enumerate(zip(values, styles, strict=True)):
            self.put(row, column + offset, value, each)
        self.row += 1
        return row

    def section(self, text: str, columns: int = 0) -> int:
        """Write the heading of a block, coloured across the sheet, one empty row above it; return its row."""
        if self.row > HEAD_ROW:
            self.row += 1
        width = columns or (FIRST_PERIOD - 1 + len(self.periods) if self.periods else 8)
        return self.write(text, *[""] * (width - 1), style=Style(Role.SECTION))

    def note_line(self, text: str) -> int:
        """Write a remark, return its row."""
        return self.write(text, style=Style(Role.NOTE))

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Value]], styles: Sequence[Style]) -> range:
        """Write a header and lines under it; return the rows of the lines."""
        self.write(*heads, style=[_head_of(style) for style in styles])
        first = self.row
        for row in rows:
            self.write(*row, style=styles)
        return range(first, self.row)

    def timeline(self, *labels: str, total: str = "Total", start: str = "") -> None:
        """Write the header of a block over the periods."""
        left = [*labels, *[""] * (FIRST_PERIOD - 3 - len(labels)), total, start]
        styles = [Style(Role.HEAD)] * 5 + [Style(Role.HEAD_NUMBER)] * (2 + len(self.periods))
        self.write(*left, *self.periods, style=styles)

    def series(
        self,
        head: Sequence[Value],
        values: Sequence[float],
        style: Style,
        *,
        formula: Callable[[str], str] | None = None,
        total: bool = True,
        start: Value = None,
        start_style: Style | None = None,
    ) -> Line:
        """Write a row over the periods: the plan's numbers, or one formula copied across with them as known results.

        `formula` gets the letter of the period's column. With `total` column F sums the row.
        """
        row = self.row
        label = Style(Role.STRONG if style.role is Role.TOTAL else Role.TEXT)
        for offset, value in enumerate(head):
            self.put(row, 1 + offset, value, label if isinstance(value, str) else style)
        numbers = tuple(float(value) for value in values)
        for index, number in enumerate(numbers):
            column = period_column(index)
            self.put(row, FIRST_PERIOD + index, Formula(formula(column), number) if formula else number, style)
        line = Line(self.title, row, numbers)
        if total:
            role = Role.TOTAL if style.role is Role.TOTAL else Role.CALC
            self.put(
                row,
                6,
                Formula(f"=SUM({period_column(0)}{row}:{period_column(len(numbers) - 1)}{row})", sum(numbers)),
                style.as_(role),
            )
        if start is not None:
            self.put(row, 7, start, start_style or style)
        self.row += 1
        return line

    def subtotal(self, label: str, lines: Sequence[Line], style: Style, *, total: bool = True) -> Line:
        """Write the sum of lines that stand directly below one another; zeros where there are none."""
        if not lines:
            return self.series([label, "", "", "", ""], [0.0] * len(self.periods), style.as_(Role.TOTAL), total=total)
        first, last = lines[0].row, lines[-1].row
        values = [sum(line.values[index] for line in lines) for index in range(len(lines[0].values))]
        summed = style.as_(Role.TOTAL)
        return self.series([label, "", "", "", ""], values, summed, formula=lambda c: f"=SUM({c}{first}:{c}{last})", total=total)

    def spot(self, column: int, row: int, value: float) -> Spot:
        """Return the address of a cell of this sheet."""
        return Spot(self.title, get_column_letter(column), row, value)


def _head_of(style: Style) -> Style:
    """Return the style of a column's name: at the right over numbers, free to run on over remarks."""
    if style.role is Role.NOTE:
        return Style(Role.HEAD)
    return Style(Role.HEAD if style.number == GENERAL else Role.HEAD_NUMBER, wrap=True)


def _prefix(sheet: str, home: str) -> str:
    if sheet == home:
        return ""
    return f"'{sheet}'!" if " " in sheet else f"{sheet}!"
