"""One item of the catalog in full: every value with its source, kind, date, note and conflict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from api.terminal.catalog_sections import Line, sections_of
from catalog.errors import CatalogError, UnknownNameError
from catalog.items import Catalog
from catalog.lookup import resolve

if TYPE_CHECKING:
    from rich.console import RenderableType


def item_named(catalog: Catalog, name: str) -> object:
    """Return what a name means: hardware, model, system, profile, source, or the TCO inputs under a dotted name."""
    try:
        return resolve(catalog, name)
    except UnknownNameError as unknown:
        if name in catalog.profiles:
            return catalog.profiles[name]
        if name in catalog.sources:
            return catalog.sources[name]
        inputs = {key: fact for key, fact in catalog.tco.items() if key == name or key.startswith(f"{name}.")}
        if inputs:
            return inputs
        raise CatalogError(list(unknown.problems)) from None


def sheet(catalog: Catalog, item: object) -> Iterator[RenderableType]:
    """Yield the parts of an item's page: its words, its values with their evidence, the publications that they cite."""
    from rich.text import Text

    sections = sections_of(item)
    for section in sections:
        yield Text(section.title, style="bold")
        if section.words:
            yield _words(section.words)
        if section.lines:
            yield _values(section.lines)
        yield ""
    cited = {line.source for section in sections for line in section.lines}
    known = [catalog.sources[name] for name in sorted(cited) if name in catalog.sources]
    if known:
        yield Text("Sources (reliability A primary ... D contradictory or of low quality)", style="bold")
        yield _grid([(source.id, source.reliability, source.citation) for source in known])


def plain(value: object) -> object:
    """Return a value of the catalog as JSON values; sets become sorted lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _words(words: Sequence[tuple[str, str]]) -> RenderableType:
    return _grid([(f"  {name}", text) for name, text in words if text])


def _values(lines: Sequence[Line]) -> RenderableType:
    """Return the values of a section; remarks stand under the value that they concern."""
    rows: list[tuple[str, ...]] = []
    for line in lines:
        evidence = ", ".join(filter(None, (line.source, line.kind, line.date)))
        rows.append((f"  {line.name}", line.value, evidence))
        rows += [("", "", f"  {remark}") for remark in line.remarks]
    return _grid(rows)


def _grid(rows: Sequence[tuple[str, ...]]) -> RenderableType:
    """Return rows in columns as wide as they need; the last one takes the rest."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for column in range(len(rows[0]) if rows else 0):
        last = column == len(rows[0]) - 1
        table.add_column(overflow="fold", max_width=None if last else 56, ratio=1 if last else None)
    for row in rows:
        table.add_row(*row)
    return table
