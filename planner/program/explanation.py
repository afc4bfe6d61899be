"""stub"""

from __future__ import annotations

from planner.program.instance import Instance
from planner.program.solution import Change


def smallest_changes(instance: Instance) -> tuple[Change, ...]:
    return ()
