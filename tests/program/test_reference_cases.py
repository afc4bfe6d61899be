"""The reference cases with proved optima: mixed accelerators, and prefill and decode under a cap on watts."""

from __future__ import annotations

import json

import pytest

from planner.program.solution import Outcome
from planner.program.solve import solve_instance
from tests.program.instances import mixed, one_period, split_phases


@pytest.fixture(scope="module")
def tables(shared):
    return json.loads((shared / "peers" / "mixed-accelerator-tables.json").read_text())


@pytest.fixture(scope="module")
def cases(shared):
    return json.loads((shared / "peers" / "mixed-accelerator-cases.json").read_text())


def test_split_buckets_cost_what_the_proved_optimum_costs(tables, cases):
    for case in cases["continuous_split"]:
        solution = solve_instance(mixed(tables[case["table"]], case["workload"], case["rate"]))
        assert solution.outcome is Outcome.OPTIMAL, case
        assert solution.objective_usd == pytest.approx(case["cost"], rel=1e-6), case
        assert solution.certificate.valid, solution.certificate.violations


@pytest.mark.slow
def test_free_splitting_is_never_dearer_than_whole_slices(tables, cases):
    for case in cases["melange_slices"]:
        solution = solve_instance(mixed(tables[case["table"]], case["workload"], case["rate"]))
        assert solution.outcome is Outcome.OPTIMAL, case
        assert solution.objective_usd <= case["optimal_cost"] * (1 + 1e-6), case


@pytest.mark.slow
def test_prefill_and_decode_under_a_power_cap_cost_what_the_proved_optimum_costs(tables, cases):
    for case in cases["pd_power"]:
        solution = solve_instance(
            split_phases(
                tables[case["prefill_table"]],
                tables[case["decode_table"]],
                (case["prefill_workload"], case["decode_workload"]),
                case["rate"],
                case["power_budget_kw"],
            )
        )
        if case["status"] == "Infeasible":
            assert solution.outcome is Outcome.INFEASIBLE, case
            assert any(change.family == "power" for change in solution.changes), case
        else:
            assert solution.outcome is Outcome.OPTIMAL, case
            assert solution.objective_usd == pytest.approx(case["cost"], rel=1e-6), case
            assert solution.certificate.valid, solution.certificate.violations


def test_distserve_two_prefill_and_one_decode_serve_ten_requests_a_second():
    """DistServe (OSDI 2024), figure 1: one GPU serves 1.6 rps aggregated, 5.6 rps as prefill, 10 rps as decode.

    2 prefill (11.2) + 1 decode (10) serve 10 rps on 3 GPUs, 3.3 per GPU; aggregated it takes ceil(10 / 1.6) = 7.
    """
    instance = phases_of_one_gpu({"p": 5.6, "d": 10.0, "a": 1.6}, rate=10.0)
    solution = solve_instance(instance)
    assert solution.objective_usd == pytest.approx(3.0)
    assert {pool.option: pool.replicas for pool in solution.pools} == {"p": 2, "d": 1}
    alone = solve_instance(phases_of_one_gpu({"a": 1.6}, rate=10.0))
    assert alone.objective_usd == pytest.approx(7.0)


def phases_of_one_gpu(capacity: dict[str, float], rate: float):
    """Return one GPU type at 1 USD that may prefill (p), decode (d) or do both (a)."""
    from dataclasses import replace

    from planner.program.instance import Link, Option, Role

    roles = {"p": Role.PREFILL, "d": Role.DECODE, "a": Role.AGGREGATED}
    options = tuple(Option(name, "w", "gpu", roles[name], 1, {"b": rps}) for name, rps in capacity.items())
    base = one_period({"gpu": 1.0}, {}, {"b": rate})
    return replace(
        base, options=options, links=(Link("l", frozenset({"p"}), frozenset({"d"}), "s", "s"),) if "p" in capacity else ()
    )
