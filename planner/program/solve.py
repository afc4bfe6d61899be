"""An instance in, a certified solution out."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from planner.program.adapter import Progress, Report
from planner.program.build import build
from planner.program.certificate import certify
from planner.program.check import check
from planner.program.columns import routed, whole_pools
from planner.program.explanation import smallest_changes
from planner.program.extract import Values, fits, written
from planner.program.goal import cost, score
from planner.program.instance import Goal, Instance
from planner.program.lexicographic import keep
from planner.program.proof import GUIDED_GAP
from planner.program.prune import prune
from planner.program.relaxation import LARGE_COLUMNS
from planner.program.repack import LEAST_S, repack
from planner.program.run import STRICT, Objective, Run
from planner.program.sets import Sets, prepare
from planner.program.size import refuse_too_large
from planner.program.solution import Outcome, Solution

FINE_GAP = 1e-4
TIE_BREAK_NONZEROS = 30_000
EQUAL_COST = 3e-7
PACKING_SHARE = 0.3
SHARED_GAP = 0.5
STRICTER = (0.25, 0.1)
PRESSING_SHARE = 0.3
IMPROVING_SHARE = 0.3
PACKING_PER_SOLVING = 1.25
LEAST_PACKING_S = 5.0
COARSE = 2.0
LEAST_PARTS = 2
RELAXING_SHARE = 0.5
FIRST_PACKING_SHARE = 0.15
CHALLENGE_SHARE = 0.5
NEXT_TO_NOTHING = 1e-6

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
    """Return a plan of an instance, of a very large one period by period."""
    sets = prepare(instance)
    run = Run(sets, build(sets), end, progress)
    plan = _by_period(instance, run)
    if plan is not None:
        return plan
    plan = _packed_first(instance, run)
    if plan is None:
        return _whole(instance, run)
    return plan if plan.outcome is Outcome.OPTIMAL else _better(plan, _whole(instance, run), instance.settings.gap)


def _packed_first(instance: Instance, run: Run) -> Solution | None:
    """Return the relaxation, packed, and how good that is: a looser plan cheaper by the gap is sought, or proved not to be.

    Such a plan is packed in its turn, as long as that makes a better one. None where packing does not follow, or takes long.
    """
    settings, sets = instance.settings, run.sets
    fits_in = len(sets.periods) * len(sets.worlds) * LEAST_S <= FIRST_PACKING_SHARE * settings.time_limit_s
    wanted = instance.goal is Goal.CHEAPEST and settings.gap >= GUIDED_GAP and _packs(sets) and fits_in
    relaxed = run.relaxed_whole(RELAXING_SHARE) if wanted and len(run.matrix(Objective.SCORE).columns) <= LARGE_COLUMNS else None
    if relaxed is None or relaxed.values is None:
        return None
    bound = relaxed.bound * run.model.scale
    fleet = Values(dict(zip(run.matrix(Objective.SCORE).columns, map(float, relaxed.values), strict=True)))
    plan = _laid(run, Solution(Outcome.FEASIBLE, bound=bound), fleet, FIRST_PACKING_SHARE * settings.time_limit_s)
    return None if plan is None else _challenged(run, _rebound(plan, bound, settings.gap))


def _challenged(run: Run, plan: Solution) -> Solution:
    """Return a plan, or a better one, its bound raised by proofs that the run's program has none that is cheaper by the gap.

    Once a plan without whole replicas is known to be, only a better packing could close the gap: that is left to others.
    """
    gap, bound = run.sets.instance.settings.gap, -math.inf if plan.bound is None else plan.bound
    cheapest = math.inf
    while plan.outcome is not Outcome.OPTIMAL and plan.score is not None:
        known = plan.score
        ceiling = known - gap * abs(known)
        if cheapest <= ceiling:
            break
        verdict, looser = run.cheaper(known, ceiling, bound, CHALLENGE_SHARE)
        bound = max(bound, verdict.answer.bound * run.model.scale)
        plan = _rebound(plan, bound, gap)
        if looser is None or verdict.answer.objective is None or plan.outcome is Outcome.OPTIMAL:
            break
        cheapest = min(cheapest, verdict.answer.objective * run.model.scale)
        again = _laid(run, plan, looser, max(LEAST_PACKING_S, PACKING_PER_SOLVING * run.spent()))
        if again is None or (again.score or 0.0) >= known:
            break
        plan = _rebound(again, bound, gap)
    return replace(plan, notes=tuple(run.notes))


def _whole(instance: Instance, run: Run) -> Solution:
    """Return a plan of whole replicas: as solved, or packed afterwards, or else solved again with whole pools."""
    sets, end = run.sets, run.end
    # Packing must not be left without time: it turns a bound into a plan.
    if _packs(sets):
        run.end = end - PACKING_SHARE * (end - time.perf_counter())
        run.strictness = SHARED_GAP
    solution, values = _planned(run)
    run.end = end
    if values is None or not fits(sets, run.model, values):
        return solution
    plan = _packed(instance, run, solution, values)
    if plan is None:
        return _exact(instance, run)
    if (plan.gap or 0.0) > COARSE * instance.settings.gap:
        plan = _exactly(instance, run, plan)
    return _pressed(instance, run, plan, values)


def _packs(sets: Sets) -> bool:
    """Return whether a plan of whole units is packed into whole replicas afterwards."""
    inside = bool(sets.instance.settings.integer_pools)
    return not inside and (bool(sets.queues) or (not whole_pools(sets) and any(sets.whole_pools(*p) for p in sets.spots_at)))


def _exact(instance: Instance, run: Run) -> Solution:
    """Return a plan from the program with whole replicas inside, in the time that is left."""
    sets = prepare(_whole_pools(instance))
    return _planned(Run(sets, build(sets), run.end, run.progress))[0]


def _exactly(instance: Instance, run: Run, plan: Solution) -> Solution:
    """Return a packed plan, or a better one, judged by the program with whole replicas inside."""
    if instance.goal is not Goal.CHEAPEST or instance.settings.gap < GUIDED_GAP:
        return _better(plan, _exact(instance, run), instance.settings.gap)
    sets = prepare(_whole_pools(instance))
    return _challenged(Run(sets, build(sets), run.end, run.progress), plan)


def _better(packed: Solution, exact: Solution, gap: float) -> Solution:
    """Return the cheaper of a packed plan and one of the exact program, with the higher of two bounds that both hold."""
    bounds = [solution.bound for solution in (packed, exact) if solution.bound is not None]
    plans = [solution for solution in (packed, exact) if solution.score is not None]
    best = min(plans, key=lambda solution: solution.score or 0.0)
    return _rebound(best, min(max(bounds), best.score or 0.0), gap)


def _by_period(instance: Instance, run: Run) -> Solution | None:
    """Return a plan of a very large instance: its relaxation, period by period, packed into whole units and replicas; else None.

    No solver takes such a program whole in minutes. The relaxation's bound holds for every plan, and judges the packed one.
    """
    settings = instance.settings
    large = len(run.matrix(Objective.SCORE).columns) > LARGE_COLUMNS and settings.gap >= GUIDED_GAP
    if not large or instance.goal is not Goal.CHEAPEST or len(run.sets.periods) * len(run.sets.worlds) < LEAST_PARTS:
        return None
    relaxed = run.relaxed(RELAXING_SHARE)
    if relaxed.values is None:
        return None
    columns = run.matrix(Objective.SCORE).columns
    fleet = Values(dict(zip(columns, map(float, relaxed.values), strict=True)))
    begun = Solution(Outcome.FEASIBLE, bound=relaxed.bound * run.model.scale)
    return _packed(instance, run, begun, fleet)


def _packed(instance: Instance, run: Run, solution: Solution, values: Values) -> Solution | None:
    """Return a plan with whole replicas for one without, None if it cannot be packed; the bound stays the looser program's."""
    packed = _repacked(run, values, max(LEAST_PACKING_S, PACKING_PER_SOLVING * run.spent()))
    packed = packed or _repacked(run, values, math.inf)
    if packed is None or fits(run.sets, run.model, packed):
        return None
    plan = _reported(run, solution, packed, packed.total(score(run.model, run.sets)))
    bound = solution.bound if solution.bound is not None else -math.inf
    better = _improved(instance, run, plan, packed, bound)
    return _rebound(plan if better is None else better, bound, instance.settings.gap)


def _laid(run: Run, solution: Solution, values: Values, seconds: float) -> Solution | None:
    """Return a plan with whole replicas for one that may be without, in so many seconds; None if none keeps every row."""
    packed = _repacked(run, values, seconds) if _packs(run.sets) else _polished(run, values)
    if packed is None or fits(run.sets, run.model, packed):
        return None
    return _reported(run, solution, packed, packed.total(score(run.model, run.sets)))


def _repacked(run: Run, values: Values, seconds: float) -> Values | None:
    """Return a plan with whole replicas, made in so many seconds, and not in the time that improving it may want."""
    now, end = time.perf_counter(), run.end
    run.end = min(end - IMPROVING_SHARE * (end - now), now + seconds)
    packed = repack(run, values)
    run.end = end
    return packed


def _pressed(instance: Instance, run: Run, plan: Solution, values: Values) -> Solution:
    """Return a plan with its bound raised by stricter solves of the looser program, while the gap is open and time is left."""
    gap = instance.settings.gap
    for strictness in STRICTER:
        left = run.end - time.perf_counter()
        enough = (plan.gap or 0.0) <= gap or left < PRESSING_SHARE * instance.settings.time_limit_s
        if enough or instance.goal is not Goal.CHEAPEST or plan.bound is None:
            return plan
        run.strictness = strictness
        answer = run.stage("press", Objective.COST, values)[0].answer
        bound = max(plan.bound, min(answer.bound * run.model.scale, plan.score or math.inf))
        plan = replace(_rebound(plan, bound, gap), notes=tuple(run.notes))
    return plan


def _whole_pools(instance: Instance) -> Instance:
    """Return the instance with whole replicas inside the program."""
    return replace(instance, settings=replace(instance.settings, integer_pools=True, tie_break=False))


def _improved(instance: Instance, run: Run, plan: Solution, packed: Values, bound: float) -> Solution | None:
    """Return a cheaper plan of whole replicas from the options that a packed one uses, None if time finds none.

    Few options leave a program small enough for whole pools; it starts from the packed plan and stops within the gap.
    """
    if instance.goal is not Goal.CHEAPEST or (plan.gap or 0.0) <= instance.settings.gap:
        return None
    used = {flow.option for flow in plan.flows} | {pool.option for pool in plan.pools}
    options = tuple(option for option in instance.options if option.id in used)
    links = tuple(replace(link, prefill=link.prefill & used, decode=link.decode & used) for link in instance.links)
    sets = prepare(_whole_pools(replace(instance, options=options, links=links)))
    small = Run(sets, build(sets), run.end, run.progress, strictness=0.2)
    target = bound + instance.settings.gap * abs(bound)
    values = small.stage("improve", Objective.COST, _renamed(run, packed, plan, small), target=target)[1]
    values = None if values is None else _polished(small, values)
    if values is None or fits(sets, small.model, values):
        return None
    best = values.total(score(small.model, sets))
    found = replace(_reported(small, plan, values, best), rows=plan.rows, columns=plan.columns)
    return found if best < (plan.score or math.inf) else None


def _renamed(run: Run, packed: Values, plan: Solution, small: Run) -> Values:
    """Return a packed plan by the names that a smaller program has for its columns: each numbers long identifiers by itself."""
    found: dict[str, float] = {}
    for family, columns in small.model.columns.items():
        for index, variable in columns.items():
            there = run.model.find(family, index)
            found[variable.name] = 0.0 if there is None else packed.by_name.get(there.name, 0.0)
    for pool in plan.pools:
        found[small.model.name("pool", (pool.option, pool.site, pool.period, pool.block, pool.future))] = pool.replicas
        option = small.sets.options[pool.option]
        if pool.load > 0 and option.queue_share > 0:
            router = routed((option.workload, option.role, pool.site), option.queue_share)
            found[small.model.name("routed", (*router, pool.period, pool.future))] = 1.0
    return Values(found)


def _rebound(solution: Solution, bound: float, gap: float) -> Solution:
    """Return a packed plan with the bound of the program before packing, and the word that its gap deserves."""
    value = solution.score or 0.0
    reached = max(0.0, value - bound) / max(abs(value), NEXT_TO_NOTHING)
    outcome = Outcome.OPTIMAL if reached <= gap * (1 + 1e-6) else Outcome.FEASIBLE
    return replace(solution, outcome=outcome, bound=bound, gap=reached)


def _planned(run: Run) -> tuple[Solution, Values | None]:
    """Return the solution of a built program, stage by stage, and its values by column name if there are any."""
    model, sets = run.model, run.sets
    verdict, values = run.stage("solve", Objective.SCORE)
    answer, scale = verdict.answer, model.scale
    if values is None or answer.objective is None:
        return replace(_sized(run, Solution(answer.outcome)), notes=tuple(run.notes)), None
    best, bound = answer.objective * scale, answer.bound * scale
    if sets.instance.goal is not Goal.CHEAPEST:
        keep(model, "score", score(model, sets), best)
        values = run.stage("cost", Objective.COST, values)[1] or values
    values = _polished(run, values)
    if answer.outcome is Outcome.OPTIMAL and _worth_untying(run) and not fits(sets, model, values):
        values = _untied(run, values)
    best = values.total(score(model, sets)) if sets.instance.goal is Goal.CHEAPEST else best
    solution = replace(Solution(answer.outcome), bound=bound)
    return _reported(run, solution, values, best), values


def _reported(run: Run, solution: Solution, values: Values, best: float) -> Solution:
    """Return a solution's outcome and bound with a plan's records, its score, and the gap between the two."""
    bound = min(solution.bound if solution.bound is not None else -math.inf, best)
    gap = max(0.0, best - bound) / max(abs(best), NEXT_TO_NOTHING)
    plan = replace(written(run.model, run.sets, values), outcome=solution.outcome, score=best, bound=bound, gap=gap)
    return replace(_sized(run, plan), notes=tuple(run.notes))


def _sized(run: Run, solution: Solution) -> Solution:
    """Return a solution with the size of its program."""
    return replace(solution, rows=len(run.model.rows), columns=sum(len(family) for family in run.model.columns.values()))


def _polished(run: Run, values: Values) -> Values:
    """Return the plan with its whole numbers kept and the cheapest routing for them, to a billionth.

    Routing that a loose tolerance had served by nothing does not survive here; then the program is solved again, strictly.
    """
    fixed = run.routed(values)
    if fixed is None:
        values = run.stage("strict", Objective.COST, values, tolerance=STRICT)[1] or values
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
