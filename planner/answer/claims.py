"""What is published of the speed of the systems that a plan considers, beside what physics says of it."""

from __future__ import annotations

from planner.answer.context import Context
from planner.performance.audit import Verdict, verdicts_for
from planner.plan.evidence import ClaimVerdict


def claim_rows(context: Context, hardware_id: str) -> tuple[ClaimVerdict, ...]:
    """Return the audited claims about a kind of hardware; its systems share them."""
    return tuple(_row(verdict) for verdict in verdicts_for(hardware_id, context.catalog))


def claim_sources(context: Context) -> set[str]:
    """Return the ids of the publications that the claims about the market's hardware come from."""
    considered = {item.hardware.id for item in context.market.offerings}
    considered |= {item.hardware.id for item in context.market.left_out}
    return {verdict.speed.figure.source for item in considered for verdict in verdicts_for(item, context.catalog)}


def _row(verdict: Verdict) -> ClaimVerdict:
    return ClaimVerdict(
        claim=verdict.claim,
        source=verdict.speed.figure.source,
        verdict=verdict.word.value,
        explanation=verdict.finding.explanation,
    )
