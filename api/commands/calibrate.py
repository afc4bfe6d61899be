"""`splitfleet calibrate`: refit the performance coefficients to measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  splitfleet calibrate published.csv.gz mine.csv --catalog-out mine/\n
  splitfleet calibrate measurements.csv.gz --report docs/accuracy.md
"""

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def calibrate(
    data: Annotated[
        list[Path],
        typer.Argument(help="Files of measurement rows: CSV, plain or gzipped.", metavar="DATA...", show_default=False),
    ],
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
    catalog_out: Annotated[
        Path | None, typer.Option("--catalog-out", help="Catalog folder to write to; without it, the built-in catalog.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Markdown file whose generated tables are rewritten.")] = None,
) -> None:
    """Fit the efficiencies of the performance core to measured rows and write them, with their spread, into a catalog.

    Rows of hardware or models that the catalog does not know, claims, and rows of quality C are left out. Exit code: 0 =
    written; 2 = the file cannot be used, with the reason.
    """
    from catalog.load import DATA, load_catalog
    from planner.performance.calibration.publish import write
    from planner.performance.calibration.report import rewrite
    from planner.performance.calibration.run import calibrate as fit
    from planner.performance.measurements.rows import read_rows

    rows = [row for path in data for row in read_rows(path)]
    fitted = fit(rows, load_catalog(*(catalog or [])), lambda line: typer.echo(line, err=True))
    path = write(fitted.tree, catalog_out or DATA)
    typer.echo(f"{path}: {len(fitted.cases):,} rows used, {fitted.skipped:,} left out, {len(fitted.solution.columns):,} factors")
    if report is not None:
        rewrite(report, fitted)
        typer.echo(f"{report}: tables rewritten")
