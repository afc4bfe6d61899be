"""Every error that splitfleet raises on purpose.

The tree::

    SplitfleetError             what a user did or asked cannot be done; the message says what would be right
    |- InputError               a scenario, catalog or trace that is not valid; names the field
    |- UnknownItem              a hardware, model, system or profile id that the catalog does not have
    |- Unsupported              a deployment that physics or the hardware rules out, with the reason
    |- TooLarge                 a request beyond a documented size, with the dimension to cut
    |- CertificateError         a plan that its own independent check refutes (a defect, never the user's)
    `- SolverError              the solver itself failed or contradicted itself

An infeasible scenario is a *result* (`Plan.outcome`), not an error.
"""

from __future__ import annotations

from typing import ClassVar

from catalog.errors import Problem

__all__ = [
    "CertificateError",
    "InputError",
    "Problem",
    "SolverError",
    "SplitfleetError",
    "TooLarge",
    "UnknownItem",
    "Unsupported",
]


class SplitfleetError(Exception):
    """Base of every deliberate error; `code` is stable, `status` is its HTTP status, `exit_code` the shell's."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1


class InputError(SplitfleetError):
    """An input document that is not valid; carries every problem found, not only the first."""

    code = "invalid-input"
    status = 422
    exit_code = 2

    def __init__(self, problems: list[Problem], *, document: str = "") -> None:
        """Keep the problems and name the document they were found in."""
        self.problems = tuple(problems)
        self.document = document
        head = f"{document}: " if document else ""
        super().__init__("\n".join(f"{head}{problem}" for problem in problems))

    @classmethod
    def at(cls, field: str, message: str, *, document: str = "") -> InputError:
        """Return the error for a single field."""
        return cls([Problem(field, message)], document=document)


class UnknownItem(InputError):
    """An id that the catalog does not have; the message offers the nearest ones."""

    code = "unknown-item"


class Unsupported(SplitfleetError):
    """A deployment that physics or the hardware rules out; the message is the reason."""

    code = "unsupported"
    status = 422
    exit_code = 2


class TooLarge(InputError):
    """A request beyond a documented size; the message names the dimension to cut."""

    code = "too-large"


class CertificateError(SplitfleetError):
    """A plan that the independent checker refutes: a defect of splitfleet or its solver, never of the input."""

    code = "certificate-refuted"


class SolverError(SplitfleetError):
    """The solver failed or contradicted itself."""

    code = "solver-failed"
