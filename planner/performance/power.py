"""Watts: idle, prefill and decode, as shares of a chip's nameplate power that measurements show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.items import Hardware
from planner.performance.book import Book
from planner.performance.traits import segment

ACTIVITIES = ("idle", "prefill", "decode")
# Shares of nameplate where nothing is measured. Estimates: that prefill runs near nameplate and decode well below it is what
# Patel et al., "Characterizing power management opportunities for LLMs in the cloud" (ASPLOS 2024), describe; the figures
# themselves are ours.
DEFAULT_SHARES: Mapping[str, float] = {"idle": 0.17, "prefill": 0.95, "decode": 0.65}


@dataclass(frozen=True, slots=True)
class Power:
    """Nameplate power of a chip [W] (None = not published) and the shares of it by activity."""

    nameplate_w: float | None
    shares: Mapping[str, float]

    def watts(self, activity: str, utilisation: float = 1.0) -> float | None:
        """Return a chip's mean watts when it is busy with an activity for a share of the time and idle for the rest."""
        if self.nameplate_w is None:
            return None
        idle, busy = self.shares["idle"], self.shares[activity]
        return self.nameplate_w * (idle + (busy - idle) * min(max(utilisation, 0.0), 1.0))


def power_of(hardware: Hardware, book: Book) -> Power:
    """Return a chip's power from its nameplate and its segment's measured shares."""
    measured = book.power.get(segment(hardware), book.power.get("any", {}))
    shares = {name: measured.get(name, DEFAULT_SHARES[name]) for name in ACTIVITIES}
    return Power(None if hardware.tdp_w is None else hardware.tdp_w.value, shares)
