"""Cost lines that are linear in physical quantities: the one arithmetic of program, plan and workbook.

Every line is

    usd[t] = sign × quantity[t] × Π_i factor_i[t]            present_usd[t] = usd[t] × discount_factor(timing)[t]

where the quantity (units bought, kWh, kW, rented hours …) comes from the fleet and each factor is an
assumption (price, PUE, tariff, share …) with its source. The integer program takes `coefficients` (present USD
per unit of a quantity), the plan keeps the rows of `evaluate`, the workbook writes each row as quantity cell ×
factor cells: three readings of one sum. The functions are in `planner.economics.evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from planner.economics.discounting import Timing


class Group(StrEnum):
    """The block of a report in which a line stands."""

    CAPEX = "capex"
    OPEX = "opex"
    RENT = "rent"
    TOKENS = "tokens"
    FINANCING = "financing"
    TERMINAL = "terminal"
    PENALTY = "penalty"
    CARBON = "carbon"


class Driver(StrEnum):
    """A physical quantity per period that costs money; `DRIVER_UNITS` names its unit.

    A unit is one orderable system. A `cohort` is the period in which it was bought (negative: owned before the plan).
    """

    UNITS_BOUGHT = "units_bought"
    UNITS_KEPT = "units_kept"
    UNITS_OWNED = "units_owned"
    UNITS_RETIRED = "units_retired"
    UNITS_FINANCED = "units_financed"
    UNITS_LEASED = "units_leased"
    UNITS_RESERVED = "units_reserved"
    UNITS_COMMITTED = "units_committed"
    UNIT_HOURS_ON_DEMAND = "unit_hours_on_demand"
    IT_KWH = "it_kwh"
    IT_KW_PEAK = "it_kw_peak"
    IT_KW_CONTRACTED = "it_kw_contracted"
    IT_KW_BUILT = "it_kw_built"
    RACKS = "racks"
    SITES = "sites"
    FTE = "fte"
    MTOK_INPUT = "mtok_input"
    MTOK_CACHED = "mtok_cached"
    MTOK_OUTPUT = "mtok_output"
    UNSERVED_REQUESTS = "unserved_requests"


DRIVER_UNITS: Mapping[Driver, str] = {
    Driver.UNITS_BOUGHT: "units bought at the start of the period",
    Driver.UNITS_KEPT: "units bought in the period and still owned at the horizon",
    Driver.UNITS_OWNED: "units owned during the period",
    Driver.UNITS_RETIRED: "units sold or scrapped at the start of the period",
    Driver.UNITS_FINANCED: "units whose loan is running in the period",
    Driver.UNITS_LEASED: "units leased during the period",
    Driver.UNITS_RESERVED: "units under a rental commitment during the period",
    Driver.UNITS_COMMITTED: "units for which a commitment is signed at the start of the period",
    Driver.UNIT_HOURS_ON_DEMAND: "unit-hours rented on demand",
    Driver.IT_KWH: "kWh drawn by the machines",
    Driver.IT_KW_PEAK: "kW, highest draw of the machines in the period",
    Driver.IT_KW_CONTRACTED: "kW of machine power under contract",
    Driver.IT_KW_BUILT: "kW of machine power for which a facility is built at the start of the period",
    Driver.RACKS: "racks occupied",
    Driver.SITES: "sites in use",
    Driver.FTE: "full-time staff",
    Driver.MTOK_INPUT: "million input tokens",
    Driver.MTOK_CACHED: "million cached input tokens",
    Driver.MTOK_OUTPUT: "million output tokens",
    Driver.UNSERVED_REQUESTS: "requests not served",
}


class At(StrEnum):
    """Which value of a factor's vector a period takes."""

    PERIOD = "period"
    COHORT = "cohort"
    AGE = "age"
    HORIZON_AGE = "horizon_age"


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of a line: the name of its assumption, what selects it (`site`, `item`, `block`), the value it takes."""

    name: str
    dimensions: tuple[str, ...] = ()
    at: At = At.PERIOD


@dataclass(frozen=True, slots=True)
class LineTemplate:
    """One kind of cost: what drives it, what it is multiplied by and when it is paid.

    `why_off` is the reason of a line that is excluded by default; stating the assumption `enabled_by` switches it on.
    """

    id: str
    group: Group
    label: str
    formula: str
    driver: Driver
    factors: tuple[Factor, ...]
    timing: Timing = Timing.OPERATING
    sign: int = 1
    why_off: str = ""
    enabled_by: str = ""


@dataclass(frozen=True, slots=True)
class DriverSeries:
    """A quantity per period, shape `(period,)`, and what it belongs to.

    `item` is a system, an offer or a workload; `block` an hour block; `cohort` the period of purchase.
    """

    driver: Driver
    quantity: tuple[float, ...]
    site: str = ""
    item: str = ""
    block: str = ""
    cohort: int | None = None

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """Return what makes the series unique, sortable; a series without a cohort sorts first."""
        return (
            self.driver.value,
            self.site,
            self.item,
            self.block,
            -(10**6) if self.cohort is None else self.cohort,
        )


@dataclass(frozen=True, slots=True)
class FactorUse:
    """A factor as one line item uses it: the assumption's address and, per period, which of its values (0-based)."""

    assumption_id: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineItem:
    """One row of the cost table; `usd[t] = sign · quantity[t] · Π factor values` and `present_usd` its discounted twin [USD].

    Rows of group `carbon` hold kilograms of CO2e in the same fields, undiscounted. A row with timing `horizon` is
    indexed by the period of purchase but paid at the end of the plan.
    """

    id: str
    line: str
    group: Group
    label: str
    driver: Driver
    site: str
    item: str
    block: str
    cohort: int | None
    timing: Timing
    sign: int
    quantity: tuple[float, ...]
    factors: tuple[FactorUse, ...]
    usd: tuple[float, ...]
    present_usd: tuple[float, ...]

    @property
    def total_present_usd(self) -> float:
        """Return the row's contribution to the net present cost [USD]."""
        return float(np.sum(self.present_usd))


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A cost that a plan leaves out, and why; `site` is empty where it is left out everywhere."""

    line: str
    label: str
    why: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Switches:
    """Which lines are off: everywhere (`off`) or at one site (`site_off`), each with the reason that the report prints."""

    off: Mapping[str, str] = field(default_factory=dict)
    site_off: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def is_on(self, line: str, site: str = "") -> bool:
        """Return whether a line counts at a site."""
        return line not in self.off and (line, site) not in self.site_off


ALL_ON = Switches()
