"""Which chips did what: the parallel layout of a measured row, its replicas and, apart pools, its prefill side."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from catalog.items import Hardware, Model
from planner.performance.formats import WeightFormat
from planner.performance.layout import Layout
from planner.performance.measurements.rows import Row
from planner.performance.operands import shard_weight_bytes

_APART = re.compile(r"disaggregated: (\d+) prefill workers TP(\d+) DP(\d+), (\d+) decode workers TP(\d+) DP(\d+)")
_ROOM = 1.2  # times the weights: what an operator leaves for the cache when choosing the smallest tensor group


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Layouts of decode and prefill instances with their counts; `prefill_instances` 0 = the decode instances prefill too."""

    decode: Layout
    prefill: Layout
    replicas: int
    prefill_instances: int


def arrangement_of(row: Row, hardware: Hardware, model: Model, weights: WeightFormat) -> Arrangement:
    """Return the arrangement of a row; degrees that it does not state are the smallest that hold the model."""
    if (found := _APART.search(row.raw("notes"))) is not None:
        counts = [max(int(number), 1) for number in found.groups()]
        prefill = _instance(model, counts[1], 1, 1, counts[2])
        return Arrangement(_instance(model, counts[4], 1, 1, counts[5]), prefill, counts[3], counts[0])
    chips = row.whole("n_chips", 1)
    pp, ep, dp = (row.whole(name, 1) for name in ("pp", "ep", "dp"))
    stated = row.value("tp")
    tp = max(int(stated), 1) if stated is not None and stated >= 1 else _smallest_group(hardware, model, weights, chips)
    layout = _instance(model, min(tp, chips), min(pp, chips), ep if ep <= chips else 1, dp)
    return Arrangement(layout, layout, max(chips // layout.chips, 1), 0)


def _instance(model: Model, tp: int, pp: int, ep: int, dp: int) -> Layout:
    """Return one instance: data-parallel ranks count as such only where experts join them, else they are replicas."""
    tp = min(tp, model.heads)
    if model.experts is None:
        return Layout(tp=tp, pp=pp)
    if dp > 1:
        return Layout(tp=tp, pp=pp, ep=dp * tp, dp_attention=dp)
    ranks = max(ep // (tp * pp), 1)
    return Layout(tp=tp, pp=pp, ep=max(ep, 1), dp_attention=ranks)


def _smallest_group(hardware: Hardware, model: Model, weights: WeightFormat, chips: int) -> int:
    capacities = [tier.capacity_bytes.value for tier in hardware.memory if tier.capacity_bytes is not None]
    if not capacities:
        return chips
    need = shard_weight_bytes(model, Layout(), weights) * _ROOM / max(capacities)
    return min(1 << max(math.ceil(math.log2(max(need, 1.0))), 0), chips)
