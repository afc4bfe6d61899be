"""The figures that people quote, each by its one definition."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.economics.discounting import Timing
from planner.economics.lines import DriverSeries, LineItem
from planner.economics.summary import carbon_items
from planner.economics.unit_costs import PoolCost, TokenVolume, token_cost
from planner.plan.money import Figure

SECONDS_PER_HOUR = 3600.0
LEVELISED = "net present cost over tokens discounted like running costs"


def figures_of(context: Context, drivers: list[DriverSeries], costs: tuple[LineItem, ...]) -> tuple[Figure, ...]:
    """Return unit costs, energy and carbon per token, and utilisation of a plan."""
    pools = pool_costs(context, costs)
    return (
        *(figure for part in context.scenario.workloads for figure in _unit_costs(context, part.id, pools.get(part.id, []))),
        *_users(context, pools),
        *_energy(context, drivers),
        *_utilisation(context),
    )


def tokens_by_period(context: Context, workload: str) -> FloatArray:
    """Return the tokens that a workload asks for [tokens]: computed input, cached input, output; shape (3, period)."""
    demand = context.demand
    total = np.zeros((3, context.periods))
    for row in demand.rows_of(workload):
        item = demand.classes[row]
        requests = (demand.rates_rps[row] * context.hours * SECONDS_PER_HOUR).sum(axis=1)
        total += np.outer((item.new_tokens, item.cached_tokens, item.osl_tokens), requests)
    return total


def _levelised(context: Context, workload: str) -> TokenVolume:
    """Return a workload's tokens, discounted as running costs are."""
    factors = np.asarray(context.costs.terms.clock.factors(Timing.OPERATING))
    new, cached, output = tokens_by_period(context, workload) @ factors
    return TokenVolume(float(new), float(cached), float(output))


def pool_costs(context: Context, costs: tuple[LineItem, ...]) -> dict[str, list[PoolCost]]:
    """Return what each workload's pools cost [USD, present]: a system's cost by busy chip-hours, a site's by power."""
    by_system = _system_costs(context, costs)
    hours: dict[tuple[str, str], dict[str, float]] = {}
    for (site, option), load in context.load.items():
        row = context.rows.get(option)
        if row is not None:
            hours.setdefault((site, row.system), {})[option] = float((load * context.hours).sum()) * row.chips
    found: dict[str, list[PoolCost]] = {}
    for key, options in sorted(hours.items()):
        whole = sum(options.values())
        for option, share in sorted(options.items()):
            row = context.rows[option]
            usd = by_system.get(key, 0.0) * share / whole if whole else 0.0
            found.setdefault(row.workload, []).append(PoolCost(usd, row.prefill_share, 0.0, 1.0 - row.prefill_share))
    for item in costs:
        if item.line.startswith("tokens."):
            kind = item.line.removeprefix("tokens.")
            work = {name: 1.0 if name == kind else 0.0 for name in ("input", "cached", "output")}
            pool = PoolCost(item.total_present_usd, work["input"], work["cached"], work["output"])
            for workload in _users_of_api(context, item.item):
                found.setdefault(workload, []).append(pool)
    return found


def _users_of_api(context: Context, item: str) -> list[str]:
    """Return the workloads that a token API serves; the first takes its cost where several share it."""
    return sorted(
        {context.options[flow.option].workload for flow in context.solution.flows if flow.option.endswith(f"|api|{item}")}
    )[:1]


def _system_costs(context: Context, costs: tuple[LineItem, ...]) -> dict[tuple[str, str], float]:
    """Return the present cost of each system at each site [USD]; what only a site pays is shared by nameplate power."""
    rental = {rental.item: rental.offering.id for rental in context.costs.rentals}
    own: dict[tuple[str, str], float] = {}
    of_site: dict[str, float] = {}
    for item in costs:
        if item.line.startswith(("tokens.", "penalty.")):
            continue
        system = rental.get(item.item, item.item)
        if system:
            own[item.site, system] = own.get((item.site, system), 0.0) + item.total_present_usd
        else:
            of_site[item.site] = of_site.get(item.site, 0.0) + item.total_present_usd
    weight = {key: float(units.sum()) * _unit_power(context, key[1]) for key, units in context.owned.items()}
    for site, usd in of_site.items():
        here = {key: value for key, value in weight.items() if key[0] == site}
        for key, value in here.items():
            own[key] = own.get(key, 0.0) + usd * value / (sum(here.values()) or 1.0)
    return own


def _unit_power(context: Context, system: str) -> float:
    power = context.offerings[system].power
    return power.value if power is not None else 0.0


def _unit_costs(context: Context, workload: str, pools: list[PoolCost]) -> Iterator[Figure]:
    volume = _levelised(context, workload)
    cost = token_cost(pools, volume)
    names = {"input": cost.input_usd_mtok, "output": cost.output_usd_mtok, "blended": cost.blended_usd_mtok}
    for kind, value in names.items():
        if value is not None:
            yield Figure(
                id=f"usd_per_mtok_{kind}",
                scope=workload,
                label=f"{workload}: cost of a million {'tokens' if kind == 'blended' else kind + ' tokens'}",
                value=value,
                unit="USD/Mtok",
                definition=f"{LEVELISED}; the pools that do the work pay for it",
            )


def _users(context: Context, pools: dict[str, list[PoolCost]]) -> Iterator[Figure]:
    months = context.scenario.horizon.period_hours * context.periods / 730.0
    for part in context.scenario.workloads:
        users = part.demand.users
        if users is not None:
            usd = sum(pool.usd for pool in pools.get(part.id, []))
            yield Figure(
                id="usd_per_user_month",
                scope=part.id,
                label=f"{part.id}: cost of a user and month",
                value=usd / months / users.count,
                unit="USD/user/month",
                definition="net present cost over months of the plan and users of the first period",
            )


def _energy(context: Context, drivers: list[DriverSeries]) -> Iterator[Figure]:
    terms = context.costs.terms
    tokens = sum(float(tokens_by_period(context, part.id)[[0, 2]].sum()) for part in context.scenario.workloads)
    if not tokens or not context.owned:
        return
    kwh = sum(
        float((context.drawn_w[site.id] * context.hours).sum()) / 1e3 * _pue(context, site.id) for site in context.scenario.sites
    )
    yield _plan_figure(
        "joules_per_token",
        "Energy of a token",
        kwh * 3.6e6 / tokens,
        "J/token",
        "facility energy over computed input and output tokens",
    )
    seconds = context.scenario.horizon.period_hours * context.periods * SECONDS_PER_HOUR
    nameplate = sum(
        float(units.mean()) * _unit_power(context, system) * context.site_counts[site]
        for (site, system), units in context.owned.items()
    )
    if nameplate:
        rate = tokens / seconds / (nameplate / 1e6)
        yield _plan_figure(
            "tokens_s_per_mw",
            "Tokens per second and MW",
            rate,
            "tok/s/MW",
            "mean rate of computed input and output tokens over mean nameplate IT power",
        )
    carbon = sum(sum(item.usd) for item in carbon_items(drivers, terms.book, terms.clock))
    if carbon:
        yield _plan_figure(
            "g_co2e_per_mtok",
            "Emissions of a million tokens",
            carbon * 1e9 / tokens,
            "gCO2e/Mtok",
            "operational and embodied emissions over computed input and output tokens",
        )


def _pue(context: Context, site: str) -> float:
    return context.costs.terms.book.resolve("pue", (site,)).values[0]


def _utilisation(context: Context) -> Iterator[Figure]:
    """Yield how busy the accelerators are, by two denominators: chips that are there, and replicas that are up."""
    chips = {
        key: units * context.offerings[key[1]].system.chips * context.site_counts[key[0]] for key, units in context.owned.items()
    }
    there = sum(float((count[:, None] * context.hours).sum()) for count in chips.values())
    busy = sum(
        float((load * context.hours).sum()) * context.rows[option].chips
        for (site, option), load in context.load.items()
        if option in context.rows and site != "cloud"
    )
    if there:
        yield _plan_figure(
            "utilisation_owned",
            "Utilisation of owned accelerators",
            busy / there,
            "share",
            "busy accelerator-hours at the design rates over accelerator-hours owned",
        )


def _plan_figure(name: str, label: str, value: float, unit: str, definition: str) -> Figure:
    return Figure(id=name, scope="plan", label=label, value=value, unit=unit, definition=definition)
