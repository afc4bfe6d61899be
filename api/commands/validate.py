"""`splitfleet validate`: how accurate the predictions are on measured rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from planner.performance.validation import Scores, Validation

EXAMPLES = """
Examples:\n
  splitfleet validate measurements.csv.gz\n
  splitfleet validate mine.csv --json --out with-predictions.csv --catalog mine/
"""

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def validate(
    file: Annotated[Path, typer.Argument(help="Measurement rows: CSV, plain or gzipped.", metavar="FILE", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="CSV to write the rows to, with their predictions.")] = None,
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
) -> None:
    """Compare predictions with measured rows.

    Coverage, and per metric, hardware and model the errors, bias and interval coverage.

    Each row weighs one over its `group_size`. Hardware or models that the catalog does not know are counted as not predicted.
    Exit code: 0 = compared; 2 = the file cannot be read, with the reason.
    """
    from catalog.load import load_catalog
    from planner.performance.measurements.rows import read_rows
    from planner.performance.validation import validate as compare

    result = compare(read_rows(file), load_catalog(*(catalog or [])))
    if out is not None:
        _write(result, out)
    if as_json:
        typer.echo(json.dumps(result.as_dict(), indent=1))
    else:
        _print(result)


def _print(result: Validation) -> None:
    from rich.console import Console

    console = Console()
    share = result.predicted / max(len(result.rows), 1)
    console.print(f"{len(result.rows):,} rows, {result.predicted:,} predicted ({share:.1%})")
    console.print(_table("Metric", {"": result.by_metric}))
    console.print(_table("Hardware", result.by_hardware))
    console.print(_table("Model", result.by_model))


def _table(title: str, groups: Mapping[str, Mapping[str, Scores]]) -> Table:
    from rich.table import Table

    table = Table(title=f"By {title.lower()}")
    named = any(groups)
    for column in (*((title,) if named else ()), "metric"):
        table.add_column(column)
    for column in ("rows", "median error", "p90 error", "bias", "in 80 %", "in 95 %"):
        table.add_column(column, justify="right")
    for name, metrics in groups.items():
        for metric, one in metrics.items():
            figures = (one.median_ape, one.p90_ape, one.bias, one.coverage80, one.coverage95)
            table.add_row(*((name,) if named else ()), metric, f"{one.n:,}", *(f"{figure:.1%}" for figure in figures))
    return table


def _write(result: Validation, path: Path) -> None:
    """Write the rows with `predicted_<metric>` and the bounds of the 80 % interval, in the units of the file (ms, tokens/s)."""
    import csv

    from planner.performance.measurements.cases import METRICS

    units = {
        "tpot": ("tpot_ms", 1e3),
        "ttft": ("ttft_ms", 1e3),
        "e2e": ("e2e_ms", 1e3),
        "throughput": ("throughput_tok_s_total", 1.0),
    }
    added = [f"{prefix}_{units[metric][0]}" for metric in METRICS for prefix in ("predicted", "low80", "high80")]
    columns = list(dict.fromkeys(key for row in result.rows for key in row.cells))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*columns, *added])
        writer.writeheader()
        for row, predictions in zip(result.rows, result.predictions, strict=True):
            cells: dict[str, str] = dict(row.cells)
            for metric, one in predictions.items():
                name, unit = units[metric]
                bounds = (1.0, one.interval.lo80, one.interval.hi80)
                cells |= {
                    f"{prefix}_{name}": f"{one.predicted * factor * unit:.6g}"
                    for prefix, factor in zip(("predicted", "low80", "high80"), bounds, strict=True)
                }
            writer.writerow(cells)
