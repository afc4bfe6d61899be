"""One solve under way: a built program, its objectives, the clock, and what was noticed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from planner.program.adapter import Progress, Report, Request, solve
from planner.program.build import set_objective
from planner.program.decomposed.relax import relax_by_period
from planner.program.extract import Values
from planner.program.goal import cost, rough_duals, score
from planner.program.instance import Goal
from planner.program.lexicographic import acquisitions, preference
from planner.program.matrix import Matrix, from_problem
from planner.program.model import Model, Term
from planner.program.proof import GUIDED_GAP, Verdict, cheaper, prove
from planner.program.relaxation import LARGE_COLUMNS, Relaxed, relax
from planner.program.rounding import rounded
from planner.program.sets import Sets
from planner.program.solution import Outcome

STRICT = 1e-9
NORMAL = 1e-7
ROUTING_TIME_S = 10.0
ROUNDED_COLUMNS = 1000
RELAXED_GAP = 0.25


class Objective(StrEnum):
    """What a stage minimises."""

    SCORE = "score"
    COST = "cost"
    PREFERENCE = "preference"


@dataclass(slots=True)
class Run:
    """A built program and its stages; `end` is when time is up, on the clock of `time.perf_counter` [s].

    `strictness` is the part of the instance's gap that each stage may leave, where stages share one gap.
    """

    sets: Sets
    model: Model
    end: float
    progress: Report | None
    strictness: float = 1.0
    notes: list[str] = field(default_factory=list)
    _handed: tuple[Objective, int, Matrix] | None = None
    _began: float = field(default_factory=time.perf_counter)

    def spent(self) -> float:
        """Return the time since the program was built [s]."""
        return time.perf_counter() - self._began

    def stage(
        self,
        name: str,
        objective: Objective,
        start: Values | None = None,
        *,
        tolerance: float = NORMAL,
        target: float | None = None,
    ) -> tuple[Verdict, Values | None]:
        """Return what the program proves to be the least of an objective, and the plan by column name if there is one.

        With a `target` [natural unit] it is enough to find a plan that scores no more: then nothing is proved.
        """
        matrix = self.matrix(objective, start)
        request = self._request(name, tolerance)
        if start is not None:
            request = replace(request, start=np.array([start.by_name.get(column, 0.0) for column in matrix.columns]))
        if objective is Objective.PREFERENCE or target is not None:
            # Any plan of equal cost, or cheap enough, will do: nothing here needs a proof.
            scaled = None if target is None else target / self.model.scale
            verdict = Verdict(solve(matrix, replace(request, target=scaled)), ())
        else:
            matrix = self._rounded(matrix, request)
            rough = rough_duals(self.model, self.sets)
            verdict = prove(matrix, request, np.array([rough.get(row, 0.0) for row in matrix.rows]))
        return self._noted(matrix, verdict)

    def _rounded(self, matrix: Matrix, request: Request) -> Matrix:
        """Return a program with rounding rows, where it is large enough for them to pay and a gap is allowed."""
        if ROUNDED_COLUMNS <= len(matrix.columns) <= LARGE_COLUMNS and request.gap >= GUIDED_GAP:
            return rounded(self.model, matrix, replace(request, report=None, start=None))
        return matrix

    def _noted(self, matrix: Matrix, verdict: Verdict) -> tuple[Verdict, Values | None]:
        """Return a verdict and its plan by column name, if there is one; what was noticed is kept."""
        self.notes += [note for note in verdict.notes if note not in self.notes]
        values = verdict.answer.values
        plan = None if values is None else Values(dict(zip(matrix.columns, map(float, values), strict=True)))
        return verdict, plan

    def matrix(self, objective: Objective, plan: Values | None = None) -> Matrix:
        """Return the program as arrays; handed over again only if its objective or its rows have changed."""
        if objective is Objective.SCORE and self.sets.instance.goal is Goal.CHEAPEST:
            objective = Objective.COST
        if self._handed is None or self._handed[:2] != (objective, len(self.model.rows)):
            set_objective(self.model, self._terms(objective, plan))
            self._handed = (objective, len(self.model.rows), from_problem(self.model.problem))
        return self._handed[2]

    def relaxed(self, share: float) -> Relaxed:
        """Return the optimum of a very large program without whole numbers, period by period, in a share of the time left."""
        matrix, request = self.matrix(Objective.SCORE), self._request("relax", NORMAL)
        rough = rough_duals(self.model, self.sets)
        guess = np.array([rough.get(row, 0.0) for row in matrix.rows])
        asked = replace(request, gap=RELAXED_GAP * request.gap, time_limit_s=share * request.time_limit_s)
        return relax_by_period(self.model, matrix, guess, asked)

    def relaxed_whole(self, share: float) -> Relaxed:
        """Return the optimum of the program without whole numbers, at once, in a share of the time left."""
        request = self._request("relax", NORMAL)
        return relax(self.matrix(Objective.SCORE), replace(request, report=None, time_limit_s=share * request.time_limit_s))

    def cheaper(self, known: float, ceiling: float, floor: float, share: float) -> tuple[Verdict, Values | None]:
        """Return a plan that scores no more than a ceiling, or the proof that there is none, in a share of the time left.

        `known` is the score of a plan that is at hand, `floor` a bound [natural units, all three].
        """
        request = self._request("cheaper", NORMAL, known)
        request = replace(request, time_limit_s=share * request.time_limit_s)
        matrix = self._rounded(self.matrix(Objective.SCORE), request)
        return self._noted(matrix, cheaper(matrix, request, ceiling / self.model.scale, floor / self.model.scale))

    def routed(self, values: Values) -> Values | None:
        """Return the cheapest routing for a plan's whole numbers, or None if there is none to a billionth."""
        matrix = self.matrix(Objective.COST).without_rows({"kept_cost"})
        plan = np.array([values.by_name.get(column, 0.0) for column in matrix.columns])
        request = replace(self._request("route", STRICT), report=None)
        answer = solve(matrix.fixed(plan), replace(request, time_limit_s=max(ROUTING_TIME_S, request.time_limit_s)))
        if answer.outcome is not Outcome.OPTIMAL or answer.values is None:
            return None
        return Values(dict(zip(matrix.columns, map(float, answer.values), strict=True)))

    def _terms(self, objective: Objective, plan: Values | None) -> list[Term]:
        """Return an objective as a sum."""
        if objective is Objective.PREFERENCE:
            return preference(self.model, self.sets, *acquisitions(self.model, self.sets, plan or Values({})))
        return cost(self.model, self.sets) if objective is Objective.COST else score(self.model, self.sets)

    def _request(self, stage: str, tolerance: float, known: float = math.inf) -> Request:
        """Return a request for what is left of the time; `known` is the score of a plan that the solver does not know of."""
        settings = self.sets.instance.settings
        return Request(
            gap=self.strictness * settings.gap,
            time_limit_s=max(0.05, self.end - time.perf_counter()),
            seed=settings.seed,
            threads=settings.threads,
            tolerance=tolerance,
            report=self._listener(known),
            stage=stage,
        )

    def _listener(self, known: float) -> Report | None:
        """Return who is told of a solver's progress, in natural units."""
        told, scale = self.progress, self.model.scale
        if told is None:
            return None

        def tell(state: Progress) -> None:
            # A ceiling that no plan has reached stands where the solver keeps its best plan's cost: the known plan is the best.
            bound, best = scale * state.bound, scale * state.incumbent if math.isinf(known) else known
            gap = state.gap if math.isinf(known) else (best - bound) / max(abs(best), 1e-12)
            told(replace(state, bound=bound, incumbent=best, gap=gap))

        return tell
