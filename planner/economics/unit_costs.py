"""Costs per token, per user and per accelerator-hour, each by one definition, and utilisation by three named denominators."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

HOURS_PER_YEAR = 8760.0
HOURS_PER_MONTH = 730.0


@dataclass(frozen=True, slots=True)
class TokenVolume:
    """Tokens of a time span [tokens]: prompt tokens computed, prompt tokens found in the cache, tokens generated."""

    input: float
    cached: float
    output: float

    @property
    def total(self) -> float:
        """Return all tokens together."""
        return self.input + self.cached + self.output


@dataclass(frozen=True, slots=True)
class PoolCost:
    """What a pool cost [USD] and how its working time divides among input, cached input and output tokens (weights ≥ 0).

    A prefill pool works for input (and a little for cached input), a decode pool for output, an aggregated pool for all three in
    the proportion of the seconds that each takes.
    """

    usd: float
    input_work: float
    cached_work: float
    output_work: float


@dataclass(frozen=True, slots=True)
class TokenCost:
    """USD per million tokens of each kind (None where there were none) and of all together."""

    input_usd_mtok: float | None
    cached_usd_mtok: float | None
    output_usd_mtok: float | None
    blended_usd_mtok: float | None


def token_cost(pools: Iterable[PoolCost], tokens: TokenVolume) -> TokenCost:
    """Return what tokens cost, each kind by the pools that do its work; the three times their volumes add up to the whole cost.

    A pool that did no work (idle, reserve) is shared like the working ones together; where nothing worked at all, by tokens.

    >>> cost = token_cost([PoolCost(30.0, 1, 0, 0), PoolCost(70.0, 0, 0, 1)], TokenVolume(30e6, 0.0, 10e6))
    >>> cost.input_usd_mtok, cost.cached_usd_mtok, cost.output_usd_mtok, cost.blended_usd_mtok
    (1.0, None, 7.0, 2.5)
    """
    direct, idle_usd = [0.0, 0.0, 0.0], 0.0
    for pool in sorted(pools, key=lambda pool: (pool.usd, pool.input_work, pool.cached_work, pool.output_work)):
        work = (pool.input_work, pool.cached_work, pool.output_work)
        whole = sum(work)
        if whole > 0.0:
            direct = [usd + pool.usd * part / whole for usd, part in zip(direct, work, strict=True)]
        else:
            idle_usd += pool.usd
    volumes = (tokens.input, tokens.cached, tokens.output)
    basis = direct if sum(direct) > 0.0 else list(volumes)
    shares = [part / sum(basis) for part in basis] if sum(basis) > 0.0 else [0.0, 0.0, 0.0]
    usd = [own + idle_usd * share for own, share in zip(direct, shares, strict=True)]
    each = [usd_per_mtok(part, volume) for part, volume in zip(usd, volumes, strict=True)]
    return TokenCost(each[0], each[1], each[2], usd_per_mtok(sum(usd), tokens.total))


def usd_per_mtok(usd: float, tokens: float) -> float | None:
    """Return USD per million tokens; None where there are no tokens.

    >>> usd_per_mtok(2.0, 4e6), usd_per_mtok(2.0, 0.0)
    (0.5, None)
    """
    return usd / tokens * 1e6 if tokens > 0.0 else None


def tokens_per_usd(usd_mtok: float) -> float:
    """Return tokens per USD, the exact reciprocal of USD per million tokens: `1e6 / (USD/Mtok)`.

    >>> tokens_per_usd(0.5)
    2000000.0
    """
    return 1e6 / usd_mtok


def usd_per_mtok_at_rate(usd_per_hour: float, tokens_s: float) -> float:
    """Return USD per million tokens of hardware at an hourly cost [USD/h] and a rate [tokens/s]: `rate · 1e6 / (3600 tokens/s)`.

    With disaggregated serving the hourly cost holds prefill and decode pools together.

    >>> round(usd_per_mtok_at_rate(3.6, 1000.0), 6)
    1.0
    """
    return usd_per_hour * 1e6 / (tokens_s * 3600.0)


def usd_per_user_month(usd: float, months: float, users: float) -> float | None:
    """Return the cost of an active user in a month [USD/user/month]; None where there are no users.

    >>> usd_per_user_month(120_000.0, 12.0, 1000.0)
    10.0
    """
    return usd / months / users if users > 0.0 else None


def usd_per_accelerator_hour(annual_usd: float, accelerators: float, availability: float = 1.0) -> float:
    """Return the cost of an hour of an accelerator [USD/h]: `annual / (n · 8,760 · availability)`.

    >>> usd_per_accelerator_hour(87_600.0, 10.0)
    1.0
    """
    return annual_usd / (accelerators * HOURS_PER_YEAR * availability)


def straight_line_annual_usd(price_usd: float, life_years: float, *, hosting_usd_year: float, software_usd_year: float) -> float:
    """Return the yearly cost of a server in a simple worked example [USD/year]: `price/life + hosting + software`.

    NVIDIA, "Benchmarking LLM inference costs": $320,000 over 4 years, $3,000 hosting, $4,500 software.

    >>> straight_line_annual_usd(320_000, 4, hosting_usd_year=3_000, software_usd_year=4_500)
    87500.0
    """
    return price_usd / life_years + hosting_usd_year + software_usd_year


@dataclass(frozen=True, slots=True)
class Utilisation:
    """What a fleet could do and what it did, in one unit of work (tokens, requests) over one time span.

    `nameplate`: every owned or rented replica at its greatest throughput, no latency promise, no reserve. `sla_feasible`: the
    most that all of them carry with every promise kept and the reserve intact. `served`: what was asked and answered.
    """

    nameplate: float
    sla_feasible: float
    served: float

    def __post_init__(self) -> None:
        """Refuse quantities whose order is wrong: served ≤ SLA-feasible ≤ nameplate."""
        slack = 1e-6 * max(self.nameplate, 1.0)
        if not 0.0 <= self.served <= self.sla_feasible + slack or self.sla_feasible > self.nameplate + slack:
            raise ValueError(f"served ≤ sla_feasible ≤ nameplate must hold, given {self}")

    @property
    def of_nameplate(self) -> float:
        """Return served over nameplate capacity [1]."""
        return _ratio(self.served, self.nameplate)

    @property
    def of_sla_feasible(self) -> float:
        """Return served over SLA-feasible capacity [1]."""
        return _ratio(self.served, self.sla_feasible)

    def usd_mtok(self, usd: float) -> dict[str, float | None]:
        """Return USD per million tokens by denominator (`nameplate`, `sla_feasible`, `served`); the work is in tokens."""
        return {
            "nameplate": usd_per_mtok(usd, self.nameplate),
            "sla_feasible": usd_per_mtok(usd, self.sla_feasible),
            "served": usd_per_mtok(usd, self.served),
        }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 and math.isfinite(whole) else 0.0
