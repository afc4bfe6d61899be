"""The answer: one validated document, complete enough that a report needs nothing else."""

from planner.plan.document import PLAN_VERSION, Plan, read_plan

__all__ = ["PLAN_VERSION", "Plan", "read_plan"]
