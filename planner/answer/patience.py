"""What a millisecond of a latency promise is worth: the capacities found again at a longer limit, and what they save.

Only the systems that the plan has are asked, without whole units: a promise that is loosened gives each of their replicas more
to serve, and fewer of them are needed.
"""

from __future__ import annotations

import time
from pathlib import Path

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.evidence import chosen_systems
from planner.answer.words import seconds, usd
from planner.answer.worth import Worth
from planner.options.build import tabulate
from planner.options.market import Market
from planner.options.table import OptionsTable
from planner.plan.evidence import LimitRow
from planner.plan.fleet import SlaRow
from planner.program.instance import Instance
from planner.program.priced import narrowed
from planner.program.prices import relaxed_cost
from planner.question.instance import pose
from planner.question.rivals import without_dearer_rentals
from planner.scenario import Scenario
from planner.scenario.workload import Workload

STEP = 0.1
CENTS_BELOW = 100.0
NOISE = 1e-4
MILLISECONDS = 1e3
Promise = tuple[str, str]


def promise_worths(context: Context, allowed: Allowance) -> dict[Promise, Worth]:
    """Return what a millisecond more of every promise saves, by workload and metric; what time does not allow is left out."""
    if context.scenario.performance.measured is not None:
        return {}
    promises = [(part, metric) for part in context.scenario.workloads if part.kind == "realtime" for metric in part.sla.limits()]
    chosen, end = chosen_systems(context), time.perf_counter() + allowed.left_s
    base = relaxed_cost(narrowed(context.instance, chosen), max(allowed.left_s, 0.1)) if promises else None
    found: dict[Promise, Worth] = {}
    for number, (part, metric) in enumerate(promises):
        left = end - time.perf_counter()
        cost = None if base is None or left <= 0.0 else relaxed_cost(_loosened(context, part, metric, chosen), left)
        if base is None or cost is None:
            allowed.skip(f"the worth of {len(promises) - number} of {len(promises)} promises")
            break
        found[part.id, metric] = _worth(base - cost, base, part.sla.limits()[metric].limit)
    allowed.left_s = end - time.perf_counter()
    return found


def _worth(saved_usd: float, base_usd: float, limit_s: float) -> Worth:
    """Return what a millisecond saves [USD/ms]; capacities are searched to about a thousandth, so less than that is nothing."""
    more_ms = STEP * limit_s * MILLISECONDS
    saved = saved_usd if saved_usd > NOISE * abs(base_usd) else 0.0
    each = saved / more_ms
    more = seconds(more_ms / MILLISECONDS)
    digits = 2 if each < CENTS_BELOW else 0
    words = f"{more} more save about {usd(saved)}: {each:,.{digits}f} USD per ms, without whole units"
    return Worth(each, words if saved else f"{more} more would save nothing")


def _loosened(context: Context, part: Workload, metric: str, systems: set[str]) -> Instance:
    """Return the instance of some systems in which one promise allows a little more."""
    limit = part.sla.limits()[metric]
    longer = limit.model_copy(update={"limit": limit.limit * (1.0 + STEP)})
    softer = part.model_copy(update={"sla": part.sla.model_copy(update={metric: longer})})
    scenario = _with(context.scenario, softer)
    market = Market(tuple(item for item in context.market.offerings if item.id in systems), ())
    alone = scenario.model_copy(update={"workloads": (softer,)})
    made = tabulate(alone, context.catalog, market, context.demand, Path()).rows
    others = tuple(row for row in context.table.rows if row.workload != part.id and row.system in systems)
    table = OptionsTable(tuple(sorted((*others, *made), key=lambda row: row.id)), ())
    table = without_dearer_rentals(table, context.costs)
    return narrowed(pose(scenario, context.catalog, context.demand, context.market, table, context.costs), systems)


def _with(scenario: Scenario, part: Workload) -> Scenario:
    workloads = tuple(part if one.id == part.id else one for one in scenario.workloads)
    return scenario.model_copy(update={"workloads": workloads})


def promise_rows(sla: tuple[SlaRow, ...], worths: dict[Promise, Worth]) -> tuple[LimitRow, ...]:
    """Return the promises whose worth is known as limits, each at its tightest [ms]; one binds if more of it saves money."""
    tightest: dict[Promise, SlaRow] = {}
    for row in sla:
        key = row.workload, row.metric
        if key in worths and (key not in tightest or row.slack_s < tightest[key].slack_s):
            tightest[key] = row
    return tuple(_row(row, worths[key]) for key, row in sorted(tightest.items()))


def _row(row: SlaRow, worth: Worth) -> LimitRow:
    label = f"{row.workload}: {row.metric.upper()} p{row.percentile:g}"
    return LimitRow(
        family="sla",
        label=label,
        unit="ms",
        have=row.limit_s * MILLISECONDS,
        used=row.predicted_s * MILLISECONDS,
        binding=worth.usd > 0.0,
        worth_usd=worth.usd,
        words=f"{label}: {seconds(row.predicted_s)} of {seconds(row.limit_s)} used; {worth.words}",
    )
