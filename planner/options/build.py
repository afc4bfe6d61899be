"""The options table built: every deployment of every workload in every role, with its capacity inside the promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from catalog.items import Catalog
from planner.demand.spec import DemandKind
from planner.demand.table import DemandTable
from planner.options.capacity import Capacity, Requests, capacities
from planner.options.deployments import Deployment, Deployments
from planner.options.dominance import undominated
from planner.options.market import Market
from planner.options.measured import measured_options
from planner.options.table import OptionRow, OptionsTable, Rejected, Role
from planner.scenario import CLOUD, Scenario
from planner.scenario.workload import Serving, Workload


def tabulate(scenario: Scenario, catalog: Catalog, market: Market, demand: DemandTable, folder: Path) -> OptionsTable:
    """Return the options table of a scenario, sorted by id; what no class can use is rejected with the reason.

    A scenario that names a table of measured capacities gets exactly those, from `folder`.
    """
    if scenario.performance.measured is not None:
        return measured_options(scenario, catalog, market, demand, folder / scenario.performance.measured)
    deployments = Deployments(catalog, market)
    rows: list[OptionRow] = []
    rejected: list[Rejected] = []
    for workload in scenario.workloads:
        found, refused = deployments.of(workload)
        rejected += refused
        made = [row for place in _places(scenario, workload) for row in _rows(scenario, workload, demand, found, place)]
        rows += undominated([row for row in made if any(row.capacity_rps.values())])
        rejected += _missed(workload, made)
    return OptionsTable(
        tuple(sorted(rows, key=lambda row: row.id)),
        tuple(sorted(rejected, key=lambda item: (item.workload, item.system, item.role))),
    )


def _places(scenario: Scenario, workload: Workload) -> list[tuple[frozenset[str], float, int, float | None]]:
    """Return the sites that serve a workload, grouped by what capacity depends on: round trip [s], equal sites, interconnect."""
    groups: dict[tuple[float, int, float | None], set[str]] = {}
    for site in scenario.sites:
        groups.setdefault((site.round_trip, site.count, site.interconnect), set()).add(site.id)
    if scenario.acquisition.rents:
        acquisition = scenario.acquisition
        groups.setdefault((acquisition.cloud_round_trip, 1, acquisition.cloud_interconnect), set()).add(CLOUD)
    allowed = None if workload.sites is None else set(workload.sites)
    places = [(frozenset(sites if allowed is None else sites & allowed), *key) for key, sites in groups.items()]
    return sorted((place for place in places if place[0]), key=lambda place: sorted(place[0]))


def _rows(
    scenario: Scenario,
    workload: Workload,
    demand: DemandTable,
    found: list[Deployment],
    place: tuple[frozenset[str], float, int, float | None],
) -> Iterator[OptionRow]:
    sites, round_trip_s, count, interconnect = place
    here = [item for item in found if sites & set(item.offering.sites)]
    if not here:
        return
    asked = requests_of(scenario, workload, demand, count)
    for role in _roles(workload, interconnect):
        extra = np.array([round_trip_s + _handover_s(item, workload, demand, role, interconnect) for item in here])
        by_epoch = [capacities(role, [item.step for item in here], requests, extra) for requests in asked]
        for index, item in enumerate(here):
            row = _row(workload, demand, role, item, sites & frozenset(item.offering.sites), [epoch[index] for epoch in by_epoch])
            yield replace(row, extra_s=float(extra[index]), step=item.step)


def _roles(workload: Workload, interconnect: float | None) -> list[Role]:
    roles = [Role.AGGREGATED] if Serving.AGGREGATED in workload.serving else []
    if Serving.DISAGGREGATED in workload.serving and interconnect is not None:
        roles += [Role.PREFILL, Role.DECODE]
    return roles


def _handover_s(item: Deployment, workload: Workload, demand: DemandTable, role: Role, interconnect: float | None) -> float:
    """Return the time to hand a long prompt's KV cache to decode [s]: the 99th percentile of the longest class."""
    if role is not Role.PREFILL or interconnect is None:
        return 0.0
    longest = max(demand.classes[row].isl_p99_tokens for row in demand.rows_of(workload.id))
    return float(item.step.kv_transfer_s(longest, interconnect))


def requests_of(scenario: Scenario, workload: Workload, demand: DemandTable, count: int = 1) -> list[Requests]:
    """Return what a workload asks of one of `count` equal sites in each length epoch."""
    load = demand.workload(workload.id)
    rows = demand.rows_of(workload.id)
    peak = float(demand.peak_rps[rows].sum(axis=0).max(axis=1).min()) / count  # of the period that needs fewest replicas
    found: list[Requests] = []
    for epoch, population in enumerate(load.populations):
        first = load.epoch_of_period.index(epoch)
        found.append(
            Requests(
                classes=tuple(demand.classes[row] for row in rows if demand.classes[row].first_period == first),
                population=population.condensed((12, 4)),
                sla=workload.sla,
                dispersion=max(load.iat_cv, 1.0) ** 2,
                rate_rps=peak,
                pool_replicas=scenario.performance.pool_replicas,
                is_batch=load.kind is DemandKind.BATCH,
            )
        )
    return found


def _row(
    workload: Workload, demand: DemandTable, role: Role, item: Deployment, sites: frozenset[str], epochs: list[Capacity]
) -> OptionRow:
    """Return one option; classes of every length epoch stand side by side, each has its own id."""
    classes = [demand.classes[row] for row in demand.rows_of(workload.id)]
    rates = np.concatenate([epoch.rps for epoch in epochs])
    longest = item.offering.hardware.max_context_tokens or np.inf
    fits = [c.isl_p99_tokens + c.osl_p99_tokens <= longest for c in classes]
    capacity = {c.id: float(rate) for c, rate, able in zip(classes, rates, fits, strict=True) if rate > 0 and able}
    cache = item.step.kv_bytes_per_request(np.array([c.isl_tokens for c in classes]))
    idle_w, busy_w = _power(item, role)
    spread = item.step.interval("throughput")
    return OptionRow(
        id="|".join(
            (
                workload.id,
                role.value,
                item.offering.id,
                item.layout.label.replace(" ", "-"),
                item.weights.value,
                ",".join(sorted(sites)),
            )
        ),
        workload=workload.id,
        role=role,
        offering=item.offering,
        model=item.model.id,
        layout=item.layout.label,
        chips=item.chips,
        weights=item.weights,
        kv=item.kv,
        sites=sites,
        capacity_rps=capacity,
        kv_bytes={c.id: float(size) for c, size in zip(classes, cache, strict=True)} if role is Role.PREFILL else {},
        idle_w=idle_w,
        busy_w=busy_w,
        prefill_share=epochs[0].prefill_share,
        limited_by=epochs[0].limited_by,
        mix_rps=tuple(epoch.mix_rps for epoch in epochs),
        queue_replicas=max(epoch.queue_replicas for epoch in epochs),
        queue_share=max(epoch.queue_share for epoch in epochs),
        slow_factor=spread.lo80,
    )


def _power(item: Deployment, role: Role) -> tuple[float, float]:
    """Return watts of one replica, idle and in addition when busy: its part of the system's nameplate by the core's shares."""
    nameplate = item.offering.power
    if nameplate is None:
        return 0.0, 0.0
    part = nameplate.value / item.offering.system.chips * item.chips
    shares = item.step.power.shares
    busy = {Role.PREFILL: shares["prefill"], Role.DECODE: shares["decode"]}.get(role, max(shares["prefill"], shares["decode"]))
    return part * shares["idle"], part * (busy - shares["idle"])


def _missed(workload: Workload, rows: list[OptionRow]) -> Iterator[Rejected]:
    """Yield a rejection for every system on which no role can serve any class."""
    able = {row.system for row in rows if any(row.capacity_rps.values())}
    reasons: dict[str, set[str]] = {}
    for row in rows:
        if row.system not in able:
            reasons.setdefault(row.system, set()).add(row.limited_by)
    for system, limits in reasons.items():
        names = " and ".join(_promise(workload, limit) for limit in sorted(limits))
        yield Rejected(workload.id, system, "any", f"cannot keep {names}")


def _promise(workload: Workload, metric: str) -> str:
    limit = workload.sla.limits().get(metric)
    return metric if limit is None else f"{metric.upper()} p{limit.percentile:g} {limit.limit:g} s"
