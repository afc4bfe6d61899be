"""How far off a prediction may be: factors around it that held 80 % and 95 % of what was measured but not fitted.

The errors come from cross-validation: rows of known hardware and models that were left out, models left out whole, device
families left out whole, chips left out while a relative stayed. A prediction takes those of its own novelty; where both chip and
model are new, the wider of the two (leaving out both at once, that held 80-87 % of the rows; see docs/accuracy.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from catalog.items import Hardware
from planner.performance.book import Book
from planner.performance.traits import maker_of_kind, segment


class Novelty(StrEnum):
    """What of a deployment the calibration has never seen.

    Nothing; the model; a data-centre GPU; other silicon of which a relative (same maker, same kind) was measured; or none was.
    """

    KNOWN = "known"
    MODEL = "model"
    GPU = "gpu"
    CHIP = "chip"
    SILICON = "silicon"


QUANTILES = (0.025, 0.1, 0.9, 0.975)
# Before any calibration: what half an hour with a roofline gave, as factors on the prediction.
_UNCALIBRATED = (0.35, 0.55, 1.8, 2.9)
# An unseen kind of silicon on top of an unseen chip: statically scheduled, optical, in-memory classes have no measurement at all.
UNMEASURED_CLASS_WIDENING = 1.6


@dataclass(frozen=True, slots=True)
class Interval:
    """Factors on a predicted value: `lo80 <= measured / predicted <= hi80` for 80 of 100, likewise 95."""

    lo80: float
    hi80: float
    lo95: float
    hi95: float

    def widened(self, power: float) -> Interval:
        """Return the interval with every factor raised to a power (above 1 = wider)."""
        return Interval(self.lo80**power, self.hi80**power, self.lo95**power, self.hi95**power)


def novelty_of(book: Book, hardware: Hardware, model_id: str) -> tuple[Novelty, ...]:
    """Return what is new about a pair: the chip, the model, both, or `KNOWN` alone."""
    new_model = () if model_id in book.models else (Novelty.MODEL,)
    new_chip = () if hardware.id in book.hardware else (_new_chip(book, hardware),)
    return (*new_chip, *new_model) or (Novelty.KNOWN,)


def _new_chip(book: Book, hardware: Hardware) -> Novelty:
    if segment(hardware) == "datacentre_gpu":
        return Novelty.GPU
    return Novelty.CHIP if maker_of_kind(hardware) in book.makers else Novelty.SILICON


def interval_of(book: Book, metric: str, novelties: Sequence[Novelty], pattern: str) -> Interval:
    """Return the interval of a metric (`tpot`, `ttft`, `throughput`, `e2e`) under a load pattern (`closed`, `offline` ...)."""
    found = [_quantiles(book, metric, novelty, pattern) for novelty in novelties]
    low95, low80 = (min(quantiles[place] for quantiles in found) for place in (0, 1))
    high80, high95 = (max(quantiles[place] for quantiles in found) for place in (2, 3))
    return Interval(min(low80, 1.0), max(high80, 1.0), min(low95, low80, 1.0), max(high95, high80, 1.0))


def _quantiles(book: Book, metric: str, novelty: Novelty, pattern: str) -> tuple[float, ...]:
    patterns = book.spread.get(metric, {}).get(str(novelty), {})
    return patterns.get(pattern) or patterns.get("any") or _UNCALIBRATED
