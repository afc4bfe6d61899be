"""One reader for every YAML (or JSON) file that a person hands in: plain trees, and no surprises.

YAML is read as its harmless core. Aliases, tags, duplicate keys, several documents, NaN and infinity are refused; dates, `yes`
and `1:30` stay the text they are; keys are text. Size, depth and node count are bounded, so that a hostile file fails fast.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from catalog.errors import CatalogError

MAX_BYTES = 4 * 2**20
MAX_NODES = 200_000
MAX_DEPTH = 32

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?\.?(?:inf|nan|infinity)", re.IGNORECASE)
_CONSTANTS: dict[str, object] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LONGEST_NUMBER = 64


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES) -> dict[str, object]:
    """Return the mapping that a YAML file holds: dicts, lists, text, numbers, booleans and None.

    Raises CatalogError, naming the file, the field and the line, for anything that cannot be read or is not a mapping.
    """
    return parse_yaml(_text_of(path, max_bytes), document=str(path), max_nodes=max_nodes)


def parse_yaml(text: str, *, document: str = "", max_nodes: int = MAX_NODES) -> dict[str, object]:
    """Return the mapping that a YAML text holds; `document` names it in errors."""
    builder = _Builder(document, max_nodes)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise CatalogError.at("", _syntax(error), document=document) from None
    if not isinstance(builder.root, dict):
        found = "nothing" if builder.root is None else "a list" if isinstance(builder.root, list) else "a single value"
        raise CatalogError.at("", f"holds {found}; expected a mapping of fields, such as `name: value`", document=document)
    return builder.root


def _text_of(path: Path, max_bytes: int) -> str:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise CatalogError.at("", f"is {size:,} bytes; a file may have at most {max_bytes:,}", document=str(path))
        with path.open("rb") as file:
            return file.read(max_bytes + 1).decode("utf-8-sig")
    except OSError as error:
        raise CatalogError.at("", f"cannot be read: {error.strerror or error}", document=str(path)) from None
    except UnicodeDecodeError:
        raise CatalogError.at("", "is not text in UTF-8; save it as UTF-8", document=str(path)) from None


def _events(text: str) -> Iterator[yaml.Event]:
    """Yield parser events; events need no recursion, so depth cannot exhaust the stack."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)


def _syntax(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return f"{where}is not valid YAML: {reason}"


@dataclass(slots=True)
class _Open:
    """A collection being filled; `key` is the mapping key whose value comes next."""

    value: dict[str, object] | list[object]
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Builds the tree from events, one at a time, checking as it goes."""

    document: str
    max_nodes: int
    root: object = None
    nodes: int = 0
    documents: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Add one event to the tree."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open(event, {})
            case yaml.SequenceStartEvent():
                self._open(event, [])
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                raise self._error(event, f"the alias *{event.anchor} is not allowed; write the value out")
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise self._error(event, "a second document begins here; put it in a file of its own")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event)
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            if event.value in top.value:
                raise self._error(event, f"the key '{event.value[:64]}' stands twice; keep one of them")
            top.key = event.value
        else:
            self._put(self._resolved(event))

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, value: dict[str, object] | list[object]) -> None:
        self._count(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self._error(event, f"nests deeper than {MAX_DEPTH} levels")
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            raise self._error(event, "a key must be plain text")
        self._put(value)
        self.stack.append(_Open(value))

    def _close(self) -> None:
        self.stack.pop()
        if self.stack:
            self.stack[-1].key = None

    def _put(self, value: object) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            top.value[top.key] = value
            if not isinstance(value, dict | list):
                top.key = None

    def _count(self, event: yaml.NodeEvent) -> None:
        self.nodes += 1
        if self.nodes > self.max_nodes:
            raise self._error(event, f"holds more than {self.max_nodes:,} values; a file may have no more")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise self._error(event, f"the tag {tag} is not allowed; write the value plainly")

    def _resolved(self, event: yaml.ScalarEvent) -> object:
        """Return the value of a scalar: quoted text as it is, plain text by the YAML 1.2 core rules."""
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NOT_FINITE.fullmatch(text):
            raise self._error(event, f"{text} is not a number that can be used; write a finite number")
        if not _FLOAT.fullmatch(text):
            return text
        if len(text) > _LONGEST_NUMBER:
            raise self._error(event, f"the number {text[:16]}... has more than {_LONGEST_NUMBER} digits")
        if _INTEGER.fullmatch(text):
            return int(text)
        if math.isinf(float(text)):
            raise self._error(event, f"{text} is too large to be a number; write a finite number")
        return float(text)

    def _error(self, event: yaml.Event, message: str) -> CatalogError:
        where = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
        return CatalogError.at(self._field(), where + message, document=self.document)

    def _field(self) -> str:
        """Return the dotted path of the value being read, such as `sites[0].power`."""
        path = ""
        for level in self.stack:
            inside = level is not self.stack[-1]
            if isinstance(level.value, list):
                path += f"[{len(level.value) - inside}]"
            elif level.key:
                path += f".{level.key}"
        return path.removeprefix(".")
