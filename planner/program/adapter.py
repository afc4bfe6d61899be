"""HiGHS in this process, taken at its word only where the word means something.

PuLP calls any incumbent "Optimal", ignores options that it does not know and keeps a thread count from an earlier solve; so the
model is handed over as arrays and the outcome read from the solver's own status.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import highspy
import numpy as np

from planner.errors import SolverError
from planner.program.matrix import Floats, Matrix
from planner.program.solution import Outcome

INTEGRALITY = 1e-5
SMALL_NONZEROS = 4000
EXACT_GAP = 1e-4
SEARCHES = ("mip_heuristic_run_rins", "mip_heuristic_run_rens", "mip_heuristic_run_root_reduced_cost")
# A small program's tree is done sooner than searches beside it, which solve other programs, and than a second start at its root.
# Where a gap is allowed a plan that is found early ends the tree, so there they stay.
BY_TREE_ALONE: Mapping[str, bool | int | float | str] = {"mip_allow_restart": False, **dict.fromkeys(SEARCHES, False)}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solve has come: seconds since it began [s], proved bound, best score so far (inf = none) and their gap."""

    stage: str
    seconds: float
    bound: float
    incumbent: float
    gap: float


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Request:
    """How to solve: relative gap, wall clock [s], seed, threads, presolve, feasibility tolerance, a start and who is told.

    With a `target` the solver stops at the first plan that costs no more. With a `ceiling` it does not look at plans that cost
    more: what it returns above the ceiling, or `infeasible`, says that it found the branches below it empty. Without `searching`
    it runs no searches for plans beside its tree.
    """

    gap: float = 1e-6
    time_limit_s: float = 60.0
    seed: int = 0
    threads: int = 1
    presolve: bool = True
    tolerance: float = 1e-7
    start: Floats | None = None
    report: Report | None = None
    stage: str = "solve"
    target: float | None = None
    ceiling: float | None = None
    searching: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the solver said; `values` are there, integers rounded, for optimal and feasible only; duals for an optimal LP only."""

    outcome: Outcome
    objective: float | None
    bound: float
    gap: float | None
    values: Floats | None
    row_duals: Floats | None
    column_duals: Floats | None
    seconds: float


def solve(matrix: Matrix, request: Request) -> Answer:
    """Return what HiGHS finds within the limits; `optimal` means proved within the gap, `feasible` an incumbent at a limit.

    Raises SolverError if the solver rejects the model or an option, or gives fractions for whole numbers.
    """
    began = time.perf_counter()
    highs = loaded(matrix)
    configured(highs, request)
    if matrix.values.size <= SMALL_NONZEROS and request.gap <= EXACT_GAP:
        _taken(highs, BY_TREE_ALONE)
    if request.report is not None:
        _listen(highs, request, request.report)
    if request.start is not None:
        _offer(highs, matrix, request.start)
    if highs.run() == highspy.HighsStatus.kError:
        return _nothing(Outcome.ERROR, time.perf_counter() - began)
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible and request.presolve:
        return solve(matrix, replace(request, presolve=False))
    return _read(highs, matrix, status, time.perf_counter() - began)


def loaded(matrix: Matrix) -> highspy.Highs:
    """Return a solver that holds the program; SolverError if a number in it is none (HiGHS would take it without a word)."""
    numbers = np.concatenate((matrix.cost, matrix.values))
    bounds = np.concatenate((matrix.lower, matrix.upper, matrix.row_lower, matrix.row_upper))
    if not np.isfinite(numbers).all() or np.isnan(bounds).any():
        message = "the program holds a coefficient or bound that is not a number"
        raise SolverError(message)
    # The scheduler keeps the thread count of whoever solved first in this process, and fails for any other.
    highspy.Highs.resetGlobalScheduler(True)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(matrix.columns), len(matrix.rows)
    program.col_cost_ = matrix.cost
    program.col_lower_, program.col_upper_ = matrix.lower, matrix.upper
    program.row_lower_, program.row_upper_ = matrix.row_lower, matrix.row_upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.starts, matrix.indices
    program.a_matrix_.value_ = matrix.values
    if matrix.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        program.integrality_ = [kinds[int(whole)] for whole in matrix.integer]
    if highs.passModel(program) == highspy.HighsStatus.kError:
        message = "the solver rejects the model: a coefficient or bound is not a usable number"
        raise SolverError(message)
    return highs


def configured(highs: highspy.Highs, request: Request) -> None:
    """Set every option that a request asks for."""
    options: dict[str, bool | int | float | str] = {
        "mip_rel_gap": float(request.gap),
        "mip_abs_gap": 1e-9,
        "time_limit": max(0.01, float(request.time_limit_s)),
        "random_seed": int(request.seed),
        "threads": int(request.threads),
        "presolve": "on" if request.presolve else "off",
        "mip_feasibility_tolerance": float(request.tolerance),
        "primal_feasibility_tolerance": float(request.tolerance),
    }
    if request.target is not None:
        options["objective_target"] = float(request.target)
    if request.ceiling is not None:
        options |= {"objective_bound": float(request.ceiling), "objective_target": float(request.ceiling)}
    if not request.searching:
        # A tree that is to be emptied is small: trying every branch out at length costs more than it saves.
        options |= {"mip_heuristic_effort": 0.0, "mip_pscost_minreliable": 1, **dict.fromkeys(SEARCHES, False)}
    _taken(highs, options)


def _taken(highs: highspy.Highs, options: Mapping[str, bool | int | float | str]) -> None:
    """Give options to the solver, and insist that it takes them."""
    for name, value in options.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            message = f"the solver rejects the option {name} = {value!r}"
            raise SolverError(message)


def _listen(highs: highspy.Highs, request: Request, report: Report) -> None:
    """Pass the solver's progress on."""

    def heard(event: highspy.HighsCallbackEvent) -> None:
        out = event.data_out
        report(Progress(request.stage, out.running_time, out.mip_dual_bound, out.mip_primal_bound, out.mip_gap))

    highs.cbMipLogging.subscribe(heard)


def _offer(highs: highspy.Highs, matrix: Matrix, start: Floats) -> None:
    """Give the solver a plan to start from (it checks it itself)."""
    whole = np.where(matrix.integer, np.round(start), start)
    highs.setSolution(len(whole), np.arange(len(whole), dtype=np.int32), whole)


def _nothing(outcome: Outcome, seconds: float, bound: float = -np.inf) -> Answer:
    """Return an answer without values."""
    return Answer(outcome, None, bound, None, None, None, None, seconds)


def _read(highs: highspy.Highs, matrix: Matrix, status: highspy.HighsModelStatus, seconds: float) -> Answer:
    """Return the solver's answer, in our own words."""
    known = highspy.HighsModelStatus
    info = highs.getInfo()
    whole = bool(matrix.integer.any())
    if status == known.kModelEmpty:
        return _empty(matrix, seconds)
    if status == known.kInfeasible:
        return _nothing(Outcome.INFEASIBLE, seconds, np.inf)
    if status in {known.kUnbounded, known.kUnboundedOrInfeasible}:
        return _nothing(Outcome.UNBOUNDED, seconds)
    # An LP stopped early leaves an unfinished iterate, not a plan; only an integer program has incumbents.
    has = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible and (whole or status == known.kOptimal)
    bound = info.mip_dual_bound if whole else (info.objective_function_value if status == known.kOptimal else -np.inf)
    if not has:
        return _nothing(Outcome.NO_SOLUTION, seconds, bound)
    solution = highs.getSolution()
    values = np.array(solution.col_value, dtype=np.float64)
    rounded = np.where(matrix.integer, np.round(values), values)
    if np.abs(rounded - values).max(initial=0.0) > INTEGRALITY:
        message = "the solver returned fractions where whole numbers were asked for"
        raise SolverError(message)
    objective = float(info.objective_function_value)
    gap = max(0.0, objective - bound) / max(abs(objective), 1e-12) if objective != bound else 0.0
    rows, columns = (None, None) if whole else (np.array(solution.row_dual), np.array(solution.col_dual))
    outcome = Outcome.OPTIMAL if status == known.kOptimal else Outcome.FEASIBLE
    return Answer(outcome, objective, float(bound), gap, rounded, rows, columns, seconds)


def _empty(matrix: Matrix, seconds: float) -> Answer:
    """Return the answer to a program without columns: every row then says nothing, which its bounds allow or do not."""
    if (matrix.row_lower > 0).any() or (matrix.row_upper < 0).any():
        return _nothing(Outcome.INFEASIBLE, seconds, np.inf)
    blank = np.zeros(len(matrix.columns))
    return Answer(Outcome.OPTIMAL, 0.0, 0.0, 0.0, blank, np.zeros(len(matrix.rows)), blank, seconds)


def conflict(matrix: Matrix, *, time_limit_s: float = 10.0) -> tuple[str, ...]:
    """Return the rows of an irreducible infeasible subset of the program's linear relaxation, or () if none was found."""
    highs = loaded(matrix.relaxed())
    configured(highs, Request(time_limit_s=time_limit_s))
    highs.setOptionValue("iis_strategy", 2)
    found, subset = highs.getIis()
    if found == highspy.HighsStatus.kError or not subset.valid_:
        return ()
    return tuple(sorted(matrix.rows[row] for row in subset.row_index_))
