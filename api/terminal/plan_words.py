"""A plan in plain words: the decision first, then small tables, then why."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TypeVar

from api.terminal.console import output, printable
from planner.plan import Plan
from planner.plan.evidence import LimitRow
from planner.plan.fleet import PoolRow, SlaRow

if TYPE_CHECKING:
    from rich.console import Console

MOST_REASONS = 8
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def show_plan(plan: Plan, files: Sequence[Path] = ()) -> None:
    """Print a plan to stdout, and where its files are."""
    console = output()
    console.print(printable(plan.decision), style="bold")
    if plan.found:
        _list(console, "", plan.summary)
        _show_fleet(console, plan)
        _show_pools(console, plan)
        _show_cost(console, plan)
        _show_sla(console, plan)
        _show_power(console, plan)
        _show_reasons(console, plan)
    else:
        _show_changes(console, plan)
    console.print()
    console.print(printable(f"Plan {plan.sha256[:16]}: {', '.join(str(path) for path in files)}"), soft_wrap=True)


def _show_fleet(console: Console, plan: Plan) -> None:
    first, last = plan.periods[0], plan.periods[-1]
    rows = []
    for (site, system, holding), held in _grouped(plan.fleet, lambda row: (row.site, row.system_name, row.holding)).items():
        units = {row.period: row.units for row in held}
        bought = sum(row.arrived for row in held)
        cells = (
            site,
            system,
            _holding(holding),
            units.get(first.index, 0),
            units.get(last.index, 0),
            max(units.values()),
            bought,
        )
        rows.append([str(cell) for cell in cells])
    head = ("Site", "System", "Holding", first.label, last.label, "Most", "Acquired")
    _table(console, "Fleet (units)", head, rows, numbers=4)


def _holding(holding: str) -> str:
    """Return `owned`, or how it is rented: an offer's id ends in its terms.

    >>> _holding("owned"), _holding("nvidia-h100-sxm/some-cloud:on-demand")
    ('owned', 'rented, on-demand')
    """
    return holding if holding == "owned" else "rented" + (f", {holding.rpartition(':')[2]}" if ":" in holding else "")


def _show_pools(console: Console, plan: Plan) -> None:
    first, last = plan.periods[0], plan.periods[-1]
    rows = []
    for names, pools in _grouped(plan.pools, _pool_names).items():
        counts = [sum(row.replicas for row in pools if row.period == period.index) for period in (first, last)]
        rows.append([*names, str(pools[0].chips_per_replica), *(str(count) for count in counts)])
    head = ("Workload", "Role", "Site", "Hardware", "Layout, weights/KV", "Chips each", first.label, last.label)
    _table(console, "Pools (replicas)", head, rows, numbers=3)


def _pool_names(row: PoolRow) -> tuple[str, str, str, str, str]:
    return (row.workload, row.role, row.site, row.hardware, f"{row.layout} {row.weights}/{row.kv}")


def _show_cost(console: Console, plan: Plan) -> None:
    if plan.money is None:
        return
    totals = plan.money.totals
    lines = [(name.replace(".", ": ").replace("_", " "), value) for name, value in totals.present_by_line_usd.items() if value]
    sums = [("net present cost", totals.net_present_cost_usd), ("equivalent annual cost", totals.equivalent_annual_cost_usd)]
    _table(console, "Cost", ("Line", "Present value, USD"), [[name, f"{value:,.0f}"] for name, value in lines + sums], numbers=1)
    figures = [[figure.scope, figure.label, *_figure(figure.value, figure.unit)] for figure in plan.money.figures]
    _table(console, "Figures", ("Of", "Figure", "Value", "Unit"), figures, numbers=0)


def _figure(value: float, unit: str) -> tuple[str, str]:
    """Return a figure and its unit for people, shares as per cent."""
    if unit in ("1", "share"):
        return f"{100 * value:.1f}", "%"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"), unit


def _show_sla(console: Console, plan: Plan) -> None:
    worst: dict[tuple[str, str, str], SlaRow] = {}
    for row in plan.sla:
        key = (row.workload, row.metric, row.site)
        if key not in worst or row.slack_s < worst[key].slack_s:
            worst[key] = row
    rows = [_promise(row) for row in worst.values()]
    head = ("Workload", "Promise", "Site", "Limit", "Predicted", "80 % interval", "Slack")
    _table(console, "SLA (worst period)", head, rows, numbers=4)


def _promise(row: SlaRow) -> list[str]:
    interval = f"{_seconds(row.low80_s)} to {_seconds(row.high80_s)}"
    times = (_seconds(row.limit_s), _seconds(row.predicted_s), interval, _seconds(row.slack_s))
    return [row.workload, f"{row.metric.upper()} p{row.percentile:g}", row.site, *times]


def _show_power(console: Console, plan: Plan) -> None:
    rows = []
    for site, held in _grouped(plan.power, lambda row: row.site).items():
        most = max(held, key=lambda row: row.nameplate_w)
        racks = "" if most.racks_limit is None else f" of {most.racks_limit:,.0f}"
        drawn = max(row.drawn_peak_w for row in held)
        facility = max(row.facility_peak_w for row in held)
        kilowatts = [_kilowatts(value) for value in (most.nameplate_w, most.limit_w, drawn, facility)]
        rows.append([site, str(most.sites), *kilowatts, f"{max(row.racks_used for row in held):,.1f}{racks}"])
    head = ("Site", "Sites", "Nameplate kW", "IT budget kW", "Drawn peak kW", "With cooling kW", "Racks")
    _table(console, "Power and space (most of any period, one site)", head, rows, numbers=6)


def _kilowatts(power_w: float | None) -> str:
    if power_w is None:
        return "no limit"
    return f"{power_w / 1e3:,.1f}" if power_w >= 1e4 else f"{power_w / 1e3:.3g}"


def _show_reasons(console: Console, plan: Plan) -> None:
    binding = [_limit(row) for row in plan.evidence.limits if row.binding]
    reasons = [*plan.evidence.reasons, *binding, *(f"{row.label}: {row.words}" for row in plan.evidence.comparisons)]
    _list(console, "Why", reasons)
    _show_refused(console, plan)
    failed = [f"{row.name}: {row.detail}" for row in plan.evidence.checks if not row.passed]
    _list(console, "Checks that did not pass", failed)


def _show_refused(console: Console, plan: Plan) -> None:
    refused = sorted(
        (row for row in plan.evidence.considered if not row.chosen),
        key=lambda row: ("not known" in row.reason, row.price_usd is None),
    )
    _list(console, "Considered and not chosen", [f"{row.system}: {row.reason}" for row in refused])


def _limit(row: LimitRow) -> str:
    words = row.words or f"{row.label} is used up ({row.used:,.4g} of {row.have:,.4g} {row.unit})"
    # The words of a promise say what a millisecond is worth; one of them alone is too little to be said twice.
    return (
        words
        if row.worth_usd is None or row.family == "sla"
        else f"{words}; one {row.unit} more is worth {row.worth_usd:,.0f} USD"
    )


def _show_changes(console: Console, plan: Plan) -> None:
    changes = [row.words for row in plan.evidence.changes]
    _list(console, "What would make it feasible", changes)
    _list(console, "Why", [line for line in (*plan.summary, *plan.evidence.reasons) if line not in changes])
    _show_refused(console, plan)


def _grouped(rows: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return the rows by key, keys in order of first appearance."""
    groups: dict[Key, list[Item]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _list(console: Console, title: str, lines: Iterable[str]) -> None:
    lines = list(dict.fromkeys(line for line in lines if line))
    if lines and title:
        console.print(f"\n{title}", style="bold")
    for line in lines[:MOST_REASONS]:
        console.print(fill(printable(line), console.width, initial_indent="- ", subsequent_indent="  "))
    if len(lines) > MOST_REASONS:
        console.print(f"- and {len(lines) - MOST_REASONS} more in plan.json")


def _table(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> None:
    """Print a table whose last `numbers` columns are right-aligned; nothing where it has no rows."""
    if not rows:
        return
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for index, name in enumerate(head):
        right = index >= len(head) - numbers
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    console.print()
    console.print(table)


def _seconds(value_s: float) -> str:
    return f"{1e3 * value_s:,.3g} ms" if abs(value_s) < 1 else f"{value_s:,.3g} s"
