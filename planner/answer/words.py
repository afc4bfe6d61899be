"""The answer in plain words: one sentence to decide on, and a few more to argue about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planner.plan.evidence import ChangeRow
from planner.plan.fleet import FleetRow, SlaRow
from planner.plan.money import Totals

LEAST = {
    "cost": "the cheapest possible",
    "unserved": "the least that must go unserved",
    "power": "the least energy possible",
    "carbon": "the least carbon possible",
}


def usd(value: float) -> str:
    """Return an amount for people: `$8.42 M`, `$310 k`, `$950`.

    >>> usd(8_421_000), usd(310_400), usd(950), usd(-1_200_000)
    ('$8.42 M', '$310 k', '$950', '-$1.20 M')
    """
    sign, amount = ("-" if value < 0 else ""), abs(value)
    if amount >= 1e9:
        return f"{sign}${amount / 1e9:,.2f} B"
    if amount >= 1e6:
        return f"{sign}${amount / 1e6:,.2f} M"
    return f"{sign}${amount / 1e3:,.0f} k" if amount >= 1e4 else f"{sign}${amount:,.0f}"


def decision(
    outcome: str,
    fleet: Iterable[FleetRow],
    totals: Totals | None,
    labels: list[str],
    gap: float | None,
    goal: str = "cost",
) -> str:
    """Return the decision in one sentence; a gap is one of what the goal minimises."""
    if totals is None:
        return {
            "infeasible": "No plan can meet everything that is asked; see what would have to change.",
            "no_solution": "No plan was found in the time allowed; this is not a proof that there is none. Give it more time.",
        }.get(outcome, f"The solver ended with '{outcome}'; there is no plan to report.")
    final = _final(list(fleet))
    parts = [
        f"{units:,} x {name}" + (f" at each of {sites:,} sites" if sites > 1 else "") + (f" ({how})" if how else "")
        for units, name, sites, how in final
    ]
    held = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or "no hardware (token API only)"
    proof = (
        f"proved within {gap:.2%} of {LEAST[goal]}"
        if outcome == "optimal" and gap is not None
        else "best found in the time allowed"
    )
    if outcome == "feasible" and gap is not None:
        proof += f", at most {gap:.1%} above {LEAST[goal]}"
    cost = f"net present cost {usd(totals.net_present_cost_usd)} over {labels[0]} to {labels[-1]}"
    return f"By {labels[-1]} hold {held}: {cost}, {proof}."


def _final(fleet: list[FleetRow]) -> list[tuple[int, str, int, str]]:
    """Return what is held in the last period in which anything is, largest first: units, name, sites, `rented` or nothing."""
    if not fleet:
        return []
    last = max(row.period for row in fleet)
    rows = sorted(
        (row for row in fleet if row.period == last and row.units), key=lambda row: (-row.chips, row.system, row.holding)
    )
    return [(row.units, row.system_name, row.sites, "" if row.holding == "owned" else "rented") for row in rows]


def purchases(fleet: Iterable[FleetRow], labels: list[str]) -> list[str]:
    """Return the purchase schedule: `2027-Q1: buy 12 x HGX H200 for hall-1`."""
    return [
        f"{labels[row.period]}: {'buy' if row.holding == 'owned' else 'rent'} {row.arrived:,} x {row.system_name}"
        + (f" for each of {row.sites:,} sites {row.site}" if row.sites > 1 else f" for {row.site}")
        for row in sorted(fleet, key=lambda row: (row.period, row.site, row.system, row.holding))
        if row.arrived
    ]


def tightest(sla: Iterable[SlaRow]) -> list[str]:
    """Return, for each workload and metric, its tightest promise: `chat: TTFT p95 0.62 s of 1 s allowed`."""
    worst: dict[tuple[str, str], SlaRow] = {}
    for row in sla:
        key = (row.workload, row.metric)
        if key not in worst or row.slack_s / row.limit_s < worst[key].slack_s / worst[key].limit_s:
            worst[key] = row
    return [
        f"{workload}: {metric.upper()} p{row.percentile:g} {seconds(row.predicted_s)} of {seconds(row.limit_s)} allowed"
        f" (80 % interval {seconds(row.low80_s)} to {seconds(row.high80_s)})"
        for (workload, metric), row in sorted(worst.items())
    ]


def turned_away(shares: Mapping[str, float]) -> list[str]:
    """Return which part of each workload's requests is not served: `chat: 12.50 % of the requests are not served`."""
    return [f"{workload}: {share * 100.0:.2f} % of the requests are not served" for workload, share in sorted(shares.items())]


def seconds(value: float) -> str:
    """Return a time for people.

    >>> seconds(0.0421), seconds(1.5), seconds(90)
    ('42 ms', '1.50 s', '90 s')
    """
    if value < 1:
        return f"{value * 1e3:,.0f} ms" if value >= 0.01 else f"{value * 1e3:,.2f} ms"
    return f"{value:,.2f} s" if value < 10 else f"{value:,.0f} s"


def needs(changes: Iterable[ChangeRow]) -> list[str]:
    """Return what an infeasible scenario would need, in words."""
    return [change.words for change in changes]
