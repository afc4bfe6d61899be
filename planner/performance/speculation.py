"""Speculative decoding: a draft proposes tokens, one pass of the model verifies them all, the accepted ones come at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.errors import InputError
from planner.performance.factors import Factors
from planner.performance.operands import FloatArray, Operands
from planner.performance.operations import Work, decode_work, pass_s


@dataclass(frozen=True, slots=True)
class Speculation:
    """Drafted tokens per step, the chance that each is accepted given the ones before it.

    And a draft token's cost as a share of a step.
    """

    draft_tokens: int = 0
    acceptance: float = 0.0
    draft_cost: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is no count, probability or cost."""
        if not 0 <= self.draft_tokens <= 64:
            raise InputError.at("draft_tokens", f"{self.draft_tokens} must lie between 0 and 64")
        if not 0.0 <= self.acceptance <= 1.0:
            raise InputError.at("acceptance", f"{self.acceptance} must be a probability")
        if not 0.0 <= self.draft_cost <= 1.0:
            raise InputError.at("draft_cost", f"{self.draft_cost} must be a share of a step, 0 to 1")

    @property
    def tokens_per_step(self) -> float:
        """Return the expected tokens of a step: 1 + a + ... + a^k = (1 - a^(k+1)) / (1 - a).

        Leviathan et al., "Fast inference from transformers via speculative decoding" (ICML 2023), equation 1.

        >>> Speculation(draft_tokens=3, acceptance=0.5).tokens_per_step
        1.875
        """
        return sum(self.acceptance**power for power in range(self.draft_tokens + 1))


def speculative_tpot_s(op: Operands, fx: Factors, batch: FloatArray, context_tokens: FloatArray, plan: Speculation) -> FloatArray:
    """Return the time per output token [s]: drafting and one verifying pass over the tokens that the pass is expected to yield.

    The pass multiplies k + 1 tokens per sequence but reads the cache once.
    """
    width = plan.draft_tokens + 1.0
    plain = decode_work(op, batch, context_tokens)
    verify = Work(
        plain.tokens * width,
        plain.sequences,
        plain.sampled * width,
        plain.full_reads,
        plain.window_reads,
        plain.full_pairs * width,
        plain.window_pairs * width,
    )
    drafting = 1.0 + plan.draft_tokens * plan.draft_cost
    return np.asarray(pass_s(op, fx, verify) * drafting / plan.tokens_per_step)
