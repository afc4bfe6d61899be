"""The catalog as lists: one row per item, as a table for people or as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.dimensions import Dimension
from catalog.errors import CatalogError
from catalog.items import Catalog, Hardware, HardwareClass, Model, Sourced, Status
from catalog.leaf import near
from catalog.units import format_quantity

if TYPE_CHECKING:
    from rich.table import Table

Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in JSON, its heading, the dimension of its numbers."""

    key: str
    heading: str
    dimension: Dimension | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Columns and the values under them [SI and US dollars]; `None` is not known."""

    columns: Sequence[Column]
    values: Sequence[Sequence[Cell]]

    def rows(self) -> list[dict[str, Cell]]:
        """Return the rows as mappings from column keys."""
        return [dict(zip([column.key for column in self.columns], row, strict=True)) for row in self.values]

    def table(self) -> Table:
        """Return the table for people."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in self.columns:
            fixed = column.key in ("id", "name")
            table.add_column(column.heading, justify="right" if column.dimension else "left", overflow="fold", no_wrap=fixed)
        for row in self.values:
            table.add_row(*(_shown(value, column) for value, column in zip(row, self.columns, strict=True)))
        return table


def listing(catalog: Catalog, kind: str, hardware_class: str | None = None, status: str | None = None) -> Listing:
    """Return the list of a kind of items; CatalogError names the kinds, classes and states that there are."""
    if kind not in _KINDS:
        raise CatalogError.at("--kind", f"'{kind}' is no kind of item{near(kind, _KINDS)} ({', '.join(_KINDS)})")
    _known("--class", hardware_class, [str(value) for value in HardwareClass])
    _known("--status", status, [str(value) for value in Status])
    items = [
        item
        for item in catalog.hardware.values()
        if hardware_class in (None, str(item.hardware_class)) and status in (None, str(item.status))
    ]
    return _KINDS[kind](catalog, items)


def _known(option: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise CatalogError.at(option, f"'{value}' is not known{near(value, known)} ({', '.join(known)})")


def _number(value: Sourced | None) -> float | None:
    return None if value is None else value.value


def _shown(value: Cell, column: Column) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return format_quantity(value, column.dimension or Dimension.COUNT, digits=3)


def _hardware(_: Catalog, items: Sequence[Hardware]) -> Listing:
    columns = (
        Column("id", "id"),
        Column("class", "class"),
        Column("status", "status"),
        Column("memory_bytes", "memory", Dimension.BYTES),
        Column("memory_bandwidth_bytes_s", "bandwidth", Dimension.BANDWIDTH),
        Column("peak_16bit_flops", "16-bit peak", Dimension.FLOPS),
        Column("tdp_w", "power", Dimension.POWER),
        Column("systems", "systems", Dimension.COUNT),
    )
    return Listing(columns, [_hardware_row(item) for item in items])


def _hardware_row(item: Hardware) -> tuple[Cell, ...]:
    """Return a row; memory and bandwidth are of the first memory, the one that the item is known for."""
    first = item.memory[0] if item.memory else None
    peaks = [value.value for precision, value in item.peak_flops.items() if precision in ("bf16", "fp16")]
    return (
        item.id,
        str(item.hardware_class),
        str(item.status),
        _number(first.capacity_bytes) if first else None,
        _number(first.bandwidth_bytes_s) if first else None,
        max(peaks, default=None),
        _number(item.tdp_w),
        float(len(item.systems)),
    )


def _models(catalog: Catalog, _: Sequence[Hardware]) -> Listing:
    columns = (
        Column("id", "id"),
        Column("family", "family"),
        Column("params_total", "parameters", Dimension.COUNT),
        Column("params_read", "read per token", Dimension.COUNT),
        Column("kv_bytes_per_token_16bit", "KV per token", Dimension.BYTES),
        Column("max_context_tokens", "context", Dimension.TOKENS),
        Column("native_precision", "native"),
    )
    return Listing(columns, [_model_row(model) for model in catalog.models.values()])


def _model_row(model: Model) -> tuple[Cell, ...]:
    return (
        model.id,
        model.family,
        model.params_total,
        model.params_read,
        model.kv_bytes_per_token_16bit,
        float(model.max_context_tokens),
        str(model.native_precision),
    )


def _systems(_: Catalog, items: Sequence[Hardware]) -> Listing:
    columns = (
        Column("id", "id"),
        Column("chips", "chips", Dimension.COUNT),
        Column("power_w", "power", Dimension.POWER),
        Column("purchase_usd_low", "low", Dimension.MONEY),
        Column("purchase_usd", "typical", Dimension.MONEY),
        Column("purchase_usd_high", "high", Dimension.MONEY),
        Column("cooling", "cooling"),
        Column("racks", "racks", Dimension.COUNT),
    )
    rows = [
        (
            system.id,
            float(system.chips),
            _number(system.power_w),
            _number(system.purchase_usd_low),
            _number(system.purchase_usd),
            _number(system.purchase_usd_high),
            ", ".join(sorted(system.cooling)) or None,
            system.racks,
        )
        for item in items
        for system in item.systems
    ]
    return Listing(columns, rows)


def _tco(catalog: Catalog, _: Sequence[Hardware]) -> Listing:
    columns = (
        Column("name", "name"),
        Column("value", "value"),
        Column("unit", "unit"),
        Column("source", "source"),
        Column("kind", "kind"),
    )
    rows = [(name, _plain(fact.value), fact.unit, fact.source, str(fact.kind)) for name, fact in catalog.tco.items()]
    return Listing(columns, rows)


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else format_quantity(value, Dimension.COUNT)


def _profiles(catalog: Catalog, _: Sequence[Hardware]) -> Listing:
    columns = (Column("id", "id"), Column("kind", "kind"), Column("title", "title"))
    return Listing(
        columns, [(name, str(item.get("kind", "")), str(item.get("title", ""))) for name, item in catalog.profiles.items()]
    )


def _sources(catalog: Catalog, _: Sequence[Hardware]) -> Listing:
    columns = (
        Column("id", "id"),
        Column("reliability", "rel."),
        Column("kind", "kind"),
        Column("date", "date"),
        Column("citation", "citation"),
    )
    return Listing(columns, [(s.id, s.reliability, str(s.kind), s.date, s.citation) for s in catalog.sources.values()])


_KINDS: dict[str, Callable[[Catalog, Sequence[Hardware]], Listing]] = {
    "hardware": _hardware,
    "models": _models,
    "systems": _systems,
    "tco": _tco,
    "profiles": _profiles,
    "sources": _sources,
}
