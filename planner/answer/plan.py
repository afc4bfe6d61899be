"""The parts of the answer put together as one sealed document."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

from planner.answer.claims import claim_sources
from planner.answer.context import Context
from planner.answer.crossover import crossovers_of
from planner.answer.evidence import change_rows, check_rows, considered_rows
from planner.answer.figures import figures_of
from planner.answer.fleet import block_rows, class_rows, demand_rows, fleet_rows, flow_rows, period_rows, pool_rows, power_rows
from planner.answer.further import further, nothing
from planner.answer.future import in_likeliest_future
from planner.answer.limits import limit_rows
from planner.answer.money import cost_items, drivers_of, money_of
from planner.answer.patience import promise_rows
from planner.answer.reasons import promise_changes, reasons_of
from planner.answer.sensitivity import sensitivity_rows
from planner.answer.service import missed_shares, sla_rows
from planner.answer.words import decision, purchases, tightest, turned_away
from planner.plan.document import Plan
from planner.plan.evidence import Evidence, Solve
from planner.plan.fleet import FleetRow, SlaRow
from planner.plan.money import Money
from planner.program.solution import Outcome

SOLVER = "HiGHS through PuLP"


def answer(context: Context) -> Plan:
    """Return the plan of a solved question; without a fleet it says why there is none and what would have to change."""
    context = _in_order(context)
    found = context.solution.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    asked, context = context, in_likeliest_future(context) if found else context
    fleet = fleet_rows(context) if found else ()
    power = power_rows(context) if found else ()
    sla = sla_rows(context) if found else ()
    money = _money(context) if found else None
    totals = money.totals if money else None
    beside = further(asked) if found else nothing()
    changes = (*promise_changes(context), *change_rows(context))
    reasons = reasons_of(context, changes)
    labels = context.scenario.horizon.labels()
    return Plan(
        engine_version=version("splitfleet"),
        catalog_version=context.catalog.version,
        scenario_sha256=context.scenario.sha256(),
        scenario=context.scenario.canonical(),
        decision=decision(
            context.solution.outcome.value, fleet, totals, labels, context.solution.gap, context.scenario.goal.minimise
        ),
        summary=(*_summary(fleet, sla, labels), *turned_away(missed_shares(context))) if found else reasons,
        solve=_solve(context, beside.notes),
        periods=period_rows(context),
        blocks=block_rows(context),
        classes=class_rows(context),
        demand=demand_rows(context),
        fleet=fleet,
        pools=pool_rows(context) if found else (),
        flows=flow_rows(context) if found else (),
        sla=sla,
        power=power,
        money=money,
        evidence=Evidence(
            considered=considered_rows(context, beside.entries),
            limits=(*limit_rows(context, beside.worths), *promise_rows(sla, beside.promises)) if found else (),
            changes=changes,
            checks=check_rows(context, totals, power, sla) if found else (),
            sensitivities=sensitivity_rows(context, money.items) if money else (),
            comparisons=beside.comparisons,
            reasons=reasons,
        ),
        sources=_sources(context),
        risk=beside.risk,
    ).sealed()


def _in_order(context: Context) -> Context:
    """Return the question with workloads, sites and futures in order of id: the order in which they were written never shows."""
    scenario = context.scenario
    ordered = {
        "workloads": tuple(sorted(scenario.workloads, key=lambda part: part.id)),
        "sites": tuple(sorted(scenario.sites, key=lambda site: site.id)),
        "futures": tuple(sorted(scenario.futures, key=lambda case: case.id)),
    }
    return replace(context, scenario=scenario.model_copy(update=ordered))


def _money(context: Context) -> Money:
    drivers = drivers_of(context)
    figures = figures_of(context, drivers, cost_items(context, drivers))
    return money_of(context, drivers, figures, crossovers_of(context))


def _summary(fleet: tuple[FleetRow, ...], sla: tuple[SlaRow, ...], labels: list[str]) -> list[str]:
    return [*purchases(fleet, labels), *tightest(sla)]


def _solve(context: Context, notes: tuple[str, ...]) -> Solve:
    solution = context.solution
    return Solve(
        outcome=solution.outcome.value,
        bound_usd=solution.bound,
        gap=solution.gap,
        gap_asked=context.scenario.solver.gap,
        rows=solution.rows,
        columns=solution.columns,
        solver=SOLVER,
        seed=context.scenario.solver.seed,
        notes=(*solution.notes, *context.notes, *notes),
    )


def _sources(context: Context) -> dict[str, str]:
    """Return the citation of every source that the plan's figures name."""
    named = {assumption.source for assumption in context.costs.terms.book.values()}
    facts = [fact for item in context.market.offerings for fact in (item.purchase, item.power)]
    facts += [fact for item in context.market.left_out for fact in (item.purchase, item.power)]
    named |= {fact.source for fact in facts if fact is not None} | claim_sources(context)
    return {source: context.catalog.sources[source].citation for source in sorted(named) if source in context.catalog.sources}
