"""`splitfleet catalog`: what is known of hardware, models and costs, each value with its source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from catalog.items import Catalog

LIST_EXAMPLES = """
Examples:\n
  splitfleet catalog list\n
  splitfleet catalog list --class gpu --status shipping\n
  splitfleet catalog list --kind systems --catalog negotiated-prices/
"""
SHOW_EXAMPLES = """
Examples:\n
  splitfleet catalog show "NVIDIA H200"\n
  splitfleet catalog show nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard\n
  splitfleet catalog show llama-3.3-70b\n
  splitfleet catalog show pue
"""
CHECK_EXAMPLES = """
Examples:\n
  splitfleet catalog check negotiated-prices/
"""
AUDIT_EXAMPLES = """
Examples:\n
  splitfleet catalog audit\n
  splitfleet catalog audit --hardware "Groq LPU" --json
"""

app = typer.Typer(help="List, show, check and audit what is known of hardware, models and costs.", no_args_is_help=True)

Folders = Annotated[list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, in SI units and US dollars.")]


@app.command("list", epilog=LIST_EXAMPLES)
def list_items(
    kind: Annotated[str, typer.Option("--kind", help="hardware, models, systems, tco, profiles or sources.")] = "hardware",
    hardware_class: Annotated[str | None, typer.Option("--class", help="Only hardware of this class, such as gpu.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only hardware of this status, such as shipping.")] = None,
    catalog: Folders = None,
    as_json: AsJson = False,
) -> None:
    """List what the catalog knows, one line per item; `-` is not known."""
    from api.terminal.catalog_tables import listing

    listed = listing(_open(catalog), kind, hardware_class, status)
    if as_json:
        _print_json(listed.rows())
    else:
        _print(listed.table())


@app.command(epilog=SHOW_EXAMPLES)
def show(
    name: Annotated[
        str, typer.Argument(help="An id or a name: hardware, model, system, profile, source or TCO input.", metavar="ID")
    ],
    catalog: Folders = None,
    as_json: AsJson = False,
) -> None:
    """Show one item, every value with its source, kind, date, note and conflict."""
    from api.terminal.catalog_sheet import item_named, sheet

    known = _open(catalog)
    item = item_named(known, name)
    if as_json:
        _print_json(item)
    else:
        for part in sheet(known, item):
            _print(part)


@app.command(epilog=CHECK_EXAMPLES)
def check(
    folder: Annotated[Path, typer.Argument(help="A folder (or file) of YAML that overlays the catalog.", metavar="DIR")],
    catalog: Folders = None,
) -> None:
    """Check a folder of your own prices and items against the catalog (and what --catalog lays over it first).

    Exit code: 0 = valid; 2 = not valid, every problem named with its file, item and field.
    """
    known, own = _open(catalog), _open([*(catalog or []), folder])
    changed = _changed(known, own)
    typer.echo(f"{folder}: valid; {changed}")


@app.command(epilog=AUDIT_EXAMPLES)
def audit(
    hardware: Annotated[str | None, typer.Option(help="Only claims about this hardware, by id or alias.")] = None,
    catalog: Folders = None,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page of Markdown, as docs/audit.md is.")] = False,
) -> None:
    """Set every published speed beside the physical floor and our prediction: possible, impossible, or only with help."""
    from api.terminal import audit_sheet
    from catalog.lookup import find_hardware
    from planner.performance.audit import audit as audited
    from planner.performance.audit import verdicts_for

    known = _open(catalog)
    verdicts = audited(known) if hardware is None else verdicts_for(find_hardware(known, hardware).id, known)
    if as_json:
        _print_json(audit_sheet.rows(verdicts, known))
    elif markdown:
        typer.echo(audit_sheet.markdown(verdicts, known), nl=False)
    else:
        _print(audit_sheet.table(verdicts))
        _print(audit_sheet.summary(verdicts))


def _open(folders: list[Path] | None) -> Catalog:
    from catalog.load import load_catalog

    return load_catalog(*(folders or []))


def _changed(known: Catalog, own: Catalog) -> str:
    """Return how many items an overlay adds and changes, in words."""
    counts = []
    for noun, before, after in (
        ("hardware", known.hardware, own.hardware),
        ("models", known.models, own.models),
        ("TCO inputs", known.tco, own.tco),
        ("sources", known.sources, own.sources),
        ("profiles", known.profiles, own.profiles),
    ):
        added = len(set(after) - set(before))
        changed = sum(before[name] != after[name] for name in before if name in after)
        counts += [f"{added} {noun} added"] * bool(added) + [f"{changed} {noun} changed"] * bool(changed)
    return ", ".join(counts) or "it changes nothing"


def _print_json(value: object) -> None:
    import json

    from api.terminal.catalog_sheet import plain

    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def _print(part: object) -> None:
    from api.terminal.console import output

    output().print(part)
