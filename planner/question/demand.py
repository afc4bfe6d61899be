"""From a scenario's workloads to the demand room's own words, and to the demand table."""

from __future__ import annotations

from pathlib import Path

from catalog.items import Catalog
from planner.demand.spec import Curve, DemandKind, DemandOptions, Event, Growth, Horizon, Rate, TraceSource, WorkloadDemand
from planner.demand.table import DemandTable, build_demand
from planner.scenario import Scenario
from planner.scenario.workload import Demand, Workload
from planner.scenario.workload import Growth as GrowthPart

SECONDS_PER_HOUR = 3600.0


def demand_of(scenario: Scenario, catalog: Catalog, folder: Path) -> DemandTable:
    """Return the demand table of a scenario; trace files are looked for beside it, in `folder`."""
    horizon = Horizon(scenario.horizon.periods, scenario.horizon.period_hours / 8760.0, scenario.horizon.start.month)
    options = DemandOptions(max_blocks=scenario.demand.blocks)
    specs = [_spec(workload, scenario.demand.classes, folder) for workload in scenario.workloads]
    return build_demand(specs, catalog.profiles, horizon, options)


def _spec(workload: Workload, classes: int, folder: Path) -> WorkloadDemand:
    demand = workload.demand
    batch = workload.kind == "batch"
    return WorkloadDemand(
        id=workload.id,
        kind=DemandKind.BATCH if batch else DemandKind.REALTIME,
        profile=demand.profile,
        trace=None if demand.trace is None else TraceSource(folder / demand.trace),
        rate=_rate(demand),
        growth=_growth(workload.growth),
        prefix_cache_hit=demand.prefix_cache_hit,
        isl_scale=demand.input_scale,
        osl_scale=demand.output_scale,
        isl_tokens=None if demand.lengths is None else float(demand.lengths.input),
        osl_tokens=None if demand.lengths is None else float(demand.lengths.output),
        time_shift_h=demand.time_shift_hours,
        arrival_hour=None if workload.arrives_at_hour is None else float(workload.arrives_at_hour),
        deadline_h=None if workload.deadline is None else workload.deadline / SECONDS_PER_HOUR,
        max_classes=classes,
    )


def _rate(demand: Demand) -> Rate | None:
    if demand.users is not None:
        return Rate(users=float(demand.users.count), requests_per_user_day=demand.users.requests_per_day)
    return None if demand.rate is None else Rate(requests_rps=demand.rate)


def _growth(growth: GrowthPart) -> Growth:
    volume = Curve(multipliers=growth.multipliers) if growth.multipliers is not None else _curve(growth.volume)
    return Growth(
        preset=growth.preset,
        volume=volume,
        input_tokens=_curve(growth.input_length),
        output_tokens=_curve(growth.output_length),
        events=tuple(Event(event.period, event.factor, event.decay_periods or None) for event in growth.events),
    )


def _curve(cagr: float) -> Curve:
    """Return growth at a yearly rate; a rate of zero leaves the curve to a preset."""
    return Curve(cagr=cagr) if cagr else Curve()
