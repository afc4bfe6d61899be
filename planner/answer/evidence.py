"""Why the plan can be believed: what was considered, what binds, what would have to change, and what was checked."""

from __future__ import annotations

from collections.abc import Iterator

from planner.answer.context import Context
from planner.plan.evidence import ChangeRow, CheckRow, LimitRow, SystemRow
from planner.plan.fleet import PowerRow, SlaRow
from planner.plan.money import Totals
from planner.program.solution import Change, Slack

TIGHT = 1e-6
FAMILIES: dict[str, tuple[str, str, float]] = {
    # family of the program -> what people call it, their unit, and what one of the program's units is in it
    "power": ("power", "kW", 1e-3),
    "racks": ("racks", "racks", 1.0),
    "supply": ("supply", "units", 1.0),
    "offered": ("rental supply", "units", 1.0),
    "budget": ("budget of the period", "USD", 1.0),
    "capex": ("budget for purchases", "USD", 1.0),
    "vendor": ("vendor share", "share", 1.0),
    "flexible": ("flexible share", "share", 1.0),
    "kinds": ("kinds of system", "kinds", 1.0),
    "carbon": ("carbon", "kg CO2e", 1e-3),
    "ceiling": ("cost ceiling", "USD", 1.0),
    "fabric": ("KV transfer", "GB/s", 1e-9),
    "serve": ("demand served", "requests/s", 1.0),
}


def considered_rows(context: Context, entry_prices: dict[str, float | None] | None = None) -> tuple[SystemRow, ...]:
    """Return every system that was looked at: chosen, not chosen and why, or left out and why."""
    chosen = _chosen(context)
    prices = entry_prices or {}
    rows = [
        SystemRow(
            system=item.id,
            system_name=item.system.name,
            hardware=item.hardware.id,
            hardware_class=item.hardware.hardware_class.value,
            vendor=item.hardware.vendor,
            status=item.hardware.status.value,
            chosen=item.id in chosen,
            reason="chosen" if item.id in chosen else _why_not(context, item.id, prices.get(item.id)),
            price_usd=None if item.purchase is None else item.purchase.value,
            price_source="" if item.purchase is None else item.purchase.source,
            power_w=None if item.power is None else item.power.value,
            power_source="" if item.power is None else item.power.source,
            entry_price_usd=prices.get(item.id),
            what_if=item.what_if,
        )
        for item in context.market.offerings
    ]
    rows += [
        SystemRow(
            system=item.system.id,
            system_name=item.system.name,
            hardware=item.hardware.id,
            hardware_class=item.hardware.hardware_class.value,
            vendor=item.hardware.vendor,
            status=item.hardware.status.value,
            chosen=False,
            reason=item.reason,
            price_usd=None if item.purchase is None else item.purchase.value,
            price_source="" if item.purchase is None else item.purchase.source,
            power_w=None if item.power is None else item.power.value,
            power_source="" if item.power is None else item.power.source,
            entry_price_usd=prices.get(item.system.id),
            what_if=False,
        )
        for item in context.market.left_out
    ]
    return tuple(sorted(rows, key=lambda row: (not row.chosen, row.system)))


def _chosen(context: Context) -> set[str]:
    offers = {offer.id: offer.system for offer in context.instance.offers}
    return {row.system for row in context.solution.owned} | {offers[row.offer] for row in context.solution.rented}


def _why_not(context: Context, system: str, entry_price: float | None) -> str:
    """Return why an offering was not chosen: nothing runs on it, or others are cheaper."""
    if not any(row.system == system for row in context.table.rows):
        reasons = sorted({f"{item.workload}: {item.reason}" for item in context.table.rejected if item.system == system})
        return "; ".join(reasons[:3]) or "no workload can run on it"
    price = context.offerings[system].purchase
    if entry_price is not None and price is not None:
        return f"dearer than the alternatives: {price.value:,.0f} USD, would enter at {entry_price:,.0f} USD"
    return "dearer than the alternatives"


def limit_rows(context: Context) -> tuple[LimitRow, ...]:
    """Return every limit with a number of its own, the tightest period of each; binding ones first."""
    worst: dict[tuple[str, str], LimitRow] = {}
    for slack in context.solution.slacks:
        row = _limit_row(context, slack)
        place = slack.index[0] if slack.index else ""
        key = (slack.family, place)
        if key not in worst or row.used / max(row.have, 1e-12) > worst[key].used / max(worst[key].have, 1e-12):
            worst[key] = row
    return tuple(sorted(worst.values(), key=lambda row: (not row.binding, row.family, row.label)))


def _limit_row(context: Context, slack: Slack) -> LimitRow:
    name, unit, scale = FAMILIES.get(slack.family, (slack.family, "", 1.0))
    have, used = slack.have * scale, slack.used * scale
    label = f"{name}: {_place(context, slack.index)}".rstrip(": ")
    binding = used >= have * (1.0 - TIGHT)
    words = f"{label}: {used:,.1f} of {have:,.1f} {unit} used" + (
        " - binding" if binding else f", {have - used:,.1f} {unit} left"
    )
    return LimitRow(family=slack.family, label=label, unit=unit, have=have, used=used, binding=binding, words=words)


def _place(context: Context, index: tuple[str, ...]) -> str:
    """Return an index of the program in words: the last whole numbers are a period and, with two of them, a block."""
    numbers = [position for position, part in enumerate(index) if part.isdigit()]
    labels = [period.id for period in context.instance.periods]
    words = list(index)
    if numbers:
        words[numbers[0]] = labels[int(index[numbers[0]])]
    for position in numbers[1:2]:
        words[position] = context.instance.blocks[int(index[position])]
    return ", ".join(words)


def change_rows(context: Context) -> tuple[ChangeRow, ...]:
    """Return the smallest set of changes that makes an infeasible scenario feasible: have X, need Y."""
    return tuple(_change_row(context, change) for change in context.solution.changes)


def _change_row(context: Context, change: Change) -> ChangeRow:
    name, unit, scale = FAMILIES.get(change.family, (change.family, "", 1.0))
    have, need = change.have * scale, change.need * scale
    place = _place(context, change.index)
    words = f"{name}: have {have:,.1f} {unit}, need {need:,.1f} {unit}" + (f" ({place})" if place else "")
    if change.family == "serve":
        words = f"demand: {have - need:,.2f} of {have:,.2f} {unit} cannot be served by anything allowed ({place})"
    return ChangeRow(family=change.family, label=f"{name}: {place}".rstrip(": "), unit=unit, have=have, need=need, words=words)


def check_rows(
    context: Context, totals: Totals | None, power: tuple[PowerRow, ...], sla: tuple[SlaRow, ...]
) -> tuple[CheckRow, ...]:
    """Return what was checked after the solve."""
    return tuple(_checks(context, totals, power, sla))


def _checks(context: Context, totals: Totals | None, power: tuple[PowerRow, ...], sla: tuple[SlaRow, ...]) -> Iterator[CheckRow]:
    certificate = context.solution.certificate
    if certificate is not None:
        detail = "; ".join(certificate.violations[:3]) or f"cost recomputed exactly: {certificate.cost_usd:,.2f} USD"
        yield CheckRow(
            name="every constraint and the cost, recomputed in exact arithmetic", passed=certificate.valid, detail=detail
        )
    objective = context.solution.objective_usd
    if totals is not None and objective is not None:
        difference = abs(totals.net_present_cost_usd - objective) / max(1.0, abs(objective))
        yield CheckRow(
            name="cost lines add up to the program's objective",
            passed=difference <= 1e-6,
            detail=f"{totals.net_present_cost_usd:,.2f} against {objective:,.2f} USD",
        )
    over = [row for row in power if row.limit_w is not None and row.nameplate_w > row.limit_w * (1 + 1e-9)]
    if power:
        yield CheckRow(name="nameplate power within every site's budget", passed=not over, detail=f"{len(power)} site-periods")
    missed = [row for row in sla if row.slack_s < 0]
    if sla:
        words = "; ".join(
            f"{row.workload} {row.metric} p{row.percentile:g}: {row.predicted_s:.3g} s of {row.limit_s:.3g} s"
            for row in missed[:3]
        )
        yield CheckRow(
            name="every latency promise kept at the plan's own load", passed=not missed, detail=words or f"{len(sla)} promises"
        )
