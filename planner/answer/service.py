"""Latency at the plan's own load, in every hour block, beside what was promised."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from planner.answer.context import Context
from planner.options.build import requests_of
from planner.options.latency import PoolLoad, latencies_s
from planner.options.table import OptionRow
from planner.plan.fleet import SlaRow
from planner.program.instance import Role
from planner.program.solution import Pool
from planner.scenario.workload import Workload

Case = tuple[int, float, float]
NOTHING = 5e-5


def sla_rows(context: Context) -> tuple[SlaRow, ...]:
    """Return every promise of every real-time workload, site and period with its prediction: the worst pool in its worst block.

    The reserve of replicas is taken to have failed: what is predicted is what the promise must survive.
    """
    worst: dict[tuple[str, str, int, str], SlaRow] = {}
    for part in context.scenario.workloads:
        if part.kind != "realtime":
            continue
        for row in _pool_rows(context, part):
            key = (row.workload, row.site, row.period, row.metric)
            if key not in worst or row.predicted_s > worst[key].predicted_s:
                worst[key] = row
    return tuple(worst[key] for key in sorted(worst))


def missed_shares(context: Context) -> dict[str, float]:
    """Return the part of each workload's requests that is turned away over the horizon [1], where any is."""
    served: dict[str, float] = {}
    away: dict[str, float] = {}
    for flow in context.solution.flows:
        option = context.options[flow.option]
        if option.role is not Role.PREFILL:
            hours = float(context.hours[flow.period, flow.block])
            served[option.workload] = served.get(option.workload, 0.0) + flow.rate_rps * hours
    for row in context.solution.unserved:
        away[row.workload] = away.get(row.workload, 0.0) + row.rate_rps * float(context.hours[row.period, row.block])
    parts = {name: missed / (missed + served.get(name, 0.0)) for name, missed in away.items() if missed > 0.0}
    return {name: part for name, part in parts.items() if part > NOTHING}


def _pool_rows(context: Context, workload: Workload) -> Iterator[SlaRow]:
    """Yield a row per pool, metric and period."""
    for (site, option), cases in sorted(_cases(context, workload).items()):
        row = context.rows[option]
        load = context.demand.workload(workload.id)
        asked = requests_of(context.scenario, workload, context.demand, context.site_counts[site])
        for epoch, requests in enumerate(asked):
            here = [case for case in cases if load.epoch_of_period[case[0]] == epoch]
            if here:
                pools = PoolLoad(np.array([case[1] for case in here]), np.array([case[2] for case in here]))
                limits = workload.sla.limits()
                found = latencies_s(
                    row, epoch, requests, pools, {name: limit.percentile / 100.0 for name, limit in limits.items()}
                )
                for metric, values in found.items():
                    for case, value in zip(here, values, strict=True):
                        yield _sla_row(workload, row, site, case[0], metric, float(value))


def _cases(context: Context, workload: Workload) -> dict[tuple[str, str], list[Case]]:
    """Return, by (site, option), every block: its period, and the busy and present replicas of the queue that the pool shares.

    All replicas of a role that serve a workload at a site stand behind one router, whatever their hardware, and it sends work to
    where there is room: a pool waits as long as one of as many of its own replicas as could do what all of them can and do.
    """
    present = _present(context)
    pools = [pool for pool in context.solution.pools if _serves(context, pool.option, workload.id)]
    queues: dict[tuple[str, str, int, int], tuple[float, float]] = {}
    for pool in pools:
        busy, there = queues.get(_router(context, pool), (0.0, 0.0))
        rate = _rate(context, pool)
        queues[_router(context, pool)] = busy + pool.load * rate, there + present[pool] * rate
    found: dict[tuple[str, str], set[Case]] = {}
    for pool in (pool for pool in pools if pool.load > 0.0):
        busy, there = queues[_router(context, pool)]
        rate = _rate(context, pool)
        found.setdefault((pool.site, pool.option), set()).add((pool.period, busy / rate, there / rate))
    return {key: sorted(cases) for key, cases in found.items()}


def _router(context: Context, pool: Pool) -> tuple[str, str, int, int]:
    """Return what a pool's replicas stand behind in a block."""
    return pool.site, context.rows[pool.option].role.value, pool.period, pool.block


def _rate(context: Context, pool: Pool) -> float:
    """Return what a replica carries of the workload's mix [requests/s]; where that was measured, replicas count alike."""
    row = context.rows[pool.option]
    epochs = context.demand.workload(row.workload).epoch_of_period
    return row.mix_rps[epochs[pool.period]] if row.mix_rps else 1.0


def _present(context: Context) -> dict[Pool, float]:
    """Return the replicas of every pool beside its reserve, with its part of the owned chips that no pool needs in the block.

    Idle chips stay up as further replicas of what runs beside them, in proportion to the busy ones.
    """
    reserve = context.scenario.policy.reserve_replicas
    pools = [pool for pool in context.solution.pools if pool.option in context.rows]
    taken: dict[tuple[str, str, int, int], float] = {}
    working: dict[tuple[str, str, int, int], float] = {}
    for pool in pools:
        row = context.rows[pool.option]
        key = (pool.site, row.system, pool.period, pool.block)
        taken[key] = taken.get(key, 0.0) + pool.replicas * row.chips
        working[key] = working.get(key, 0.0) + pool.load * row.chips
    found: dict[Pool, float] = {}
    for pool in pools:
        row = context.rows[pool.option]
        key = (pool.site, row.system, pool.period, pool.block)
        units = context.owned.get((pool.site, row.system))
        chips = 0.0 if units is None else float(units[pool.period]) * row.offering.system.chips
        idle = max(chips - taken[key], 0.0) * pool.load / working[key] if working[key] else 0.0
        found[pool] = max(pool.replicas - reserve, 1) + math.floor(idle / row.chips + 1e-9)
    return found


def _serves(context: Context, option: str, workload: str) -> bool:
    row = context.rows.get(option)
    return row is not None and row.workload == workload


def _sla_row(workload: Workload, row: OptionRow, site: str, period: int, metric: str, predicted_s: float) -> SlaRow:
    limit = workload.sla.limits()[metric]
    assert row.step is not None
    spread = row.step.interval(metric)
    capped = min(predicted_s, 1e6)  # a saturated pool has no percentile; a number keeps it printable, and the check fails
    return SlaRow(
        workload=workload.id,
        site=site,
        period=period,
        metric="ttft" if metric == "ttft" else "tpot" if metric == "tpot" else "e2e",
        percentile=limit.percentile,
        limit_s=limit.limit,
        predicted_s=capped,
        low80_s=capped * spread.lo80,
        high80_s=capped * spread.hi80,
        low95_s=capped * spread.lo95,
        high95_s=capped * spread.hi95,
        slack_s=limit.limit - capped,
        served_by=f"{row.role.value} on {row.offering.hardware.name}, {row.layout}",
    )
