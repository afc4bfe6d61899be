"""Finding an item by the name people give it: its id or an alias, whatever the case and punctuation; never by guessing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, TypeVar

from catalog.errors import CatalogError, Problem, UnknownNameError
from catalog.items import Catalog, Hardware, Model, System


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def aliases(self) -> frozenset[str]: ...


_T = TypeVar("_T", bound=_Named)
_LONGEST = 80


def find_hardware(catalog: Catalog, name: str) -> Hardware:
    """Return the hardware of an id or alias; UnknownNameError offers the nearest ids."""
    return _find(catalog.hardware, name, "hardware item")


def find_model(catalog: Catalog, name: str) -> Model:
    """Return the model of an id or alias; UnknownNameError offers the nearest ids."""
    return _find(catalog.models, name, "model")


def find_system(catalog: Catalog, name: str) -> System:
    """Return the system of an id, `<hardware id or alias>/<unit>`; UnknownNameError offers the nearest ids."""
    hardware, _, slug = name.rpartition("/")
    systems = catalog.systems()
    if name in systems:
        return systems[name]
    try:
        item = find_hardware(catalog, hardware)
    except CatalogError:
        raise _unknown(name, "system", list(systems)) from None
    for system in item.systems:
        if normal(system.id.partition("/")[2]) == normal(slug):
            return system
    raise _unknown(f"{item.id}/{slug}", "system", [system.id for system in item.systems] or list(systems))


def resolve(catalog: Catalog, name: str) -> Hardware | Model | System:
    """Return whatever an id or alias names: a hardware item, a model or a system."""
    for find in (find_hardware, find_model, find_system):
        try:
            return find(catalog, name)
        except UnknownNameError:
            continue
    raise _unknown(name, "item", [*catalog.hardware, *catalog.models, *catalog.systems()])


def normal(name: str) -> str:
    """Return a name without case, spaces and punctuation, which count only between two digits.

    `NVIDIA H100-SXM` and `nvidia h100 sxm` are the same; `opt-1.3b` and `opt-13b`, `qwen2-7b` and `qwen-27b` are not.
    """
    pointed = re.sub(r"(?<=\d)[\s_/-]+(?=\d)", "-", name.casefold())
    return re.sub(r"(?<!\d)[^a-z0-9+]+|[^a-z0-9+]+(?!\d)", "", pointed)


def name_clashes(items: Mapping[str, _T]) -> list[tuple[str, str, str]]:
    """Return every name that two items share, with the ids of both."""
    owner: dict[str, str] = {}
    clashes = []
    for item in items.values():
        for name in dict.fromkeys(normal(alias) for alias in (item.id, *sorted(item.aliases))):
            first = owner.setdefault(name, item.id)
            if first != item.id:
                clashes.append((name, first, item.id))
    return clashes


def _find(items: Mapping[str, _T], name: str, noun: str) -> _T:
    if name in items:
        return items[name]
    item_id = _index(tuple((item.id, *sorted(item.aliases)) for item in items.values())).get(normal(name))
    if item_id is None:
        raise _unknown(name, noun, list(items))
    return items[item_id]


@lru_cache(maxsize=8)
def _index(names: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    """Return the id that each normal form of a name means; the first name of each group is the id."""
    return {normal(alias): group[0] for group in names for alias in group}


def _unknown(name: str, noun: str, known: list[str]) -> UnknownNameError:
    name = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
    close = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(repr(item) for item in close)}?" if close else ""
    return UnknownNameError([Problem("", f"the catalog has no {noun} '{name}'{hint} `splitfleet catalog list` shows all")])
