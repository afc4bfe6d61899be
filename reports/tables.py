"""The figures of a workbook as plain tables: CSV that no spreadsheet computes, and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from planner.plan import Plan
from planner.plan.money import Money
from reports.atomic import write_whole
from reports.text import clean, csv_text

Cell = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, its columns and its rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """Return RFC 4180 CSV; text that a spreadsheet would compute gets a leading apostrophe (CWE-1236)."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([csv_text(column) for column in self.columns])
        writer.writerows([[_field(cell) for cell in row] for row in self.rows])
        return out.getvalue()

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows as mappings, for JSON; text without control characters and lone surrogates."""
        return [
            {column: clean(cell) if isinstance(cell, str) else cell for column, cell in zip(self.columns, row, strict=True)}
            for row in self.rows
        ]


def tables(plan: Plan) -> tuple[Table, ...]:
    """Return the tables of a plan, those without rows left out."""
    evidence, labels = plan.evidence, [period.label for period in plan.periods]
    found = [
        _of_rows("demand", plan.demand, labels),
        _of_rows("fleet", plan.fleet, labels),
        _of_rows("allocation", plan.pools, labels),
        _of_rows("flows", plan.flows, labels),
        _of_rows("sla", plan.sla, labels),
        _of_rows("power", plan.power, labels),
        _of_rows("hardware", evidence.considered, labels),
        _of_rows("constraints", evidence.limits, labels),
        _of_rows("changes", evidence.changes, labels),
        _of_rows("options", evidence.comparisons, labels),
        _of_rows("sensitivity", evidence.sensitivities, labels),
        _of_rows("checks", evidence.checks, labels),
        *(_money_tables(plan.money, labels) if plan.money is not None else ()),
    ]
    return tuple(table for table in (_summary(plan), *found) if table.rows)


def to_json(plan: Plan) -> str:
    """Return every table as one JSON object: name to list of records."""
    content = {table.name: table.records() for table in tables(plan)}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_csv(plan: Plan, folder: Path) -> tuple[Path, ...]:
    """Write one CSV file for each table into a folder that exists; return the files."""
    written = []
    for table in tables(plan):
        path = folder / f"{table.name}.csv"
        write_whole(path, table.to_csv().encode("utf-8-sig"))
        written.append(path)
    return tuple(written)


def _field(cell: Cell) -> str | float:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return csv_text(cell) if isinstance(cell, str) else cell


def _of_rows(name: str, rows: Sequence[BaseModel], labels: Sequence[str]) -> Table:
    """Return the table of rows of one kind: a column for each plain field, `period` by its label, vectors spread over columns."""
    dumped = [_flat(row.model_dump(mode="json"), labels) for row in rows]
    columns = tuple(dict.fromkeys(column for row in dumped for column in row))
    return Table(name, columns, tuple(tuple(row.get(column) for column in columns) for row in dumped))


def _flat(row: dict[str, object], labels: Sequence[str]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for field, value in row.items():
        if field == "period" and isinstance(value, int) and 0 <= value < len(labels):
            found[field] = labels[value]
        elif isinstance(value, list | tuple):
            if all(isinstance(part, int | float) for part in value):
                found |= {f"{field}_{index}": float(part) for index, part in enumerate(value)}
        elif value is None or isinstance(value, str | int | float):
            found[field] = value
    return found


def _summary(plan: Plan) -> Table:
    solve = plan.solve
    rows: list[tuple[Cell, ...]] = [
        ("decision", plan.decision, ""),
        ("outcome", solve.outcome, ""),
        ("gap", solve.gap, "share"),
        ("plan_sha256", plan.sha256, ""),
        ("scenario_sha256", plan.scenario_sha256, ""),
        ("engine_version", plan.engine_version, ""),
        ("catalog_version", plan.catalog_version, ""),
    ]
    if plan.money is not None:
        totals = plan.money.totals
        rows += [
            ("net_present_cost", totals.net_present_cost_usd, "USD"),
            ("equivalent_annual_cost", totals.equivalent_annual_cost_usd, "USD/year"),
            ("discount_rate", plan.money.discount_rate, "1/year"),
            ("operational_emissions", totals.operational_kg_co2e, "kg CO2e"),
            ("embodied_emissions", totals.embodied_kg_co2e, "kg CO2e"),
        ]
    return Table("summary", ("figure", "value", "unit"), tuple(rows))


def _money_tables(money: Money, labels: Sequence[str]) -> Iterable[Table]:
    totals = money.totals
    yield Table(
        "totals",
        ("period", "cash_usd", "present_usd", "depreciation_usd", "book_value_usd"),
        tuple(
            zip(
                labels, totals.cash_by_period_usd, totals.present_by_period_usd, totals.depreciation_by_period_usd,
                totals.book_value_by_period_usd, strict=True,
            )
        ),
    )  # fmt: skip
    yield Table(
        "cost",
        ("item", "line", "group", "label", "site", "for", "block", "bought_in", "paid", "present_usd", *labels),
        tuple(
            (
                item.id, item.line, item.group.value, item.label, item.site, item.item, item.block, item.cohort,
                item.timing.value, item.total_present_usd, *item.usd,
            )
            for item in money.items
        ),
    )  # fmt: skip
    yield Table(
        "assumptions",
        ("id", "label", "unit", "value", "low", "high", "how_known", "date", "source", "note", "values"),
        tuple(
            (
                one.id, one.label, one.unit, one.values[0] if one.is_single else None, one.low, one.high, one.kind.value,
                one.date, one.source, one.note, "" if one.is_single else "; ".join(repr(value) for value in one.values),
            )
            for one in money.assumptions
        ),
    )  # fmt: skip
    figures = tuple((one.id, one.scope, one.label, one.value, one.unit, one.definition) for one in money.figures)
    yield Table("unit_cost", ("id", "scope", "label", "value", "unit", "definition"), figures)
    excluded = tuple((one.line, one.label, one.site, one.why) for one in money.excluded)
    yield Table("excluded", ("line", "label", "site", "why"), excluded)
