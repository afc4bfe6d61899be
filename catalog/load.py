"""From folders of YAML to one Catalog: the built-in data, then every overlay on top, field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from catalog.build import claim_of, hardware_of, model_of, source_of
from catalog.errors import CatalogError, Problem
from catalog.fields import Entry, problems_of
from catalog.items import Catalog, Claim, Fact, Kind, Source
from catalog.layers import Layers, merged, read_layer
from catalog.leaf import USER_SOURCE, fact, near
from catalog.lookup import name_clashes
from catalog.model_schema import ModelEntry
from catalog.references import reference_problems
from catalog.schema import ClaimEntry, HardwareEntry, SourceEntry

DATA = Path(__file__).parent / "data"
_Typed = TypeVar("_Typed", bound=Entry)
_Item = TypeVar("_Item")


def load_catalog(*overlays: Path) -> Catalog:
    """Return the built-in catalog with the overlays (folders or files of YAML) laid over it, the later over the earlier.

    An overlay adds items and replaces single fields of existing ones by id. Raises CatalogError with every problem found,
    each with its file, item and field.
    """
    return _assembled(tuple(Path(overlay) for overlay in overlays)) if overlays else _built_in()


@lru_cache(maxsize=1)
def _built_in() -> Catalog:
    """Return the catalog without overlays, read once per process."""
    return _assembled(())


def _assembled(overlays: tuple[Path, ...]) -> Catalog:
    layers = Layers()
    for folder in (DATA, *overlays):
        layer = read_layer(folder, layers)
        for section, tree in layer.items():
            layers.sections[section] = merged(layers.sections[section], tree)
    catalog = _typed(layers)
    if layers.problems:
        raise CatalogError(layers.problems)
    return catalog


def _typed(layers: Layers) -> Catalog:
    """Return the catalog of the merged trees; problems are kept, not raised."""
    sources = {USER_SOURCE: Source(USER_SOURCE, "stated by the user", "", Kind.USER, "A")}
    sources |= _items(layers, "sources", SourceEntry, source_of)
    hardware = _items(layers, "hardware", HardwareEntry, hardware_of)
    models = _items(layers, "models", ModelEntry, model_of)
    tco = dict(_facts(layers, "", layers.sections["tco"]))
    claims = _items(layers, "claims", ClaimEntry, _claim)
    for kind, items in (("hardware", hardware), ("model", models)):
        layers.problems += name_clashes(kind, items)
    layers.problems += reference_problems(layers, set(sources))
    return Catalog(
        version=_version(layers),
        hardware=MappingProxyType(hardware),
        models=MappingProxyType(models),
        tco=MappingProxyType(tco),
        sources=MappingProxyType(sources),
        profiles=MappingProxyType(_mappings(layers.sections["profiles"])),
        coefficients=MappingProxyType(dict(layers.sections["coefficients"])),
        claims=tuple(claims.values()),
    )


def _claim(_: str, entry: ClaimEntry) -> Claim:
    return claim_of(entry)


def _items(layers: Layers, section: str, schema: type[_Typed], build: Callable[[str, _Typed], _Item]) -> dict[str, _Item]:
    """Return the items of a section by id, sorted."""
    items: dict[str, _Item] = {}
    for item_id, tree in sorted(layers.sections[section].items()):
        try:
            items[item_id] = build(item_id, schema.model_validate(tree))
        except ValidationError as error:
            layers.problems += _located(layers, section, item_id, error)
    return items


def _located(layers: Layers, section: str, item_id: str, error: ValidationError) -> list[Problem]:
    """Return the findings about an item with its file; a new id that lacks fields may be an old one misspelt."""
    document = layers.last_file.get((section, item_id), "")
    found = problems_of(error, f"{section}.{item_id}")
    known = [other for other in layers.sections[section] if other != item_id]
    missing = sum(problem.message.startswith("is missing") for problem in found)
    if missing > 1 and (hint := near(item_id, known)):
        found.insert(0, Problem(f"{section}.{item_id}", f"the catalog has no such item{hint}"))
    return [Problem(f"{document}: {problem.field}", problem.message) for problem in found]


def _facts(layers: Layers, prefix: str, tree: Mapping[str, object]) -> Iterator[tuple[str, Fact]]:
    """Yield every value of the TCO tree under its dotted name, in the order of the names."""
    for key, item in sorted(tree.items()):
        name = f"{prefix}.{key}".removeprefix(".")
        if isinstance(item, dict) and "value" not in item:
            yield from _facts(layers, name, item)
        elif item is not None:
            try:
                yield name, fact(name, item)
            except ValueError as error:
                layers.complain(layers.last_file.get(("tco", name.partition(".")[0]), ""), f"tco.{name}", str(error))


def _mappings(tree: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return {name: item for name, item in sorted(tree.items()) if isinstance(item, dict)}


def _version(layers: Layers) -> str:
    """Return the SHA-256 of the merged content in canonical JSON: the same whatever the files, their order and their layout."""
    canonical = json.dumps(layers.sections, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
