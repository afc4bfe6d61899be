"""An independent check of a solution, in exact arithmetic, by code that shares nothing with the builder of the program.

It reads the instance and the counts and rates of the solution, recomputes every constraint and the cost with
`fractions.Fraction`, and says in words what does not hold. Whole numbers are checked exactly;
rates, which are decimal numbers, to `TOLERANCE`.
"""

from __future__ import annotations

from planner.program.certificate.books import open_books
from planner.program.certificate.limits import check_limits
from planner.program.certificate.market import check_market
from planner.program.certificate.money import check_cost, total_cost
from planner.program.certificate.service import check_service
from planner.program.instance import Instance
from planner.program.solution import Certificate, Solution

__all__ = ["certify"]

MOST_NAMED = 20


def certify(instance: Instance, solution: Solution) -> Certificate:
    """Return whether a solution keeps every constraint of its instance, its exact cost [USD], and what it breaks."""
    books = open_books(instance, solution)
    violations = list(check_whole(solution))
    for book in books:
        violations += [*check_market(book), *check_service(book), *check_limits(book)]
    cost = total_cost(books)
    violations += check_cost(cost, solution, instance)
    return Certificate(not violations, float(cost), tuple(violations[:MOST_NAMED]))


def check_whole(solution: Solution) -> list[str]:
    """Return what is wrong with counts: each must be a whole number of at least one (zeros are left out)."""
    counts: list[tuple[object, int]] = [(record, record.count) for record in solution.bought]
    counts += [(record, record.count) for record in solution.rented]
    counts += [(record, record.count) for record in solution.retired]
    counts += [(record, record.count) for record in solution.owned]
    counts += [(pool, pool.replicas) for pool in solution.pools]
    wrong = [record for record, count in counts if not isinstance(count, int) or count < 1]
    return [f"{record} does not count whole units" for record in wrong]
