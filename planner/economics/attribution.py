"""Whose cost is it: cost rows shared among the pools that use the machines, the site or the offer.

A row of an item (a system at a site, an offer) is shared by the pools' use of it over the whole plan; a row of a site alone by
their use of the site. What nobody uses (spares, a system that stands idle) is shared like the site's own rows, and at last like
all machines: somebody has to pay for readiness. Shares are constants, so that a figure follows every edit of a price, a tariff or
the discount rate as a straight sum of rows; which period a pool worked in does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from planner.economics.lines import Group, LineItem

Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Use:
    """How much each pool uses over the plan, in any unit that adds up (chip-hours, watt-hours, tokens).

    `of_items` by (site, item) – the site is empty for what belongs to none, such as a token API; `of_sites` by site; `of_all` of
    everything, for what nobody uses.
    """

    of_items: Mapping[tuple[str, str], Shares] = field(default_factory=dict)
    of_sites: Mapping[str, Shares] = field(default_factory=dict)
    of_all: Shares = field(default_factory=dict)


def shares_by_pool(items: Iterable[LineItem], use: Use) -> dict[str, dict[str, float]]:
    """Return, by row id, the share [1] that each pool bears; they sum to 1.

    If no pool uses anything, all is under the empty name. Emissions are not costs and have no shares.
    """
    return {item.id: _shares(item, use) for item in items if item.group is not Group.CARBON}


def present_usd_by_pool(items: Iterable[LineItem], shares: Mapping[str, Shares]) -> dict[str, float]:
    """Return present USD by pool, sorted by name; they add up to the net present cost of the rows that have shares."""
    found: dict[str, float] = {}
    for item in items:
        for pool, share in shares.get(item.id, {}).items():
            found[pool] = found.get(pool, 0.0) + share * item.total_present_usd
    return dict(sorted(found.items()))


def _shares(item: LineItem, use: Use) -> dict[str, float]:
    wanted = [use.of_items.get((item.site, item.item), {}) if item.item else {}, use.of_sites.get(item.site, {}), use.of_all]
    for shares in wanted:
        whole = sum(shares.values())
        if whole > 0.0:
            return {pool: used / whole for pool, used in sorted(shares.items()) if used > 0.0}
    return {"": 1.0}
