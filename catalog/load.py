"""From folders of YAML to one Catalog: the built-in data, then every overlay on top, field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, cast

from pydantic import ValidationError

from catalog.build import claim_of, hardware_of, model_of, source_of, speeds_of
from catalog.errors import CatalogError, Problem
from catalog.fields import Entry, problems_of
from catalog.items import Catalog, Claim, Fact, Kind, Source
from catalog.layers import SECTIONS, Layers, merged, read_layer
from catalog.leaf import USER_SOURCE, fact, near
from catalog.lookup import name_clashes
from catalog.model_schema import ModelEntry
from catalog.references import reference_problems
from catalog.schema import ClaimEntry, HardwareEntry, SourceEntry, SpeedEntry

DATA = Path(__file__).parent / "data"
_Typed = TypeVar("_Typed", bound=Entry)
_Item = TypeVar("_Item")


def load_catalog(*overlays: Path) -> Catalog:
    """Return the built-in catalog with the overlays (folders or files of YAML) laid over it, the later over the earlier.

    An overlay adds items and replaces single fields of existing ones by id. Raises CatalogError with every problem found,
    each with its file, item and field.
    """
    return _overlaid(tuple(Path(overlay) for overlay in overlays)) if overlays else _built_in()


@lru_cache(maxsize=1)
def _built_in() -> Catalog:
    """Return the catalog without overlays, read once per process."""
    return _valid(_base(), {section: {} for section in SECTIONS})


@lru_cache(maxsize=1)
def _base() -> Layers:
    layers = Layers()
    layers.sections |= read_layer(DATA, layers)
    return layers


def _overlaid(overlays: tuple[Path, ...]) -> Catalog:
    """Return the built-in catalog with the overlays over it; items that no overlay touches are taken as they are."""
    built_in, base = _built_in(), _base()
    layers = Layers(dict(base.sections), dict(base.last_file))
    for folder in overlays:
        for section, tree in read_layer(folder, layers).items():
            layers.touched |= {(section, name) for name in tree}
            layers.sections[section] = merged(layers.sections[section], tree)
    known: dict[str, Mapping[str, object]] = {
        "hardware": built_in.hardware,
        "models": built_in.models,
        "sources": built_in.sources,
    }
    return _valid(layers, known)


def _valid(layers: Layers, known: Mapping[str, Mapping[str, object]]) -> Catalog:
    catalog = _typed(layers, known)
    if layers.problems:
        raise CatalogError(layers.problems)
    return catalog


def _typed(layers: Layers, known: Mapping[str, Mapping[str, object]]) -> Catalog:
    """Return the catalog of the merged trees; problems are kept, not raised."""
    sources = {USER_SOURCE: Source(USER_SOURCE, "stated by the user", "", Kind.USER, "A")}
    sources |= _items(layers, "sources", SourceEntry, source_of, known)
    hardware = _items(layers, "hardware", HardwareEntry, hardware_of, known)
    models = _items(layers, "models", ModelEntry, model_of, known)
    claims = _items(layers, "claims", ClaimEntry, _claim, known)
    speeds = _items(layers, "speeds", SpeedEntry, speeds_of, known)
    tco = dict(_facts(layers, "", layers.sections["tco"]))
    layers.problems += _clashes(layers, "hardware", name_clashes(hardware)) + _clashes(layers, "models", name_clashes(models))
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
        speeds=tuple(speed for figures in speeds.values() for speed in figures),
    )


def _clashes(layers: Layers, section: str, clashes: list[tuple[str, str, str]]) -> list[Problem]:
    """Return a problem for every name that two items share, told of the item that an overlay brought in."""
    problems = []
    for name, *ids in clashes:
        ids.sort(key=lambda item_id: layers.last_file.get((section, item_id), "").startswith(str(DATA)))
        document = layers.last_file.get((section, ids[0]), "")
        message = f"'{name}' names {ids[1]} already; a name may mean one item only"
        problems.append(Problem(f"{document}: {section}.{ids[0]}.aliases", message))
    return problems


def _claim(_: str, entry: ClaimEntry) -> Claim:
    return claim_of(entry)


def _items(
    layers: Layers,
    section: str,
    schema: type[_Typed],
    build: Callable[[str, _Typed], _Item],
    known: Mapping[str, Mapping[str, object]],
) -> dict[str, _Item]:
    """Return the items of a section by id, sorted; those that are known and untouched are not read again."""
    items: dict[str, _Item] = {}
    ready = known.get(section, {})
    for item_id, tree in sorted(layers.sections[section].items()):
        if item_id in ready and (section, item_id) not in layers.touched:
            items[item_id] = cast("_Item", ready[item_id])
            continue
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
