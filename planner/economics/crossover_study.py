"""Buy, rent and API for one workload: the ways it can be served, their curves, and when its own demand reaches the crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from planner.economics.break_even import TokenPrice
from planner.economics.buy_rent_api import Verdict, Way, compare, crossover_date, owned_way, rented_way
from planner.economics.discounting import Vector


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest fleet that serves a workload with its promises kept: its capacity and what having it costs.

    `mtok_month` is its SLA-feasible capacity over a month of the workload's own daily shape; `owned_usd_year` its equivalent
    annual cost without energy, `energy_usd_mtok` the energy of a million tokens; `rent_usd_hour` what renting it costs [USD/h],
    None where nobody rents it out. `mtok_hour` is what a rented hour serves where units are let go as demand falls; without it,
    the mean hour of `mtok_month`.
    """

    mtok_month: float
    owned_usd_year: float | None
    energy_usd_mtok: float = 0.0
    rent_usd_hour: float | None = None
    mtok_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of a workload's tokens [1]; they sum to 1."""

    input: float
    cached: float
    output: float


def ways_to_serve(unit: Unit, mix: Mix, api: TokenPrice | None = None) -> list[Way]:
    """Return the ways that exist, in the order in which they tie up money: API, rent by the hour, rent always on, own."""
    ways: list[Way] = []
    if api is not None:
        ways.append(Way("token API", api.blended(mix.input, mix.cached, mix.output)))
    if unit.rent_usd_hour is not None:
        per_hour = unit.mtok_month / 730.0
        ways.append(rented_way("rent, scaled to zero", unit.rent_usd_hour, unit.mtok_hour or per_hour, to_zero=True))
        ways.append(rented_way("rent, always on", unit.rent_usd_hour, per_hour))
    if unit.owned_usd_year is not None:
        ways.append(owned_way("own", unit.owned_usd_year, unit.mtok_month, unit.energy_usd_mtok))
    return ways


@dataclass(frozen=True, slots=True)
class Study:
    """Several ways against volume: monthly cost of each at each volume, and a verdict on every pair."""

    mtok_month: tuple[float, ...]
    usd_month: dict[str, tuple[float, ...]]
    verdicts: tuple[Verdict, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """Return the verdicts in words."""
        return tuple(verdict.words for verdict in self.verdicts)


def study(ways: Sequence[Way], most_mtok_month: float, *, points: int = 41) -> Study:
    """Return the curves of several ways up to a volume, and how each later one compares with each earlier one.

    Give the ways in the order in which they tie up money: API first, rent, then owned.
    """
    volumes = np.linspace(0.0, most_mtok_month, points)
    curves = {way.name: tuple(way.usd_month(volume) for volume in volumes.tolist()) for way in ways}
    pairs = [(ways[i], ways[j]) for i in range(len(ways)) for j in range(i + 1, len(ways))]
    verdicts = tuple(compare(incumbent, challenger, most_mtok_month) for incumbent, challenger in pairs)
    return Study(tuple(volumes.tolist()), curves, verdicts)


def dated_findings(
    found: Study, start: date, years_per_period: float, mtok_month_by_period: Sequence[float] | Vector
) -> tuple[str, ...]:
    """Return the verdicts in words, each with the day on which the workload's own demand settles above the crossing, or never."""
    demand = np.asarray(mtok_month_by_period, dtype=np.float64)
    return tuple(_dated(verdict, start, years_per_period, demand) for verdict in found.verdicts)


def _dated(verdict: Verdict, start: date, years_per_period: float, demand: Vector) -> str:
    if verdict.settled is None:
        return verdict.words
    day = crossover_date(start, years_per_period, demand, verdict.settled.mtok_month)
    if day is None:
        return f"{verdict.words}; demand never stays there within the plan (it reaches {demand.max():,.6g})"
    return f"{verdict.words}; demand is there {'from the start' if day == start else f'from {day.isoformat()}'}"
