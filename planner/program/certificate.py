"""stub"""

from __future__ import annotations

from planner.program.instance import Instance
from planner.program.solution import Certificate, Solution


def certify(instance: Instance, solution: Solution) -> Certificate:
    return Certificate(True, 0.0)
