"""The questions beside the plan, asked where the scenario, the program's size and the clock allow: worths, prices, rivals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.answer.allowance import Allowance, allowance
from planner.answer.comparisons import bound_rows, comparison_rows, crossing_row
from planner.answer.context import Context
from planner.answer.entry import Priced, entry_prices
from planner.answer.evidence import chosen_systems
from planner.answer.future import in_likeliest_future, likeliest
from planner.answer.limits import binding_limits
from planner.answer.patience import Promise, promise_worths
from planner.answer.risk import risk_of
from planner.answer.worth import Worth, exact, margins
from planner.plan.evidence import Comparison
from planner.plan.risk import Risk
from planner.program.instance import Goal
from planner.scenario import Scenario

NO_PRICES = Priced({}, {})


@dataclass(frozen=True, slots=True)
class Further:
    """What was asked beside the plan, and in `notes` what was not and why."""

    worths: dict[tuple[str, str], Worth] | None
    promises: dict[Promise, Worth]
    entries: Priced
    comparisons: tuple[Comparison, ...]
    risk: Risk | None
    notes: tuple[str, ...]


def further(context: Context) -> Further:
    """Return the answers to the questions beside a plan that was found; money is the measure of all of them."""
    if context.instance.goal is not Goal.CHEAPEST:
        return Further(
            None,
            {},
            NO_PRICES,
            (),
            _bare_risk(context),
            ("worth of limits, entry prices and rival plans are of the cheapest plan; not asked here",),
        )
    worths, one = _worths(context)
    entries, two = _entries(context)
    rivals, three = _rivals(context)
    risk, four = _risk(context)
    promises, five = _promises(context)
    notes = tuple(note for note in (*one, *two, *three, *four, *five) if note)
    return Further(worths, promises, entries, rivals, risk, notes)


def nothing() -> Further:
    """Return no answers: without a plan there is nothing to ask beside it."""
    return Further(None, {}, NO_PRICES, (), None, ())


def _worths(context: Context) -> tuple[dict[tuple[str, str], Worth] | None, list[str]]:
    """Return the worth of the limits that bind; None if it is not asked for."""
    allowed, why = _margins(context, "worth of limits", lambda one: one.explain.prices)
    asked = binding_limits(in_likeliest_future(context))
    if allowed is None:
        return None, [why] if asked else []
    if not asked:
        return {}, []
    found = margins(context, asked, allowed)
    if context.scenario.explain.prices:
        found |= exact(context, asked, allowed)
    return found, allowed.notes


def _entries(context: Context) -> tuple[Priced, list[str]]:
    allowed, why = _margins(context, "entry prices", lambda one: one.explain.prices)
    if allowed is None or not context.scenario.acquisition.buy:
        return NO_PRICES, [why] if context.scenario.acquisition.buy else []
    chosen, wanted = chosen_systems(context), bool(context.scenario.explain.prices)
    return entry_prices(context, chosen, allowed, exact=wanted), allowed.notes


def _rivals(context: Context) -> tuple[tuple[Comparison, ...], list[str]]:
    """Return the rivals solved, and where two of them cross; of a large program at least what they cost at least."""
    allowed, _ = allowance(context.scenario, "rival plans", lambda one: one.explain.comparisons, context.solution.columns)
    if allowed is not None:
        return (*comparison_rows(context, allowed), *crossing_row(context, allowed)), allowed.notes
    allowed, why = _margins(context, "rival plans", lambda one: one.explain.comparisons)
    return ((), [why]) if allowed is None else (bound_rows(context, allowed), allowed.notes)


def _promises(context: Context) -> tuple[dict[Promise, Worth], list[str]]:
    allowed, why = _margins(context, "worth of promises", lambda one: one.explain.prices)
    return ({}, [why]) if allowed is None else (promise_worths(context, allowed), allowed.notes)


def _margins(context: Context, subject: str, wanted: Callable[[Scenario], bool | None]) -> tuple[Allowance | None, str]:
    """Return the time for a question to the relaxation, or None and why it is not asked."""
    return allowance(context.scenario, subject, wanted, context.solution.columns, relaxed=True)


def _risk(context: Context) -> tuple[Risk | None, list[str]]:
    if not context.instance.futures:
        return None, []
    allowed, why = allowance(
        context.scenario, "studies of the futures", lambda one: one.explain.futures, context.solution.columns
    )
    risk = risk_of(context, likeliest(context).id, allowed)
    return risk, [why] if allowed is None else allowed.notes


def _bare_risk(context: Context) -> Risk | None:
    return risk_of(context, likeliest(context).id, None) if context.instance.futures else None
