"""Native charts over ranges of the workbook: stacked columns, lines, bars and curves in one set of colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl.chart import BarChart, LineChart, Reference, ScatterChart, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import StrRef
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties, RegularTextRun

from reports.grid import Line, period_column

PALETTE = ("1F3864", "2E75B6", "70AD47", "F2A900", "C55A11", "7F6084", "00A3A1", "A5A5A5", "843C0C", "548235")
LIMIT = "C00000"
MILLION, WHOLE = 1e6, 10


@dataclass(frozen=True, slots=True)
class Curve:
    """A range of numbers and the cell that names it; `limit` draws it as a dashed red line."""

    values: str
    name: str
    limit: bool = False


def curve_of(line: Line, *, limit: bool = False) -> Curve:
    """Return the curve of a line over the periods, named by its label."""
    return Curve(line.span(""), f"{sheet_prefix(line.sheet)}$A${line.row}", limit)


def axis_format(values: Iterable[float], unit: str = "") -> str:
    """Return the number format of an axis: millions where the largest value has them, decimals where all are small."""
    most = max((abs(value) for value in values), default=0.0)
    if unit == "USD" and most >= MILLION:
        return '#,##0.0,,"M"' if most < 20 * MILLION else '#,##0,,"M"'
    return "#,##0" if most >= 10 else "0.0" if most >= 1 else "0.00"


def sheet_prefix(title: str) -> str:
    """Return `'Unit cost'!` or `Cost!`."""
    return f"'{title}'!" if " " in title else f"{title}!"


def periods_range(sheet: str, row: int, count: int) -> str:
    """Return the range of the period names in a header row."""
    return f"{sheet_prefix(sheet)}${period_column(0)}${row}:${period_column(count - 1)}${row}"


def stacked_columns(title: str, categories: str, curves: Sequence[Curve], unit: str, number: str) -> BarChart:
    """Return columns stacked by curve over the periods."""
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.gapWidth = "col", "stacked", 100, 50
    _fill(chart, title, categories, curves, unit, number)
    return chart


def bars(title: str, categories: str, curves: Sequence[Curve], unit: str, number: str, *, stacked: bool = False) -> BarChart:
    """Return horizontal bars, the first category at the top."""
    chart = BarChart()
    chart.type, chart.gapWidth = "bar", 40
    if stacked:
        chart.grouping, chart.overlap = "stacked", 100
    _fill(chart, title, categories, curves, unit, number)
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.tickLblPos = "low"
    if len(curves) == 1:
        chart.legend = None
    return chart


def lines(title: str, categories: str, curves: Sequence[Curve], unit: str, number: str) -> LineChart:
    """Return lines over the periods; limits are dashed and red."""
    chart = LineChart()
    _fill(chart, title, categories, curves, unit, number)
    for series, curve in zip(chart.series, curves, strict=True):
        series.smooth = False
        series.marker.symbol = "none"
        if curve.limit:
            series.graphicalProperties.line.dashStyle = "dash"
    return chart


def scatter(title: str, volumes: str, curves: Sequence[Curve], units: tuple[str, str], number: str) -> ScatterChart:
    """Return curves against a volume."""
    chart = ScatterChart()
    chart.style, chart.scatterStyle = 13, "lineMarker"
    for index, curve in enumerate(curves):
        series = Series(Reference(range_string=curve.values), Reference(range_string=volumes))
        series.tx = SeriesLabel(strRef=StrRef(curve.name))
        series.marker.symbol, series.smooth = "none", False
        series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=PALETTE[index % len(PALETTE)], w=25400))
        chart.series.append(series)
    _finish(chart, title, units[1], number)
    chart.x_axis.majorGridlines = None
    chart.x_axis.title, chart.x_axis.number_format = _title(units[0], 900), "#,##0"
    return chart


def whole_numbers(chart: BarChart, values: Iterable[float]) -> None:
    """Give the axis of counts that are few steps of whole numbers."""
    most = max(values, default=0.0)
    if most < WHOLE:
        chart.y_axis.majorUnit = 1 if most <= WHOLE / 2 else 2


def resize(chart: ChartBase, width_cm: float, height_cm: float) -> None:
    """Set the size of a chart [cm]."""
    chart.width, chart.height = width_cm, height_cm  # type: ignore[assignment]


def _fill(chart: BarChart | LineChart, title: str, categories: str, curves: Sequence[Curve], unit: str, number: str) -> None:
    for index, curve in enumerate(curves):
        series = Series(Reference(range_string=curve.values))
        series.tx = SeriesLabel(strRef=StrRef(curve.name))
        colour = LIMIT if curve.limit else PALETTE[index % len(PALETTE)]
        if isinstance(chart, LineChart):
            series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=colour, w=28575))
        else:
            series.graphicalProperties = GraphicalProperties(solidFill=colour)
            series.invertIfNegative = False
        chart.series.append(series)
    chart.set_categories(Reference(range_string=categories))
    _finish(chart, title, unit, number)
    chart.x_axis.tickLblPos = "low"


def _finish(chart: BarChart | LineChart | ScatterChart, title: str, unit: str, number: str) -> None:
    chart.title = _title(title, 1200, bold=True)
    resize(chart, 16.5, 8.2)
    chart.y_axis.title, chart.y_axis.number_format = _title(unit, 900), number
    chart.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill="E5E7EB")))
    chart.x_axis.delete = chart.y_axis.delete = False
    for axis in (chart.x_axis, chart.y_axis):
        axis.txPr = RichText(p=[Paragraph(pPr=_text(800), endParaRPr=CharacterProperties(sz=800))])
    if chart.legend is not None:
        chart.legend.position = "b"


def _title(text: str, size: int, *, bold: bool = False) -> Title:
    """Return a title in our type."""
    properties = CharacterProperties(sz=size, b=bold, solidFill="374151", latin=Font(typeface="Calibri"))
    paragraph = Paragraph(pPr=_text(size, bold=bold), r=[RegularTextRun(rPr=properties, t=text)])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)


def _text(size: int, *, bold: bool = False) -> ParagraphProperties:
    return ParagraphProperties(defRPr=CharacterProperties(sz=size, b=bold, solidFill="374151", latin=Font(typeface="Calibri")))
