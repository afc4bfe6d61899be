"""Who bears which cost: the share of every cost row that each workload's input, cached input and output tokens cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.answer.volume import Served
from planner.economics.attribution import Use, present_usd_by_pool, shares_by_pool
from planner.economics.lines import Group, LineItem
from planner.economics.unit_costs import PoolCost

KINDS = ("input", "cached", "output")


@dataclass(frozen=True)
class Bearing:
    """Rows, and the share of each that a pool bears; a pool is a deployment, or the tokens of one kind of a token API.

    `work` says, by pool, its workload and how its cost divides among input, cached input and output [1].
    """

    items: tuple[LineItem, ...]
    shares: dict[str, dict[str, float]]
    work: dict[str, tuple[str, FloatArray]]

    def pool_costs(self, workload: str | None = None) -> list[PoolCost]:
        """Return the present cost and the work of the pools of one workload, or of all."""
        usd = present_usd_by_pool(self.items, self.shares)
        found = [(usd.get(pool, 0.0), parts) for pool, (owner, parts) in sorted(self.work.items()) if workload in (None, owner)]
        return [PoolCost(cost, *(float(part) for part in parts)) for cost, parts in found]

    def shares_of(self, workload: str | None = None, kind: str | None = None) -> dict[str, float]:
        """Return, by row id, the share that a workload (or all) and a kind of token (or all kinds) bear; zeros are left out."""
        column = None if kind is None else KINDS.index(kind)
        weight = {
            pool: 1.0 if column is None else float(parts[column] / parts.sum())
            for pool, (owner, parts) in self.work.items()
            if workload in (None, owner)
        }
        found = {row: sum(share * weight.get(pool, 0.0) for pool, share in parts.items()) for row, parts in self.shares.items()}
        return {row: share for row, share in found.items() if share > 0.0}


def bearing(context: Context, items: Iterable[LineItem], parts: tuple[Served, ...]) -> Bearing:
    """Return who bears the rows of machines, sites and token fees; requests that are not served are nobody's tokens."""
    rows = tuple(item for item in items if item.group not in (Group.CARBON, Group.PENALTY))
    machines = [part for part in parts if part.option in context.rows and part.chip_hours.any()]
    shares = shares_by_pool((item for item in rows if item.group is not Group.TOKENS), _use(context, machines))
    work = {}
    for part in machines:
        prompt = context.rows[part.option].prefill_share
        work[part.option] = (part.workload, np.array([prompt, 0.0, 1.0 - prompt]))
    fees = [part for part in parts if part.option not in context.rows]
    for part in fees:
        work |= {f"{part.option}|{kind}": (part.workload, np.eye(3)[column]) for column, kind in enumerate(KINDS)}
    shares |= {item.id: _fee_shares(item, fees) for item in rows if item.group is Group.TOKENS}
    return Bearing(rows, shares, work)


def _use(context: Context, machines: list[Served]) -> Use:
    """Return the busy chip-hours of pools on each system and rental, and those times nameplate watts at each site."""
    items: dict[tuple[str, str], dict[str, float]] = {}
    sites: dict[str, dict[str, float]] = {}
    whole: dict[str, float] = {}
    rentals: dict[str, list[str]] = {}
    for rental in context.costs.rentals:
        rentals.setdefault(rental.offering.id, []).append(rental.item)
    for part in machines:
        row, hours = context.rows[part.option], float(part.chip_hours.sum())
        whole[part.option] = whole.get(part.option, 0.0) + hours
        for item in (row.system, *rentals.get(row.system, ())):
            _add(items.setdefault((part.site, item), {}), part.option, hours)
        power = row.offering.power
        if power is not None:
            _add(sites.setdefault(part.site, {}), part.option, hours * power.value / row.offering.system.chips)
    return Use(items, sites, whole)


def _add(table: dict[str, float], pool: str, value: float) -> None:
    table[pool] = table.get(pool, 0.0) + value


def _fee_shares(item: LineItem, fees: list[Served]) -> dict[str, float]:
    """Return who bears a token fee: the workloads that the API serves, by their tokens of the kind that is paid for."""
    kind = item.line.removeprefix("tokens.")
    tokens = {
        f"{part.option}|{kind}": float(part.tokens[KINDS.index(kind)].sum())
        for part in fees
        if part.option.endswith(f"|api|{item.item}")
    }
    whole = sum(tokens.values())
    return {pool: volume / whole for pool, volume in tokens.items()} if whole > 0.0 else {}
