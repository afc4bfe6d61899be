"""`splitfleet plans`: every scenario of a folder."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.batch import Ended
    from planner.progress import Progress

EXAMPLES = """
Examples:\n
  splitfleet plans examples\n
  splitfleet plans scenarios/ -o results --jobs 4
"""

PATIENCE_S = 2.0

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def plans(
    folder: Annotated[
        Path, typer.Argument(help="Folder of scenario files (*.yaml, *.yml, *.json).", metavar="FOLDER", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for results; each scenario gets a folder of its id.")
    ] = Path("out"),
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="How many scenarios are planned at a time.")] = 2,
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
) -> None:
    """Plan every scenario of a folder, several at a time.

    Skips those whose scenario, traces, catalog and engine have not changed since their results were written. Goes on after one
    fails and names the failures at the end. An infeasible scenario is an answer, not a failure.

    Exit code: 0 = every scenario has its answer; 1 = some failed; 2 = the folder or the catalog is not valid.
    """
    from api.batch import Batch, scenario_files
    from api.jobs.worker import plan_file
    from api.outputs import require_writable

    files = scenario_files(folder)
    require_writable(output)
    batch = Batch(output, catalogs=catalog or [], jobs=jobs, work=plan_file)
    ended: list[Ended] = []
    for end in batch.run(files, _Listener()):
        ended.append(end)
        typer.echo(f"[{len(ended)}/{len(files)}] {_line(end)}")
        sys.stdout.flush()
    raise typer.Exit(_summed_up(ended))


class _Listener:
    """Writes a line to stderr when a scenario that takes longer reaches its next stage."""

    def __init__(self) -> None:
        self._began_s: dict[Path, float] = {}
        self._stages: dict[Path, str] = {}

    def __call__(self, scenario: Path, progress: Progress) -> None:
        from api.terminal.progress import words_of

        waited_s = time.monotonic() - self._began_s.setdefault(scenario, time.monotonic())
        if waited_s >= PATIENCE_S and self._stages.get(scenario) != progress.stage:
            self._stages[scenario] = progress.stage
            sys.stderr.write(f"      {scenario.name}: {round(100 * progress.done)} %, {words_of(progress)}\n")
            sys.stderr.flush()


def _line(end: Ended) -> str:
    from api.failures import Failure
    from api.terminal.console import printable

    if isinstance(end.result, Failure):
        return printable(f"{end.scenario.name}: FAILED")
    cost = end.result.net_present_cost_usd
    amount = "" if cost is None else f", net present cost {cost:,.0f} USD"
    return printable(f"{end.scenario.name}: {end.result.outcome}{amount}{' (unchanged)' if end.unchanged else ''}")


def _summed_up(ended: list[Ended]) -> int:
    """Write the failures and what is infeasible, in order of file; return the exit code."""
    from api.failures import Failure
    from api.terminal.console import printable
    from api.terminal.errors import show_failure

    ended = sorted(ended, key=lambda end: end.scenario)
    for end in ended:
        if not isinstance(end.result, Failure) and end.result.outcome not in ("optimal", "feasible"):
            typer.echo(printable(f"{end.scenario.name}: {end.result.decision}"))
    failures = [(end.scenario, end.result) for end in ended if isinstance(end.result, Failure)]
    for scenario, failure in failures:
        sys.stderr.write(printable(f"{scenario.name} failed:") + "\n")
        show_failure(failure)
    names = f": {', '.join(scenario.name for scenario, _ in failures)}" if failures else ""
    typer.echo(printable(f"{len(ended) - len(failures)} of {len(ended)} scenarios have an answer, {len(failures)} failed{names}"))
    return 1 if failures else 0
