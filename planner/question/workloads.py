"""Workloads, options, links and rules, in the program's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from catalog.items import Catalog
from planner.demand.batch import BatchJob
from planner.demand.blocks import BlockSet
from planner.demand.spec import DemandKind
from planner.demand.table import DemandTable, WorkloadLoad
from planner.economics.lines import Driver
from planner.errors import InputError, Problem
from planner.options.market import Market
from planner.options.table import OptionRow, OptionsTable
from planner.program.instance import Future, Link, Option, Policy, Role, ShareBasis, WorkKind, Workload
from planner.question.costs import Costs, serves_model
from planner.scenario import CLOUD, Scenario
from planner.scenario.workload import Workload as WorkloadPart

HOURS_PER_WEEK = 168.0
WEEKDAY, WEEKEND = 0, 1
Rates = tuple[tuple[float, ...], ...]


def workloads_of(scenario: Scenario, demand: DemandTable, costs: Costs) -> tuple[Workload, ...]:
    """Return every workload with the rates that capacity must meet: the busiest minute of each block, or the batch arrivals."""
    return tuple(_workload(part, scenario, demand, costs) for part in scenario.workloads)


def design_rates(demand: DemandTable, workload_id: str) -> dict[str, Rates]:
    """Return the rates [requests/s] by class that capacity must meet, (period, block) each."""
    load = demand.workload(workload_id)
    rows = demand.rows_of(workload_id)
    if load.batch is None:
        return {demand.classes[row].id: _rows(demand.peak_rps[row]) for row in rows}
    arrivals, _ = batch_arrivals(load.batch, demand.block_set)
    return {demand.classes[row].id: _rows(_share(demand, row) * arrivals) for row in rows}


def mean_over_design(demand: DemandTable, workload_id: str) -> float:
    """Return the horizon's requests relative to what the design rates would make [1]: energy and fees are paid for these."""
    if demand.workload(workload_id).batch is not None:
        return 1.0
    rows = demand.rows_of(workload_id)
    hours = demand.hours_per_week
    return float((demand.rates_rps[rows] @ hours).sum() / (demand.peak_rps[rows] @ hours).sum())


def class_mean_over_design(demand: DemandTable, row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return each period's requests of a class relative to what its design rates would make [1], shape (period,)."""
    if demand.workload(demand.classes[row].workload_id).batch is not None:
        return np.ones(demand.rates_rps.shape[1])
    mean, design = demand.rates_rps[row] @ demand.hours_per_week, demand.peak_rps[row] @ demand.hours_per_week
    return np.asarray(np.divide(mean, design, out=np.zeros_like(mean), where=design > 0.0))


def _rows(rates: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Rates:
    return tuple(tuple(row) for row in rates.tolist())


def _share(demand: DemandTable, row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return a class's share of its workload in each period, shape (period, 1): zero outside its epoch."""
    item = demand.classes[row]
    periods = np.arange(demand.rates_rps.shape[1])[:, None]
    return np.where((periods >= item.first_period) & (periods <= item.last_period), item.share, 0.0)


def batch_arrivals(
    job: BatchJob, blocks: BlockSet
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], dict[int, frozenset[int]]]:
    """Return a batch workload's arrivals [requests/s] (period, block) and, by arrival block, the blocks that may serve it.

    Jobs of weekdays arrive in the block that holds the hour of submission on a weekday, those of the weekend likewise. A
    block is open to them if the whole of its hours on such days lies inside the deadline.
    """
    by_hour = blocks.hour_of_week_blocks()
    arrivals = np.zeros((len(job.requests_per_job), len(blocks.blocks)))
    windows: dict[int, frozenset[int]] = {}
    weekend_days = sum(day in ("Sat", "Sun") for lot in job.lots for day in lot.days)
    days = {WEEKDAY: sum(lot.per_week for lot in job.lots) - weekend_days, WEEKEND: weekend_days}
    for day_type, count in days.items():
        if not count:
            continue
        arrived = int(by_hour[(120 if day_type == WEEKEND else 0) + int(job.arrival_hour) % 24])
        per_second = count * np.array(job.requests_per_job) / (blocks.blocks[arrived].hours_per_week * 3600.0)
        arrivals[:, arrived] += per_second
        windows[arrived] = windows.get(arrived, frozenset()) | _open_blocks(job, blocks, day_type) | {arrived}
    return arrivals, windows


def _open_blocks(job: BatchJob, blocks: BlockSet, day_type: int) -> frozenset[int]:
    inside = {int(job.arrival_hour + hour) % 24 for hour in range(int(min(job.deadline_h, 24.0)))}
    hours = [{hour for kind, hour in block.cells if kind == day_type} for block in blocks.blocks]
    return frozenset(index for index, cells in enumerate(hours) if cells and cells <= inside)


def _workload(part: WorkloadPart, scenario: Scenario, demand: DemandTable, costs: Costs) -> Workload:
    load: WorkloadLoad = demand.workload(part.id)
    batch = load.kind is DemandKind.BATCH
    windows = batch_arrivals(load.batch, demand.block_set)[1] if load.batch is not None else {}
    unserved: tuple[float, ...] = ()
    if part.unserved_usd_per_request is not None:
        per_request = costs.prices.per_unit(Driver.UNSERVED_REQUESTS, item=part.id)
        unserved = tuple((per_request * mean_over_design(demand, part.id)).tolist())
    return Workload(
        id=part.id,
        kind=WorkKind.BATCH if batch else WorkKind.REALTIME,
        rate_rps=design_rates(demand, part.id),
        windows=windows,
        unserved_usd=unserved,
        sites=None if part.sites is None else frozenset(part.sites),
        reserve_replicas=scenario.policy.reserve_replicas if not batch else 0,
    )


def options_of(
    scenario: Scenario, table: OptionsTable, demand: DemandTable, costs: Costs, catalog: Catalog
) -> tuple[Option, ...]:
    """Return every row of the options table, and every public token API that serves a workload's model."""
    ratio = {part.id: mean_over_design(demand, part.id) for part in scenario.workloads}
    cautious = scenario.policy.interval == "cautious"
    rows = [_option(row, ratio[row.workload], cautious=cautious) for row in table.rows]
    return (*rows, *_api_options(scenario, demand, costs, catalog))


def _option(row: OptionRow, mean_over_peak: float, *, cautious: bool) -> Option:
    factor = row.slow_factor if cautious else 1.0
    return Option(
        id=row.id,
        workload=row.workload,
        system=row.system,
        role=Role(row.role.value),
        chips=row.chips,
        capacity_rps={name: value * factor for name, value in row.capacity_rps.items()},
        busy_w=row.busy_w * mean_over_peak if row.sites != frozenset({CLOUD}) else 0.0,
        kv_bytes=dict(row.kv_bytes),
        sites=row.sites,
        queue_replicas=row.queue_replicas,
        queue_share=row.queue_share,
    )


def _api_options(scenario: Scenario, demand: DemandTable, costs: Costs, catalog: Catalog) -> Iterator[Option]:
    for part in scenario.workloads:
        model = catalog.models[part.model]
        for item, offer in costs.apis.items():
            if serves_model(offer, model) and (part.sites is None or CLOUD in part.sites):
                yield _api_option(part.id, item, demand, costs)


def _api_option(workload: str, item: str, demand: DemandTable, costs: Costs) -> Option:
    """Return a token API as an option: a fee per request of each class, paid for the mean and not for the busiest minute."""
    per_mtok = {
        driver: costs.prices.per_unit(driver, item=item) for driver in (Driver.MTOK_INPUT, Driver.MTOK_CACHED, Driver.MTOK_OUTPUT)
    }
    classes = {row: demand.classes[row] for row in demand.rows_of(workload).tolist()}
    fees = {
        c.id: (
            c.new_tokens * per_mtok[Driver.MTOK_INPUT]
            + c.cached_tokens * per_mtok[Driver.MTOK_CACHED]
            + c.osl_tokens * per_mtok[Driver.MTOK_OUTPUT]
        )
        / 1e6
        * class_mean_over_design(demand, row)
        for row, c in classes.items()
    }
    return Option(
        id=f"{workload}|api|{item}",
        workload=workload,
        system=None,
        role=Role.API,
        capacity_rps={c.id: 1e12 for c in classes.values()},
        request_usd={name: tuple(values.tolist()) for name, values in fees.items()},
        sites=frozenset({CLOUD}),
    )


def links_of(table: OptionsTable) -> tuple[Link, ...]:
    """Return the ways from prefill to decode: inside a site (of one provider's instances), for one workload, in one KV format."""
    groups: dict[tuple[str, str, str, str], dict[str, set[str]]] = {}
    for row in table.rows:
        for site in row.sites:
            key = (row.workload, site, row.kv.value, row.system if site == CLOUD else "")
            groups.setdefault(key, {}).setdefault(row.role.value, set()).add(row.id)
    return tuple(
        Link("|".join(key), frozenset(roles["prefill"]), frozenset(roles["decode"]), key[1], key[1])
        for key, roles in sorted(groups.items())
        if "prefill" in roles and "decode" in roles
    )


def policy_of(scenario: Scenario, vendors: frozenset[str]) -> Policy:
    """Return the buyer's rules; a largest share for any vendor holds for each that has none of its own."""
    rules, periods = scenario.policy, scenario.horizon.periods
    common = {} if rules.largest_vendor_share is None else dict.fromkeys(vendors, rules.largest_vendor_share)
    return Policy(
        budget_usd=() if rules.budget_per_period is None else (rules.budget_per_period,) * periods,
        capex_limit_usd=rules.budget_capex,
        max_cost_usd=scenario.goal.cost_ceiling,
        vendor_share=common | rules.vendor_share,
        min_flexible_share=rules.flexible_share or 0.0,
        share_basis=ShareBasis.POWER,
        spare_fraction=rules.spares,
        carbon_limit_g=None if rules.carbon_limit_kg is None else rules.carbon_limit_kg * 1e3,
    )


def futures_of(scenario: Scenario, market: Market, table: OptionsTable) -> tuple[Future, ...]:
    """Return the ways the world may turn out; a model that is replaced strands the options on hardware wired to it.

    Raises InputError for a system that nobody knows; one that is known but not on the market changes nothing.
    """
    _check_systems(scenario, market)
    first = {item.id: item.available_from for item in market.offerings}
    return tuple(
        Future(
            id=case.id,
            probability=case.probability,
            demand_scale=_from(case.demand, case.from_period, scenario),
            buy_scale=_from({name: factor for name, factor in case.price.items() if name in first}, case.from_period, scenario),
            energy_scale=_from(case.energy, case.from_period, scenario),
            available_from={name: first[name] + later for name, later in case.late.items() if name in first},
            option_window={
                row.id: (0, case.model_replaced[row.workload])
                for row in table.rows
                if row.workload in case.model_replaced and row.offering.hardware.wired_model_id is not None
            },
        )
        for case in scenario.futures
    )


def _from(factors: Mapping[str, float], first: int, scenario: Scenario) -> dict[str, tuple[float, ...]]:
    """Return each factor by period: 1 before the first period in which it holds."""
    periods = scenario.horizon.periods
    return {name: tuple(factor if period >= first else 1.0 for period in range(periods)) for name, factor in factors.items()}


def _check_systems(scenario: Scenario, market: Market) -> None:
    """Raise InputError for names of systems that are neither on the market nor among those that were left out."""
    known = {item.id for item in market.offerings} | {item.system.id for item in market.left_out}
    problems = [
        Problem(f"futures[{index}].{field}", f"no system '{name}' is considered; it is one of {', '.join(sorted(known)[:8])} ...")
        for index, case in enumerate(scenario.futures)
        for field, names in (("price", case.price), ("late", case.late))
        for name in sorted(set(names) - known)
    ]
    if problems:
        raise InputError(problems, document=scenario.id)
