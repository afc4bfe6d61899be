"""Options that another one beats in every way are left out before the program is built."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from planner.options.capacity import LARGEST_SHARE
from planner.options.table import OptionRow

SHARE_STEP = 0.05
SEARCH_NOISE = 0.02  # of a step: capacities are searched to about a thousandth


def undominated(rows: Iterable[OptionRow]) -> list[OptionRow]:
    """Return the rows that no other row of the same system, role and sites beats or equals for every class.

    A row beats another if it takes no more chips per replica, carries at least as much of every class per chip, draws no more per
    request, hands over no more bytes and makes as much of a full queue. Whatever plan uses the beaten row can use the better one
    in its place: its replicas are no larger, so they pack at least as well, and no capacity, watt or byte is lost; no optimum
    changes. That holds because rows that are compared keep the same part of a queue free: the largest of those that stay, in
    whole steps, so that a program has few of them.
    """
    groups: dict[tuple[object, ...], list[OptionRow]] = {}
    for row in sorted(rows, key=lambda item: item.id):
        groups.setdefault((row.workload, row.role, row.system, row.kv, row.sites), []).append(row)
    return [row for group in groups.values() for row in _as_cautious(_front(group))]


def _as_cautious(group: list[OptionRow]) -> list[OptionRow]:
    """Return rows with the part of a queue that the most cautious of them keeps free, in whole steps."""
    share = SHARE_STEP * math.ceil(max(row.queue_share for row in group) / SHARE_STEP - SEARCH_NOISE)
    return [replace(row, queue_share=min(share, LARGEST_SHARE)) for row in group]


def _front(group: list[OptionRow]) -> list[OptionRow]:
    kept: list[OptionRow] = []
    for row in sorted(group, key=lambda item: (item.chips, item.id)):
        if not any(_beats(other, row) for other in kept):
            kept.append(row)
    return kept


def _beats(one: OptionRow, other: OptionRow) -> bool:
    if one.chips > other.chips or other.chips % one.chips:
        return False
    per_chip = one.busy_w / one.chips <= other.busy_w / other.chips * (1 + 1e-9)
    carried = all(one.capacity_rps.get(name, 0.0) / one.chips >= rate / other.chips for name, rate in other.capacity_rps.items())
    bytes_ok = all(size <= other.kv_bytes.get(name, size) for name, size in one.kv_bytes.items())
    as_full = one.queue_replicas <= other.chips // one.chips * other.queue_replicas * (1 + 1e-9)
    return per_chip and carried and bytes_ok and as_full
