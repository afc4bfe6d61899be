"""From folders of YAML to one Catalog: the built-in data, then every overlay on top, field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from catalog.build import claim_of, hardware_of, model_of, source_of
from catalog.errors import CatalogError, Problem
from catalog.items import Catalog, Claim, Fact, Kind, Source
from catalog.leaf import USER_SOURCE, fact, near
from catalog.lookup import name_clashes
from catalog.schema import ClaimEntry, Entry, HardwareEntry, ModelEntry, SourceEntry, problems_of
from catalog.yaml_reader import read_yaml

DATA = Path(__file__).parent / "data"
MAX_FILES = 1_000
_SECTIONS = ("hardware", "models", "tco", "sources", "claims", "profiles", "coefficients", "systems")
_USER = {"citation": "stated by the user", "date": "", "kind": "user", "reliability": "A"}

_Tree = dict[str, object]
_Typed = TypeVar("_Typed", bound=Entry)
_Item = TypeVar("_Item")


@dataclass(slots=True)
class _Layers:
    """The merged trees of all layers, and the file that spoke last about each item."""

    sections: dict[str, _Tree] = field(default_factory=lambda: {name: {} for name in _SECTIONS})
    last_file: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, document: str, place: str, message: str) -> None:
        """Keep a problem, its file in front of its field."""
        self.problems.append(Problem(f"{document}: {place}" if document else place, message))


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
    layers = _Layers()
    for folder in (DATA, *overlays):
        layer = _read_layer(folder, layers)
        for section, tree in layer.items():
            layers.sections[section] = _merged(layers.sections[section], tree)
    catalog = _typed(layers)
    if layers.problems:
        raise CatalogError(layers.problems)
    return catalog


def _read_layer(folder: Path, layers: _Layers) -> dict[str, _Tree]:
    """Return the sections of one folder, all its files together; an id may stand in one file only."""
    layer: dict[str, _Tree] = {}
    for path in _files(folder):
        try:
            content = read_yaml(path)
        except CatalogError as error:
            layers.problems += [Problem(f"{error.document}: {p.field}".removesuffix(": "), p.message) for p in error.problems]
            continue
        for section, tree in _sections(content, path, layers):
            _add(layer.setdefault(section, {}), section, tree, path, layers)
    _spread_systems(layer, layers)
    return layer


def _files(folder: Path) -> list[Path]:
    """Return the YAML files of a folder and below, sorted by name; a file stands for itself."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise CatalogError.at("", "is neither a folder nor a file; name a folder of YAML files", document=str(folder))
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json") and path.is_file())
    if len(files) > MAX_FILES:
        raise CatalogError.at("", f"holds {len(files):,} files; a catalog may have at most {MAX_FILES:,}", document=str(folder))
    return files


def _sections(content: _Tree, path: Path, layers: _Layers) -> Iterator[tuple[str, _Tree]]:
    """Yield the sections of a file; a file that is one demand profile counts as `profiles: {its id: ...}`."""
    if isinstance(content.get("id"), str):
        yield "profiles", {str(content["id"]): content}
        return
    for section, tree in content.items():
        if section not in _SECTIONS:
            layers.complain(str(path), section, f"is not a section of a catalog file{near(section, _SECTIONS)}")
        elif tree is not None and not isinstance(tree, dict):
            layers.complain(str(path), section, "must be a mapping of ids to items")
        else:
            yield section, tree or {}


def _add(layer: _Tree, section: str, tree: _Tree, path: Path, layers: _Layers) -> None:
    for name, item in tree.items():
        if section in ("tco", "coefficients") and isinstance(item, dict) and isinstance(layer.get(name), dict):
            layer[name] = _merged(layer[name], item)
        elif name in layer:
            first = layers.last_file.get((section, name), "another file")
            layers.complain(str(path), f"{section}.{name}", f"stands also in {first}; keep one of them")
        else:
            layer[name] = item
        layers.last_file[section, name] = str(path)


def _spread_systems(layer: dict[str, _Tree], layers: _Layers) -> None:
    """Move `systems: {hardware/slug: ...}` to where systems live, `hardware: {...: {systems: ...}}`."""
    for system_id, system in layer.pop("systems", {}).items():
        hardware_id, slash, slug = system_id.partition("/")
        document = layers.last_file["systems", system_id]
        if not slash or not slug:
            layers.complain(
                document, f"systems.{system_id}", "must be named <hardware id>/<unit>, as `splitfleet catalog list` shows"
            )
            continue
        patch: _Tree = {hardware_id: {"systems": {slug: system}}}
        layer["hardware"] = _merged(layer.get("hardware", {}), patch)
        layers.last_file["hardware", hardware_id] = document


def _merged(below: object, above: object) -> _Tree:
    """Return two trees as one: mappings merge key by key, a value with its evidence replaces the other whole."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above  # type: ignore[return-value]
    merged = dict(below)
    for key, value in above.items():
        replace = (
            not isinstance(value, dict) or not isinstance(merged.get(key), dict) or "value" in value or "value" in merged[key]
        )
        merged[key] = value if replace else _merged(merged[key], value)
    return merged


def _typed(layers: _Layers) -> Catalog:
    """Return the catalog of the merged trees; problems are kept, not raised."""
    sources = {USER_SOURCE: Source(USER_SOURCE, "stated by the user", "", Kind.USER, "A")}
    sources |= _items(layers, "sources", SourceEntry, source_of)
    hardware = _items(layers, "hardware", HardwareEntry, hardware_of)
    models = _items(layers, "models", ModelEntry, model_of)
    tco = dict(_facts(layers, "", layers.sections["tco"]))
    claims = _items(layers, "claims", ClaimEntry, _claim)
    for kind, items in (("hardware", hardware), ("model", models)):
        layers.problems += name_clashes(kind, items)
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


def _items(layers: _Layers, section: str, schema: type[_Typed], build: Callable[[str, _Typed], _Item]) -> dict[str, _Item]:
    """Return the items of a section by id, sorted."""
    items: dict[str, _Item] = {}
    for item_id, tree in sorted(layers.sections[section].items()):
        try:
            items[item_id] = build(item_id, schema.model_validate(tree))
        except ValidationError as error:
            layers.problems += _located(layers, section, item_id, error)
    return items


def _located(layers: _Layers, section: str, item_id: str, error: ValidationError) -> list[Problem]:
    """Return the findings about an item with its file; a new id that lacks fields may be an old one misspelt."""
    document = layers.last_file.get((section, item_id), "")
    found = problems_of(error, f"{section}.{item_id}")
    known = [other for other in layers.sections[section] if other != item_id]
    missing = sum(problem.message.startswith("is missing") for problem in found)
    if missing > 1 and (hint := near(item_id, known)):
        found.insert(0, Problem(f"{section}.{item_id}", f"the catalog has no such item{hint}"))
    return [Problem(f"{document}: {problem.field}", problem.message) for problem in found]


def _facts(layers: _Layers, prefix: str, tree: Mapping[str, object]) -> Iterator[tuple[str, Fact]]:
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


def _version(layers: _Layers) -> str:
    """Return the SHA-256 of the merged content in canonical JSON: the same whatever the files, their order and their layout."""
    canonical = json.dumps(layers.sections, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
