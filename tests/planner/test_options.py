"""The options table: capacities that obey their promises, reasons for what is left out, and pruning that costs nothing."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.items import Catalog
from planner.options.build import requests_of, tabulate
from planner.options.dominance import undominated
from planner.options.latency import PoolLoad, latencies_s
from planner.options.market import survey
from planner.options.table import OptionsTable, Role
from planner.question.demand import demand_of
from tests.planner.conftest import SMALL, small


def table(catalog: Catalog, **workload: object) -> OptionsTable:
    """Return the options of the small scenario with fields of its workload replaced."""
    scenario = small(workloads=[copy.deepcopy(SMALL["workloads"][0]) | workload])
    return tabulate(scenario, catalog, survey(scenario, catalog), demand_of(scenario, catalog, Path()), Path())


def best(options: OptionsTable, role: Role) -> dict[str, float]:
    """Return the largest capacity per chip of any class, by system, in a role."""
    found: dict[str, float] = {}
    for row in options.rows:
        if row.role is role:
            found[row.system] = max(found.get(row.system, 0.0), *(rate / row.chips for rate in row.capacity_rps.values()))
    return found


def sla(ttft: str = "1 s", tpot: str = "50 ms", percentile: float = 95.0) -> dict[str, object]:
    return {"sla": {"ttft": {"limit": ttft, "percentile": percentile}, "tpot": {"limit": tpot, "percentile": percentile}}}


def test_every_role_has_options_and_every_row_serves_something(catalog: Catalog):
    options = table(catalog)
    assert {row.role for row in options.rows} == set(Role)
    assert all(rate > 0 for row in options.rows for rate in row.capacity_rps.values())
    assert [row.id for row in options.rows] == sorted(row.id for row in options.rows)


@pytest.mark.parametrize(("tight", "role"), [(sla(ttft="400 ms"), Role.PREFILL), (sla(tpot="20 ms"), Role.DECODE)])
def test_a_tighter_promise_never_raises_capacity(catalog: Catalog, tight: dict[str, object], role: Role):
    loose, hard = best(table(catalog), role), best(table(catalog, **tight), role)
    assert all(rate <= loose[system] * (1 + 1e-9) for system, rate in hard.items())
    assert sum(hard.values()) < sum(loose.values())


def test_a_higher_percentile_never_raises_capacity(catalog: Catalog):
    for role in Role:
        median, tail = best(table(catalog, **sla(percentile=50.0)), role), best(table(catalog, **sla(percentile=99.0)), role)
        assert all(rate <= median[system] * (1 + 1e-9) for system, rate in tail.items())


def test_without_an_interconnect_nothing_is_disaggregated(catalog: Catalog):
    site = {key: value for key, value in SMALL["sites"][0].items() if key != "interconnect"}
    scenario = small(sites=[site])
    options = tabulate(scenario, catalog, survey(scenario, catalog), demand_of(scenario, catalog, Path()), Path())
    assert {row.role for row in options.rows} == {Role.AGGREGATED}


def test_a_promise_that_nothing_can_keep_is_named(catalog: Catalog):
    options = table(catalog, **sla(tpot="0.5 ms"), serving=["aggregated"])
    assert not options.rows
    assert {item.reason for item in options.rejected} == {"cannot keep TPOT p95 0.0005 s"}


def test_pruning_keeps_what_is_best_for_some_class(catalog: Catalog):
    """A twin that is worse in one class goes; one that is better in one class stays."""
    row = table(catalog).rows[0]
    name = next(iter(row.capacity_rps))
    worse = replace(row, id="worse", capacity_rps={**row.capacity_rps, name: row.capacity_rps[name] * 0.9})
    better = replace(
        row, id="better", capacity_rps={key: rate * (1.1 if key == name else 0.9) for key, rate in row.capacity_rps.items()}
    )
    assert undominated([row, worse]) == [row]
    assert {item.id for item in undominated([row, better])} == {row.id, "better"}


def test_a_model_that_does_not_fit_is_rejected_with_the_reason(catalog: Catalog):
    scenario = small(
        workloads=[
            copy.deepcopy(SMALL["workloads"][0]) | {"model": "deepseek-v3", "precision": {"weights": ["bf16"], "kv": ["bf16"]}}
        ],
        hardware={"include": ["nvidia-dgx-spark"]},
    )
    options = tabulate(scenario, catalog, survey(scenario, catalog), demand_of(scenario, catalog, Path()), Path())
    assert not options.rows
    assert "does not fit" in options.rejected[0].reason


def test_a_full_pool_of_prompts_is_predicted_to_keep_its_promises(catalog: Catalog):
    """Images are nearly all prompt: an iteration that is full of them is slow, but a load inside the capacity never fills it."""
    part = copy.deepcopy(SMALL["workloads"][0]) | {
        "model": "deepseek-v3",
        "demand": {"profile": "multimodal_image", "rate": "50 requests/s"},
        "sla": {"ttft": {"limit": "1.74 s", "percentile": 90.0}, "tpot": {"limit": "112 ms", "percentile": 95.0}},
        "precision": {"weights": ["fp8", "int4"], "kv": ["bf16", "fp8"]},
        "serving": ["aggregated"],
    }
    scenario = small(
        workloads=[part],
        hardware={"include": ["amd-mi300x"], "price_book": {"amd-mi300x/8-oam-server": {"power": "10 kW"}}},
    )
    demand = demand_of(scenario, catalog, Path())
    rows = tabulate(scenario, catalog, survey(scenario, catalog), demand, Path()).rows
    workload = scenario.workloads[0]
    (asked,), limits = requests_of(scenario, workload, demand), workload.sla.limits()
    percentiles = {name: limit.percentile / 100.0 for name, limit in limits.items()}
    assert len(rows) > 1
    for row in rows:
        full = np.ceil(np.array([row.queue_replicas]))
        found = latencies_s(row, 0, asked, PoolLoad(full, full), percentiles)
        assert all(float(found[name][0]) <= 1.05 * limits[name].limit for name in limits)


def test_what_limits_a_capacity_is_something_that_is_promised(catalog: Catalog):
    options = table(catalog, sla={"tpot": {"limit": "30 ms", "percentile": 99.0}}, serving=["aggregated"])
    assert options.rows
    assert {row.limited_by for row in options.rows} <= {"tpot", "memory"}
