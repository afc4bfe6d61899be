"""The error that every bad catalog file or name ends in: all problems found, each with its field and what would be right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where it is, and what was given beside what would be right."""

    field: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one line, `field: message`."""
        return f"{self.field}: {self.message}" if self.field else self.message


class CatalogError(Exception):
    """A document that is not valid; carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem], *, document: str = "") -> None:
        """Keep the problems and name the document they were found in."""
        self.problems = tuple(problems)
        self.document = document
        head = f"{document}: " if document else ""
        super().__init__("\n".join(f"{head}{problem}" for problem in problems))

    @classmethod
    def at(cls, field: str, message: str, *, document: str = "") -> CatalogError:
        """Return the error for a single field."""
        return cls([Problem(field, message)], document=document)


class UnknownNameError(CatalogError):
    """A name that the catalog does not have; the message offers the nearest ones."""
