"""The road from a question to an answer; read this first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from catalog.items import Catalog
from planner.answer.context import Context
from planner.answer.plan import answer
from planner.errors import CertificateError
from planner.options.build import tabulate
from planner.options.market import survey
from planner.plan import Plan
from planner.program.adapter import Progress as SolverProgress
from planner.program.solution import Solution
from planner.program.solve import solve_instance
from planner.progress import Progress
from planner.question.costs import costs_of
from planner.question.demand import demand_of
from planner.question.instance import pose
from planner.question.models import with_known_models
from planner.question.rivals import without_dearer_rentals
from planner.scenario import Scenario

Listener = Callable[[Progress], None]


def make_plan(scenario: Scenario, catalog: Catalog, *, folder: Path = Path(), progress: Listener | None = None) -> Plan:
    """Return the plan of a scenario.

    `folder` is where the scenario's own files (traces, measured tables) are looked for. Raises InputError for what the
    catalog does not have and for files that cannot be read; an infeasible scenario is a plan that says so.
    """
    tell = progress or (lambda _: None)
    scenario = with_known_models(scenario, catalog)
    tell(Progress("demand", 0.02, "reading demand"))
    demand = demand_of(scenario, catalog, folder)
    market = survey(scenario, catalog)
    tell(Progress("options", 0.1, f"predicting {len(market.offerings)} systems"))
    costs = costs_of(scenario, catalog, market, demand)
    table = without_dearer_rentals(tabulate(scenario, catalog, market, demand, folder), costs)
    instance = pose(scenario, catalog, demand, market, table, costs)
    tell(Progress("solve", 0.3, f"choosing among {len(table.rows)} options"))
    solution = certified(solve_instance(instance, _solver_listener(tell)))
    tell(Progress("answer", 0.95, "writing the answer"))
    return answer(Context(scenario, catalog, demand, market, table, costs, instance, solution))


def certified(solution: Solution) -> Solution:
    """Return a solution that its independent check upholds; raise CertificateError for one that it refutes."""
    certificate = solution.certificate
    if certificate is not None and not certificate.valid:
        raise CertificateError("; ".join(certificate.violations[:5]))
    return solution


def _solver_listener(tell: Listener) -> Callable[[SolverProgress], None]:
    """Return a listener that passes the solver's bound, incumbent and gap on."""

    def listen(state: SolverProgress) -> None:
        gap = "" if state.gap is None else f", gap {state.gap:.2%}"
        tell(Progress("solve", 0.5, f"solving{gap}", state.incumbent, state.bound, state.gap))

    return listen
