"""Sheets to bytes: styles resolved once, columns as wide as their content, rows as high as their text, print setup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from textwrap import wrap
from typing import cast

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Protection
from openpyxl.utils import get_column_letter
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from reports.cached_values import finish
from reports.grid import FIRST_PERIOD, Cell, Formula, Sheet, Value
from reports.styles import GENERAL, LOOKS, Role, Style, alignment
from reports.text import clean, header_text

WIDEST, NARROWEST, PERIOD_WIDTH = 44.0, 7.0, 10.0
LINE_POINTS, MOST_LINES = 13.5, 12
NARROW = 0.88  # of a digit's width: what a letter of our text takes on average
OVERFLOWING = (Role.TITLE, Role.NOTE, Role.SECTION, Role.KPI)


def render(sheets: Sequence[Sheet], *, title: str, subject: str, stamp: str) -> bytes:
    """Return the .xlsx file of the sheets in their order; `title` and `subject` go into its properties and footers."""
    book = Workbook(write_only=True)
    book.properties.title, book.properties.subject = clean(title, 200), clean(subject, 200)
    book.properties.creator = "splitfleet"
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    looks = _Looks()
    results = {}
    for number, sheet in enumerate(sheets, 1):
        target = cast("Worksheet", book.create_sheet(sheet.title))
        _dress(target, sheet, title)
        for cells in _rows(sheet):
            target.append([looks.cell(target, cell) if cell else None for cell in cells])
        results[f"xl/worksheets/sheet{number}.xml"] = _results(sheet)
    out = BytesIO()
    book.save(out)
    return finish(out, results, stamp)


def _results(sheet: Sheet) -> Mapping[str, float | str | bool]:
    return {
        f"{get_column_letter(column)}{row}": cell.value.value
        for row, cells in sheet.cells.items()
        for column, cell in cells.items()
        if isinstance(cell.value, Formula)
    }


class _Looks:
    """Styles as openpyxl keeps them: each made once, then copied by index, which is what makes large books fast."""

    def __init__(self) -> None:
        self._made: dict[Style, object] = {}

    def cell(self, sheet: Worksheet, cell: Cell) -> XlsxCell:
        style = cell.style
        if style not in self._made:
            self._made[style] = self._make(sheet, style)
        made = XlsxCell(sheet, row=1, column=1, style_array=self._made[style])  # type: ignore[arg-type]
        if isinstance(cell.value, Formula):
            made.value = cell.value.text
        else:
            made.value = cell.value
            if isinstance(cell.value, str):
                made.data_type = "s"
        return made

    @staticmethod
    def _make(sheet: Worksheet, style: Style) -> object:
        look, cell = LOOKS[style.role], WriteOnlyCell(sheet)
        cell.font, cell.alignment, cell.number_format = look.font, alignment(style), style.number
        if look.fill is not None:
            cell.fill = look.fill
        if look.border is not None:
            cell.border = look.border
        if style.role is Role.INPUT:
            cell.protection = Protection(locked=False)
        cell.quotePrefix = style.quoted
        return cell._style  # type: ignore[attr-defined]  # noqa: SLF001 - openpyxl has no public name for a style that can be shared


def _rows(sheet: Sheet) -> Iterator[list[Cell | None]]:
    for row in range(1, max(sheet.cells, default=0) + 1):
        cells = sheet.cells.get(row, {})
        yield [cells.get(column) for column in range(1, max(cells, default=0) + 1)]


def _dress(target: Worksheet, sheet: Sheet, title: str) -> None:
    widths = _widths(sheet)
    _wrap_long_text(sheet, widths)
    for column, width in widths.items():
        target.column_dimensions[get_column_letter(column)].width = width
    for row, height in {**_heights(sheet, widths), **sheet.heights}.items():
        target.row_dimensions[row].height = height
    target.sheet_properties.tabColor = sheet.kind.value
    target.sheet_view.showGridLines = False
    target.sheet_view.zoomScale = 90
    target.freeze_panes = sheet.freeze or None
    for area, rule in sheet.rules:
        target.conditional_formatting.add(area, rule)
    for validation in sheet.validations:
        target.data_validations.append(validation)
    for chart, anchor in sheet.charts:
        target.add_chart(chart, anchor)
    _print_setup(target, sheet, title)


def _print_setup(target: Worksheet, sheet: Sheet, title: str) -> None:
    setup = target.page_setup
    setup.orientation, setup.paperSize = ("landscape" if sheet.landscape else "portrait"), 9
    setup.fitToWidth, setup.fitToHeight = 1, (1 if sheet.one_page else 0)
    target.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    target.page_margins.left = target.page_margins.right = 0.4
    target.page_margins.top, target.page_margins.bottom = 0.5, 0.75
    target.page_margins.header = target.page_margins.footer = 0.3
    target.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart(header_text(title)),
        center=_HeaderFooterPart(sheet.title),
        right=_HeaderFooterPart("&P / &N"),
    )
    if sheet.freeze:
        target.print_title_rows = f"1:{int(sheet.freeze[1:]) - 1}"
    if sheet.print_columns:
        target.print_area = f"A1:{get_column_letter(sheet.print_columns)}{max(sheet.cells)}"


def _widths(sheet: Sheet) -> dict[int, float]:
    """Return how wide each column is: what a chosen width says, else its longest content within bounds."""
    longest: dict[int, float] = {}
    for cells in sheet.cells.values():
        for column, cell in cells.items():
            if cell.style.role not in OVERFLOWING:
                longest[column] = max(longest.get(column, 0.0), _length(cell))
    if sheet.periods:
        longest |= {column: max(width, PERIOD_WIDTH) for column, width in longest.items() if column >= FIRST_PERIOD}
    found = {column: min(max(length + 2.0, NARROWEST), WIDEST) for column, length in longest.items()}
    return found | sheet.widths


def _length(cell: Cell) -> float:
    bold = 1.1 if cell.style.role in (Role.TOTAL, Role.STRONG, Role.HEAD, Role.HEAD_NUMBER, Role.CHECK) else 1.0
    text = shown(cell.value, cell.style.number)
    if cell.style.role in (Role.HEAD, Role.HEAD_NUMBER) and cell.style.wrap:
        return bold * max((len(word) for word in text.split()), default=0)
    return bold * max(len(part) for part in text.split("\n"))


def shown(value: Value, number: str) -> str:
    """Return about what a spreadsheet shows for a value in a number format; good enough to measure its width."""
    if isinstance(value, Formula):
        value = value.value
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(value).upper()
    if number.startswith(GENERAL):
        return f"{value:.8g}"
    body = number.partition(";")[0].partition('"')[0]
    scale = 1e6 if ",," in body else 0.01 if "%" in body else 1.0
    decimals = body.partition(".")[2].count("0")
    suffix = number.count('"') // 2 * 2 + 1 + (2 if value < 0 else 0)
    return f"{value / scale:,.{decimals}f}" + " " * suffix


def _wrap_long_text(sheet: Sheet, widths: Mapping[int, float]) -> None:
    for cells in sheet.cells.values():
        for column, cell in cells.items():
            if _should_wrap(cell, widths.get(column, WIDEST)):
                cells[column] = replace(cell, style=replace(cell.style, wrap=True))


def _should_wrap(cell: Cell, width: float) -> bool:
    if not isinstance(cell.value, str) or cell.style.wrap or cell.style.role in OVERFLOWING:
        return False
    return len(cell.value) * NARROW + 2 > width or "\n" in cell.value


def _heights(sheet: Sheet, widths: Mapping[int, float]) -> dict[int, float]:
    found = {1: 24.0}
    for row, cells in sheet.cells.items():
        lines = max((_lines(cell, widths[column]) for column, cell in cells.items() if cell.style.wrap), default=1)
        if lines > 1:
            found[row] = LINE_POINTS * min(lines, MOST_LINES) + 2.0
    return found


def _lines(cell: Cell, width: float) -> int:
    """Return about how many lines a wrapped text takes; a column's width is counted in digits of the default font."""
    text = shown(cell.value, GENERAL)[: int(width) * MOST_LINES * 2]
    room = max(1, int((width - 2.0) / (1.0 if cell.style.role in (Role.HEAD, Role.HEAD_NUMBER, Role.KPI) else NARROW)))
    return sum(max(1, len(wrap(part, room))) for part in text.split("\n"))
