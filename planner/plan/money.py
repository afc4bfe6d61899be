"""What a plan costs: assumptions with their sources, line items, and the figures that people quote."""

from __future__ import annotations

from pydantic import Field

from planner.economics.assumptions import Assumption
from planner.economics.lines import Exclusion, LineItem
from planner.plan.row import Row


class Totals(Row):
    """The sums of the line items [USD]: by period as paid, discounted, and over the horizon."""

    net_present_cost_usd: float
    equivalent_annual_cost_usd: float
    cash_by_period_usd: tuple[float, ...]
    present_by_period_usd: tuple[float, ...]
    depreciation_by_period_usd: tuple[float, ...]
    book_value_by_period_usd: tuple[float, ...]
    present_by_group_usd: dict[str, float]
    present_by_line_usd: dict[str, float]
    operational_kg_co2e: float | None
    embodied_kg_co2e: float | None


class Figure(Row):
    """A figure that people quote, by its one definition: `usd_per_mtok_output` of a workload, J/token of the whole plan.

    `scope` is a workload id, a site id or `plan`; `definition` says numerator and denominator in words. Where the figure is
    levelised money, `shares` says how much of each line item's present cost is in it (by item id) and `divisor_by_period`
    what it is divided by, discounted like running costs: `value = sum(share x present USD) / sum(divisor x operating
    factor)`; both empty where it is not.
    """

    id: str
    scope: str
    label: str
    value: float
    unit: str
    definition: str
    shares: dict[str, float] = Field(default_factory=dict)
    divisor_by_period: tuple[float, ...] = ()


class Crossover(Row):
    """Buy, rent or API against volume: who is cheapest where, and where two of them cross.

    `volume_mtok_month` holds the volumes [Mtok/month]; `usd_month` each way's monthly cost at them.
    """

    workload: str
    volume_mtok_month: tuple[float, ...]
    usd_month: dict[str, tuple[float, ...]]
    findings: tuple[str, ...]


class Money(Row):
    """Everything financial; `items` add up to `totals` exactly, and each item names the assumptions that it multiplies.

    `discount_factors` holds, per timing (start, operating, end, horizon), the factor of each period, shape (period,):
    (1 + discount_rate)^-years. `convention` says whether running costs fall in the middle or at the end of a period.
    """

    discount_rate: float
    convention: str
    years_per_period: float
    discount_factors: dict[str, tuple[float, ...]]
    assumptions: tuple[Assumption, ...]
    items: tuple[LineItem, ...]
    excluded: tuple[Exclusion, ...]
    totals: Totals
    figures: tuple[Figure, ...]
    crossovers: tuple[Crossover, ...] = ()
