"""`splitfleet compare`: several plans in one workbook, their differences explained line by line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.errors import InputError

if TYPE_CHECKING:
    from planner.plan import Plan

MOST_BYTES = 256 * 2**20
EXAMPLES = """
Examples:\n
  splitfleet compare out/flagship/plan.json out/rent-only/plan.json\n
  splitfleet compare out/*/plan.json -o compared.xlsx
"""

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def compare(
    plans: Annotated[
        list[Path],
        typer.Argument(help="Two or more plan.json files; the first is what the others are held against.", metavar="PLAN"),
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The workbook to write.")] = Path("comparison.xlsx"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print what was written.")] = False,
) -> None:
    """Compare plans in one workbook: totals, every cost line with its quantity and price part, fleets, assumptions, questions.

    Exit code: 0 = written; 2 = a file is not a plan, or there are fewer than two.
    """
    from reports.compare import MOST_PLANS, compare_plans

    if not 2 <= len(plans) <= MOST_PLANS:
        raise InputError.at("PLAN", f"2 to {MOST_PLANS} plan.json files can be compared, given {len(plans)}", document="compare")
    _require_writable(output)
    answers = [_read(path) for path in plans]
    output.parent.mkdir(parents=True, exist_ok=True)
    compare_plans(answers, output)
    if not quiet:
        typer.echo(f"{len(answers)} plans compared: {output}")


def _read(path: Path) -> Plan:
    """Return the plan of a file, or of the plan.json in a folder."""
    from pydantic import ValidationError

    from planner.plan import read_plan

    file = path / "plan.json" if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError.at("", f"is larger than {MOST_BYTES // 2**20} MiB and cannot be a plan", document=str(path))
        return read_plan(file)
    except OSError as error:
        raise InputError.at("", f"cannot be read: {error.strerror or error}", document=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        words = f"is not a plan.json of this version of splitfleet: {first['msg']}"
        raise InputError.at(place, words, document=str(path)) from None
    except ValueError as error:
        raise InputError.at("", f"is not a plan.json: {error}", document=str(path)) from None


def _require_writable(output: Path) -> None:
    """Raise InputError where no workbook can be written to `output`."""
    if output.suffix.lower() != ".xlsx":
        raise InputError.at("--output", f"'{output}' must end in .xlsx", document="compare")
    if output.is_dir():
        raise InputError.at("--output", f"'{output}' is a folder; give the name of a file", document="compare")
