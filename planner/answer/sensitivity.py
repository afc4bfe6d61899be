"""What the cost of the plan hangs on: its counts frozen, one assumption at a time at the ends of its range."""

from __future__ import annotations

from planner.answer.context import Context
from planner.economics.lines import LineItem
from planner.economics.sensitivity import tornado
from planner.plan.evidence import Sensitivity

MOST_ROWS = 15
SPREAD = 0.2


def sensitivity_rows(context: Context, costs: tuple[LineItem, ...]) -> tuple[Sensitivity, ...]:
    """Return the assumptions that move the net present cost most, widest first.

    An assumption with a published range stands at its ends, any other at 20 % less and more; the label says which.
    """
    terms = context.costs.terms
    swings = tornado(costs, terms.book, terms.clock, spread=SPREAD)
    return tuple(
        Sensitivity(
            assumption=swing.assumption,
            label=f"{swing.label} ({'published range' if swing.is_published else f'± {100 * SPREAD:.0f} %'})",
            low=swing.low,
            high=swing.high,
            unit=swing.unit,
            cost_low_usd=swing.cost_low_usd,
            cost_high_usd=swing.cost_high_usd,
        )
        for swing in swings[:MOST_ROWS]
        if swing.width_usd > 0.0
    )
