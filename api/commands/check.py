"""`splitfleet check`: whether a scenario is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  splitfleet check mine.yaml\n
  splitfleet check mine.yaml --catalog negotiated-prices/
"""

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def check(
    scenario: Annotated[Path, typer.Argument(help="The question: a YAML or JSON file.", metavar="SCENARIO", show_default=False)],
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
) -> None:
    """Check a scenario without planning it: fields, units, names and the files it points to.

    Exit code: 0 = valid; 2 = not valid, every problem named with its field.
    """
    from api.inputs import open_question

    question, _ = open_question(scenario, catalog or [])
    horizon = question.horizon
    typer.echo(
        f"{scenario}: valid; {len(question.workloads)} workload(s), {len(question.sites)} site(s), "
        f"{horizon.periods} {horizon.period}(s) from {horizon.start.isoformat()}"
    )
