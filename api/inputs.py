"""What every way in does first: open the catalog and read the scenario, or say what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from catalog.errors import Problem
from catalog.items import Catalog
from planner.errors import InputError
from planner.scenario import Scenario, read_scenario


def open_catalog(folders: Sequence[Path] = ()) -> Catalog:
    """Return the catalog, overlaid by the user's own folders (or single files), the last one strongest."""
    from catalog.load import load_catalog

    return load_catalog(*folders)


def read_scenario_file(path: Path) -> Scenario:
    """Return the scenario of a file; raise InputError, naming the fields, where it is not one."""
    if not path.exists():
        raise InputError.at("", "there is no such file", document=str(path))
    if path.is_dir():
        raise InputError.at("", "is a folder; give a scenario file (`splitfleet plans` plans a folder)", document=str(path))
    if not path.is_file():
        raise InputError.at("", "is not a regular file; give a scenario file", document=str(path))
    return read_scenario(path)


def referenced_files(scenario: Scenario) -> dict[str, str]:
    """Return the files that a scenario names, by field: traces and the table of measured capacities."""
    traces = {f"workloads[{index}].demand.trace": item.demand.trace for index, item in enumerate(scenario.workloads)}
    named = {**traces, "performance.measured": scenario.performance.measured}
    return {field: path for field, path in named.items() if path is not None}


def require_files(scenario: Scenario, folder: Path, document: str) -> None:
    """Raise InputError for every file that a scenario names and that is not beside it."""
    missing = [
        Problem(field, f"there is no file '{name}' beside the scenario, in {folder or '.'}")
        for field, name in referenced_files(scenario).items()
        if not (folder / name).is_file()
    ]
    if missing:
        raise InputError(missing, document=document)
