"""Whether an instance is well formed: shapes, signs, finite numbers, ids that exist."""

from __future__ import annotations

import math
from collections.abc import Iterable

from planner.errors import InputError, Problem
from planner.program.instance import Future, Instance, Role

LARGEST = 1e15
LARGEST_RATE = 1e12
LARGEST_SHARE = 0.99


def check(instance: Instance) -> None:
    """Raise InputError naming every field that is not valid."""
    problems = [
        *_ids(instance),
        *_time(instance),
        *_sites(instance),
        *_hardware(instance),
        *_work(instance),
        *_options(instance),
        *_futures(instance),
        *_settings(instance),
    ]
    if problems:
        raise InputError(problems[:50])


def _number(field: str, value: float, low: float = -LARGEST, high: float = LARGEST) -> list[Problem]:
    """Return what is wrong with a number that must lie in a range."""
    if math.isfinite(value) and low <= value <= high:
        return []
    return [Problem(field, f"is {value!r}; must be a finite number from {low:g} to {high:g}")]


def _row(field: str, row: tuple[float | None, ...], length: int, low: float = -LARGEST, *, needed: bool = False) -> list[Problem]:
    """Return what is wrong with a tuple that has one entry per period or block."""
    if not row and not needed:
        return []
    if len(row) != length:
        return [Problem(field, f"has {len(row)} entries; must have {length}")]
    return [p for i, value in enumerate(row) if value is not None for p in _number(f"{field}[{i}]", value, low)]


def _known(field: str, name: str, ids: Iterable[str]) -> list[Problem]:
    """Return what is wrong with a reference."""
    return [] if name in ids else [Problem(field, f"is {name!r}, which the instance does not have")]


def _ids(instance: Instance) -> list[Problem]:
    """Return ids that are empty or given twice."""
    problems = []
    groups = {
        "sites": [i.id for i in instance.sites],
        "systems": [i.id for i in instance.systems],
        "offers": [i.id for i in instance.offers],
        "workloads": [i.id for i in instance.workloads],
        "options": [i.id for i in instance.options],
        "links": [i.id for i in instance.links],
        "futures": [i.id for i in instance.futures],
        "placements": [f"{p.system}@{p.site}" for p in instance.placements],
    }
    for group, names in groups.items():
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        problems += [Problem(group, f"{name!r} stands twice") for name in twice]
        problems += [Problem(group, "an id is empty") for name in names if not name]
    return problems


def _time(instance: Instance) -> list[Problem]:
    """Return what is wrong with periods and blocks."""
    if not instance.periods or not instance.blocks:
        return [Problem("periods", "an instance needs at least one period and one block")]
    blocks = len(instance.blocks)
    return [
        p for item in instance.periods for p in _row(f"periods.{item.id}.block_hours", item.block_hours, blocks, 0.0, needed=True)
    ]


def _sites(instance: Instance) -> list[Problem]:
    """Return what is wrong with sites."""
    problems, periods, blocks = [], len(instance.periods), len(instance.blocks)
    for site in instance.sites:
        name = f"sites.{site.id}"
        problems += _row(f"{name}.power_w", site.power_w, periods, 0.0, needed=True)
        problems += _row(f"{name}.racks", site.racks, periods, 0.0, needed=True)
        problems += _row(f"{name}.peak_usd_per_w", site.peak_usd_per_w, periods, 0.0)
        problems += _number(f"{name}.headroom", site.headroom, 0.0, 1.0) + _number(f"{name}.count", site.count, 1, 1e9)
        tables = {"energy_usd_per_wh": site.energy_usd_per_wh, "energy_gco2e_per_wh": site.energy_gco2e_per_wh}
        for label, table in tables.items():
            if len(table) not in ({periods} if label == "energy_usd_per_wh" else {0, periods}):
                problems.append(Problem(f"{name}.{label}", f"has {len(table)} rows; must have {periods}, one per period"))
            problems += [p for t, row in enumerate(table) for p in _row(f"{name}.{label}[{t}]", row, blocks, needed=True)]
    return problems


def _hardware(instance: Instance) -> list[Problem]:
    """Return what is wrong with systems, placements and offers."""
    problems, periods = [], len(instance.periods)
    systems, sites = {i.id for i in instance.systems}, {i.id for i in instance.sites}
    for system in instance.systems:
        name = f"systems.{system.id}"
        problems += _number(f"{name}.chips", system.chips, 1, 1e6) + _number(f"{name}.power_w", system.power_w, 0.0)
        problems += _number(f"{name}.idle_w", system.idle_w, 0.0) + _number(f"{name}.racks", system.racks, 0.0, 1e6)
        problems += _number(f"{name}.min_order", system.min_order, 0, 1e9) + _row(f"{name}.supply", system.supply, periods, 0.0)
    for item in instance.placements:
        name = f"placements.{item.system}@{item.site}"
        problems += _known(f"{name}.system", item.system, systems) + _known(f"{name}.site", item.site, sites)
        problems += _row(f"{name}.buy_usd", item.buy_usd, periods) + _row(f"{name}.cash_usd", item.cash_usd, periods, 0.0)
        problems += _row(f"{name}.own_usd", item.own_usd, periods) + _number(f"{name}.initial", item.initial, 0, 1e9)
    for offer in instance.offers:
        name = f"offers.{offer.id}"
        problems += _known(f"{name}.system", offer.system, systems) + _known(f"{name}.site", offer.site, sites)
        problems += _row(f"{name}.usd", offer.usd, periods, needed=True) + _number(
            f"{name}.term_periods", offer.term_periods, 1, 1e6
        )
        problems += _row(f"{name}.cash_usd", offer.cash_usd, periods, 0.0) + _row(f"{name}.supply", offer.supply, periods, 0.0)
    return problems


def _work(instance: Instance) -> list[Problem]:
    """Return what is wrong with workloads."""
    problems, periods, blocks = [], len(instance.periods), len(instance.blocks)
    for work in instance.workloads:
        name = f"workloads.{work.id}"
        problems += _row(f"{name}.unserved_usd", work.unserved_usd, periods, 0.0)
        if not work.rate_rps:
            problems.append(Problem(f"{name}.rate_rps", "is empty; a workload needs at least one class of requests"))
        for request_class, table in work.rate_rps.items():
            if len(table) != periods:
                problems.append(Problem(f"{name}.rate_rps.{request_class}", f"has {len(table)} rows; must have {periods}"))
            for t, row in enumerate(table):
                problems += _row(f"{name}.rate_rps.{request_class}[{t}]", row, blocks, 0.0, needed=True)
                problems += [p for rate in row for p in _number(f"{name}.rate_rps.{request_class}[{t}]", rate, 0.0, LARGEST_RATE)]
    return problems


def _options(instance: Instance) -> list[Problem]:
    """Return what is wrong with options and links."""
    problems, periods = [], len(instance.periods)
    systems, works = {i.id for i in instance.systems}, {i.id for i in instance.workloads}
    for option in instance.options:
        name = f"options.{option.id}"
        problems += _known(f"{name}.workload", option.workload, works) + _number(f"{name}.busy_w", option.busy_w, 0.0)
        if option.role is Role.API:
            problems += [
                p for b, row in option.request_usd.items() for p in _row(f"{name}.request_usd.{b}", row, periods, needed=True)
            ]
            continue
        problems += _known(f"{name}.system", option.system or "", systems) + _number(f"{name}.chips", option.chips, 1, 1e6)
        problems += [p for b, rate in option.capacity_rps.items() for p in _number(f"{name}.capacity_rps.{b}", rate, 0.0)]
        problems += _number(f"{name}.queue_replicas", option.queue_replicas, 0.0)
        problems += _number(f"{name}.queue_share", option.queue_share, 0.0, LARGEST_SHARE)
    known = {i.id for i in instance.options}
    sites = {i.id for i in instance.sites}
    for link in instance.links:
        name = f"links.{link.id}"
        problems += _known(f"{name}.from_site", link.from_site, sites) + _known(f"{name}.to_site", link.to_site, sites)
        problems += [p for option in sorted(link.prefill | link.decode) for p in _known(f"{name}.option", option, known)]
    return problems


def _futures(instance: Instance) -> list[Problem]:
    """Return what is wrong with futures."""
    if not instance.futures:
        return []
    total = math.fsum(future.probability for future in instance.futures)
    problems = [] if abs(total - 1.0) <= 1e-9 else [Problem("futures", f"probabilities add up to {total:.12g}; must be 1")]
    for future in instance.futures:
        problems += _number(f"futures.{future.id}.probability", future.probability, 0.0, 1.0)
        problems += _factors(future, len(instance.periods))
    return problems


def _factors(future: Future, periods: int) -> list[Problem]:
    """Return what is wrong with a future's factors."""
    tables = {
        "demand_scale": future.demand_scale,
        "buy_scale": future.buy_scale,
        "rent_scale": future.rent_scale,
        "energy_scale": future.energy_scale,
    }
    name = f"futures.{future.id}"
    return [
        p
        for label, table in tables.items()
        for item, row in table.items()
        for p in _row(f"{name}.{label}.{item}", row, periods, 0.0, needed=True)
    ]


def _settings(instance: Instance) -> list[Problem]:
    """Return what is wrong with policy and settings."""
    policy, settings, periods = instance.policy, instance.settings, len(instance.periods)
    return [
        *_row("policy.budget_usd", policy.budget_usd, periods, 0.0),
        *_number("policy.spare_fraction", policy.spare_fraction, 0.0, 0.99),
        *_number("policy.min_flexible_share", policy.min_flexible_share, 0.0, 1.0),
        *[p for vendor, share in policy.vendor_share.items() for p in _number(f"policy.vendor_share.{vendor}", share, 0.0, 1.0)],
        *_number("settings.gap", settings.gap, 0.0, 1.0),
        *_number("settings.time_limit_s", settings.time_limit_s, 0.01, 1e6),
        *_number("settings.tail_weight", settings.tail_weight, 0.0, 1.0),
        *_number("settings.tail", settings.tail, 1e-6, 1.0),
    ]
