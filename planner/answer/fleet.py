"""What is deployed, in rows: the calendar, the demand, units, pools, flows, power and space."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.answer.money import nameplate_w, racks_used
from planner.plan.fleet import BlockRow, ClassRow, DemandRow, FleetRow, FlowRow, PeriodRow, PoolRow, PowerRow
from planner.scenario import CLOUD


def period_rows(context: Context) -> tuple[PeriodRow, ...]:
    """Return the calendar of the plan."""
    hours = context.scenario.horizon.period_hours
    return tuple(PeriodRow(index=index, label=period.id, hours=hours) for index, period in enumerate(context.instance.periods))


def block_rows(context: Context) -> tuple[BlockRow, ...]:
    """Return the blocks of hours, least loaded first, with the hours of the day that they hold."""
    return tuple(
        BlockRow(
            index=index,
            id=block.name,
            label=_hours_in_words(block.cells),
            hours_per_week=block.hours_per_week,
            hours_per_period=float(context.hours[0, index]),
        )
        for index, block in enumerate(context.demand.blocks)
    )


def _hours_in_words(cells: tuple[tuple[int, int], ...]) -> str:
    """Return `Mon-Fri 0-6, 22-24; Sat-Sun 0-24` for typical hours."""
    parts = []
    for day_type, name in enumerate(("Mon-Fri", "Sat-Sun")):
        hours = sorted(hour for kind, hour in cells if kind == day_type)
        starts = [hour for hour in hours if hour - 1 not in hours]
        ends = [hour + 1 for hour in hours if hour + 1 not in hours]
        if hours:
            parts.append(f"{name} " + ", ".join(f"{start}-{end}" for start, end in zip(starts, ends, strict=True)))
    return "; ".join(parts)


def class_rows(context: Context) -> tuple[ClassRow, ...]:
    """Return the request classes with their conditional means."""
    return tuple(
        ClassRow(
            workload=item.workload_id,
            id=item.id,
            share=item.share,
            isl_mean=item.isl_tokens,
            osl_mean=item.osl_tokens,
            cached_mean=item.cached_tokens,
            isl_p99=item.isl_p99_tokens,
            osl_p99=item.osl_p99_tokens,
        )
        for item in context.demand.classes
    )


def demand_rows(context: Context) -> tuple[DemandRow, ...]:
    """Return the arrivals of every class in every block of every period in which it exists."""
    demand = context.demand
    return tuple(
        DemandRow(
            workload=item.workload_id,
            request_class=item.id,
            period=period,
            block=block,
            mean_rps=float(demand.rates_rps[row, period, block]),
            peak_rps=float(demand.peak_rps[row, period, block]),
            isl_mean=item.isl_tokens,
            osl_mean=item.osl_tokens,
        )
        for row, item in enumerate(demand.classes)
        for period in range(item.first_period, item.last_period + 1)
        for block in range(context.blocks)
    )


def fleet_rows(context: Context) -> tuple[FleetRow, ...]:
    """Return the units of every system at every site in every period, owned and rented."""
    return tuple(
        sorted((*_owned_rows(context), *_rented_rows(context)), key=lambda row: (row.site, row.system, row.holding, row.period))
    )


def _owned_rows(context: Context) -> Iterator[FleetRow]:
    solution = context.solution
    for (site, system), units in context.owned.items():
        arrived = np.zeros(context.periods)
        for bought in solution.bought:
            if (bought.site, bought.system) == (site, system):
                arrived[bought.period] += bought.count
        opening = context.scenario.hardware.stock.get(system, {}).get(site, 0)
        left = np.concatenate([[opening], units[:-1]]) + arrived - units  # sold, or at the end of its life
        for period in range(context.periods):
            if units[period] or left[period]:
                yield _fleet_row(
                    context, site, system, "owned", period, (int(units[period]), int(arrived[period]), int(left[period]))
                )


def _rented_rows(context: Context) -> Iterator[FleetRow]:
    """Yield rented units; on-demand ones that run only in some blocks count with the most that run at once."""
    offers = {offer.id: offer for offer in context.instance.offers}
    held: dict[tuple[str, str], FloatArray] = {}
    for row in context.solution.rented:
        offer = offers[row.offer]
        item = row.offer.rpartition("|")[0] or row.offer
        grid = held.setdefault((offer.system, item), np.zeros((context.periods, context.blocks)))
        blocks = sorted(offer.blocks) if offer.blocks is not None else list(range(context.blocks))
        grid[row.period : row.period + offer.term_periods, blocks] += row.count
    for (system, item), grid in sorted(held.items()):
        most = grid.max(axis=1).astype(int)
        before = np.concatenate([[0], most[:-1]])
        for period in range(context.periods):
            if most[period] or before[period]:
                change = int(most[period] - before[period])
                counts = (int(most[period]), max(change, 0), max(-change, 0))
                yield _fleet_row(context, CLOUD, system, item, period, counts)


def _fleet_row(context: Context, site: str, system: str, holding: str, period: int, counts: tuple[int, int, int]) -> FleetRow:
    offering = context.offerings[system]
    units, arrived, left = counts
    sites = context.site_counts[site]
    chips = units * offering.system.chips * sites
    each = f" at each of {sites:,} sites" if sites > 1 else ""
    return FleetRow(
        site=site,
        sites=sites,
        system=system,
        system_name=f"{offering.hardware.name}, {offering.system.name}",
        hardware=offering.hardware.id,
        vendor=offering.hardware.vendor,
        holding=holding,
        period=period,
        units=units,
        arrived=arrived,
        left=left,
        chips=chips,
        words=f"{chips:,} accelerators = {units:,} x {offering.system.name} ({offering.system.chips} each){each}",
    )


def pool_rows(context: Context) -> tuple[PoolRow, ...]:
    """Return the replicas of every deployment: the most that are up in any block of a period, and each block's load."""
    grouped: dict[tuple[str, int, str], tuple[int, FloatArray]] = {}
    for pool in context.solution.pools:
        key = (pool.site, pool.period, pool.option)
        replicas, load = grouped.get(key, (0, np.zeros(context.blocks)))
        load[pool.block] += pool.load
        grouped[key] = (max(replicas, pool.replicas), load)
    return tuple(_pool_row(context, key, replicas, load) for key, (replicas, load) in sorted(grouped.items()))


def _pool_row(context: Context, key: tuple[str, int, str], replicas: int, load: FloatArray) -> PoolRow:
    site, period, option = key
    row = context.rows[option]
    chips = replicas * row.chips * context.site_counts[site]
    return PoolRow(
        site=site,
        period=period,
        workload=row.workload,
        role=row.role.value,
        option=option,
        system=row.system,
        hardware=row.offering.hardware.id,
        model=row.model,
        layout=row.layout,
        weights=row.weights.value,
        kv=row.kv.value,
        chips_per_replica=row.chips,
        replicas=replicas,
        chips=chips,
        load_by_block=tuple(load.tolist()),
        words=f"{chips:,} accelerators = {replicas:,} replicas x {row.chips} ({row.layout})",
    )


def flow_rows(context: Context) -> tuple[FlowRow, ...]:
    """Return who serves which requests, at the rates that capacity must meet."""
    return tuple(
        FlowRow(
            workload=context.options[flow.option].workload,
            request_class=flow.request_class,
            role=context.options[flow.option].role.value,
            option=flow.option,
            site=flow.site,
            period=flow.period,
            block=flow.block,
            rate_rps=flow.rate_rps,
        )
        for flow in context.solution.flows
    )


def power_rows(context: Context) -> tuple[PowerRow, ...]:
    """Return power and space of one of each site's equal sites in every period."""
    rows: list[PowerRow] = []
    sites = {site.id: site for site in context.instance.sites}
    for part in context.scenario.sites:
        site, drawn = sites[part.id], context.drawn_w[part.id] / part.count
        pue = context.costs.terms.book.resolve("pue", (part.id,)).values[0]
        nameplate, racks = nameplate_w(context, part.id), racks_used(context, part.id)
        for period in range(context.periods):
            limit, space = site.power_w[period], site.racks[period]
            rows.append(
                PowerRow(
                    site=part.id,
                    sites=part.count,
                    period=period,
                    nameplate_w=float(nameplate[period]),
                    limit_w=None if limit is None else limit * (1.0 - part.power_headroom),
                    drawn_peak_w=float(drawn[period].max()),
                    facility_peak_w=float(drawn[period].max() * pue),
                    energy_kwh=float(drawn[period] @ context.hours[period]) / 1e3,
                    racks_used=float(racks[period]),
                    racks_limit=space,
                    drawn_w_by_block=tuple(drawn[period].tolist()),
                )
            )
    return tuple(rows)
