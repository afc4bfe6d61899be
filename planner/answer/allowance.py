"""How much may be asked beside the plan: what the scenario wants explained, the program's size, and the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from planner.errors import SplitfleetError
from planner.program.instance import Instance
from planner.program.solution import Outcome, Solution
from planner.program.solve import solve_instance
from planner.scenario import Scenario

SHARE_OF_LIMIT, SHARE_FOR_MARGINS = 0.2, 0.5
SMALL_COLUMNS = 3_000
LARGE_COLUMNS = 100_000
FINE_GAP = 1e-4


@dataclass
class Allowance:
    """Time for the solves of one further question [s], and in `notes` what was not answered and why."""

    subject: str
    left_s: float
    notes: list[str] = field(default_factory=list)

    def solve(self, instance: Instance, gap: float = FINE_GAP) -> Solution | None:
        """Return a solution proved to a gap, or without one a proof that there is none; None where time is up first."""
        if self.left_s <= 0.0:
            return None
        settings = replace(instance.settings, gap=gap, time_limit_s=max(self.left_s, 0.1), tie_break=False)
        began = time.perf_counter()
        try:
            solution = solve_instance(replace(instance, settings=settings))
        except SplitfleetError as error:
            self.notes.append(f"{self.subject}: not answered, the solver said: {error}")
            return None
        finally:
            self.left_s -= time.perf_counter() - began
        return solution if solution.outcome in {Outcome.OPTIMAL, Outcome.INFEASIBLE} else None

    def skip(self, what: str) -> None:
        """Note what was left out because time was up."""
        self.notes.append(f"{self.subject}: {what} left out, the time for it was up")


def allowance(
    scenario: Scenario, subject: str, wanted: Callable[[Scenario], bool | None], columns: int = 0, *, relaxed: bool = False
) -> tuple[Allowance | None, str]:
    """Return the time for a question, or None and why it is not asked ("" where nobody wants it).

    `columns` are those of the program that the question solves again, or (`relaxed`) of the one whose relaxation it solves.
    """
    asked, limit_s = wanted(scenario), scenario.solver.time_limit
    most, share = (LARGE_COLUMNS, SHARE_FOR_MARGINS) if relaxed else (SMALL_COLUMNS, SHARE_OF_LIMIT)
    if asked is False:
        return None, ""
    if asked is None and columns > most:
        words = f"left out, {columns:,} variables are more than {most:,}; `explain` asks for it all the same"
        return None, f"{subject}: {words}"
    return Allowance(subject, limit_s if asked else share * limit_s), ""
