"""One reading of every exception, for the shell, the service and jobs alike: a code, a status, words, and no traceback."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import CatalogError, Problem
from planner.errors import InputError, SplitfleetError

BAD_INPUT = 2
DEFECT = 1
_WORDS_OF_DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in words for people: stable `code`, HTTP `status`, shell `exit_code`, the problems by field."""

    code: str
    status: int
    exit_code: int
    title: str
    problems: tuple[Problem, ...]
    document: str = ""

    def lines(self) -> list[str]:
        """Return one line per problem, each naming the document and the field."""
        head = f"{self.document}: " if self.document else ""
        return [f"{head}{problem}" for problem in self.problems]


def failure_of(error: BaseException) -> Failure:
    """Return what an exception means; anything unexpected is a defect of splitfleet and shows none of its inside."""
    match error:
        case InputError():
            return Failure(error.code, error.status, error.exit_code, "The input is not valid", error.problems, error.document)
        case CatalogError():
            return Failure("invalid-input", 422, BAD_INPUT, "The input is not valid", error.problems, error.document)
        case SplitfleetError():
            title = "This cannot be done" if error.exit_code == BAD_INPUT else "The plan could not be made"
            return Failure(error.code, error.status, error.exit_code, title, (Problem("", str(error)),))
        case MemoryError():
            return _defect(
                "out-of-memory", "The memory does not suffice", "this plan needs more memory than there is; make it smaller"
            )
        case OSError() if error.strerror:
            return _disk(error)
        case _:
            return _defect("defect", "A defect of splitfleet", f"a defect of splitfleet ({type(error).__name__})")


def _disk(error: OSError) -> Failure:
    if error.errno in _WORDS_OF_DISK:
        return Failure("storage-full", 507, DEFECT, "Nothing can be stored", (Problem("", _WORDS_OF_DISK[error.errno]),))
    name = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
    return _defect("input-output", "A file cannot be read or written", f"{error.strerror}{name}")


def _defect(code: str, title: str, words: str) -> Failure:
    return Failure(code, 500, DEFECT, title, (Problem("", words),))
