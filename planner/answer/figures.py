"""The figures that people quote, each by its one definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from planner.answer.bearing import Bearing, bearing
from planner.answer.context import Context, FloatArray
from planner.answer.money import nameplate_w
from planner.answer.volume import Served, chips_present, chips_up, is_own, served, tokens_served
from planner.economics.definitions import FIGURES
from planner.economics.discounting import Timing
from planner.economics.figures import FleetService, carbon_figures, fleet_figures, utilisation_figures, workload_figures
from planner.economics.lines import Driver, DriverSeries, Group, LineItem
from planner.economics.summary import carbon_items, emissions
from planner.economics.unit_costs import TokenVolume, Utilisation
from planner.plan.money import Figure
from planner.scenario.workload import Workload

PLAN = "plan"
DAYS_PER_MONTH = 365.0 / 12.0
HOURS_PER_MONTH = 730.0
SECONDS_PER_HOUR = 3600.0
KIND_OF = {"usd_per_mtok": None, "usd_per_mtok_input": "input", "usd_per_mtok_cached": "cached", "usd_per_mtok_output": "output"}


@dataclass(frozen=True)
class _Basis:
    """What every figure is made from."""

    context: Context
    drivers: list[DriverSeries]
    costs: tuple[LineItem, ...]
    parts: tuple[Served, ...]
    borne: Bearing
    factors: FloatArray


def figures_of(context: Context, drivers: list[DriverSeries], costs: tuple[LineItem, ...]) -> tuple[Figure, ...]:
    """Return unit costs of every workload and of the plan, energy, carbon and utilisation; absent is what does not exist."""
    parts = served(context)
    factors = np.asarray(context.costs.terms.clock.factors(Timing.OPERATING))
    basis = _Basis(context, drivers, costs, parts, bearing(context, costs, parts), factors)
    workloads = context.scenario.workloads
    return (
        *(figure for part in workloads for figure in _unit_costs(basis, part)),
        *(_unit_costs(basis, None) if len(workloads) > 1 else ()),
        *_accelerator_hour(basis),
        *_energy(basis),
        *_utilisation(basis),
    )


def _unit_costs(basis: _Basis, part: Workload | None) -> Iterator[Figure]:
    """Yield what a workload's tokens and users cost; of all workloads together, a million tokens of any kind."""
    name = None if part is None else part.id
    tokens = tokens_served(basis.parts, name)
    months = None if part is None else _user_months(basis, part)
    volume = TokenVolume(*(float(kind @ basis.factors) for kind in tokens)) if tokens.size else TokenVolume(0.0, 0.0, 0.0)
    present_months = None if months is None else float(months @ basis.factors)
    found = workload_figures(basis.borne.pool_costs(name), volume, present_months)
    for figure, value in found.items():
        if part is None and figure != "usd_per_mtok":
            continue
        if figure in KIND_OF:
            yield _levelised(basis, figure, name, value, _mtok(tokens, KIND_OF[figure]), KIND_OF[figure])
        elif figure == "usd_per_user_month" and months is not None:
            yield _levelised(basis, figure, name, value, months, None)
        else:
            yield _figure(figure, name or PLAN, value)


def _mtok(tokens: FloatArray, kind: str | None) -> FloatArray:
    """Return the million tokens of a kind, or of all, by period."""
    rows = slice(None) if kind is None else [("input", "cached", "output").index(kind)]
    return np.asarray(tokens[rows].sum(axis=0) / 1e6)


def _user_months(basis: _Basis, part: Workload) -> FloatArray | None:
    """Return the months of active users by period: requests over what one user asks in a month."""
    users = part.demand.users
    if users is None:
        return None
    months = basis.context.scenario.horizon.period_hours / HOURS_PER_MONTH
    requests_month = basis.context.demand.mean_rps(part.id) * SECONDS_PER_HOUR * HOURS_PER_MONTH
    return np.asarray(requests_month / (users.requests_per_day * DAYS_PER_MONTH) * months)


def _levelised(basis: _Basis, figure: str, scope: str | None, value: float, divisor: FloatArray, kind: str | None) -> Figure:
    return _figure(figure, scope or PLAN, value, basis.borne.shares_of(scope, kind), tuple(divisor.tolist()))


def _figure(
    figure: str, scope: str, value: float, shares: Mapping[str, float] | None = None, divisor: tuple[float, ...] = ()
) -> Figure:
    known = FIGURES[figure]
    label = known.label if scope == PLAN else f"{known.label}, {scope}"
    return Figure(
        id=figure,
        scope=scope,
        label=label,
        value=value,
        unit=known.unit,
        definition=known.words,
        shares=dict(shares or {}),
        divisor_by_period=divisor,
    )


def _accelerator_hour(basis: _Basis) -> Iterator[Figure]:
    hours = chips_present(basis.context)
    machines = [item for item in basis.costs if item.group not in (Group.TOKENS, Group.PENALTY, Group.CARBON)]
    if hours.any():
        value = sum(item.total_present_usd for item in machines) / float(hours @ basis.factors)
        shares = {item.id: 1.0 for item in machines}
        yield _figure("usd_per_accelerator_hour", PLAN, value, shares, tuple(hours.tolist()))


def _energy(basis: _Basis) -> Iterator[Figure]:
    """Yield energy and carbon of the tokens that are served at one's own sites, where watts are known."""
    context = basis.context
    tokens = float(tokens_served(tuple(part for part in basis.parts if is_own(part))).sum())
    seconds = float(context.hours.sum()) * SECONDS_PER_HOUR
    kwh = sum(sum(one.quantity) * _pue(context, one.site) for one in basis.drivers if one.driver is Driver.IT_KWH)
    provisioned = sum(
        float(nameplate_w(context, site.id).mean()) * site.count * _pue(context, site.id) for site in context.scenario.sites
    )
    average_w = kwh * 3.6e6 / seconds
    found = fleet_figures(FleetService(tokens / seconds, provisioned, average_w))
    terms = context.costs.terms
    carbon = carbon_items(basis.drivers, terms.book, terms.clock)
    if any(item.line == "carbon.operational" for item in carbon):
        found |= carbon_figures(emissions(carbon), tokens)
    yield from (_figure(name, PLAN, value) for name, value in found.items())


def _pue(context: Context, site: str) -> float:
    return context.costs.terms.book.resolve("pue", (site,)).values[0]


def _utilisation(basis: _Basis) -> Iterator[Figure]:
    """Yield how busy the machines are by each denominator, and what tokens would cost if they were always busy.

    Busy, up and present are hours of accelerators; tokens at a denominator are those served times its hours over busy ones.
    """
    machines = tuple(part for part in basis.parts if part.chip_hours.any())
    if not machines:
        return
    busy = float(np.sum([part.chip_hours for part in machines]))
    up, present = float(chips_up(basis.context).sum()), float(chips_present(basis.context).sum())
    volume = float(tokens_served(machines).sum(axis=0) @ basis.factors)
    use = Utilisation(volume * max(present, up) / busy, volume * max(up, busy) / busy, volume)
    usd = sum(item.total_present_usd for item in basis.costs if item.group not in (Group.TOKENS, Group.PENALTY))
    for name, value in utilisation_figures(use, usd).items():
        yield _figure(name, PLAN, value)
