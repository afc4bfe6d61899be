"""The scenario document: what it accepts, what it refuses and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError
from planner.scenario import Scenario, parse_scenario, read_scenario
from planner.scenario.site import hours_of

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))

SMALL: dict[str, object] = {
    "splitfleet": 1,
    "id": "small",
    "title": "A small scenario",
    "horizon": {"start": "2027-01-01", "periods": 2, "period": "quarter"},
    "workloads": [
        {
            "id": "chat",
            "model": "llama-3.1-8b",
            "demand": {"profile": "chat_realtime", "rate": "5 requests/s"},
            "sla": {"ttft": {"limit": "1 s"}},
        }
    ],
    "sites": [{"id": "hall", "power": "100 kW"}],
}


def changed(path: str, value: object) -> dict[str, object]:
    """Return the small scenario with one field set; `path` is dotted, list indices are numbers."""
    import copy

    content = copy.deepcopy(SMALL)
    *parents, last = path.split(".")
    target: object = content
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
    target[last] = value
    return content


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_valid_scenario_that_names_itself(path: Path):
    assert read_scenario(path).id == path.stem


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_canonical_form_reads_back_as_the_same_scenario(path: Path):
    scenario = read_scenario(path)
    assert parse_scenario(scenario.canonical()).sha256() == scenario.sha256()


def test_the_order_of_sites_and_workloads_does_not_change_the_identity():
    two = changed("sites", [{"id": "a", "power": "1 kW"}, {"id": "b", "power": "2 kW"}])
    turned = changed("sites", [{"id": "b", "power": "2 kW"}, {"id": "a", "power": "1 kW"}])
    assert parse_scenario(two).sha256() == parse_scenario(turned).sha256()


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("hardware.include", ["nvidia-h100-sxm", "nvidia-a100-sxm-80g"]),
        ("hardware.exclude", ["nvidia-l20", "nvidia-h200-nvl"]),
        ("workloads.0.precision.weights", ["fp8", "bf16"]),
        ("workloads.0.serving", ["disaggregated", "aggregated"]),
        ("sites.0.cooling", ["liquid", "air"]),
    ],
)
def test_the_order_of_a_set_of_names_does_not_change_the_identity(field: str, names: list[str]):
    one, other = (parse_scenario(changed(field, order)) for order in (names, names[::-1]))
    assert one.sha256() == other.sha256()
    assert one.sha256() != parse_scenario(changed(field, names[:1])).sha256()


def test_units_are_read_once_into_si():
    site = parse_scenario(changed("sites.0.power", "0.1 MW")).sites[0]
    assert site.power == 100_000.0


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("sites.0.power", "100", "sites[0].power", "has no unit"),
        ("sites.0.power", "100 kg", "sites[0].power", "is not a power"),
        ("sites.0.power", "0 kW", "sites[0].power", "greater than 0"),
        ("sites.0.power", "-5 kW", "sites[0].power", "negative"),
        ("sites.0.power", True, "sites[0].power", "is not a power"),
        ("sites.0.pue", 0.9, "sites[0].pue", "greater than or equal to 1"),
        ("sites.0.pwer", "5 kW", "sites[0].pwer", "did you mean `power`"),
        ("horizon.start", "2027-02-30", "horizon.start", "valid date"),
        ("horizon.periods", 0, "horizon.periods", "greater than or equal to 1"),
        ("workloads", [], "workloads", "at least 1 item"),
        ("workloads.0.demand", {"profile": "chat_realtime"}, "workloads[0].demand", "no volume"),
        ("workloads.0.demand.rate", "1e9 requests/s", "workloads[0].demand.rate", "less than or equal to"),
        ("workloads.0.sla", {}, "workloads[0]", "needs one of sla.ttft"),
        ("workloads.0.sla.ttft.percentile", 101.0, "workloads[0].sla.ttft.percentile", "less than or equal to 99.9"),
        ("workloads.0.sites", ["attic"], "", "no site 'attic'"),
        ("workloads.0.growth", {"multipliers": [1.0]}, "", "1 values for 2 periods"),
        ("acquisition", {"buy": False}, "", "nothing can be acquired"),
        ("splitfleet", 2, "splitfleet", "1"),
    ],
)
def test_a_wrong_field_is_named_with_its_mend(path: str, value: object, field: str, words: str):
    with pytest.raises(InputError) as caught:
        parse_scenario(changed(path, value))
    problems = {problem.field: problem.message for problem in caught.value.problems}
    assert field in problems
    assert words in problems[field]


def test_every_problem_is_reported_at_once():
    content = changed("sites.0.power", "0 kW")
    content["horizon"] = {"start": "2027-01-01", "periods": -1}
    with pytest.raises(InputError) as caught:
        parse_scenario(content)
    assert {problem.field for problem in caught.value.problems} == {"sites[0].power", "horizon.periods"}


def test_a_missing_part_is_shown_by_example():
    content = dict(SMALL)
    del content["horizon"]
    with pytest.raises(InputError, match=r"horizon: is missing; write for example `horizon: \{start"):
        parse_scenario(content)


def test_period_labels_follow_the_calendar():
    scenario = parse_scenario(changed("horizon", {"start": "2027-10-01", "periods": 3, "period": "quarter"}))
    assert scenario.horizon.labels() == ["2027-Q4", "2028-Q1", "2028-Q2"]
    monthly = parse_scenario(changed("horizon", {"start": "2027-12-01", "periods": 2, "period": "month"}))
    assert monthly.horizon.labels() == ["2027-12", "2028-01"]


@given(start=st.integers(0, 23), length=st.integers(1, 23))
def test_a_range_of_hours_has_its_length(start: int, length: int):
    hours = hours_of(f"{start}-{(start + length) % 24}")
    assert len(hours) == length
    assert hours[0] == start


def test_the_schema_names_a_unit_by_example():
    schema = Scenario.model_json_schema()
    assert schema["$defs"]["Site"]["properties"]["power"]["examples"] == ["1 MW"]
