"""Whose cost is it: cost rows shared among the pools that use the machines, the site or the offer.

A row of an item (a system at a site, an offer) is shared by the pools' use of it in each period; a row of a site alone
by their use of the site. What nobody uses in a period (idle machines, spares) is shared like the cost of what is used:
somebody has to pay for readiness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from planner.economics.discounting import Timing, Vector
from planner.economics.lines import Group, LineItem

Shares = Mapping[str, Vector]


@dataclass(frozen=True, slots=True)
class Use:
    """How much each pool uses, per period, shape `(period,)`, in any unit that adds up (chips, watts, tokens).

    `of_items` by (site, item) – the site is empty for what belongs to none, such as a token API; `of_sites` by site.
    """

    of_items: Mapping[tuple[str, str], Shares] = field(default_factory=dict)
    of_sites: Mapping[str, Shares] = field(default_factory=dict)


def present_usd_by_pool(items: Iterable[LineItem], use: Use) -> dict[str, float]:
    """Return present USD by pool, sorted by name; they add up to the net present cost of the rows.

    Rows paid at the horizon are shared by the use over all periods. If no pool uses anything, all is under the empty name.
    """
    net: dict[str, float] = {}
    gross: dict[str, float] = {}
    idle = 0.0
    for item in items:
        if item.group is Group.CARBON:
            continue
        shares = use.of_items.get((item.site, item.item)) if item.item else use.of_sites.get(item.site)
        parts, unused = _share_out(item, shares or {})
        idle += unused
        for pool, usd in parts.items():
            net[pool] = net.get(pool, 0.0) + usd
            gross[pool] = gross.get(pool, 0.0) + max(usd, 0.0)
    whole = sum(gross.values())
    if whole <= 0.0:
        return {"": sum(net.values()) + idle}
    return {pool: usd + idle * gross[pool] / whole for pool, usd in sorted(net.items())}


def _share_out(item: LineItem, shares: Shares) -> tuple[dict[str, float], float]:
    """Return a row's present USD by pool, and what nobody used."""
    present = np.asarray(item.present_usd, dtype=np.float64)
    if item.timing is Timing.HORIZON:
        present, shares = np.array([present.sum()]), {pool: np.array([np.sum(used)]) for pool, used in shares.items()}
    whole = np.sum(list(shares.values()), axis=0) if shares else np.zeros(present.size)
    busy = whole > 0.0
    parts = {
        pool: float(present @ np.divide(used, whole, out=np.zeros_like(present), where=busy)) for pool, used in shares.items()
    }
    return parts, float(present[~busy].sum())
