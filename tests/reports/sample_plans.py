"""Random plans that are consistent inside, priced by the project's own cost lines; the same seed gives the same plan.

They stand in for real ones where many are needed, of every size and with every kind of cost line, and where free text is hostile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catalog.items import Kind
from planner.economics.assumptions import Assumption, AssumptionBook, Axis, assumption_id
from planner.economics.depreciation import value_by_age
from planner.economics.discounting import Convention, Discounting, Timing
from planner.economics.drivers import ownership_series
from planner.economics.evaluation import evaluate, exclusions
from planner.economics.financing import balance_by_age, payment_factor
from planner.economics.lines import Driver, DriverSeries, LineItem, Switches
from planner.economics.summary import asset_account, carbon_items, emissions, summarise
from planner.economics.templates import COST_LINES
from planner.plan.document import Plan
from planner.plan.evidence import (
    ChangeRow,
    CheckRow,
    ClaimVerdict,
    Comparison,
    Evidence,
    LimitRow,
    Sensitivity,
    Solve,
    SystemRow,
)
from planner.plan.fleet import BlockRow, ClassRow, DemandRow, FleetRow, FlowRow, PeriodRow, PoolRow, PowerRow, SlaRow
from planner.plan.money import Crossover, Figure, Money, Totals

SOURCE = "vendor-price-list"
VENDORS = ("Northwind", "Contoso", "Fabrikam", "Litware", "Proseware")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a sample is; None = drawn from the seed."""

    periods: int | None = None
    workloads: int | None = None
    sites: int | None = None
    systems: int | None = None
    blocks: int | None = None
    classes: int | None = None


@dataclass(slots=True)
class Draft:
    """What the parts of one sample share."""

    rng: np.random.Generator
    periods: int
    workloads: list[str]
    sites: list[str]
    systems: list[str]
    blocks: list[str]
    classes: int
    clock: Discounting
    text: Sequence[str]
    counts: dict[str, int] = field(default_factory=dict)
    bought: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    retired: dict[tuple[str, str], dict[tuple[int, int], float]] = field(default_factory=dict)
    opening: dict[tuple[str, str], int] = field(default_factory=dict)
    series: list[DriverSeries] = field(default_factory=list)
    pue: dict[str, float] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)

    def words(self, plain: str) -> str:
        """Return a free text: one of the hostile ones where such are wanted, else plain words."""
        return str(self.rng.choice(np.array(self.text, dtype=object))) if self.text else plain

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        return int(self.rng.integers(low, high + 1))

    def number(self, low: float, high: float) -> float:
        """Return a number between two, with few digits."""
        return float(np.round(self.rng.uniform(low, high), 4))


def sample_plan(
    seed: int,
    size: Size = Size(),
    *,
    hostile: Sequence[str] = (),
    changes: Mapping[str, float] | None = None,
    discount_rate: float | None = None,
) -> Plan:
    """Return a plan with a fleet; `hostile` texts stand wherever a user's or a source's free text may.

    `changes` sets single-valued assumptions by address, `discount_rate` the rate: the same fleet, priced anew.
    """
    draft = _draft(seed, size, hostile)
    _buy(draft)
    given = changes or {}
    draft.given = dict(given)
    book = AssumptionBook([replace(one, values=(given[one.id],)) if one.id in given else one for one in _assumptions(draft)])
    if discount_rate is not None:
        draft.clock = replace(draft.clock, rate=discount_rate)
    _drive(draft)
    return _plan(draft, _money(draft, book), "feasible" if draft.rng.random() < 0.3 else "optimal", _evidence(draft))


def infeasible_plan(seed: int, *, hostile: Sequence[str] = ()) -> Plan:
    """Return a plan without a fleet: demand, limits, and the smallest set of changes that would help."""
    draft = _draft(seed, Size(), hostile)
    _buy(draft)
    words = draft.words("power of hall: have 400 kW, need 520 kW")
    changes = (ChangeRow(family="power", label=draft.words("power, hall"), unit="kW", have=400.0, need=520.0, words=words),)
    evidence = _evidence(draft).model_copy(update={"changes": changes, "comparisons": (), "sensitivities": ()})
    plan = _plan(draft, None, "infeasible", evidence)
    empty = {"fleet": (), "pools": (), "flows": (), "sla": (), "power": (), "decision": "No fleet keeps every promise."}
    return plan.model_copy(update=empty).sealed()


def _draft(seed: int, size: Size, hostile: Sequence[str]) -> Draft:
    rng = np.random.default_rng(seed)

    def count(given: int | None, low: int, high: int) -> int:
        return given if given is not None else int(rng.integers(low, high + 1))

    periods = count(size.periods, 1, 14)
    convention = Convention.MID_PERIOD if rng.random() < 0.7 else Convention.END_PERIOD
    rate = 0.0 if rng.random() < 0.1 else float(np.round(rng.uniform(0.02, 0.2), 3))
    years = float(rng.choice([1 / 12, 0.25, 1.0]))
    draft = Draft(
        rng=rng,
        periods=periods,
        workloads=[f"work-{index}" for index in range(count(size.workloads, 1, 4))],
        sites=[f"site-{index}" for index in range(count(size.sites, 1, 3))],
        systems=[f"system-{index}" for index in range(count(size.systems, 1, 4))],
        blocks=[f"block-{index}" for index in range(count(size.blocks, 1, 4))],
        classes=count(size.classes, 1, 4),
        clock=Discounting(periods, years, rate, convention),
        text=tuple(hostile),
    )
    draft.counts = {site: int(rng.choice([1, 1, 1, 40])) for site in draft.sites}
    return draft


def _buy(draft: Draft) -> None:
    for site in draft.sites:
        for system in draft.systems:
            key = (site, system)
            draft.bought[key] = draft.rng.integers(0, 4, draft.periods) * (draft.rng.random(draft.periods) < 0.5)
            draft.opening[key] = draft.integer(0, 3) if draft.rng.random() < 0.3 else 0
            draft.retired[key] = {}
            first = int(draft.bought[key][0])
            if first and draft.periods > 2 and draft.rng.random() < 0.5:
                draft.retired[key][(0, draft.integer(1, draft.periods - 1))] = float(draft.integer(1, first))


def _assumptions(draft: Draft) -> list[Assumption]:
    periods, clock = draft.periods, draft.clock

    def one(
        name: str, value: float | tuple[float, ...], unit: str, *scope: str, axis: Axis = Axis.PERIOD, wide: bool = False
    ) -> Assumption:
        values = value if isinstance(value, tuple) else (value,)
        low, high = (values[0] * 0.8, values[0] * 1.3) if wide else (None, None)
        address = assumption_id(name, *scope)
        label = draft.words(f"{name.replace('_', ' ').capitalize()}{': ' + ', '.join(scope) if scope else ''}")
        kind = list(Kind)[draft.integer(0, len(Kind) - 1)]
        return Assumption(address, label, values, unit, SOURCE, "2026-08-01", kind, axis, low, high, draft.words("as listed"))

    life = draft.given.get("economic_life_years", 4.0)
    found = [
        one("years_per_period", clock.years_per_period, "years"),
        one("months_per_period", clock.years_per_period * 12, "months"),
        one("hours_per_period", clock.years_per_period * 8760, "hours"),
        one("network_share", draft.number(0.05, 0.15), "of the price", wide=True),
        one("storage_share", draft.number(0.0, 0.05), "of the price"),
        one("support_share_year", draft.number(0.02, 0.08), "of the price per year"),
        one("staff_usd_accelerator_year", draft.number(100, 900), "USD/accelerator/year"),
        one("resale_share", 0.7, "of the value"),
        one("rent_index", tuple(0.97**t for t in range(periods)) if periods > 1 else 1.0, "relative to today"),
        one("embodied_kg_unit", draft.number(1500, 4000), "kg CO2e/unit"),
        one("economic_life_years", life, "years"),
        one("life_share_year", 1.0 / life, "1/year"),
    ]
    if draft.rng.random() < 0.4:
        share, term = draft.number(0.2, 0.9), 2.0
        found += [
            one("financed_share", share, "of the price"),
            one("loan_payment_factor", payment_factor(0.08, term, clock.years_per_period), "1/period"),
            one("loan_balance", balance_by_age(0.08, term, clock.years_per_period, periods), "1", axis=Axis.AGE),
        ]
    for system in draft.systems:
        price = draft.number(30_000, 400_000)
        drawn = draft.number(0.0, 0.2)
        residual = draft.given.get(f"residual_fraction[{system}]", drawn)
        fall = 1 - draft.number(0.0, 0.2) * clock.years_per_period
        found += [
            one("purchase_usd", price, "USD/unit", system, wide=True),
            one("price_index", tuple(fall**t for t in range(periods)) if periods > 1 else 1.0, "relative to today", system),
            one("accelerators", float(draft.integer(1, 8)), "accelerators/unit", system),
            one(
                "value_by_age",
                value_by_age(life, residual, clock.years_per_period, periods + 1),
                "of the price",
                system,
                axis=Axis.AGE,
            ),
            one("book_life_years", 5.0, "years", system),
            one("residual_fraction", residual, "of the price", system),
            one("rent_usd_unit_hour", draft.number(2, 40), "USD/unit/h", system),
        ]
    for site in draft.sites:
        draft.pue[site] = draft.number(1.1, 1.6)
        found += [
            one("pue", draft.pue[site], "facility kW per IT kW", site, wide=True),
            one("tariff_index", tuple(1.02**t for t in range(periods)) if periods > 1 else 1.0, "relative to today", site),
            one("demand_charge_usd_kw_month", draft.number(5, 20), "USD/kW/month", site),
            one("rack_usd_year", draft.number(3000, 12_000), "USD/rack/year", site),
            one("carbon_kg_kwh", draft.number(0.05, 0.6), "kg CO2e/kWh", site),
        ]
        found += [one("tariff_usd_kwh", draft.number(0.05, 0.3), "USD/kWh", site, block, wide=True) for block in draft.blocks]
    for workload in draft.workloads:
        found.append(one("unserved_usd_request", 0.01, "USD/request", workload))
    return found


def _owned(draft: Draft, site: str, system: str) -> np.ndarray:
    owned = draft.opening[(site, system)] + np.cumsum(draft.bought[(site, system)]).astype(float)
    for (_, period), units in draft.retired[(site, system)].items():
        owned[period:] -= units
    return owned


def _drive(draft: Draft) -> None:
    """Fill the quantities of cost lines, a group of equal sites counted with all its members."""
    hours = draft.clock.years_per_period * 8760 / len(draft.blocks)
    for site in draft.sites:
        many = draft.counts[site]
        total = np.zeros(draft.periods)
        for system in draft.systems:
            key = (site, system)
            retired = {pair: units * many for pair, units in draft.retired[key].items()}
            draft.series += ownership_series(
                site,
                system,
                draft.bought[key] * many,
                retired,
                opening_units=draft.opening[key] * many,
                loan_periods=draft.integer(0, 3),
            )
            total += _owned(draft, site, system)
        for block in draft.blocks:
            kwh = total * many * 8.0 * draft.number(0.3, 0.9) * hours
            draft.series.append(DriverSeries(Driver.IT_KWH, tuple(kwh.tolist()), site=site, block=block))
        draft.series.append(DriverSeries(Driver.IT_KW_PEAK, tuple((total * many * 9.0).tolist()), site=site))
        draft.series.append(DriverSeries(Driver.RACKS, tuple((total * many * 0.25).tolist()), site=site))
        if draft.rng.random() < 0.4:
            rented = draft.rng.integers(0, 5000, draft.periods).astype(float)
            draft.series.append(
                DriverSeries(Driver.UNIT_HOURS_ON_DEMAND, tuple(rented.tolist()), site=site, item=draft.systems[0])
            )
    if draft.rng.random() < 0.3:
        missed = draft.rng.integers(0, 1000, draft.periods).astype(float)
        draft.series.append(DriverSeries(Driver.UNSERVED_REQUESTS, tuple(missed.tolist()), item=draft.workloads[0]))


def _money(draft: Draft, book: AssumptionBook) -> Money:
    clock = draft.clock
    off = {line.id: draft.words(line.why_off) for line in COST_LINES if line.why_off and book.find(line.enabled_by) is None}
    switches = Switches(off)
    items = evaluate(COST_LINES, draft.series, book, clock, switches)
    carbon = carbon_items(draft.series, book, clock)
    summary, account, kilograms = summarise(items, clock), asset_account(draft.series, book, clock, switches), emissions(carbon)
    used = {use.assumption_id for item in (*items, *carbon) for use in item.factors}
    lives = {address for address in book if address.startswith(("book_life_years", "residual_fraction", "economic_life_years"))}
    return Money(
        discount_rate=clock.rate,
        convention=clock.convention.value,
        years_per_period=clock.years_per_period,
        discount_factors={timing.value: tuple(clock.factors(timing).tolist()) for timing in Timing},
        assumptions=tuple(assumption for address, assumption in book.items() if address in used | lives),
        items=(*items, *carbon),
        excluded=exclusions(COST_LINES, switches),
        totals=Totals(
            net_present_cost_usd=summary.net_present_cost_usd,
            equivalent_annual_cost_usd=summary.equivalent_annual_cost_usd,
            cash_by_period_usd=summary.cash_by_period_usd,
            present_by_period_usd=summary.present_by_period_usd,
            depreciation_by_period_usd=tuple(account.depreciation.tolist()),
            book_value_by_period_usd=tuple(account.closing.tolist()),
            present_by_group_usd=dict(summary.present_by_group_usd),
            present_by_line_usd=dict(summary.present_by_line_usd),
            operational_kg_co2e=kilograms.operational_kg,
            embodied_kg_co2e=kilograms.embodied_kg,
        ),
        figures=_figures(draft, items),
        crossovers=_crossovers(draft),
    )


def _figures(draft: Draft, items: Sequence[LineItem]) -> tuple[Figure, ...]:
    words = draft.words("net present cost over discounted tokens")
    rows = [_levelised(draft, items, workload, kind, words) for workload in draft.workloads for kind in ("input", "output")]
    plan = Figure(
        id="joules_per_token", scope="plan", label="Energy of a token", value=draft.number(0.1, 4), unit="J/token",
        definition="energy / tokens",
    )  # fmt: skip
    return (*rows, plan)


def _levelised(draft: Draft, items: Sequence[LineItem], workload: str, kind: str, words: str) -> Figure:
    shares = {item.id: draft.number(0.0, 0.5) for item in items}
    volume = tuple(draft.number(100, 9000) for _ in range(draft.periods))
    usd = sum(shares[item.id] * item.total_present_usd for item in items)
    value = usd / float(np.dot(volume, draft.clock.factors(Timing.OPERATING)))
    return Figure(
        id=f"usd_per_mtok_{kind}", scope=workload, label=draft.words(f"{workload}: cost of a million {kind} tokens"), value=value,
        unit="USD/Mtok", definition=words, shares=shares, divisor_by_period=volume,
    )  # fmt: skip


def _crossovers(draft: Draft) -> tuple[Crossover, ...]:
    volumes = tuple(float(value) for value in np.geomspace(10, 1e6, 13))
    ways = {
        "buy": tuple(40_000 + 0.05 * v for v in volumes),
        "rent": tuple(9_000 + 0.2 * v for v in volumes),
        "API": tuple(0.6 * v for v in volumes),
    }
    return (
        Crossover(
            workload=draft.workloads[0],
            volume_mtok_month=volumes,
            usd_month=ways,
            findings=(draft.words("buy beats API from 72,727 Mtok a month"),),
        ),
    )


def _plan(draft: Draft, money: Money | None, outcome: str, evidence: Evidence) -> Plan:
    hours = draft.clock.years_per_period * 8760
    blocks = len(draft.blocks)
    solve = Solve(
        outcome=outcome,
        bound_usd=None,
        gap=0.004 if money else None,
        gap_asked=0.01,
        rows=1200,
        columns=4800,
        solver="HiGHS 1.11",
        seed=0,
    )
    demand, flows = _demand(draft)
    plan = Plan(
        engine_version="0.1.0",
        catalog_version="f" * 64,
        scenario_sha256="0" * 64,
        scenario=_scenario(draft),
        decision=draft.words("Buy 12 units over three years; cheapest of 5 systems considered."),
        summary=(draft.words("Two services on one site."), draft.words("The power budget does not bind.")),
        solve=solve,
        periods=tuple(PeriodRow(index=t, label=f"P{t + 1:02d}", hours=hours) for t in range(draft.periods)),
        blocks=tuple(
            BlockRow(
                index=b,
                id=name,
                label=draft.words(f"hours of {name}"),
                hours_per_week=168 / blocks,
                hours_per_period=hours / blocks,
            )
            for b, name in enumerate(draft.blocks)
        ),
        classes=_classes(draft),
        demand=demand,
        fleet=_fleet(draft) if money else (),
        pools=_pools(draft),
        flows=flows,
        sla=_sla(draft),
        power=_power(draft),
        money=money,
        evidence=evidence,
        sources={SOURCE: draft.words("Vendor price list, August 2026, https://example.com/prices")},
    )
    return plan.sealed()


def _scenario(draft: Draft) -> dict[str, object]:
    return {
        "splitfleet": 1,
        "id": "sample",
        "title": draft.words("A sample of services on a few sites"),
        "description": draft.words("Random and consistent."),
        "workloads": [
            {"id": one, "title": draft.words(f"Service {one}"), "sla": {"ttft": {"limit": 1.0, "percentile": 95.0}}}
            for one in draft.workloads
        ],
        "sites": [{"id": one, "title": draft.words(f"Hall {one}"), "power": 1e6, "note": draft.words("")} for one in draft.sites],
        "policy": {"budget_capex": None},
    }


def _classes(draft: Draft) -> tuple[ClassRow, ...]:
    return tuple(
        ClassRow(
            workload=workload, id=f"c{index}", share=1 / draft.classes, isl_mean=draft.number(100, 4000), osl_mean=draft.number(20, 900),
            cached_mean=10.0, isl_p99=9000.0, osl_p99=2000.0,
        )
        for workload in draft.workloads
        for index in range(draft.classes)
    )  # fmt: skip


def _demand(draft: Draft) -> tuple[tuple[DemandRow, ...], tuple[FlowRow, ...]]:
    demand: list[DemandRow] = []
    flows: list[FlowRow] = []
    for workload in draft.workloads:
        for index in range(draft.classes):
            isl, osl = draft.number(100, 4000), draft.number(20, 900)
            for t in range(draft.periods):
                for b in range(len(draft.blocks)):
                    mean = draft.number(0.1, 20)
                    demand.append(
                        DemandRow(
                            workload=workload, request_class=f"c{index}", period=t, block=b, mean_rps=mean, peak_rps=mean * 1.4,
                            isl_mean=isl, osl_mean=osl,
                        )
                    )  # fmt: skip
                    flows += [
                        FlowRow(
                            workload=workload, request_class=f"c{index}", role=role, option=f"{draft.systems[0]}-tp8-{role}",
                            site=draft.sites[0], period=t, block=b, rate_rps=mean,
                        )
                        for role in ("prefill", "decode")
                    ]  # fmt: skip
    return tuple(demand), tuple(flows)


def _fleet(draft: Draft) -> tuple[FleetRow, ...]:
    rows = []
    for (site, system), bought in draft.bought.items():
        owned = _owned(draft, site, system)
        if not owned.any():
            continue
        for t in range(draft.periods):
            left = sum(units for (_, period), units in draft.retired[(site, system)].items() if period == t)
            units = int(owned[t])
            rows.append(
                FleetRow(
                    site=site, sites=draft.counts[site], system=system, system_name=draft.words(f"{VENDORS[0]} {system} 8-GPU"), hardware="hw",
                    vendor=VENDORS[int(system[-1]) % 5], holding="owned", period=t, units=units, arrived=int(bought[t]), left=int(left),
                    chips=units * 8, words=draft.words(f"{units * 8} GPUs = {units} x {system}"),
                )
            )  # fmt: skip
    return tuple(rows)


def _pools(draft: Draft) -> tuple[PoolRow, ...]:
    rows = []
    for workload in draft.workloads:
        for role in ("prefill", "decode"):
            for t in range(draft.periods):
                load = tuple(draft.number(0.5, 4) for _ in draft.blocks)
                replicas = math.ceil(max(load)) + 1
                rows.append(
                    PoolRow(
                        site=draft.sites[0], period=t, workload=workload, role=role, option=f"{draft.systems[0]}-tp8-{role}",
                        system=draft.systems[0], hardware="hw", model="llama", layout="TP8", weights="fp8", kv="fp8", chips_per_replica=8,
                        replicas=replicas, chips=replicas * 8, load_by_block=load, words=draft.words(f"{replicas} replicas x 8"),
                    )
                )  # fmt: skip
    return tuple(rows)


def _sla(draft: Draft) -> tuple[SlaRow, ...]:
    rows = []
    for workload in draft.workloads:
        for metric, limit in (("ttft", 1.0), ("tpot", 0.05)):
            for t in range(draft.periods):
                value = limit * draft.number(0.4, 0.95)
                rows.append(
                    SlaRow(
                        workload=workload, site=draft.sites[0], period=t, metric=metric, percentile=95.0, limit_s=limit, predicted_s=value,
                        low80_s=value * 0.9, high80_s=value * 1.1, low95_s=value * 0.8, high95_s=value * 1.25, slack_s=limit - value,
                        served_by=draft.words("system-0 TP8"),
                    )
                )  # fmt: skip
    return tuple(rows)


def _power(draft: Draft) -> tuple[PowerRow, ...]:
    rows = []
    for site in draft.sites:
        total = sum(_owned(draft, site, system) for system in draft.systems)
        limit = None if draft.rng.random() < 0.2 else float(total.max() * 10_000 + 50_000)
        for t in range(draft.periods):
            watts = float(total[t]) * 10_000
            drawn = tuple(watts * draft.number(0.3, 0.9) for _ in draft.blocks)
            pue = draft.pue.get(site, 1.3)
            rows.append(
                PowerRow(
                    site=site, sites=draft.counts[site], period=t, nameplate_w=watts, limit_w=limit, drawn_peak_w=max(drawn),
                    facility_peak_w=max(drawn) * pue, energy_kwh=sum(drawn) / 1e3 * 500, racks_used=float(total[t]) * 0.25,
                    racks_limit=None if limit is None else 4000.0, drawn_w_by_block=drawn,
                )
            )  # fmt: skip
    return tuple(rows)


def _evidence(draft: Draft) -> Evidence:
    claim = ClaimVerdict(
        claim=draft.words("1,800 tokens/s/user"),
        source=SOURCE,
        verdict="impossible",
        explanation=draft.words("above the memory floor"),
    )
    considered = tuple(
        SystemRow(
            system=system, system_name=draft.words(f"Vendor {system}"), hardware="hw", hardware_class="gpu", vendor=VENDORS[index % 5],
            status="shipping", chosen=index == 0, reason=draft.words("" if index == 0 else "dearer: 312,667 USD, would enter at 248,000"),
            price_usd=None if index == 3 else 250_000.0, price_source=SOURCE, power_w=10_200.0, power_source=SOURCE,
            entry_price_usd=None if index == 0 else 248_000.0, what_if=index == 2, claims=(claim,) if index < 2 else (),
        )
        for index, system in enumerate(draft.systems)
    )  # fmt: skip
    limits = (
        LimitRow(
            family="power",
            label=draft.words("power, hall"),
            unit="kW",
            have=1000.0,
            used=998.0,
            binding=True,
            worth_usd=-1200.0,
            words=draft.words(""),
        ),
        LimitRow(family="racks", label="racks, hall", unit="racks", have=40.0, used=12.0, binding=False),
    )
    checks = (
        CheckRow(name=draft.words("capacity"), passed=True, detail=draft.words("48 of 48")),
        CheckRow(name="cost", passed=True),
    )
    comparisons = (
        Comparison(
            id="aggregated",
            label=draft.words("Aggregated only"),
            outcome="optimal",
            net_present_cost_usd=9.9e6,
            words=draft.words("12 % dearer"),
        ),
        Comparison(id="rent", label="Rent only", outcome="infeasible", net_present_cost_usd=None, words=""),
    )
    sensitivities = tuple(
        Sensitivity(
            assumption=f"purchase_usd[{system}]",
            label=draft.words(f"Price of {system}"),
            low=0.8,
            high=1.3,
            unit="USD/unit",
            cost_low_usd=8e6,
            cost_high_usd=11e6,
        )
        for system in draft.systems
    )
    return Evidence(
        considered=considered, limits=limits, changes=(), checks=checks, comparisons=comparisons, sensitivities=sensitivities
    )
