"""Latency at the plan's own load beside what was promised."""

from __future__ import annotations

from planner.answer.context import Context
from planner.plan.fleet import SlaRow


def sla_rows(context: Context) -> tuple[SlaRow, ...]:
    """Return every promise of every workload and period with its prediction."""
    return ()
