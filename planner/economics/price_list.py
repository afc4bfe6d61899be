"""What a decision costs: present USD per unit of every quantity, for the objective of the integer program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.economics.assumptions import AssumptionBook
from planner.economics.discounting import Discounting, Vector
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import coefficients, missing
from planner.economics.lines import ALL_ON, Driver, DriverSeries, LineTemplate, Switches
from planner.economics.templates import COST_LINES


@dataclass(frozen=True, slots=True)
class PriceList:
    """Present USD per unit of a quantity; each answer has shape `(period,)` and is computed once.

    Linear lines make the coefficient of any decision the sum over the quantities that it causes: one unit bought in period `c` is
    one unit bought, kept and (with a loan) financed; one retired in `t` is one unit sold and no longer kept.
    """

    book: AssumptionBook
    clock: Discounting
    switches: Switches = ALL_ON
    templates: Sequence[LineTemplate] = COST_LINES
    loan_periods: int = 0
    _known: dict[tuple[str, ...], Vector] = field(default_factory=dict)

    def per_unit(self, driver: Driver, *, site: str = "", item: str = "", block: str = "", cohort: int | None = None) -> Vector:
        """Return present USD per unit of a quantity by period; raises InputError where a needed assumption is unknown."""
        key = (driver.value, site, item, block, "" if cohort is None else str(cohort))
        if key not in self._known:
            series = DriverSeries(driver, (), site, item, block, cohort)
            self._known[key] = coefficients(self.templates, series, self.book, self.clock, self.switches)
            self._known[key].flags.writeable = False
        return self._known[key]

    def buy(self, site: str, item: str, life_periods: int | None = None) -> Vector:
        """Return present USD of one unit bought in each period and kept to its end: price, shares, loan, less its worth.

        Its end is the horizon, or `life_periods` after the purchase where that is sooner.
        """
        cohorts = range(self.clock.periods)
        total = self.per_unit(Driver.UNITS_BOUGHT, site=site, item=item).copy()
        total += [self._end(site, item, cohort, None if life_periods is None else cohort + life_periods) for cohort in cohorts]
        if self.loan_periods > 0:
            total += [self._loan(site, item, cohort) for cohort in cohorts]
        return total

    def retire(self, site: str, item: str, cohort: int, life_periods: int | None = None) -> Vector:
        """Return present USD of one unit of a purchase period that leaves in each period `t ≥ cohort` instead of at its end.

        Its resale, less the value at its end that `buy` had counted. `cohort` is negative for units owned before the plan; their
        `life_periods` count from the start.
        """
        end = None if life_periods is None else max(cohort, 0) + life_periods
        resale = self.per_unit(Driver.UNITS_RETIRED, site=site, item=item, cohort=cohort)
        return resale - self._end(site, item, cohort, end)

    def own(self, site: str, item: str) -> Vector:
        """Return present USD of owning one unit in each period, power and space apart."""
        return self.per_unit(Driver.UNITS_OWNED, site=site, item=item)

    def unknown(self, driver: Driver, *, site: str = "", item: str = "", block: str = "") -> tuple[str, ...]:
        """Return the assumptions that this quantity needs and nobody supplies; empty where it can be priced."""
        return missing(self.templates, DriverSeries(driver, (), site, item, block), self.book, self.switches)

    def _end(self, site: str, item: str, cohort: int, end: int | None) -> float:
        """Return present USD of a unit at its end (negative: a credit): sold when its life is over, or held at the horizon."""
        if end is not None and end < self.clock.periods:
            return float(self.per_unit(Driver.UNITS_RETIRED, site=site, item=item, cohort=cohort)[end])
        kept = self.per_unit(Driver.UNITS_KEPT, site=site, item=item, cohort=cohort if cohort < 0 else None)
        return float(kept[max(cohort, 0)])

    def _loan(self, site: str, item: str, cohort: int) -> float:
        one = np.zeros(self.clock.periods)
        one[cohort] = 1.0
        series = ownership_series(site, item, one, loan_periods=self.loan_periods)
        return float(
            sum(
                np.asarray(loan.quantity) @ self.per_unit(Driver.UNITS_FINANCED, site=site, item=item, cohort=loan.cohort)
                for loan in series
                if loan.driver is Driver.UNITS_FINANCED
            )
        )
