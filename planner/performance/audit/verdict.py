"""What the audit says of one published speed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.items import Precision, Speed
from planner.performance.estimate import Figure


class Word(StrEnum):
    """The verdicts; each is about physics, not about honesty."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    SPECULATION = "possible only with speculative decoding"
    BATCHING = "possible only with batching"
    UNJUDGED = "cannot be judged"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict's word and its reason, with the numbers behind it.

    `chips` is how many it was judged on, `fewest_chips` the smallest number that makes a claim possible without help (None: no
    number does, or it is possible as it stands), `bound` what physics allows at best [unit of the claim].
    """

    word: Word
    explanation: str
    weights: Precision | None = None
    chips: int | None = None
    fewest_chips: int | None = None
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A published speed, the finding about it, and our own prediction for the same deployment [unit of the claim].

    `hardware_id` and `model_id` are None where the catalog does not know what the claim names.
    """

    speed: Speed
    claim: str
    hardware_id: str | None
    model_id: str | None
    finding: Finding
    prediction: Figure | None = None
    layout: str = ""

    @property
    def word(self) -> Word:
        """Return the verdict itself."""
        return self.finding.word
