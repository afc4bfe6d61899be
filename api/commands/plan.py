"""`splitfleet plan`: one scenario to a decision, a plan.json and a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  splitfleet plan examples/flagship.yaml\n
  splitfleet plan mine.yaml -o results --catalog negotiated-prices/\n
  splitfleet plan mine.yaml --json --quiet > plan.json
"""
INFEASIBLE = 3

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def plan(
    scenario: Annotated[Path, typer.Argument(help="The question: a YAML or JSON file.", metavar="SCENARIO", show_default=False)],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for results; each scenario gets a folder of its id.")
    ] = Path("out"),
    catalog: Annotated[
        list[Path] | None,
        typer.Option("--catalog", help="Folder of YAML that overlays the catalog, such as your prices; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole plan as JSON instead of words.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print neither the decision nor progress.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.xlsx beside plan.json.")] = True,
) -> None:
    """Find the cheapest mix of prefill and decode hardware for one scenario.

    Prints the decision and writes plan.json and report.xlsx into OUTPUT/<id of the scenario>/.

    Exit code: 0 = a plan; 3 = the scenario is infeasible (the plan says what would make it feasible); 2 = the input is not valid,
    nothing is written; 1 = none was found in the time allowed, or a defect.
    """
    from api.inputs import open_question
    from api.outputs import require_writable, write_outputs
    from api.terminal.plan_words import show_plan
    from api.terminal.progress import ProgressDisplay

    question, facts = open_question(scenario, catalog or [])
    require_writable(output / question.id)
    from planner.pipeline import make_plan

    with ProgressDisplay(quiet=quiet) as display:
        answer = make_plan(question, facts, folder=scenario.parent, progress=display)
        written = write_outputs(answer, output / question.id, report=report)
    if as_json:
        typer.echo(answer.to_json(), nl=False)
    elif not quiet:
        show_plan(answer, written)
    raise typer.Exit(0 if answer.found else INFEASIBLE if answer.solve.outcome == "infeasible" else 1)
