"""No "optimal" and no "infeasible" on one solver run's word alone.

Integer solvers are sometimes wrong and say "Optimal": HiGHS 1.12 to 1.15.1 with presolve reports 164.296 for a model whose
optimum is 14.68, with a false bound beside it. So every claim is held against things that do not share its path:

* the plan itself, row by row;
* the linear relaxation, solved apart: no optimum lies below it, and one that lies on it (within the gap) is proved by it;
* a plan made by rounding that relaxation up: if it costs less than a claimed bound, the bound is false;
* a second run without presolve, from another seed, that starts from the first plan; and a third where the two disagree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from planner.program.adapter import SMALL_NONZEROS, Answer, Request, solve
from planner.program.matrix import Floats, Ints, Matrix
from planner.program.relaxation import LARGE_COLUMNS, Relaxed, relax
from planner.program.solution import Outcome

FEASIBLE_WITHIN = 1e-5
AGREE_WITHIN = 1e-6
GUIDED_GAP = 1e-3
LIKED_AT_LEAST = 3000
LONGEST_DOUBT_S = 5.0
LONGEST_CHECK_S = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What stands after the checks: an answer, and what was noticed on the way."""

    answer: Answer
    notes: tuple[str, ...]


def prove(matrix: Matrix, request: Request, guess: Floats | None = None) -> Verdict:
    """Return the solver's answer once it has stood up to independent checks, or the honest word for what is left of it.

    Where a gap is allowed and the program is not small, a plan is sought among the columns that the relaxation likes; the
    relaxation's own bound then proves it. `guess` are rough duals of the rows. The whole takes no longer than the request's
    time limit (and a hundredth of a second for each check that it still owes).
    """
    clock = _Clock(request)
    if matrix.integer.any() and len(matrix.columns) > LARGE_COLUMNS and request.gap >= GUIDED_GAP:
        return _guided(matrix, request, clock, guess)
    return _direct(matrix, request, clock)


def cheaper(matrix: Matrix, request: Request, ceiling: float, floor: float) -> Verdict:
    """Return a plan that costs no more than a ceiling, or `infeasible` and the ceiling as a bound if no plan does.

    `floor` is a bound that is known. Far less work than an optimum: what cannot cost less than the ceiling is never looked at.
    That there is no plan is doubted as an optimum is, by a run that goes another way and takes no longer.
    """
    clock = _Clock(request)
    first = solve(matrix, replace(request, ceiling=ceiling))
    if not _empty_below(first, ceiling):
        return Verdict(_below(matrix, first, ceiling, max(floor, min(first.bound, ceiling))), ())
    seconds = min(clock.left(), LONGEST_CHECK_S, max(LONGEST_DOUBT_S, 1.5 * first.seconds))
    check = replace(_other(request, seconds), ceiling=ceiling, start=None, report=None, searching=False)
    second = solve(matrix, check)
    refuting = _below(matrix, second, ceiling, floor)
    if refuting.values is not None:
        return Verdict(refuting, (f"the solver found no plan below {ceiling:.9g}; one of {refuting.objective:.9g} refutes it",))
    note = () if _empty_below(second, ceiling) else ("no cheaper plan was found, but the check without presolve ran out of time",)
    return Verdict(replace(first, outcome=Outcome.INFEASIBLE, objective=None, values=None, bound=ceiling, gap=None), note)


def _empty_below(answer: Answer, ceiling: float) -> bool:
    """Return whether a solver that was given a ceiling has found every branch below it empty."""
    finished = answer.outcome is Outcome.OPTIMAL and answer.objective is not None and answer.objective > ceiling
    return finished or answer.outcome is Outcome.INFEASIBLE


def _below(matrix: Matrix, answer: Answer, ceiling: float, bound: float) -> Answer:
    """Return an answer with a bound, and with its plan if that keeps every row and costs no more than a ceiling."""
    if answer.objective is not None and answer.objective <= ceiling and _sound(matrix, answer):
        return _within(replace(answer, outcome=Outcome.FEASIBLE), bound)
    return replace(answer, outcome=Outcome.NO_SOLUTION, objective=None, values=None, bound=bound, gap=None)


def _direct(matrix: Matrix, request: Request, clock: _Clock) -> Verdict:
    """Return the answer of a solve of the whole program, doubted."""
    first = solve(matrix, request)
    if not matrix.integer.any():
        return _doubt_linear(matrix, request, first, clock)
    if first.outcome is Outcome.INFEASIBLE:
        return _doubt_infeasible(matrix, request, clock, first)
    if first.outcome in {Outcome.OPTIMAL, Outcome.FEASIBLE}:
        return _doubt_plan(matrix, request, clock, first)
    return Verdict(first, ())


class _Clock:
    """What is left of a request's time."""

    def __init__(self, request: Request) -> None:
        self._end = time.perf_counter() + request.time_limit_s

    def left(self) -> float:
        """Return the seconds left [s], at least a moment."""
        return max(0.01, self._end - time.perf_counter())


def _guided(matrix: Matrix, request: Request, clock: _Clock, guess: Floats | None) -> Verdict:
    """Return a plan from the columns that the relaxation likes, proved by the relaxation; else the whole program's answer."""
    relaxed = relax(matrix, replace(request, report=None, start=None, time_limit_s=0.6 * clock.left()), guess)
    if relaxed.values is None or relaxed.reduced is None:
        return _direct(matrix, replace(request, time_limit_s=clock.left()), clock)
    liked = _liked(matrix, relaxed)
    target = relaxed.bound + request.gap * abs(relaxed.bound)
    narrow = replace(request, start=None, target=target, gap=0.5 * request.gap, time_limit_s=0.7 * clock.left())
    found = solve(matrix.only(liked), narrow)
    plan = _spread(matrix, liked, found)
    if plan is not None and _proved(matrix, plan, relaxed.bound, request.gap):
        return Verdict(_within(replace(plan, outcome=Outcome.OPTIMAL), relaxed.bound), ())
    start = None if plan is None else plan.values
    verdict = _direct(matrix, replace(request, start=start, time_limit_s=clock.left()), clock)
    return _best_of(verdict, plan, relaxed.bound)


def _proved(matrix: Matrix, plan: Answer, bound: float, gap: float) -> bool:
    """Return whether a plan keeps every row and lies within the gap of a bound."""
    cost = plan.objective or 0.0
    return cost - bound <= gap * abs(cost) and _sound(matrix, plan)


def _liked(matrix: Matrix, relaxed: Relaxed) -> Ints:
    """Return the positions of the whole-number columns, those the relaxation uses, and thrice as many that it nearly would."""
    values = relaxed.values if relaxed.values is not None else np.zeros(len(matrix.columns))
    reduced = relaxed.reduced if relaxed.reduced is not None else np.zeros(len(matrix.columns))
    used = matrix.integer | (values > 1e-9) | (reduced <= 1e-9)
    more = max(LIKED_AT_LEAST, 3 * int(used.sum()))
    rest = np.flatnonzero(~used)
    nearly = rest[np.argsort(reduced[rest], kind="stable")[:more]]
    return np.sort(np.concatenate((np.flatnonzero(used), nearly))).astype(np.int32)


def _spread(matrix: Matrix, kept: Ints, answer: Answer) -> Answer | None:
    """Return a plan of some columns as one of all of them, or None if there is none."""
    if answer.values is None:
        return None
    values = np.zeros(len(matrix.columns))
    values[kept] = answer.values
    return replace(answer, outcome=Outcome.FEASIBLE, values=values, row_duals=None, column_duals=None)


def _best_of(verdict: Verdict, plan: Answer | None, floor: float) -> Verdict:
    """Return the better of a whole solve's plan and a narrower one's, with the better of the two bounds."""
    answer = verdict.answer
    if plan is None or plan.objective is None or answer.outcome is Outcome.OPTIMAL:
        return verdict
    if answer.objective is None or answer.objective > plan.objective:
        answer = plan
    return replace(verdict, answer=_within(replace(answer, outcome=Outcome.FEASIBLE), max(floor, verdict.answer.bound)))


def _doubt_linear(matrix: Matrix, request: Request, first: Answer, clock: _Clock) -> Verdict:
    """Return a linear program's answer, its infeasibility confirmed without presolve."""
    if first.outcome is Outcome.INFEASIBLE and request.presolve:
        second = solve(matrix, replace(request, presolve=False, time_limit_s=clock.left(), report=None))
        if second.outcome is not Outcome.NO_SOLUTION:
            return Verdict(second, ())
    return Verdict(first, ())


def _doubt_infeasible(matrix: Matrix, request: Request, clock: _Clock, first: Answer) -> Verdict:
    """Return "infeasible" only if the relaxation is, or a run without presolve says so too."""
    relaxed = solve(matrix.relaxed(), replace(request, presolve=False, start=None, report=None, time_limit_s=clock.left()))
    if relaxed.outcome is Outcome.INFEASIBLE:
        return Verdict(first, ())
    second = solve(matrix, _other(request, clock.left()))
    if second.outcome is Outcome.INFEASIBLE:
        return Verdict(first, ())
    note = "the solver called the program infeasible, but a run without presolve did not"
    if second.outcome in {Outcome.OPTIMAL, Outcome.FEASIBLE}:
        return Verdict(replace(second, outcome=Outcome.FEASIBLE, bound=relaxed.bound), (note,))
    return Verdict(replace(first, outcome=Outcome.NO_SOLUTION, bound=relaxed.bound), (note,))


def _other(request: Request, seconds: float, seed: int = 1) -> Request:
    """Return a request that goes another way: no presolve, another seed."""
    return replace(request, presolve=False, seed=request.seed + seed, time_limit_s=seconds, stage="check")


def _doubt_plan(matrix: Matrix, request: Request, clock: _Clock, first: Answer) -> Verdict:
    """Return a plan whose claim of optimality has stood up, or is taken back."""
    if first.values is None or first.objective is None or matrix.violation(first.values) > FEASIBLE_WITHIN:
        return Verdict(
            replace(first, outcome=Outcome.ERROR, values=None), ("the solver returned a plan that breaks its own rows",)
        )
    relaxed = solve(matrix.relaxed(), replace(request, start=None, report=None, time_limit_s=clock.left()))
    floor = relaxed.bound if relaxed.outcome is Outcome.OPTIMAL else -np.inf
    if first.outcome is Outcome.FEASIBLE:
        return Verdict(_within(first, max(floor, min(first.bound, first.objective))), ())
    if first.objective <= floor + _tolerance(first.objective, request.gap):
        return Verdict(_within(first, max(floor, first.bound)), ())
    small = matrix.values.size <= SMALL_NONZEROS
    rounded = _rounded_up(matrix, request, relaxed, clock)
    seconds = min(clock.left(), max(LONGEST_DOUBT_S, 4.0 * first.seconds) if small else max(1.0, first.seconds / 10))
    second = solve(matrix, replace(_other(request, seconds), start=first.values))
    return _settle(matrix, request, clock, [first, second, *rounded], floor)


def _tolerance(objective: float, gap: float) -> float:
    """Return how far two honest optima may lie apart."""
    return (gap + AGREE_WITHIN) * abs(objective) + 1e-9


def _within(answer: Answer, bound: float) -> Answer:
    """Return an answer with another bound, its gap and its word to match."""
    objective = answer.objective or 0.0
    bound = min(bound, objective)
    return replace(answer, bound=bound, gap=max(0.0, objective - bound) / max(abs(objective), 1e-12))


def _rounded_up(matrix: Matrix, request: Request, relaxed: Answer, clock: _Clock) -> list[Answer]:
    """Return the plan whose whole numbers are the relaxation's, rounded up: dear, but owing nothing to branch and bound."""
    if relaxed.values is None:
        return []
    whole: Floats = np.where(matrix.integer, np.ceil(relaxed.values - AGREE_WITHIN), relaxed.values)
    plan = solve(matrix.fixed(whole), replace(request, start=None, report=None, time_limit_s=clock.left()))
    return [replace(plan, bound=-np.inf)] if plan.outcome is Outcome.OPTIMAL else []


def _settle(matrix: Matrix, request: Request, clock: _Clock, answers: list[Answer], floor: float) -> Verdict:
    """Return the best plan; its optimality stands if no plan refutes the first bound, or two other runs agree on a lower one."""
    plans = [a for a in answers if a.values is not None and a.objective is not None and _sound(matrix, a)]
    best = min(plans, key=lambda a: a.objective or 0.0)
    cost = best.objective or 0.0
    slack = _tolerance(cost, request.gap)
    first, second = answers[0], answers[1]
    if (first.objective or 0.0) <= cost + slack:
        agreed = second.outcome is Outcome.OPTIMAL
        note = () if agreed else ("optimality was not contradicted, but the check without presolve ran out of time",)
        return Verdict(_within(first, max(floor, first.bound)), note)
    note = (f"the solver claimed {first.objective:.9g} to be optimal; a plan of {cost:.9g} refutes it",)
    third = solve(matrix, replace(_other(request, clock.left(), seed=2), start=best.values, tolerance=request.tolerance / 10))
    agreed = third.outcome is Outcome.OPTIMAL and second.outcome is Outcome.OPTIMAL and third.objective is not None
    if agreed and abs((third.objective or 0.0) - (second.objective or 0.0)) <= slack:
        return Verdict(_within(replace(second, outcome=Outcome.OPTIMAL), min(second.bound, third.bound)), note)
    return Verdict(replace(_within(best, floor), outcome=Outcome.FEASIBLE), note)


def _sound(matrix: Matrix, answer: Answer) -> bool:
    """Return whether an answer's plan keeps every row."""
    return answer.values is not None and matrix.violation(answer.values) <= FEASIBLE_WITHIN
