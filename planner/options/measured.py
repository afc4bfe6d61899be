"""Options from a table that somebody measured: its capacities exactly as they stand, in place of the core's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from catalog.errors import CatalogError
from catalog.items import Catalog, Model
from catalog.lookup import find_hardware, find_model
from planner.demand.classes import RequestClass
from planner.demand.table import DemandTable
from planner.errors import InputError, Problem
from planner.options.market import Market, Offering
from planner.options.table import OptionRow, OptionsTable, Rejected, Role
from planner.performance.book import book_of
from planner.performance.formats import kv_element_bytes
from planner.performance.measured_table import MeasuredDeployment, read_measured_table
from planner.performance.power import power_of
from planner.scenario import Scenario
from planner.scenario.workload import Serving, Workload

SIXTEEN_BIT_BYTES = 2.0


def measured_options(scenario: Scenario, catalog: Catalog, market: Market, demand: DemandTable, path: Path) -> OptionsTable:
    """Return the options of a measured table, sorted by id. Raises InputError for names that the catalog does not have."""
    given = read_measured_table(path)
    _check_names(given, catalog, path.name)
    lines = _by_catalog_name(given, catalog)
    rows = [
        row
        for workload in scenario.workloads
        for line in lines
        if _is_for(line, workload)
        for offering in market.offerings
        if offering.hardware.id == line.hardware
        for row in _rows(line, workload, offering, catalog, demand)
    ]
    able = {(row.workload, row.system) for row in rows}
    rejected = [
        Rejected(workload.id, offering.id, "any", "the measured table has no capacity for it")
        for workload in scenario.workloads
        for offering in market.offerings
        if (workload.id, offering.id) not in able
    ]
    return OptionsTable(tuple(sorted(rows, key=lambda row: row.id)), tuple(rejected))


def _check_names(lines: tuple[MeasuredDeployment, ...], catalog: Catalog, document: str) -> None:
    problems: list[Problem] = []
    for line in lines:
        for field, find, name in (("hardware", find_hardware, line.hardware), ("model", find_model, line.model)):
            try:
                find(catalog, name)
            except CatalogError as error:
                problems.append(Problem(field, str(error)))
    if problems:
        raise InputError(sorted(set(problems), key=str), document=document)


def _by_catalog_name(lines: tuple[MeasuredDeployment, ...], catalog: Catalog) -> list[MeasuredDeployment]:
    """Return the deployments under catalog ids; those that were written under two names of one item become one."""
    merged: dict[tuple[object, ...], MeasuredDeployment] = {}
    for line in lines:
        one = replace(line, hardware=find_hardware(catalog, line.hardware).id, model=find_model(catalog, line.model).id)
        key = (one.hardware, one.model, one.role, one.chips, one.weights, one.kv, one.workload, one.layout)
        known = merged.get(key)
        merged[key] = one if known is None else replace(known, classes=known.classes + one.classes)
    return list(merged.values())


def _is_for(line: MeasuredDeployment, workload: Workload) -> bool:
    """Return whether a line may serve a workload: its model, its formats, its way of serving."""
    serving = Serving.AGGREGATED if line.role == Role.AGGREGATED else Serving.DISAGGREGATED
    return (
        line.workload in ("", workload.id)
        and line.model == workload.model
        and line.weights in workload.precision.weights
        and line.kv in workload.precision.kv
        and serving in workload.serving
    )


def _rows(
    line: MeasuredDeployment, workload: Workload, offering: Offering, catalog: Catalog, demand: DemandTable
) -> Iterator[OptionRow]:
    sites = frozenset(offering.sites) if workload.sites is None else frozenset(offering.sites) & frozenset(workload.sites)
    whole = offering.system.chips % line.chips == 0 or line.chips % offering.system.chips == 0
    classes = [demand.classes[row] for row in demand.rows_of(workload.id)]
    capacity = {item.id: rate for item in classes if (rate := line.capacity_rps(item.id, item.isl_tokens, item.osl_tokens))}
    if not (sites and whole and capacity):
        return
    role, model = Role(line.role), catalog.models[workload.model]
    part = 0.0 if offering.power is None else offering.power.value / offering.system.chips * line.chips
    shares = power_of(offering.hardware, book_of(catalog.coefficients)).shares
    busy = shares["decode"] if role is Role.DECODE else shares["prefill"]
    layout = line.layout or f"{line.chips} chips"
    yield OptionRow(
        id="|".join(
            (workload.id, role.value, offering.id, layout.replace(" ", "-"), line.weights.value, ",".join(sorted(sites)))
        ),
        workload=workload.id,
        role=role,
        offering=offering,
        model=model.id,
        layout=layout,
        chips=line.chips,
        weights=line.weights,
        kv=line.kv,
        sites=sites,
        capacity_rps=capacity,
        kv_bytes={item.id: _cache_bytes(model, item, line) for item in classes} if role is Role.PREFILL else {},
        idle_w=part * shares["idle"],
        busy_w=part * (busy - shares["idle"]),
        prefill_share={Role.PREFILL: 1.0, Role.DECODE: 0.0}.get(role, 0.5),
        limited_by="measured",
        source="measured table",
    )


def _cache_bytes(model: Model, item: RequestClass, line: MeasuredDeployment) -> float:
    """Return the cache of a prompt [bytes]; windowed layers are capped at their window."""
    window = min(item.isl_tokens, float(model.window_tokens or item.isl_tokens))
    elements = model.kv_bytes_per_token_16bit * item.isl_tokens + model.window_kv_bytes_per_token_16bit * window
    return elements * kv_element_bytes(line.kv) / SIXTEEN_BIT_BYTES + model.state_bytes
