"""What the future may do to a plan: the cost of each future, what flexibility is worth, what strategies regret."""

from __future__ import annotations

from planner.plan.row import Row


class FutureRow(Row):
    """One way the world may turn out: its probability, and the net present cost of the plan there [USD]."""

    id: str
    note: str
    probability: float
    net_present_cost_usd: float
    words: str


class RegretRow(Row):
    """What a pure strategy costs in each future if it is known, and how much more than the best there [USD]; None: no plan."""

    strategy: str
    label: str
    cost_by_future_usd: dict[str, float | None]
    regret_by_future_usd: dict[str, float | None]
    worst_regret_usd: float | None
    words: str


class Risk(Row):
    """A plan under several futures; purchases ordered before they part are common to all.

    shown                 the future that the plan's rows and money are of
    expected_usd          expected net present cost, which is minimised (with the worst futures weighed in where asked)
    flexible_only_usd     optimum if hardware wired to one model is not allowed; wired_value_usd = that - expected
    committed_usd         optimum if everything is decided now; waiting_value_usd = that - expected
    foresight_value_usd   expected - what it would cost on average if the future were known beforehand
    wired_share           of the power installed in the common purchases, wired to one model [1]; None without purchases
    None where it was not computed, or no plan exists.
    """

    shown: str
    expected_usd: float
    futures: tuple[FutureRow, ...]
    flexible_only_usd: float | None = None
    wired_value_usd: float | None = None
    committed_usd: float | None = None
    waiting_value_usd: float | None = None
    foresight_value_usd: float | None = None
    wired_share: float | None = None
    regrets: tuple[RegretRow, ...] = ()
    words: tuple[str, ...] = ()
