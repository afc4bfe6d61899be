"""When owning pays: blended token price, break-even volume and utilisation, payback in time, and "never" when it is never."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from planner.economics.discounting import Vector

DAYS_PER_MONTH = 365.0 / 12.0


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """A price list of tokens [USD per million]; cached input defaults to the price of input where a provider has no other."""

    input_usd_mtok: float
    output_usd_mtok: float
    cached_usd_mtok: float | None = None

    def blended(self, share_input: float, share_cached: float, share_output: float) -> float:
        """Return the price of a million tokens of a mix [USD/Mtok]; the shares [1] must sum to 1.

        >>> round(TokenPrice(1.25, 10.0).blended(1 / 3, 0.0, 2 / 3), 6)
        7.083333
        """
        if not math.isclose(share_input + share_cached + share_output, 1.0, abs_tol=1e-9):
            raise ValueError(f"shares of tokens must sum to 1, given {share_input + share_cached + share_output}")
        cached = self.input_usd_mtok if self.cached_usd_mtok is None else self.cached_usd_mtok
        return share_input * self.input_usd_mtok + share_cached * cached + share_output * self.output_usd_mtok


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where two ways cost the same: the volume, the utilisation that it needs, or why it is never.

    `volume` is None and `why_never` says the reason where there is no such volume; otherwise `why_never` is empty.
    """

    volume: float | None
    utilisation: float | None
    why_never: str = ""

    @property
    def is_never(self) -> bool:
        """Return whether the two never cost the same."""
        return self.volume is None

    def __str__(self) -> str:
        """Return the answer in a few words."""
        if self.volume is None:
            return f"never: {self.why_never}"
        return (
            f"{self.volume:,.6g} at {self.utilisation:.1%} utilisation" if self.utilisation is not None else f"{self.volume:,.6g}"
        )


def break_even_volume(
    fixed_usd: float, price_usd_per_unit: float, marginal_usd_per_unit: float, capacity: float | None = None
) -> BreakEven:
    """Return the volume per period from which a fixed cost beats a price per unit: `Q* = fixed/(price − marginal)`.

    `capacity` is the most that the fixed cost can serve in the period; a break-even beyond it is "never at this fleet size".

    >>> break_even_volume(1000.0, 6.0, 1.0, capacity=400.0)
    BreakEven(volume=200.0, utilisation=0.5, why_never='')
    >>> str(break_even_volume(1000.0, 6.0, 1.0, capacity=100.0))
    'never: at this fleet size; the break-even of 200 is above the capacity of 100'
    >>> str(break_even_volume(1000.0, 1.0, 1.0))
    'never: each unit costs as much or more to serve than to buy'
    """
    saving = price_usd_per_unit - marginal_usd_per_unit
    if fixed_usd <= 0.0:
        return BreakEven(0.0, 0.0 if capacity else None)
    if saving <= 0.0:
        return BreakEven(None, None, "each unit costs as much or more to serve than to buy")
    volume = fixed_usd / saving
    if capacity is not None and volume > capacity:
        return BreakEven(
            None, None, f"at this fleet size; the break-even of {volume:,.6g} is above the capacity of {capacity:,.6g}"
        )
    return BreakEven(volume, None if capacity is None else volume / capacity)


def payback_months(capex_usd: float, monthly_alternative_usd: float, monthly_own_usd: float) -> float | None:
    """Return the months after which a purchase has paid for itself: `capex/(alternative − own)`; None = never.

    Sixteen A100 against GPT-5 (Pan, Wang and others, "A cost-benefit analysis of on-premise large language model deployment",
    arXiv 2509.18101): 800 tokens/s for 176 h a month, electricity of 300 W a card at $0.15/kWh.

    >>> api = 800 * 3600 * 176 / 1e6 * TokenPrice(1.25, 10.0).blended(1 / 3, 0, 2 / 3)
    >>> round(payback_months(16 * 15_000, api, 16 * 0.3 * 176 * 0.15), 1)
    69.3
    >>> payback_months(1.0, 5.0, 5.0) is None
    True
    """
    saving = monthly_alternative_usd - monthly_own_usd
    if capex_usd <= 0.0:
        return 0.0
    return capex_usd / saving if saving > 0.0 else None


def payback_period(flows_usd: Sequence[float] | Vector) -> float | None:
    """Return after how many periods cumulative flows turn positive, straight lines between; None = never in these flows.

    `flows_usd[0]` falls at the start (the outlay, negative), `flows_usd[k]` at the end of period `k`. Discounted flows give the
    discounted payback.

    >>> payback_period([-100.0, 40.0, 40.0, 40.0]), payback_period([-100.0, 10.0])
    (2.5, None)
    """
    cumulative = np.cumsum(np.asarray(flows_usd, dtype=np.float64))
    reached = np.flatnonzero(cumulative >= 0.0)
    if reached.size == 0:
        return None
    first = int(reached[0])
    if first == 0:
        return 0.0
    before, after = cumulative[first - 1], cumulative[first]
    return float(first - 1 + before / (before - after))


def break_even_date(start: date, months: float | None) -> date | None:
    """Return the day that lies `months` after the start (a month of 365/12 days); None = never.

    >>> break_even_date(date(2027, 1, 1), 12.0), break_even_date(date(2027, 1, 1), None)
    (datetime.date(2028, 1, 1), None)
    """
    if months is None or months * DAYS_PER_MONTH > (date.max - start).days:
        return None
    return start + timedelta(days=round(months * DAYS_PER_MONTH))
