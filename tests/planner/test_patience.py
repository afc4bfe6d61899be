"""What a millisecond of a promise is worth, and what other limits are: figures that solving again upholds."""

from __future__ import annotations

import pytest

from catalog.items import Catalog
from planner.answer.allowance import Allowance
from planner.answer.patience import STEP, promise_worths
from planner.pipeline import make_plan
from planner.plan import Plan
from planner.program.prices import relaxed_cost
from tests.planner.conftest import SMALL, small
from tests.planner.solved import solved

QUICK = {"gap": "1 %", "time_limit": "60 s"}
ONE = {"include": ["nvidia-h100-sxm"]}
CHAT = SMALL["workloads"][0]


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    """Return the plan of the small question on one kind of hardware."""
    return make_plan(small(solver=QUICK, hardware=ONE, explain={"comparisons": False}), catalog)


def test_every_promise_is_a_limit_with_a_worth(plan: Plan):
    rows = {row.label: row for row in plan.evidence.limits if row.family == "sla"}
    assert set(rows) == {"chat: TTFT p95", "chat: TPOT p95"}
    for row in rows.values():
        assert row.unit == "ms"
        assert row.used <= row.have * 1.005
        assert row.worth_usd >= 0.0
        assert row.binding == (row.worth_usd > 0.0)
    assert max(row.worth_usd for row in rows.values()) > 0.0


def test_what_a_millisecond_saves_is_the_difference_of_two_relaxations(catalog: Catalog):
    """The same question asked again with the longer promise costs as much less as was said."""
    context = solved(small(solver=QUICK, hardware=ONE), catalog)
    worths = promise_worths(context, Allowance("test", 60.0))
    base = relaxed_cost(context.instance, 60.0)
    for (_, metric), worth in worths.items():
        limit_s = context.scenario.workloads[0].sla.limits()[metric].limit
        sla = CHAT["sla"] | {metric: {"limit": f"{limit_s * (1.0 + STEP)} s", "percentile": 95.0}}
        longer = solved(small(solver=QUICK, hardware=ONE, workloads=[CHAT | {"sla": sla}]), catalog)
        saved = base - relaxed_cost(longer.instance, 60.0)
        assert worth.usd * STEP * limit_s * 1e3 == pytest.approx(max(0.0, saved), abs=2e-4 * base)


def test_more_of_a_limit_that_does_not_bind_is_worth_nothing(plan: Plan):
    free = [row for row in plan.evidence.limits if not row.binding]
    assert free
    assert all(row.worth_usd == 0.0 for row in free)


def test_no_price_is_asked_where_none_is_wanted(catalog: Catalog):
    plan = make_plan(small(solver=QUICK, hardware=ONE, explain={"prices": False, "comparisons": False}), catalog)
    assert all(row.worth_usd is None for row in plan.evidence.limits)
    assert not any(row.family == "sla" for row in plan.evidence.limits)
