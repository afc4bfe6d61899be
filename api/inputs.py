"""What every way in does first: open the catalog and read the scenario, or say what is wrong with them."""

from __future__ import annotations

import stat
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
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be opened: {_reason(error)}"
        raise InputError.at("", reason, document=str(path)) from None
    if stat.S_ISDIR(mode):
        raise InputError.at("", "is a folder; give a scenario file (`splitfleet plans` plans a folder)", document=str(path))
    if not stat.S_ISREG(mode):
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
        if not _is_file(folder / name)
    ]
    if missing:
        raise InputError(missing, document=document)


def _reason(error: OSError | ValueError) -> str:
    return str((error.strerror if isinstance(error, OSError) else None) or error)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def open_question(path: Path, catalogs: Sequence[Path] = ()) -> tuple[Scenario, Catalog]:
    """Return a scenario file's scenario and the catalog, every field, file and name checked; raise InputError or CatalogError."""
    from api.checking import check_names

    scenario = read_scenario_file(path)
    require_files(scenario, path.parent, str(path))
    catalog = open_catalog(catalogs)
    check_names(scenario, catalog, document=str(path))
    return scenario, catalog
