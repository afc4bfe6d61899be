"""An instance in, a certified solution out."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from planner.program.adapter import Progress, Report
from planner.program.build import build
from planner.program.certificate import certify
from planner.program.check import check
from planner.program.explanation import smallest_changes
from planner.program.extract import Values, fits, written
from planner.program.goal import cost, score
from planner.program.instance import Goal, Instance
from planner.program.lexicographic import keep
from planner.program.packing import Place, tighten
from planner.program.prune import prune
from planner.program.run import STRICT, Objective, Run
from planner.program.sets import prepare
from planner.program.size import refuse_too_large
from planner.program.solution import Outcome, Solution

FINE_GAP = 1e-4
TIE_BREAK_NONZEROS = 30_000
PACKING_ROUNDS = 4
EQUAL_COST = 3e-7

__all__ = ["Progress", "Report", "solve_instance"]


def solve_instance(instance: Instance, progress: Report | None = None) -> Solution:
    """Return the best plan for an instance, with its proof; infeasibility is a result and says what would have to change.

    `progress` is told bound, incumbent and gap as the solver goes. Raises InputError for a malformed instance, TooLarge for one
    beyond the documented size, and SolverError if the solver fails.
    """
    began = time.perf_counter()
    check(instance)
    refuse_too_large(instance)
    pruned, _ = prune(instance)
    solution = _attempts(pruned, began + instance.settings.time_limit_s, progress)
    if solution.outcome is Outcome.INFEASIBLE:
        solution = replace(solution, changes=smallest_changes(pruned))
    if solution.objective_usd is not None:
        solution = replace(solution, certificate=certify(instance, solution))
    return replace(solution, seconds=time.perf_counter() - began)


def _attempts(instance: Instance, end: float, progress: Report | None) -> Solution:
    """Return a plan of whole replicas: where rounding them up does not fit, room is made and the program solved again."""
    sets = prepare(instance)
    room: list[dict[Place, float]] = []
    bound = -math.inf
    solution = Solution(Outcome.NO_SOLUTION)
    for attempt in range(PACKING_ROUNDS + 1):
        if attempt == PACKING_ROUNDS:
            sets = prepare(replace(instance, settings=replace(instance.settings, integer_pools=True)))
        run = Run(sets, build(sets), end, progress)
        for number, lost in enumerate(room):
            for place, extra in sorted(lost.items()):
                tighten(run.model, sets, place, extra, number)
        solution, lost = _planned(run)
        bound = solution.bound if attempt == 0 and solution.bound is not None else bound
        if solution.objective_usd is None or not lost:
            break
        room.append(lost)
    return _rebound(solution, bound, instance.settings.gap) if room and solution.score is not None else solution


def _rebound(solution: Solution, bound: float, gap: float) -> Solution:
    """Return a packed plan with the bound of the program before packing, and the word that its gap deserves."""
    value = solution.score or 0.0
    reached = max(0.0, value - bound) / max(abs(value), 1e-12)
    outcome = solution.outcome if reached <= gap * (1 + 1e-6) else Outcome.FEASIBLE
    return replace(solution, outcome=outcome, bound=bound, gap=reached)


def _planned(run: Run) -> tuple[Solution, dict[Place, float]]:
    """Return the solution of a built program, stage by stage, and the places where its whole replicas do not fit."""
    model, sets = run.model, run.sets
    verdict, values = run.stage("solve", Objective.SCORE)
    answer, scale = verdict.answer, model.scale
    rows, columns = len(model.rows), sum(len(family) for family in model.columns.values())
    if values is None or answer.objective is None:
        return Solution(answer.outcome, notes=tuple(run.notes), rows=rows, columns=columns), {}
    best, bound = answer.objective * scale, answer.bound * scale
    if sets.instance.goal is not Goal.CHEAPEST:
        keep(model, "score", score(model, sets), best)
        values = run.stage("cost", Objective.COST, values)[1] or values
    values = _polished(run, values)
    lost = fits(sets, model, values)
    if not lost and answer.outcome is Outcome.OPTIMAL and _worth_untying(run):
        values = _untied(run, values)
    best = values.total(score(model, sets)) if sets.instance.goal is Goal.CHEAPEST else best
    solution = replace(
        written(model, sets, values),
        outcome=answer.outcome,
        score=best,
        bound=min(bound, best),
        gap=max(0.0, best - bound) / max(abs(best), 1e-12),
        notes=tuple(run.notes),
        rows=rows,
        columns=columns,
    )
    return solution, lost


def _polished(run: Run, values: Values) -> Values:
    """Return the plan with its whole numbers kept and the cheapest routing for them, to a billionth.

    Routing that a loose tolerance had served by nothing does not survive here; then the program is solved again, strictly.
    """
    fixed = run.routed(values)
    if fixed is None:
        values = run.stage("strict", Objective.COST, values, STRICT)[1] or values
        fixed = run.routed(values)
    return values if fixed is None else fixed


def _worth_untying(run: Run) -> bool:
    """Return whether ties are broken: asked for, exact enough for ties to be seen, and small enough to be quick."""
    settings = run.sets.instance.settings
    exact = settings.tie_break and settings.gap <= FINE_GAP
    return exact and run.matrix(Objective.COST).values.size <= TIE_BREAK_NONZEROS


def _untied(run: Run, values: Values) -> Values:
    """Return the one plan, among all of equal cost, that has the fewest kinds, the least power and the first names."""
    model, sets = run.model, run.sets
    terms = cost(model, sets)
    keep(model, "cost", terms, values.total(terms))
    verdict, found = run.stage("tie-break", Objective.PREFERENCE, values)
    if verdict.answer.outcome is not Outcome.OPTIMAL or found is None:
        return values
    chosen = run.routed(found)
    if chosen is None or fits(sets, model, chosen):
        return values
    dearer = chosen.total(terms) - values.total(terms)
    return chosen if dearer <= EQUAL_COST * abs(values.total(terms)) else values
