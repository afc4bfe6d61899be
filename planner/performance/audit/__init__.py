"""Published speeds beside physics: what is possible, what is not, and what nobody can say."""

from planner.performance.audit.claims import audit, verdicts_for
from planner.performance.audit.verdict import Verdict, Word

__all__ = ["Verdict", "Word", "audit", "verdicts_for"]
