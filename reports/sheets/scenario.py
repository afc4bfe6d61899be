"""The question as it was asked: every field of the scenario, defaults written out, in SI units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.book import Book
from reports.grid import Kind, Value
from reports.styles import VALUE, Role, Style

SHEET = "Scenario"
MOST_ROWS = 5_000


def write(book: Book) -> None:
    """Fill the sheet with one line per field."""
    if not book.plan.scenario:
        return
    note = "What was asked, with every default written out: SI units (W, s, bytes/s), US dollars, shares as fractions. Frozen."
    sheet = book.sheet(SHEET, "Scenario", note, Kind.INPUT)
    sheet.freeze, sheet.landscape = "B6", False
    sheet.write("Field", "Value", style=[Style(Role.HEAD), Style(Role.HEAD)])
    sheet.widths |= {1: 48.0, 2: 64.0}
    for number, (field, value) in enumerate(flat(book.plan.scenario)):
        if number == MOST_ROWS:
            sheet.note_line(f"more fields than {MOST_ROWS:,}; plan.json has them all")
            break
        sheet.write(field, value, style=[Style(), Style(Role.FROZEN, VALUE, left=True)])


def flat(value: object, path: str = "") -> Iterator[tuple[str, Value]]:
    """Yield `workloads[0].sla.ttft.limit` with its value for every field that is set.

    >>> list(flat({"a": [{"b": 1}, {"b": None}], "c": "x"}))
    [('a[0].b', 1), ('c', 'x')]
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from flat(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        if all(not isinstance(part, Mapping | list | tuple) for part in value):
            yield path, ", ".join(str(part) for part in value) or "none"
            return
        for index, part in enumerate(value):
            yield from flat(part, f"{path}[{index}]")
    elif isinstance(value, str | int | float):
        yield path, str(value) if isinstance(value, bool) else value
