"""What a plan deploys: demand served, units present, pools, flows, and the service, power and space that follow."""

from __future__ import annotations

from typing import Literal

from planner.plan.row import Row


class PeriodRow(Row):
    """A period of the horizon and its length [h]."""

    index: int
    label: str
    hours: float


class BlockRow(Row):
    """A block of hours: which hours, and how many of them a week and a period hold [h]."""

    index: int
    id: str
    label: str
    hours_per_week: float
    hours_per_period: float


class ClassRow(Row):
    """A request class in the first period: share of the workload's requests, conditional mean and p99 lengths [tokens]."""

    workload: str
    id: str
    share: float
    isl_mean: float
    osl_mean: float
    cached_mean: float
    isl_p99: float
    osl_p99: float


class DemandRow(Row):
    """Arrivals of a class in a block of a period: mean rate, and the peak rate that capacity must meet [requests/s]."""

    workload: str
    request_class: str
    period: int
    block: int
    mean_rps: float
    peak_rps: float
    isl_mean: float
    osl_mean: float


class FleetRow(Row):
    """Units of a system at a site in a period, per way of having them; counts are of one of the site's `sites` equal ones.

    `holding` is `owned` or the id of a rental offer. `words` says it plainly: `40 GPUs = 5 x HGX H200 8-GPU`.
    """

    site: str
    sites: int
    system: str
    system_name: str
    hardware: str
    vendor: str
    holding: str
    period: int
    units: int
    arrived: int
    left: int
    chips: int
    words: str


class PoolRow(Row):
    """Replicas of one deployment at a site in a period: the most that are up in any block, and how busy each block keeps them.

    `load_by_block` is in busy replicas, shape (block,). `words`: `40 GPUs = 5 replicas x 8`.
    """

    site: str
    period: int
    workload: str
    role: Literal["prefill", "decode", "aggregated", "api"]
    option: str
    system: str
    hardware: str
    model: str
    layout: str
    weights: str
    kv: str
    chips_per_replica: int
    replicas: int
    chips: int
    load_by_block: tuple[float, ...]
    words: str


class FlowRow(Row):
    """Requests of a class that a deployment serves at a site in a block [requests/s]."""

    workload: str
    request_class: str
    role: Literal["prefill", "decode", "aggregated", "api"]
    option: str
    site: str
    period: int
    block: int
    rate_rps: float


class SlaRow(Row):
    """A latency promise and its prediction at the plan's own load, worst class and block of the period.

    Times [s]; `low80_s` to `high80_s` is the 80 % interval of the prediction, likewise 95. `served_by` names the deployments.
    """

    workload: str
    site: str
    period: int
    metric: Literal["ttft", "tpot", "e2e"]
    percentile: float
    limit_s: float
    predicted_s: float
    low80_s: float
    high80_s: float
    low95_s: float
    high95_s: float
    slack_s: float
    served_by: str


class PowerRow(Row):
    """Power and space of one of a site's equal sites in a period.

    nameplate_w = all units present; limit_w = IT budget after headroom; drawn_peak_w = highest drawn IT power of any block;
    facility_peak_w = drawn_peak_w x PUE; energy_kwh = IT energy of the period.
    """

    site: str
    sites: int
    period: int
    nameplate_w: float
    limit_w: float | None
    drawn_peak_w: float
    facility_peak_w: float
    energy_kwh: float
    racks_used: float
    racks_limit: float | None
    drawn_w_by_block: tuple[float, ...]
