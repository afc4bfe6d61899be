"""What is asked for and explained, and how the world may turn out: goal, futures and the weight of the worst of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from planner.scenario.fields import Fraction, Id, MoneyUsd, Strict, Text

Factor = Annotated[float, Field(gt=0, le=1000)]


class Goal(Strict):
    """The question: the cheapest plan, the best service for a fixed cost, or the least power or carbon at a cost ceiling."""

    minimise: Literal["cost", "unserved", "power", "carbon"] = "cost"
    cost_ceiling: MoneyUsd | None = Field(default=None, description="largest net present cost, for goals other than cost")


class FutureCase(Strict):
    """One way the world may turn out; what it does not name stays as the scenario says."""

    id: Id
    probability: float = Field(gt=0, le=1)
    note: Text = ""
    from_period: int = Field(
        default=0, ge=0, le=60, description="period from which its factors hold; before it the scenario's own"
    )
    demand: dict[str, Factor] = Field(default={}, description="factor on a workload's volume, by workload")
    price: dict[str, Factor] = Field(default={}, description="factor on a system's price, by system")
    energy: dict[str, Factor] = Field(default={}, description="factor on a site's energy price, by site")
    late: dict[str, Annotated[int, Field(ge=1, le=60)]] = Field(
        default={}, description="periods that a system arrives later, by system"
    )
    model_replaced: dict[str, Annotated[int, Field(ge=0, le=60)]] = Field(
        default={}, description="period from which a workload needs another model: hardware wired to the old one is stranded"
    )


class Risk(Strict):
    """When the future becomes known, and how much its worst part weighs."""

    revealed_in: int = Field(default=1, ge=0, le=60, description="purchases before this period are common to all futures")
    tail_weight: Fraction = Field(default=0.0, description="0 = expected cost, 1 = the mean of the worst futures (CVaR)")
    tail: Fraction = Field(default=0.1, gt=0, description="share of probability that counts as the worst")


class Explain(Strict):
    """Which further questions are answered beside the plan; each takes solves of its own.

    Left out: prices and worths at the margin, without whole units, up to 100,000 variables; rivals solved where the program is
    small and bounded where it is not; futures where it is small. true: solved with whole units, whatever the size, within the
    whole time limit. false: not at all.
    """

    prices: bool | None = Field(
        default=None, description="what one more kW, rack or dollar is worth, and the price at which each system would be bought"
    )
    comparisons: bool | None = Field(
        default=None, description="rival plans: aggregated only, disaggregated only, owned only, each vendor alone"
    )
    futures: bool | None = Field(default=None, description="with futures: the value of flexibility and the regret of strategies")
