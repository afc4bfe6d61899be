"""How far a plan is: what the pipeline tells whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: the stage by name, the share done [0..1], words for people, and how near the solver is.

    `incumbent_usd` is the best plan so far, `bound_usd` what none can be cheaper than [USD], `gap` the relative distance between
    them; None while there is none.
    """

    stage: str
    done: float
    message: str
    incumbent_usd: float | None = None
    bound_usd: float | None = None
    gap: float | None = None
