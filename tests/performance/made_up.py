"""Made-up chips for the tests of the performance core."""

from __future__ import annotations

from dataclasses import replace

from catalog.items import Hardware, MemoryTier, Sourced


def faster(
    hardware: Hardware, *, bandwidth: float = 1.0, compute: float = 1.0, link: float = 1.0, memory: float = 1.0
) -> Hardware:
    """Return a chip with its published figures multiplied."""

    def times(value: Sourced | None, by: float) -> Sourced | None:
        return None if value is None else replace(value, value=value.value * by)

    tiers = tuple(
        MemoryTier(tier.kind, times(tier.capacity_bytes, memory), times(tier.bandwidth_bytes_s, bandwidth))
        for tier in hardware.memory
    )
    peaks = {name: replace(value, value=value.value * compute) for name, value in hardware.peak_flops.items()}
    fabric = hardware.scale_up
    if fabric is not None:
        fabric = replace(fabric, bandwidth_bytes_s=times(fabric.bandwidth_bytes_s, link))
    return replace(hardware, memory=tiers, peak_flops=peaks, scale_up=fabric)
