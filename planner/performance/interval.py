"""How far off a prediction may be: factors around it that held 80 % and 95 % of what was measured but not fitted.

The residuals come from cross-validation: rows of known hardware and models that were left out, models left out whole, and
device families left out whole. A prediction takes those of its own novelty, so an accelerator without any measurement gets the
wider ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.items import Hardware
from planner.performance.book import Book
from planner.performance.traits import segment


class Novelty(StrEnum):
    """What of a deployment the calibration has never seen: nothing, the model, a data-centre GPU, or other silicon."""

    KNOWN = "known"
    MODEL = "model"
    GPU = "gpu"
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


def novelty_of(book: Book, hardware: Hardware, model_id: str) -> Novelty:
    """Return what is new about a pair; unseen hardware counts more than an unseen model."""
    if hardware.id not in book.hardware:
        return Novelty.GPU if segment(hardware) == "datacentre_gpu" else Novelty.SILICON
    return Novelty.KNOWN if model_id in book.models else Novelty.MODEL


def interval_of(book: Book, metric: str, novelty: Novelty, pattern: str) -> Interval:
    """Return the interval of a metric (`tpot`, `ttft`, `throughput`, `e2e`) under a load pattern (`closed`, `offline` ...)."""
    patterns = book.spread.get(metric, {}).get(str(novelty), {})
    low95, low80, high80, high95 = patterns.get(pattern) or patterns.get("any") or _UNCALIBRATED
    return Interval(min(low80, 1.0), max(high80, 1.0), min(low95, low80, 1.0), max(high95, high80, 1.0))
