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
    life_periods: int | None = None,
    opening_life_periods: int | None = None,
    loan_periods: int = 0,
) -> tuple[DriverSeries, ...]:
    """Return every ownership quantity of one system at one site: bought, owned, kept, retired and financed.

    `bought[t]` units arrive at the start of period `t`. `retired[(c, t)]` units of those bought in period `c` leave at the start
    of period `t`; `c` negative (`-opening_age_periods`) means the units owned before the plan. A unit that is still there
    `life_periods` after its purchase (`opening_life_periods` from the start) leaves by itself. A loan runs for `loan_periods`
    payments after each purchase, also where the unit leaves earlier. Raises InputError where more leaves than is there.
    """
    arrivals = np.asarray(bought, dtype=np.float64)
    periods, oldest = arrivals.size, -opening_age_periods
    present = {oldest: opening_units} | dict(enumerate(arrivals.tolist()))
    departures = dict(sorted((retired or {}).items()))
    _check_departures(item, present, departures, periods)
    for cohort, units in present.items():
        end = _end_of_life(cohort, life_periods, opening_life_periods)
        if end is not None and end < periods:
            left = units - _gone(departures, cohort)
            departures[cohort, end] = departures.get((cohort, end), 0.0) + left
    owned = opening_units + np.cumsum(arrivals)
    for (_, period), units in departures.items():
        owned[period:] -= units
    kept = np.array([present[cohort] - _gone(departures, cohort) for cohort in range(periods)])
    kept_of_opening = np.concatenate([[present[oldest] - _gone(departures, oldest)], np.zeros(periods - 1)])

    def series(driver: Driver, quantity: Vector, cohort: int | None = None) -> DriverSeries:
        return DriverSeries(driver, tuple(quantity.tolist()), site=site, item=item, cohort=cohort)

    found = [
        series(Driver.UNITS_BOUGHT, arrivals),
        series(Driver.UNITS_OWNED, owned),
        series(Driver.UNITS_KEPT, kept),
        series(Driver.UNITS_KEPT, kept_of_opening, oldest),
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


def _check_departures(item: str, present: Mapping[int, float], departures: Mapping[tuple[int, int], float], periods: int) -> None:
    for cohort, period in departures:
        gone, there = _gone(departures, cohort), present.get(cohort, 0.0)
        if gone > there + 1e-9:
            raise InputError.at(item, f"{gone:g} units of purchase period {cohort} leave, {there:g} were there")
        if not max(cohort, 0) <= period < periods:
            raise InputError.at(item, f"units bought in period {cohort} cannot leave in period {period}")


def _end_of_life(cohort: int, life_periods: int | None, opening_life_periods: int | None) -> int | None:
    """Return the period at whose start a purchase period's units are gone, or None where they outlive the plan."""
    if cohort < 0:
        return opening_life_periods
    return None if life_periods is None else cohort + life_periods


def _gone(departures: Mapping[tuple[int, int], float], cohort: int) -> float:
    return sum(units for (bought, _), units in departures.items() if bought == cohort)


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
