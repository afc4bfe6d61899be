"""Why there is no plan, in words: promises that nothing keeps, workloads that nothing runs, limits that clash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.answer.context import Context
from planner.answer.words import seconds
from planner.options.best import Best, best_latencies
from planner.options.table import Role
from planner.plan.evidence import ChangeRow
from planner.program.solution import Outcome
from planner.scenario.workload import Workload

MOST_SYSTEMS = 6
MOVABLE_PROMISE = "sla"


def reasons_of(context: Context, changes: Iterable[ChangeRow]) -> tuple[str, ...]:
    """Return why an infeasible scenario is, most telling first: what no hardware can do, then what there is too little of."""
    if context.solution.outcome is not Outcome.INFEASIBLE:
        return ()
    rows = tuple(changes)
    unserved = [part for part in context.scenario.workloads if unserved_classes(context, part)]
    told = [line for part in unserved for line in _workload(context, part)]
    named = {part.id for part in unserved}
    rest = [row.words for row in rows if row.family != MOVABLE_PROMISE and not _already_told(row, named)]
    if not told and not rest:
        rest = ["no single set of limits could be found that, moved, would make a plan possible"]
    return (*told, *rest)


def _already_told(row: ChangeRow, workloads: set[str]) -> bool:
    """Return whether a change says no more than that a workload cannot be served."""
    return row.family in {"serve", "arrive"} and any(f": {name}," in row.label for name in workloads)


def promise_changes(context: Context) -> tuple[ChangeRow, ...]:
    """Return the promises that not even an idle replica of anything keeps, as changes: have 0.2 s, need 0.41 s."""
    if context.solution.outcome is not Outcome.INFEASIBLE:
        return ()
    found = []
    for part in context.scenario.workloads:
        for best in _best(context, part) if unserved_classes(context, part) else ():
            if best.missed:
                label = f"{part.id}: {best.metric.upper()} p{best.percentile:g}"
                change = ChangeRow(
                    family=MOVABLE_PROMISE, label=label, unit="s", have=best.limit_s, need=best.reached_s, words=_promise(best)
                )
                found.append(change)
    return tuple(found)


def unserved_classes(context: Context, part: Workload) -> list[str]:
    """Return the classes of a workload that no option, and no prefill with a decode option, can serve."""
    classes = [context.demand.classes[row].id for row in context.demand.rows_of(part.id)]
    able: dict[str, set[Role]] = {}
    for row in context.table.rows:
        if row.workload == part.id:
            for name, rate in row.capacity_rps.items():
                able.setdefault(name, set()).update({row.role} if rate > 0 else set())
    apis = {name for option in context.instance.options if option.workload == part.id for name in option.request_usd}
    pair = {Role.PREFILL, Role.DECODE}
    return [
        name
        for name in classes
        if name not in apis and not (Role.AGGREGATED in able.get(name, ()) or pair <= able.get(name, set()))
    ]


def _workload(context: Context, part: Workload) -> Iterator[str]:
    """Yield why nothing serves (a part of) a workload."""
    missed = [best for best in _best(context, part) if best.missed]
    yield from (_promise(best) for best in missed)
    if missed:
        return
    if any(row.workload == part.id for row in context.table.rows):
        names = ", ".join(unserved_classes(context, part))
        yield f"{part.id}: no listed system serves the requests of {names} inside the promises under load"
        return
    kept = _best(context, part)
    if kept:
        ideal = "; ".join(f"{b.metric.upper()} p{b.percentile:g} {seconds(b.reached_s)} of {seconds(b.limit_s)}" for b in kept)
        yield f"{part.id}: each promise alone could be kept by an idle replica ({ideal}), but all together, under load, by none"
    yield from _turned_down(context, part)


def _turned_down(context: Context, part: Workload) -> Iterator[str]:
    """Yield why the systems on the market were turned down for a workload; without any, why none is on the market."""
    rejected = [item for item in context.table.rejected if item.workload == part.id]
    for item in rejected[:MOST_SYSTEMS]:
        yield f"{part.id}: {item.system}: {item.reason}"
    if len(rejected) > MOST_SYSTEMS:
        yield f"{part.id}: and {len(rejected) - MOST_SYSTEMS} more systems, see the list of what was considered"
    if not context.market.offerings:
        counts: dict[str, int] = {}
        for left in context.market.left_out:
            counts[left.reason] = counts.get(left.reason, 0) + 1
        most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_SYSTEMS]
        yield from (f"no system may be chosen: {reason} ({count} systems)" for reason, count in most)


def _best(context: Context, part: Workload) -> list[Best]:
    if context.scenario.performance.measured is not None:
        return []
    return best_latencies(context.scenario, context.catalog, context.market, context.demand, part)


def _promise(best: Best) -> str:
    """Return `chat: TTFT p95 0.2 s at 32,000 tokens: best any listed system can do is 0.41 s (idle, on X)`."""
    at = "" if best.metric == "tpot" else f" at {best.tokens:,.0f} tokens"
    return (
        f"{best.workload}: {best.metric.upper()} p{best.percentile:g} {seconds(best.limit_s)}{at}: "
        f"best any listed system can do is {seconds(best.reached_s)} (an idle replica on {best.system})"
    )
