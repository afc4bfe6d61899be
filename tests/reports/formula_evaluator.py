"""A small evaluator of the plain formulas that a workbook may hold, written for the tests alone and sharing nothing with reports."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path

import numpy as np
import openpyxl
from openpyxl.utils import column_index_from_string

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?)|"(?P<text>[^"]*)"|(?P<range>(?:'[^']+'!|[A-Za-z]\w*!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)
    |(?P<name>[A-Z]+)(?=\()|(?P<bool>TRUE|FALSE)|(?P<op><=|>=|<>|[-+*/^&=<>(),]))""",
    re.VERBOSE,
)
REFERENCE = re.compile(r"(?:(?:'([^']+)'|(\w+))!)?\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?$")
PRECEDENCE = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"))


class Workbook:
    """Every cell of a file, formulas computed when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Read every formula and value."""
        book = openpyxl.load_workbook(path)
        cells = [(sheet.title, cell) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
        self.cells = {(title, cell.row, cell.column): cell.value for title, cell in cells}
        self.formulas = {(title, cell.row, cell.column) for title, cell in cells if cell.data_type == "f"}
        self.known: dict[tuple[str, int, int], object] = {}

    def edited(self, edits: dict[tuple[str, str], float]) -> Workbook:
        """Return the workbook in which cells are replaced by values, nothing computed yet."""
        other = copy(self)
        changes = {(sheet, *_coordinates(address)): value for (sheet, address), value in edits.items()}
        other.cells, other.formulas, other.known = self.cells | changes, self.formulas - set(changes), {}
        return other

    def find(self, sheet: str, column: str, key: str, value_column: str) -> tuple[str, str]:
        """Return the address, in `value_column`, of the one row whose `column` says `key`."""
        wanted = column_index_from_string(column)
        found = [row for (title, row, place), value in self.cells.items() if (title, place) == (sheet, wanted) and value == key]
        assert len(found) == 1, (sheet, key, found)
        return sheet, f"{value_column}{found[0]}"

    def value(self, sheet: str, address: str) -> object:
        """Return what a cell shows."""
        return self.cell(sheet, *_coordinates(address))

    def cell(self, sheet: str, row: int, column: int) -> object:
        """Return what a cell shows, computed once."""
        key = (sheet, row, column)
        if key not in self.formulas:
            return self.cells.get(key, 0.0)
        if key not in self.known:
            self.known[key] = Parser(self, sheet, str(self.cells[key])[1:]).result()
        return self.known[key]

    def results(self) -> Iterator[tuple[str, int, int, object]]:
        """Yield sheet, row, column and result of every formula."""
        for sheet, row, column in sorted(self.formulas):
            yield sheet, row, column, self.cell(sheet, row, column)


def _coordinates(address: str) -> tuple[int, int]:
    match = re.fullmatch(r"([A-Z]+)(\d+)", address)
    assert match
    return int(match[2]), column_index_from_string(match[1])


class Parser:
    """Recursive descent with the precedence of spreadsheets: comparison, &, + -, * /, unary minus, ^."""

    def __init__(self, book: Workbook, sheet: str, text: str) -> None:
        self.book, self.sheet, self.text = book, sheet, text
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text):
            match = TOKEN.match(text, place)
            assert match, f"not understood: {text[place:]!r} of {text!r}"
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            place = match.end()
        self.place = 0

    def result(self) -> object:
        """Return what the whole formula gives."""
        found = self.binary(0)
        assert self.place == len(self.tokens), self.text
        return found

    def peek(self) -> str:
        """Return the operator that comes next, or nothing."""
        return self.tokens[self.place][1] if self.place < len(self.tokens) and self.tokens[self.place][0] == "op" else ""

    def take(self) -> tuple[str, str]:
        """Return the next token and pass it."""
        self.place += 1
        return self.tokens[self.place - 1]

    def binary(self, level: int) -> object:
        """Return an expression of operators that bind at least as tightly as a level."""
        if level == len(PRECEDENCE):
            return self.power()
        left = self.binary(level + 1)
        while self.peek() in PRECEDENCE[level]:
            left = _apply(self.take()[1], left, self.binary(level + 1))
        return left

    def power(self) -> object:
        """Return a power."""
        base = self.unary()
        while self.peek() == "^":
            self.take()
            base = np.power(_number(base), _number(self.unary()))
        return base

    def unary(self) -> object:
        """Return an atom, perhaps negated."""
        if self.peek() == "-":
            self.take()
            return -_number(self.unary())
        return self.atom()

    def atom(self) -> object:
        """Return a number, text, reference, call or bracket."""
        kind, text = self.take()
        if kind == "number":
            return float(text)
        if kind == "text":
            return text
        if kind == "bool":
            return text == "TRUE"
        if kind == "range":
            return self.reference(text)
        if kind == "name":
            return self.call(text)
        assert text == "(", self.text
        inner = self.binary(0)
        assert self.take()[1] == ")", self.text
        return inner

    def reference(self, text: str) -> object:
        """Return the value of a cell, or those of a range as an array."""
        match = REFERENCE.match(text)
        assert match, text
        sheet = match[1] or match[2] or self.sheet
        row, column = int(match[4]), column_index_from_string(match[3])
        if match[5] is None:
            return self.book.cell(sheet, row, column)
        last_row, last_column = int(match[6]), column_index_from_string(match[5])
        return np.array(
            [[self.book.cell(sheet, r, c) for c in range(column, last_column + 1)] for r in range(row, last_row + 1)],
            dtype=object,
        )

    def call(self, name: str) -> object:
        """Return the value of a function."""
        self.take()
        arguments: list[object] = []
        while self.peek() != ")":
            arguments.append(self.binary(0))
            if self.peek() == ",":
                self.take()
        self.take()
        return FUNCTIONS[name](*arguments)


def _number(value: object):
    if isinstance(value, np.ndarray):
        return np.array([[0.0 if isinstance(x, str) else float(x) for x in row] for row in value])
    assert not isinstance(value, str), value
    return float(value)  # type: ignore[arg-type]


def _apply(operator: str, left: object, right: object) -> object:
    if operator == "&":
        return f"{left}{right}"
    if operator in PRECEDENCE[0]:
        compare: dict[str, Callable[[object, object], bool]] = {
            "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b,
            ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
        }  # fmt: skip
        return compare[operator](left, right)
    a, b = _number(left), _number(right)
    if operator == "/":
        return a / b if np.all(b) else math.nan  # an error value: harmless in the branch of an IF that is not taken
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b}[operator]()


def _flat(*values: object) -> list[float]:
    found: list[float] = []
    for value in values:
        if isinstance(value, np.ndarray):
            found += [float(x) for x in value.ravel() if not isinstance(x, str | bool)]
        else:
            found.append(float(value))  # type: ignore[arg-type]
    return found


def _sum_if(where: np.ndarray, criterion: object, what: np.ndarray) -> float:
    total = 0.0
    for key, value in zip(where.ravel(), what.ravel(), strict=True):
        if (
            isinstance(criterion, str)
            and isinstance(key, str)
            and fnmatch.fnmatchcase(key.lower(), _pattern(criterion))
            and not isinstance(value, str)
        ):
            total += float(value)
    return total


def _pattern(criterion: str) -> str:
    """Return the spreadsheet's wildcards (`*`, `?`, `~` before a literal one) in the form of fnmatch."""
    out, place = "", 0
    text = criterion.lower()
    while place < len(text):
        if text[place] == "~" and place + 1 < len(text):
            place += 1
            out += f"[{text[place]}]"
        else:
            out += "[[]" if text[place] == "[" else text[place]
        place += 1
    return out


def _index(values: np.ndarray, position: object) -> object:
    place = int(float(position))  # type: ignore[arg-type]
    assert place >= 1
    return values.ravel()[place - 1]


def _if(condition: object, yes: object, no: object = False) -> object:
    return yes if condition else no


FUNCTIONS: dict[str, Callable[..., object]] = {
    "SUM": lambda *a: float(sum(_flat(*a))),
    "MIN": lambda *a: min(_flat(*a)),
    "MAX": lambda *a: max(_flat(*a)),
    "ABS": lambda a: abs(float(a)),
    "AND": lambda *a: all(a),
    "NOT": lambda a: not a,
    "IF": _if,
    "INDEX": _index,
    "SUMPRODUCT": lambda *a: float(np.sum(np.prod([_number(x) for x in a], axis=0))),
    "SUMIF": _sum_if,
    "COUNTIF": lambda where, what: float(sum(x is what for x in where.ravel())),
}
