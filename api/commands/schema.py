"""`splitfleet schema`: the JSON Schema of a document."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  splitfleet schema scenario > scenario.schema.json
"""

app = typer.Typer()


class Document(StrEnum):
    """The two documents that cross the border."""

    SCENARIO = "scenario"
    PLAN = "plan"


@app.command(epilog=EXAMPLES)
def schema(
    document: Annotated[
        Document, typer.Argument(help="Which document: scenario or plan.", metavar="DOCUMENT", show_default=False)
    ],
) -> None:
    """Print the JSON Schema of a scenario (the question) or of a plan (the answer)."""
    from api.schemas import plan_schema, scenario_schema

    content = scenario_schema() if document is Document.SCENARIO else plan_schema()
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
