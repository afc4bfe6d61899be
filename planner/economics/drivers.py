"""From what a plan decides (units bought, retired, loans) to the quantities that cost lines multiply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from planner.economics.discounting import Vector
from planner.economics.lines import Driver, DriverSeries
from planner.errors import InputError


def ownership_series(
    site: str,
    item: str,
    bought: Sequence[float] | Vector,
    retired: Mapping[tuple[int, int], float] | None = None,
    *,
    opening_units: float = 0.0,
    opening_age_periods: int = 1,
    loan_periods: int = 0,
) -> tuple[DriverSeries, ...]:
    """Return every ownership quantity of one system at one site: bought, owned, kept, retired and financed.

    `bought[t]` units arrive at the start of period `t`. `retired[(c, t)]` units of those bought in period `c` leave at the start
    of period `t`; `c` negative (`-opening_age_periods`) means the units owned before the plan. A loan runs for `loan_periods`
    payments after each purchase, also where the unit leaves earlier. Raises InputError where more leaves than is there.
    """
    arrivals = np.asarray(bought, dtype=np.float64)
    departures = dict(sorted((retired or {}).items()))
    oldest = -opening_age_periods
    _check_departures(item, arrivals, departures, opening_units, oldest)
    periods = arrivals.size
    owned = opening_units + np.cumsum(arrivals)
    for (_, period), units in departures.items():
        owned[period:] -= units
    kept = np.array([arrivals[c] - _gone(departures, c) for c in range(periods)])

    def series(driver: Driver, quantity: Vector, cohort: int | None = None) -> DriverSeries:
        return DriverSeries(driver, tuple(quantity.tolist()), site=site, item=item, cohort=cohort)

    found = [
        series(Driver.UNITS_BOUGHT, arrivals),
        series(Driver.UNITS_OWNED, owned),
        series(Driver.UNITS_KEPT, kept),
        series(Driver.UNITS_KEPT, _at(0, opening_units - _gone(departures, oldest), periods), oldest),
    ]
    found += [series(Driver.UNITS_RETIRED, row, cohort) for cohort, row in _retired_rows(departures, periods)]
    found += [series(Driver.UNITS_FINANCED, row, cohort) for cohort, row in _financed_rows(arrivals, loan_periods)]
    return tuple(one for one in found if any(one.quantity))


def commitment_series(site: str, offer: str, committed: Sequence[float] | Vector, term_periods: int) -> tuple[DriverSeries, ...]:
    """Return the quantities of rental commitments: units signed for in each period, and units reserved while they run.

    >>> [series.quantity for series in commitment_series("dc", "h100-1y", [2.0, 0.0, 1.0], 2)]
    [(2.0, 0.0, 1.0), (2.0, 2.0, 1.0)]
    """
    signed = np.asarray(committed, dtype=np.float64)
    ended = np.concatenate([np.zeros(term_periods), signed])[: signed.size]
    running = np.cumsum(signed - ended)
    pairs = ((Driver.UNITS_COMMITTED, signed), (Driver.UNITS_RESERVED, running))
    return tuple(DriverSeries(driver, tuple(quantity.tolist()), site=site, item=offer) for driver, quantity in pairs)


def _check_departures(
    item: str, arrivals: Vector, departures: Mapping[tuple[int, int], float], opening: float, oldest: int
) -> None:
    for cohort in {cohort for cohort, _ in departures}:
        there = opening if cohort == oldest else arrivals[cohort] if 0 <= cohort < arrivals.size else 0.0
        if _gone(departures, cohort) > there + 1e-9:
            raise InputError.at(
                item, f"{_gone(departures, cohort):g} units of purchase period {cohort} leave, {there:g} were bought"
            )
    early = [(cohort, period) for cohort, period in departures if not max(cohort, 0) <= period < arrivals.size]
    if early:
        raise InputError.at(item, f"units bought in period {early[0][0]} cannot leave in period {early[0][1]}")


def _gone(departures: Mapping[tuple[int, int], float], cohort: int) -> float:
    return sum(units for (bought, _), units in departures.items() if bought == cohort)


def _at(period: int, value: float, periods: int) -> Vector:
    row = np.zeros(periods)
    row[period] = value
    return row


def _retired_rows(departures: Mapping[tuple[int, int], float], periods: int) -> Iterator[tuple[int, Vector]]:
    for cohort in sorted({cohort for cohort, _ in departures}):
        row = np.zeros(periods)
        for (bought, period), units in departures.items():
            if bought == cohort:
                row[period] += units
        yield cohort, row


def _financed_rows(arrivals: Vector, loan_periods: int) -> Iterator[tuple[int, Vector]]:
    if loan_periods > 0:
        for cohort in np.flatnonzero(arrivals).tolist():
            row = np.zeros(arrivals.size)
            row[cohort : cohort + loan_periods] = arrivals[cohort]
            yield cohort, row
