"""From a file or a JSON body to a Scenario, or to an error that names every field and its mend."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from catalog.errors import CatalogError
from catalog.yaml_reader import parse_yaml, read_yaml
from planner.errors import InputError, Problem
from planner.scenario.document import Scenario

MAX_SCENARIO_BYTES = 1 * 2**20
MAX_SCENARIO_NODES = 20_000


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a YAML or JSON file; raise InputError naming the fields that are wrong."""
    try:
        content = read_yaml(path, max_bytes=MAX_SCENARIO_BYTES, max_nodes=MAX_SCENARIO_NODES)
    except CatalogError as error:
        raise InputError(list(error.problems), document=error.document) from None
    return parse_scenario(content, document=str(path))


def read_scenario_text(text: str, document: str = "scenario") -> Scenario:
    """Return the scenario of a YAML or JSON text; raise InputError naming the fields that are wrong."""
    try:
        content = parse_yaml(text, document=document, max_nodes=MAX_SCENARIO_NODES)
    except CatalogError as error:
        raise InputError(list(error.problems), document=error.document) from None
    return parse_scenario(content, document=document)


def parse_scenario(content: Mapping[str, object], document: str = "scenario") -> Scenario:
    """Return the scenario that a mapping describes; raise InputError naming the fields that are wrong."""
    try:
        return Scenario.model_validate(dict(content))
    except ValidationError as error:
        raise InputError(_problems(error.errors(include_url=False)), document=document) from None


def _problems(details: list[ErrorDetails]) -> list[Problem]:
    """Return every problem once: a list whose items are all wrong is not also reported as empty."""
    places = [detail["loc"] for detail in details]
    echoes = [
        detail["type"] == "too_short"
        and any(place[: len(detail["loc"])] == detail["loc"] and place != detail["loc"] for place in places)
        for detail in details
    ]
    return [_problem(detail) for detail, echo in zip(details, echoes, strict=True) if not echo]


def _problem(detail: ErrorDetails) -> Problem:
    """Return a validation error as a field and what would be right there."""
    return Problem(_path(detail["loc"]), _message(detail))


def _path(location: tuple[int | str, ...]) -> str:
    """Return `workloads[0].sla.ttft` for a pydantic location."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part != "[key]"]
    return "".join(parts).removeprefix(".")


def _message(detail: ErrorDetails) -> str:
    given = detail.get("input")
    match detail["type"]:
        case "missing":
            return f"is missing{_example(detail['loc'])}"
        case "extra_forbidden":
            return f"no such field{_suggestion(detail['loc'])}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "finite_number":
            return f"{given} is not a number that can be used; write a finite number"
        case "int_type" | "float_type" | "bool_type" | "string_type" | "tuple_type" | "dict_type" | "model_type":
            return f"{_shown(given)} is {_kind(given)}; {_lower(detail['msg'].removeprefix('Input '))}"
        case _:
            return f"{_shown(given)}: {_lower(detail['msg'].removeprefix('Input '))}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(given: object) -> str:
    text = repr(given) if not isinstance(given, str) else f"'{given}'"
    return text if len(text) <= 80 else text[:77] + "..."


def _kind(given: object) -> str:
    names = {bool: "a yes/no value", int: "a whole number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(given), "nothing" if given is None else type(given).__name__)


def _example(location: tuple[int | str, ...]) -> str:
    """Return `; it is <description>` of the missing field where the schema has one."""
    owner = _model_at(location[:-1])
    field = owner.model_fields.get(str(location[-1])) if owner else None
    examples = {
        "horizon": "horizon: {start: 2027-01-01, periods: 12, period: quarter}",
        "power": "power: 1 MW",
        "splitfleet": "splitfleet: 1",
    }
    if (name := str(location[-1])) in examples:
        return f"; write for example `{examples[name]}`"
    return f"; {field.description}" if field is not None and field.description else ""


def _suggestion(location: tuple[int | str, ...]) -> str:
    """Return the nearest field name, or all that there are."""
    owner = _model_at(location[:-1])
    names = sorted(owner.model_fields) if owner else []
    near = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; the fields here are {', '.join(names)}" if names else ""


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the document part that a location lies in."""
    current: type[BaseModel] | None = Scenario
    for part in location:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        if field is not None:
            current = _inner_model(field.annotation)
    return current


def _inner_model(annotation: object) -> type[BaseModel] | None:
    """Return the model inside `tuple[Model, ...]`, `Model | None` or `dict[str, Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner_model(part)) is not None), None)
