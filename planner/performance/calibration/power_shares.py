"""The shares of nameplate power that measured rows show, by chip family and activity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from planner.performance.measurements.cases import Case
from planner.performance.traits import segment

_FEWEST = 3
_MOST = 1.1  # of nameplate: above it a row counts the host too


def power_shares(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Return the median share of nameplate while decoding, by segment; families with fewer than three rows have none.

    Rows count watts per chip or of the whole system; the latter hold host, fans and losses and are left out.
    """
    shares: defaultdict[str, list[float]] = defaultdict(list)
    for case in cases:
        watts, nameplate = case.row.value("power_w"), case.hardware.tdp_w
        if watts is None or nameplate is None or not case.row.text("power_scope").startswith("per chip"):
            continue
        share = watts / nameplate.value
        if 0.0 < share <= _MOST:
            shares[segment(case.hardware)].append(share)
    return {
        name: {"decode": round(float(np.median(found)), 3)} for name, found in sorted(shares.items()) if len(found) >= _FEWEST
    }
