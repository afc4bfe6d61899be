"""A scenario with anything anywhere is a scenario or an InputError: nothing else leaves the reading of it."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenario import SMALL

from api.checking import check_names
from api.inputs import open_catalog
from catalog.yaml_reader import parse_yaml, read_yaml
from planner.errors import InputError
from planner.scenario import parse_scenario, read_scenario_text

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
QUANTITIES = st.sampled_from(
    [
        "1 MW",
        "0 W",
        "-1 kW",
        "1e999 s",
        "nan s",
        "1e308 W",
        "5 %",
        "1 EUR",
        "1 requests/s",
        "٣ kW",
        "1 kW ",
        "1,000 W",
        "0x10 W",
        "1_0 W",
        "9" * 400 + " s",
    ]
)
NUMBERS = (
    st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.sampled_from([-0.0, 5e-324, 1e308, 2**53 + 1, 2**63])
)
DATES = st.sampled_from(["2027-02-30", "0000-00-00", "2027", "9999-12-31", "2027-01-01T00:00:00Z", "20270101", "-2027-01-01"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | QUANTITIES | DATES | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SCENARIOS = [parse_yaml(SMALL), *(read_yaml(path) for path in sorted(EXAMPLES.glob("*.yaml")))]


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inside for place in [(*path, key), *_places(item, (*path, key))]]


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """Return a scenario with up to three places replaced, removed or added to."""
    scenario = copy.deepcopy(draw(st.sampled_from(SCENARIOS)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(scenario) or [("id",)]))
        inside: Any = scenario
        for step in path[:-1]:
            inside = inside[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                inside[path[-1]] = draw(ANYTHING)
            case "remove":
                del inside[path[-1]]
            case "add" if isinstance(inside, dict):
                inside[draw(st.text(max_size=8))] = draw(ANYTHING)
    return scenario


@settings(max_examples=400, deadline=None)
@given(content=broken())
def test_a_mapping_is_a_scenario_or_an_input_error(content: dict[str, Any]) -> None:
    """Every problem has words, and what is accepted can be asked about the catalog and written canonically."""
    try:
        scenario = parse_scenario(content)
        check_names(scenario, open_catalog(), document="")
    except InputError as error:
        problems = error.problems
    else:
        assert parse_scenario(json.loads(json.dumps(scenario.canonical()))).sha256() == scenario.sha256()
        return
    assert problems
    assert all(problem.message for problem in problems)


@settings(max_examples=300, deadline=None)
@given(content=broken(), cut=st.integers(0, 2000), noise=st.text(max_size=5))
def test_any_text_is_a_scenario_or_an_input_error(content: dict[str, Any], cut: int, noise: str) -> None:
    """The same for text, cut and disturbed anywhere."""
    text = json.dumps(content, ensure_ascii=False)
    with contextlib.suppress(InputError):
        read_scenario_text(text[:cut] + noise + text[cut:])
