"""The figures that people quote, each by its one definition."""

from __future__ import annotations

from planner.answer.context import Context
from planner.plan.money import Figure


def figures_of(context: Context) -> tuple[Figure, ...]:
    """Return unit costs, energy per token and utilisation of a plan."""
    return ()
