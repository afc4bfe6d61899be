"""The demand table: request rates per class, period and hour block, and all of the requests that capacity depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.demand.batch import DEFAULT_ARRIVAL_HOUR, DEFAULT_DEADLINE_H, BatchJob, batch_lots, even_service_week, window_week
from planner.demand.blocks import BlockSet, HourBlock, build_blocks
from planner.demand.bursts import minute_peak_factor
from planner.demand.checks import check_demand
from planner.demand.classes import RequestClass, build_classes
from planner.demand.epochs import Epoch, length_epochs
from planner.demand.growth import growth_path
from planner.demand.population import Population
from planner.demand.profiles import DefaultTarget
from planner.demand.sources import DemandSource, Profiles, native_rate, resolve_source
from planner.demand.spec import DemandKind, DemandOptions, Horizon, Rate, WorkloadDemand
from planner.demand.volume import LARGEST_RPS, Step, Traffic, volume_chain
from planner.errors import InputError

FloatArray = npt.NDArray[np.float64]

_POPULATION_POINTS = (48, 16)


@dataclass(frozen=True, slots=True)
class WorkloadLoad:
    """One workload of the table: its mean rate per period, burstiness, requests and how the rate came about.

    `fano_1min` is Var/mean of counts per minute, `iat_cv` that of the gaps. `populations` holds the weighted requests
    of each length epoch (for percentiles of TTFT), `epoch_of_period` which one a period has. `steps` is the chain from
    what was stated to the rate of the first period. `batch` is set for batch work.
    """

    id: str
    kind: DemandKind
    profile_id: str | None
    mean_rps: tuple[float, ...]
    fano_1min: float
    iat_cv: float
    peak_hour_factor: float
    populations: tuple[Population, ...]
    epoch_of_period: tuple[int, ...]
    target: DefaultTarget | None
    steps: tuple[Step, ...]
    described: tuple[str, ...]
    batch: BatchJob | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DemandTable:
    """Request rates [requests/s], shape (class, period, block), workloads and classes ordered by id.

    * `rates_rps` mean while the block lasts: for energy, tokens and fees. Weighted by hours it adds up to the
      workload's mean rate.
    * `peak_hour_rps` the busiest hour in the block.
    * `peak_rps` the busiest minute of that hour (`1 + z sqrt(F/N)`): for capacity, with a queue that is bursty within
      the minute only.

    For batch work the rates are those of even service over each job's window, a schedule that always works; a planner
    may move the work between the blocks of `WorkloadLoad.batch.lots`.
    """

    workloads: tuple[WorkloadLoad, ...]
    classes: tuple[RequestClass, ...]
    block_set: BlockSet
    horizon: Horizon
    rates_rps: FloatArray
    peak_hour_rps: FloatArray
    peak_rps: FloatArray

    @property
    def blocks(self) -> tuple[HourBlock, ...]:
        """Return the hour blocks, least loaded first."""
        return self.block_set.blocks

    @property
    def hours_per_week(self) -> FloatArray:
        """Return the hours per week of each block, shape (block,)."""
        return self.block_set.hours

    def workload(self, workload_id: str) -> WorkloadLoad:
        """Return one workload by id."""
        return next(load for load in self.workloads if load.id == workload_id)

    def rows_of(self, workload_id: str) -> npt.NDArray[np.int64]:
        """Return the rows of one workload's classes in the arrays, shape (its classes,)."""
        return np.array([k for k, c in enumerate(self.classes) if c.workload_id == workload_id], dtype=np.int64)

    def mean_rps(self, workload_id: str) -> FloatArray:
        """Return one workload's mean rate over the week [requests/s], shape (period,)."""
        rates = self.rates_rps[self.rows_of(workload_id)].sum(axis=0)
        return np.asarray(rates @ self.hours_per_week / self.hours_per_week.sum(), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Part:
    """A workload on its way into the table."""

    load: WorkloadLoad
    source: DemandSource
    epochs: tuple[Epoch, ...]
    classes: tuple[tuple[RequestClass, ...], ...]
    week: FloatArray
    window: FloatArray | None


def build_demand(
    workloads: Sequence[WorkloadDemand], profiles: Profiles, horizon: Horizon, options: DemandOptions | None = None
) -> DemandTable:
    """Return the demand table of some workloads; the order in which they are given does not matter.

    `profiles` are the catalog's demand profiles as published, keyed by id. Raises `InputError` naming the field of
    whatever is missing, contradictory or out of range.
    """
    chosen = options or DemandOptions()
    check_demand(workloads, horizon, chosen)
    parts = [_part(w, profiles, horizon, chosen) for w in sorted(workloads, key=lambda w: w.id)]
    block_set = build_blocks(
        [part.week for part in parts],
        [_shaping_load(part) for part in parts],
        max_blocks=chosen.max_blocks,
        peak_hour_percentile=chosen.peak_hour_percentile,
        windows=[part.window for part in parts if part.window is not None],
    )
    filled = [_filled(part, row, block_set, horizon, chosen) for row, part in enumerate(parts)]
    rates, peak_hours, peaks = (np.concatenate([rows[k] for rows in filled]) for k in range(3))
    specs = {w.id: w for w in workloads}
    return DemandTable(
        workloads=tuple(_with_batch(part.load, specs[part.load.id], part.source, block_set) for part in parts),
        classes=tuple(c for part in parts for epoch in part.classes for c in epoch),
        block_set=block_set,
        horizon=horizon,
        rates_rps=rates,
        peak_hour_rps=peak_hours,
        peak_rps=peaks,
    )


def _part(workload: WorkloadDemand, profiles: Profiles, horizon: Horizon, options: DemandOptions) -> _Part:
    field = f"workloads.{workload.id}"
    source = resolve_source(workload, profiles)
    path = growth_path(workload.growth, horizon, field=f"{field}.growth")
    week, window = _week(workload, source)
    rate = workload.rate or Rate(requests_rps=native_rate(source, field))
    burst_z = 0.0 if workload.kind is DemandKind.BATCH else options.burst_z
    chain = volume_chain(rate, _traffic(source, week, rate, burst_z), field=f"{field}.rate")
    mean = chain.mean_rps * path.volume
    if not mean.max() <= LARGEST_RPS:
        raise InputError.at(f"{field}.growth.volume", f"grows to {mean.max():.3g} requests/s; at most {LARGEST_RPS:.0e} is right")
    epochs = length_epochs(path, options.length_step)
    populations = [_grown(source.population, epoch) for epoch in epochs]
    load = WorkloadLoad(
        id=workload.id,
        kind=workload.kind,
        profile_id=workload.profile,
        mean_rps=tuple(float(r) for r in mean),
        fano_1min=source.fano_at(chain.mean_rps),
        iat_cv=source.iat_cv,
        peak_hour_factor=float(week.max()) * source.peak_uplift,
        populations=tuple(p.condensed(_POPULATION_POINTS) for p in populations),
        epoch_of_period=tuple(k for k, epoch in enumerate(epochs) for _ in range(epoch.first, epoch.last + 1)),
        target=source.target,
        steps=chain.steps,
        described=source.described,
    )
    return _Part(load, source, epochs, _epoch_classes(workload, populations, epochs), week, window)


def _week(workload: WorkloadDemand, source: DemandSource) -> tuple[FloatArray, FloatArray | None]:
    """Return the week's shape and, for batch work, the hours in which it may be served."""
    if workload.kind is not DemandKind.BATCH:
        return source.week, None
    arrival, deadline = _window(workload, source)
    return even_service_week(arrival, deadline, workload.days), window_week(arrival, deadline, workload.days)


def _window(workload: WorkloadDemand, source: DemandSource) -> tuple[float, float]:
    """Return the hour of submission and the hours until the deadline: given, else the profile's, else 18 h and 24 h."""
    published = source.profile.arrival.deadline_h if source.profile is not None else None
    deadline = workload.deadline_h if workload.deadline_h is not None else published
    arrival = DEFAULT_ARRIVAL_HOUR if workload.arrival_hour is None else workload.arrival_hour
    return arrival, DEFAULT_DEADLINE_H if deadline is None else deadline


def _traffic(source: DemandSource, week: FloatArray, rate: Rate, burst_z: float) -> Traffic:
    isl, osl, _ = source.population.mean_tokens()
    rough = rate.requests_rps if rate.requests_rps is not None else 5.0
    response = source.target.response_s(osl) if source.target is not None else None
    return Traffic(isl, osl, float(week.max()) * source.peak_uplift, source.fano_at(rough), response, burst_z)


def _grown(population: Population, epoch: Epoch) -> Population:
    grown = population.stretched(epoch.input_factor, epoch.output_factor)
    return grown if epoch.cache_hit is None else grown.with_hit_rate(epoch.cache_hit)


def _epoch_classes(
    workload: WorkloadDemand, populations: Sequence[Population], epochs: Sequence[Epoch]
) -> tuple[tuple[RequestClass, ...], ...]:
    named = []
    for population, epoch in zip(populations, epochs, strict=True):
        label = workload.id if len(epochs) == 1 else f"{workload.id}/from{epoch.first:02d}"
        built = build_classes(population, label, max_classes=workload.max_classes)
        named.append(tuple(replace(c, workload_id=workload.id, first_period=epoch.first, last_period=epoch.last) for c in built))
    return tuple(named)


def _shaping_load(part: _Part) -> float:
    """Return what a workload weighs in the partition of the week: tokens/s, and nothing for batch work, which bends to it."""
    isl, osl, _ = part.source.population.mean_tokens()
    return 0.0 if part.load.kind is DemandKind.BATCH else part.load.mean_rps[0] * (isl + osl)


def _filled(
    part: _Part, row: int, block_set: BlockSet, horizon: Horizon, options: DemandOptions
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, busiest-hour and busiest-minute rates of one workload's classes, shape (its classes, period, block) each."""
    rate = np.array(part.load.mean_rps)[:, None]
    mean = rate * block_set.mean[row]
    peak_hour = rate * np.maximum(block_set.peak[row] * part.source.peak_uplift, block_set.mean[row])
    peak = peak_hour * _burst_factors(part, peak_hour, options)
    share = np.zeros((sum(len(epoch) for epoch in part.classes), horizon.periods))
    for k, c in enumerate(c for epoch in part.classes for c in epoch):
        share[k, c.first_period : c.last_period + 1] = c.share
    spread = share[:, :, None]
    return spread * mean, spread * peak_hour, spread * peak


def _burst_factors(part: _Part, hour_rps: FloatArray, options: DemandOptions) -> FloatArray:
    if part.load.kind is DemandKind.BATCH:
        return np.ones_like(hour_rps)
    flat = [minute_peak_factor(rate, part.load.fano_1min, options.burst_z) for rate in hour_rps.ravel()]
    return np.array(flat).reshape(hour_rps.shape)


def _with_batch(load: WorkloadLoad, workload: WorkloadDemand, source: DemandSource, block_set: BlockSet) -> WorkloadLoad:
    if load.kind is not DemandKind.BATCH:
        return load
    arrival, deadline = _window(workload, source)
    per_job = tuple(rate * 168.0 * 3600.0 / workload.days for rate in load.mean_rps)
    lots = batch_lots(block_set, arrival, deadline, workload.days)
    return replace(load, batch=BatchJob(load.id, per_job, arrival, deadline, lots))
