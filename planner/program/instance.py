"""What the integer program is given: one frozen `Instance` of counts, rates, watts, racks and money coefficients.

Conventions, for all fields:

* **Time.** `periods` and `blocks` are sequences in time; every other tuple is a set (its order never changes the answer). A
  field documented `(period,)` is a tuple with one entry per period, `(period, block)` a tuple of such tuples. Blocks are one
  representative day, cyclic: after the last comes the first. Fields name periods and blocks by their index.
* **Money** [USD] is already discounted to the date of the plan by whoever builds the instance: coefficients are added up as
  they are. `cash_usd` alone is undiscounted; only budgets read it. Carbon [gCO2e] is never discounted.
* **Sites.** A `Site` with `count` n stands for n equal small sites: every count of units or replicas, and every limit of watts
  and racks, is of ONE of them; money is per unit, whichever site it stands at; rates are of all of them together and spread
  evenly. A cloud region is a site of its own (no limits, no energy price).
* **Units and replicas.** A *unit* is what can be ordered (card, 8-way server, rack). A *replica* of an `Option` takes `chips`
  chips of units of its system: as many replicas share a unit as fit whole, or one replica takes several whole units.
* **Load** [busy replicas] is requests per second over capacity; energy is idle watts of the units present plus busy watts of
  the load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What an option does with a request: one half of it, the whole, or hand it to somebody else's service."""

    PREFILL = "prefill"
    DECODE = "decode"
    AGGREGATED = "aggregated"
    API = "api"


class WorkKind(StrEnum):
    """Whether a request is served in the block it arrives in, or may wait inside its window."""

    REALTIME = "realtime"
    BATCH = "batch"


class Goal(StrEnum):
    """The question that is asked of the program."""

    CHEAPEST = "cheapest"
    BEST_SERVICE = "best_service"
    LEAST_POWER = "least_power"
    LEAST_CARBON = "least_carbon"


class ShareBasis(StrEnum):
    """What a share of a vendor, or of flexible hardware, is a share of."""

    SPEND = "spend"
    POWER = "power"
    CHIPS = "chips"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the horizon; `block_hours` [h] `(block,)` are the hours of each block that it holds (sum: its length)."""

    id: str
    block_hours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A place (or `count` equal ones) with limits; `None` is no limit.

    power_w        [W] (period,): IT power that the nameplates of all units present may draw, before `headroom` is withheld
    headroom       [fraction]: share of `power_w` that stays unused
    racks          (period,): rack positions
    rack_power_w   [W]: what one rack may draw; a unit of a rack or more that is denser cannot stand here
    cooling        kinds offered (`air`, `liquid` ...); empty = any
    energy_usd_per_wh, energy_gco2e_per_wh  (period, block): of one IT watt-hour, PUE included
    peak_usd_per_w (period,): demand charge, per IT watt of the period's highest drawn (not nameplate) power
    """

    id: str
    power_w: tuple[float | None, ...]
    racks: tuple[float | None, ...]
    energy_usd_per_wh: tuple[tuple[float, ...], ...]
    rack_power_w: float | None = None
    cooling: frozenset[str] = frozenset()
    headroom: float = 0.0
    count: int = 1
    region: str = ""
    peak_usd_per_w: tuple[float, ...] = ()
    energy_gco2e_per_wh: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """A unit that can be ordered.

    chips, power_w [W, nameplate peak], idle_w [W, drawn whenever it is there], racks [racks, or share of one]: of one unit
    cooling       kinds it can be cooled by; empty = any
    flexible      False for hardware welded to one model: counts against `min_flexible_share`
    supply        (period,): units, over all sites, that can be delivered for purchase; None entries or () = no limit
    available_from        first period in which a purchased unit can be in service
    lead_time_periods     an arrival in period t is ordered in t - lead, never before period 0, so nothing arrives before
                          this period; in a two-stage program an order placed before the futures part is common to all
    min_order     smallest number of units in one period's order, over all sites
    life_periods  a bought unit serves this many periods, then it is gone; None = beyond the horizon
    """

    id: str
    vendor: str
    chips: int
    power_w: float
    idle_w: float = 0.0
    racks: float = 0.0
    cooling: frozenset[str] = frozenset()
    flexible: bool = True
    supply: tuple[float | None, ...] = ()
    available_from: int = 0
    lead_time_periods: int = 0
    min_order: int = 1
    life_periods: int | None = None
    hardware_id: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """A system at a site: without one, the system can be neither owned nor rented there.

    buy_usd    [USD] (period,): one unit arriving in the period, less its residual value at the end if kept; None or () = no
    cash_usd   [USD, undiscounted] (period,): what the arrival takes from the period's budget
    own_usd    [USD] (period,): one owned unit present in the period (space, support, software, staff; NOT energy)
    retire_usd [USD] keyed (arrival period, or -1 for `initial`; period): cost of taking one unit out at the START of that
               period (negative: resale; gives back the residual counted in `buy_usd`); only where a key exists can it be done
    initial    units that stand there at the start; `initial_life` periods left to them (None = beyond the horizon)
    buy_gco2e  [g] embodied in one bought unit; rent_gco2e [g] per unit and period, of rented ones
    """

    system: str
    site: str
    buy_usd: tuple[float | None, ...] = ()
    cash_usd: tuple[float, ...] = ()
    own_usd: tuple[float, ...] = ()
    retire_usd: Mapping[tuple[int, int], float] = field(default_factory=dict)
    initial: int = 0
    initial_life: int | None = None
    buy_gco2e: float = 0.0
    rent_gco2e: float = 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to hold units without owning them: lease, reserved or on-demand rent.

    usd      [USD] (period,): one unit for the whole commitment if it starts in the period; None = cannot start then
    cash_usd [USD, undiscounted] (period,): what one unit takes from the budget of each period in which it is held; () = nothing
    term_periods  commitment: a unit begun in t is held in t .. t+term-1 (cut at the horizon)
    blocks   block indices in which the unit is there (scale to zero outside them); None = all
    supply   (period,): units that can be held at once; () = no limit
    """

    id: str
    system: str
    site: str
    kind: str
    usd: tuple[float | None, ...]
    term_periods: int = 1
    blocks: frozenset[int] | None = None
    cash_usd: tuple[float, ...] = ()
    supply: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests to serve, by class.

    rate_rps      [1/s] class id -> (period, block): arrivals
    window_blocks batch only: a request may be served in its own block or in the next `window_blocks` ones of the cyclic day
    windows       batch only: arrival block -> blocks in which it may be served, where that is not a run of the day (weekdays,
                  weekends); a block without an entry follows `window_blocks`
    unserved_usd  [USD] (period,): of one request turned away; () = every request must be served
    sites         where it may be served; None = anywhere
    reserve_replicas  replicas of each of its pools, at each site, that may fail at once
    """

    id: str
    kind: WorkKind
    rate_rps: Mapping[str, tuple[tuple[float, ...], ...]]
    window_blocks: int = 0
    windows: Mapping[int, frozenset[int]] = field(default_factory=dict)
    unserved_usd: tuple[float, ...] = ()
    sites: frozenset[str] | None = None
    reserve_replicas: int = 0

    def served_in(self, arrived: int, blocks: int) -> tuple[int, ...]:
        """Return the blocks, of `blocks` in a day, in which a batch request that arrives in one may be served."""
        if arrived in self.windows:
            return tuple(sorted(self.windows[arrived]))
        return tuple((arrived + later) % blocks for later in range(min(self.window_blocks, blocks - 1) + 1))


@dataclass(frozen=True, slots=True)
class Option:
    """One deployable choice: a system (None for a token API) in a role for a workload.

    chips         of one replica
    capacity_rps  [1/s] class id -> requests of that class alone that one replica sustains inside the SLA; 0 or absent = cannot
    busy_w        [W] that a fully busy replica draws above its idle chips
    kv_bytes      [bytes] class id -> sent from prefill to decode per request (prefill options)
    request_usd   [USD] class id -> (period,): fee per request (token APIs); request_gco2e likewise [g], one value
    breach_usd    [USD] class id -> price per request of missing the SLA named `breach` (a soft operating point); empty = it
                  keeps all SLAs
    sites         where it may stand; None = wherever its system may
    queue_replicas  replicas of it that make a full queue, for which its capacity holds; 0 = a queue of any length will do
    queue_share   [fraction] of a full queue that a shorter one keeps free: with x of a full queue behind a site's router, the
                  load is at most (x - queue_share) / (1 - queue_share) of a full queue's
    first_period, end_period   it can serve in first_period <= t < end_period (None = to the end)
    """

    id: str
    workload: str
    system: str | None
    role: Role
    chips: int = 0
    capacity_rps: Mapping[str, float] = field(default_factory=dict)
    busy_w: float = 0.0
    kv_bytes: Mapping[str, float] = field(default_factory=dict)
    request_usd: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    request_gco2e: Mapping[str, float] = field(default_factory=dict)
    breach_usd: Mapping[str, float] = field(default_factory=dict)
    breach: str = ""
    sites: frozenset[str] | None = None
    queue_replicas: float = 0.0
    queue_share: float = 0.0
    first_period: int = 0
    end_period: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A way from prefill to decode: any option of `prefill` at `from_site` can hand over to any of `decode` at `to_site`.

    bandwidth_bytes_s  [bytes/s], of all its flows together (one direction, each of the equal sites); None = not limiting.
    Every prefill and decode option needs at least one link per site, or it cannot work there.
    """

    id: str
    prefill: frozenset[str]
    decode: frozenset[str]
    from_site: str
    to_site: str
    bandwidth_bytes_s: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits that somebody chose; empty or None = none.

    budget_usd        [USD, undiscounted] (period,): cash of a period; None entries = no limit
    capex_limit_usd   [USD, undiscounted]: cash of all purchases together
    max_cost_usd      [USD]: ceiling of the discounted cost (for the goals other than CHEAPEST)
    vendor_share      vendor -> largest share, of `share_basis`, over the horizon
    min_flexible_share  smallest share of hardware that is not welded to one model
    max_systems       largest number of kinds of system bought or rented
    reserve_units     units of each system used at a site that may fail at once; spare_fraction [fraction] of units kept out of
                      service
    carbon_limit_g, carbon_usd_per_g   a limit, or a price added to the cost
    """

    budget_usd: tuple[float | None, ...] = ()
    capex_limit_usd: float | None = None
    max_cost_usd: float | None = None
    vendor_share: Mapping[str, float] = field(default_factory=dict)
    min_flexible_share: float = 0.0
    share_basis: ShareBasis = ShareBasis.SPEND
    max_systems: int | None = None
    reserve_units: int = 0
    spare_fraction: float = 0.0
    carbon_limit_g: float | None = None
    carbon_usd_per_g: float = 0.0


@dataclass(frozen=True, slots=True)
class Future:
    """One way the world may turn out, with its probability; what is not named stays as in the instance.

    demand_scale   workload id -> (period,): factor on its rates
    buy_scale, rent_scale   system id / offer id -> (period,): factor on purchase prices (`buy_usd` and `cash_usd`) and on rent
    energy_scale   site id -> (period,): factor on energy prices
    supply         system id -> (period,): replaces its supply; available_from: system id -> replaces its first period
    option_window  option id -> (first_period, end_period): replaces it (a model that is replaced strands what was welded to it)
    """

    id: str
    probability: float
    demand_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    buy_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rent_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    energy_scale: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    supply: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    available_from: Mapping[str, int] = field(default_factory=dict)
    option_window: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to solve, not what.

    gap [fraction], time_limit_s [s of wall clock], seed, threads
    integer_pools  replicas whole in every pool and queues kept long enough: True, False (then packed afterwards), None = whole
                   while the program is small, queues kept afterwards if the plan has cut one short
    reveal_period  orders placed before this period are common to all futures; tail_weight in [0, 1] of the objective is the
                   mean of the worst `tail` fraction of futures (CVaR), the rest the expected cost
    """

    gap: float = 1e-6
    time_limit_s: float = 60.0
    seed: int = 0
    threads: int = 1
    integer_pools: bool | None = None
    tie_break: bool = True
    reveal_period: int = 1
    tail_weight: float = 0.0
    tail: float = 0.1


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything that the program is given."""

    periods: tuple[Period, ...]
    blocks: tuple[str, ...]
    sites: tuple[Site, ...]
    systems: tuple[System, ...]
    placements: tuple[Placement, ...]
    workloads: tuple[Workload, ...]
    options: tuple[Option, ...]
    offers: tuple[Offer, ...] = ()
    links: tuple[Link, ...] = ()
    policy: Policy = Policy()
    futures: tuple[Future, ...] = ()
    goal: Goal = Goal.CHEAPEST
    settings: Settings = Settings()
