"""An instance in, a certified solution out."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from planner.program.adapter import Progress, Report, Request, solve
from planner.program.build import build, set_objective
from planner.program.certificate import certify
from planner.program.check import check
from planner.program.explanation import smallest_changes
from planner.program.extract import Values, fits, written
from planner.program.goal import cost, score
from planner.program.instance import Goal, Instance
from planner.program.lexicographic import acquisitions, keep, preference
from planner.program.matrix import Matrix, from_problem
from planner.program.model import Model, Term
from planner.program.packing import Place, tighten
from planner.program.proof import Verdict, prove
from planner.program.prune import prune
from planner.program.sets import Sets, prepare
from planner.program.size import refuse_too_large
from planner.program.solution import Outcome, Solution

FINE_GAP = 1e-4
TIE_BREAK_NONZEROS = 30_000
PACKING_ROUNDS = 4
POLISHED_WITHIN = 1e-9

__all__ = ["Progress", "Report", "solve_instance"]


@dataclass(slots=True)
class _Run:
    """One solve under way: model and sets, the clock, and what was noticed."""

    sets: Sets
    model: Model
    end: float
    progress: Report | None
    notes: list[str] = field(default_factory=list)

    def request(self, stage: str, tolerance: float = 1e-7) -> Request:
        """Return a request for what is left of the time."""
        settings = self.sets.instance.settings
        left = max(0.05, self.end - time.perf_counter())
        return Request(
            gap=settings.gap,
            time_limit_s=left,
            seed=settings.seed,
            threads=settings.threads,
            tolerance=tolerance,
            report=self.progress,
            stage=stage,
        )

    def stage(self, name: str, terms: list[Term], start: Values | None = None, tolerance: float = 1e-7) -> tuple[Matrix, Verdict]:
        """Return the program with an objective, and what it proves to be the least."""
        set_objective(self.model, terms)
        matrix = from_problem(self.model.problem)
        request = self.request(name, tolerance)
        if start is not None:
            request = replace(request, start=np.array([start.by_name.get(column, 0.0) for column in matrix.columns]))
        verdict = prove(matrix, request)
        self.notes += [note for note in verdict.notes if note not in self.notes]
        return matrix, verdict


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
        run = _Run(sets, build(sets), end, progress)
        for number, lost in enumerate(room):
            for place, extra in sorted(lost.items()):
                tighten(run.model, sets, place, extra, number)
        solution, lost = _planned(run)
        bound = max(bound, solution.bound or -math.inf) if attempt == 0 else bound
        if solution.objective_usd is None or not lost:
            break
        room.append(lost)
    return _rebound(solution, bound, instance.settings.gap) if room and solution.score is not None else solution


def _rebound(solution: Solution, bound: float, gap: float) -> Solution:
    """Return a packed plan with the bound of the program before packing, and the word that its gap deserves."""
    reached = max(0.0, (solution.score or 0.0) - bound) / max(abs(solution.score or 0.0), 1e-12)
    outcome = solution.outcome if reached <= gap * (1 + 1e-6) else Outcome.FEASIBLE
    return replace(solution, outcome=outcome, bound=bound, gap=reached)


def _planned(run: _Run) -> tuple[Solution, dict[Place, float]]:
    """Return the solution of a built program stage by stage, and the places where its whole replicas do not fit."""
    model, sets = run.model, run.sets
    matrix, verdict = run.stage("solve", score(model, sets))
    answer, scale = verdict.answer, model.scale
    if answer.values is None or answer.objective is None:
        empty = Solution(answer.outcome, notes=tuple(run.notes), rows=len(matrix.rows), columns=len(matrix.columns))
        return empty, {}
    values = _named(matrix, verdict)
    if sets.instance.goal is not Goal.CHEAPEST:
        keep(model, "score", score(model, sets), answer.objective * scale)
        values = _better(*run.stage("cost", cost(model, sets), values), values)
    values = _polished(run, values)
    lost = fits(sets, model, values)
    if not lost and answer.outcome is Outcome.OPTIMAL and sets.instance.settings.tie_break:
        values = _untied(run, values, matrix.values.size)
    solution = written(model, sets, values)
    reached = solution.objective_usd if sets.instance.goal is Goal.CHEAPEST else answer.objective * scale
    return (
        replace(
            solution,
            outcome=answer.outcome,
            score=reached,
            bound=min(answer.bound * scale, reached or 0.0),
            gap=answer.gap,
            notes=tuple(run.notes),
            rows=len(matrix.rows),
            columns=len(matrix.columns),
        ),
        lost,
    )


def _named(matrix: Matrix, verdict: Verdict) -> Values:
    """Return a plan's values by column name."""
    values = verdict.answer.values
    return Values({}) if values is None else Values(dict(zip(matrix.columns, map(float, values), strict=True)))


def _better(matrix: Matrix, verdict: Verdict, values: Values) -> Values:
    """Return a later stage's plan, or the plan before it where it found none."""
    return values if verdict.answer.values is None else _named(matrix, verdict)


def _polished(run: _Run, values: Values) -> Values:
    """Return the plan with its whole numbers kept and the cheapest routing for them, to a billionth.

    Routing that a loose tolerance had served by nothing does not survive here; then the program is solved again, strictly.
    """
    fixed = _routed(run, values)
    if fixed is None:
        matrix, verdict = run.stage("strict", cost(run.model, run.sets), values, tolerance=POLISHED_WITHIN)
        values = _better(matrix, verdict, values)
        fixed = _routed(run, values)
    return values if fixed is None else fixed


def _routed(run: _Run, values: Values) -> Values | None:
    """Return the cheapest routing for a plan's whole numbers, or None if there is none to a billionth."""
    set_objective(run.model, cost(run.model, run.sets))
    matrix = from_problem(run.model.problem)
    plan = np.array([values.by_name.get(column, 0.0) for column in matrix.columns])
    request = replace(run.request("route", POLISHED_WITHIN), report=None, time_limit_s=max(10.0, run.end - time.perf_counter()))
    answer = solve(matrix.fixed(plan), request)
    if answer.outcome is not Outcome.OPTIMAL or answer.values is None:
        return None
    return Values(dict(zip(matrix.columns, map(float, answer.values), strict=True)))


def _untied(run: _Run, values: Values, nonzeros: int) -> Values:
    """Return the one plan, among all of equal cost, that has the fewest kinds, the least power and the first names."""
    model, sets = run.model, run.sets
    if sets.instance.settings.gap > FINE_GAP or nonzeros > TIE_BREAK_NONZEROS:
        return values
    units, watts = acquisitions(model, sets, values)
    keep(model, "cost", cost(model, sets), values.total(cost(model, sets)))
    matrix, verdict = run.stage("tie-break", preference(model, sets, units, watts), values)
    if verdict.answer.outcome is not Outcome.OPTIMAL:
        return values
    chosen = _routed(run, _named(matrix, verdict))
    return values if chosen is None or fits(sets, model, chosen) else chosen
