"""Why the plan can be believed: what was considered, what binds, what would have to change, and what was checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypedDict

from planner.answer.allowance import allowance
from planner.answer.claims import claim_rows
from planner.answer.context import Context
from planner.answer.entry import Basis, Entry, Priced
from planner.answer.limits import FAMILIES, in_words
from planner.answer.needs import Need, needs_of
from planner.options.market import LeftOut
from planner.plan.evidence import ChangeRow, CheckRow, SystemRow
from planner.plan.fleet import PowerRow, SlaRow
from planner.plan.money import Totals

SERVED = frozenset({"serve", "arrive"})
CHANGE_AT = {"supply": "of", "offered": "of", "inventory": "of", "vendor": "of", "budget": "in"}

SEARCHED_WITHIN = 0.005  # capacities are searched to about a thousandth; a promise is missed beyond half a per cent


def considered_rows(context: Context, priced: Priced | None = None) -> tuple[SystemRow, ...]:
    """Return every system that was looked at: chosen, not chosen and why, or left out and why."""
    chosen = chosen_systems(context)
    prices, cannot = ({}, {}) if priced is None else (priced.entries, priced.cannot)
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
            **_entry(prices.get(item.id)),
            what_if=item.what_if,
            claims=claim_rows(context, item.hardware.id),
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
            reason=_left_out(item, prices.get(item.system.id), cannot.get(item.system.id, "")),
            price_usd=None if item.purchase is None else item.purchase.value,
            price_source="" if item.purchase is None else item.purchase.source,
            power_w=None if item.power is None else item.power.value,
            power_source="" if item.power is None else item.power.source,
            **_entry(prices.get(item.system.id)),
            what_if=False,
            claims=claim_rows(context, item.hardware.id),
        )
        for item in context.market.left_out
    ]
    return tuple(sorted(rows, key=lambda row: (not row.chosen, row.system)))


def chosen_systems(context: Context) -> set[str]:
    """Return the systems that the plan owns or rents in any period."""
    offers = {offer.id: offer.system for offer in context.instance.offers}
    return {row.system for row in context.solution.owned} | {offers[row.offer] for row in context.solution.rented}


def _why_not(context: Context, system: str, entry: Entry | None) -> str:
    """Return why an offering was not chosen: nothing runs on it, or others are cheaper."""
    if not any(row.system == system for row in context.table.rows):
        reasons = sorted({f"{item.workload}: {item.reason}" for item in context.table.rejected if item.system == system})
        return "; ".join(reasons[:3]) or "no workload can run on it"
    if context.solution.objective_usd is None:
        return "could serve, but no plan was found that meets everything"
    price = context.offerings[system].purchase
    if entry is None or price is None:
        return "dearer than the alternatives"
    if entry.price_usd is None:
        return f"cannot help at any price: costs {price.value:,.0f} USD, and would not be bought for nothing"
    if entry.price_usd >= price.value:
        return (
            f"as good as what was chosen: {price.value:,.0f} USD, enters at {_usd(entry)}; the plans with "
            "and without it lie within the gap, or within one unit"
        )
    return f"dearer: {price.value:,.0f} USD, would enter at {_usd(entry)}"


def _left_out(item: LeftOut, entry: Entry | None, cannot: str) -> str:
    """Return why a system was left out, and if that is for want of figures, at which price it would be bought."""
    if entry is None:
        return f"{item.reason}; {cannot}" if cannot else item.reason
    assumed = f"{entry.assumes}, " if entry.assumes else ""
    if entry.price_usd is None:
        return f"{item.reason}; {'even ' if assumed else ''}{assumed}it cannot help at any price"
    costs = f"; it costs {item.purchase.value:,.0f} USD" if item.purchase is not None else ""
    return f"{item.reason}; {assumed}it would be bought up to {_usd(entry, ' a unit')}{costs}"


def _usd(entry: Entry, unit: str = "") -> str:
    """Return an entry price with how well it is known: exactly, about (units not whole), or at the margin of the first unit."""
    about = "" if entry.basis is Basis.SOLVED else "about "
    margin = " at the margin" if entry.basis is Basis.MARGIN else ""
    return f"{about}{entry.price_usd or 0.0:,.0f} USD{unit}{margin}"


class _EntryFields(TypedDict):
    entry_price_usd: float | None
    entry_basis: Literal["", "solved", "relaxation", "margin"]
    entry_assumes: str


def _entry(entry: Entry | None) -> _EntryFields:
    """Return the fields of a row that tell an entry price."""
    if entry is None:
        return {"entry_price_usd": None, "entry_basis": "", "entry_assumes": ""}
    return {"entry_price_usd": entry.price_usd, "entry_basis": entry.basis.value, "entry_assumes": entry.assumes}


def change_rows(context: Context) -> tuple[ChangeRow, ...]:
    """Return the smallest set of changes that makes an infeasible scenario feasible: have X, need Y."""
    allowed, _ = allowance(context.scenario, "least changes", lambda _: None, relaxed=True)
    return () if allowed is None else tuple(change_row(context, need) for need in needs_of(context, allowed))


def change_row(context: Context, asked: Need) -> ChangeRow:
    """Return a change in words."""
    change = asked.change
    name, unit, scale = FAMILIES.get(change.family, (change.family, "", 1.0))
    have, need, least = change.have * scale, change.need * scale, asked.least * scale
    place = in_words(context, change.family, change.index) if change.family not in SERVED else ", ".join(change.index)
    where = f" {CHANGE_AT.get(change.family, 'at')} {place}" if place else ""
    known = least < need * (1.0 - SEARCHED_WITHIN)
    floor = f" (no less than {least:,.1f} {unit} will do)" if known else ""
    words = f"{name}: have {have:,.1f} {unit}, need {'' if asked.is_enough else 'at least '}{need:,.1f} {unit}{where}{floor}"
    if change.family in SERVED:
        words = f"demand: {need - have:,.2f} of {need:,.2f} {unit} cannot be served by anything allowed ({place})"
    return ChangeRow(
        family=change.family,
        label=f"{name}: {place}".rstrip(": "),
        unit=unit,
        have=have,
        need=need,
        words=words,
        least=least if known or not asked.is_enough else None,
    )


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
    missed = [row for row in sla if row.slack_s < -SEARCHED_WITHIN * row.limit_s]
    if sla:
        words = "; ".join(
            f"{row.workload} {row.metric} p{row.percentile:g}: {row.predicted_s:.3g} s of {row.limit_s:.3g} s"
            for row in missed[:3]
        )
        yield CheckRow(
            name="every latency promise kept at the plan's own load", passed=not missed, detail=words or f"{len(sla)} promises"
        )
