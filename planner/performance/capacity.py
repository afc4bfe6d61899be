"""From step times to capacity under a percentile: the public face of the queue model.

One model for prefill, decode and aggregated pools, on arrays of many deployments at once (leading axes: option, request class
…). Plain seconds and token counts go in; requests per second come out, or, at a given load, the percentile that requests
meet.

=============  ===========================  ============================================
pool           capacity [requests/s]        at a load [s]
=============  ===========================  ============================================
prefill        `prefill_capacity_rps`       `prefill_ttft_s`, `prefill_attainment`
decode         `decode_capacity_rps`        `decode_tpot_s`, `decode_wait_s`
aggregated     `aggregated_capacity_rps`    `aggregated_ttft_s`, `aggregated_tpot_s`
=============  ===========================  ============================================

The separation into a prefill and a decode queue is that of DistServe (Zhong et al., OSDI'24); docs/percentiles.md states the
equations, their sources, and how far each is from an event simulation.
"""

from __future__ import annotations

from planner.performance.capacity_aggregated import (
    Limits,
    MixedEngine,
    aggregated_capacity_rps,
    aggregated_tpot_s,
    aggregated_ttft_s,
)
from planner.performance.capacity_decode import DecodeEngine, EndToEnd, decode_capacity_rps, decode_tpot_s, decode_wait_s
from planner.performance.capacity_prefill import prefill_attainment, prefill_capacity_rps, prefill_ttft_s
from planner.performance.queueing import Arrivals, Distribution

__all__ = [
    "Arrivals",
    "DecodeEngine",
    "Distribution",
    "EndToEnd",
    "Limits",
    "MixedEngine",
    "aggregated_capacity_rps",
    "aggregated_tpot_s",
    "aggregated_ttft_s",
    "decode_capacity_rps",
    "decode_tpot_s",
    "decode_wait_s",
    "prefill_attainment",
    "prefill_capacity_rps",
    "prefill_ttft_s",
]
