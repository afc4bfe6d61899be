"""The layers of a catalog: folders of YAML files, read and merged field by field, before anything is validated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.errors import CatalogError, Problem
from catalog.leaf import near
from catalog.yaml_reader import read_yaml

MAX_FILES = 1_000
MAX_FOLDER_BYTES = 32 * 2**20
SECTIONS = ("hardware", "models", "tco", "sources", "claims", "speeds", "profiles", "coefficients", "systems")

Tree = dict[str, object]


@dataclass(slots=True)
class Layers:
    """The merged trees of all layers, the file that spoke last about each item, and which items an overlay touched."""

    sections: dict[str, Tree] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    last_file: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    touched: set[tuple[str, str]] = field(default_factory=set)

    def complain(self, document: str, place: str, message: str) -> None:
        """Keep a problem, its file in front of its field."""
        self.problems.append(Problem(f"{document}: {place}" if document else place, message))


def read_layer(folder: Path, layers: Layers) -> dict[str, Tree]:
    """Return the sections of one folder, all its files together; an id may stand in one file only."""
    layer: dict[str, Tree] = {}
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
    if (size := sum(path.stat().st_size for path in files)) > MAX_FOLDER_BYTES:
        raise CatalogError.at("", f"holds {size:,} bytes; a catalog may have at most {MAX_FOLDER_BYTES:,}", document=str(folder))
    return files


def _sections(content: Tree, path: Path, layers: Layers) -> Iterator[tuple[str, Tree]]:
    """Yield the sections of a file; a file that is one demand profile counts as `profiles: {its id: ...}`."""
    if isinstance(content.get("id"), str):
        yield "profiles", {str(content["id"]): content}
        return
    for section, tree in content.items():
        if section not in SECTIONS:
            layers.complain(str(path), section, f"is not a section of a catalog file{near(section, SECTIONS)}")
        elif tree is not None and not isinstance(tree, dict):
            layers.complain(str(path), section, "must be a mapping of ids to items")
        else:
            yield section, tree or {}


def _add(layer: Tree, section: str, tree: Tree, path: Path, layers: Layers) -> None:
    for name, item in tree.items():
        if section in ("tco", "coefficients") and isinstance(item, dict) and isinstance(layer.get(name), dict):
            layer[name] = merged(layer[name], item)
        elif name in layer:
            first = layers.last_file.get((section, name), "another file")
            layers.complain(str(path), f"{section}.{name}", f"stands also in {first}; keep one of them")
        else:
            layer[name] = item
        layers.last_file[section, name] = str(path)


def _spread_systems(layer: dict[str, Tree], layers: Layers) -> None:
    """Move `systems: {hardware/slug: ...}` to where systems live, `hardware: {...: {systems: ...}}`."""
    for system_id, system in layer.pop("systems", {}).items():
        hardware_id, slash, slug = system_id.partition("/")
        document = layers.last_file["systems", system_id]
        if not slash or not slug:
            layers.complain(
                document, f"systems.{system_id}", "must be named <hardware id>/<unit>, as `splitfleet catalog list` shows"
            )
            continue
        patch: Tree = {hardware_id: {"systems": {slug: system}}}
        layer["hardware"] = merged(layer.get("hardware", {}), patch)
        layers.last_file["hardware", hardware_id] = document


def merged(below: object, above: object) -> Tree:
    """Return two trees as one: mappings merge key by key, a value with its evidence replaces the other whole."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above  # type: ignore[return-value]
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        replace = not isinstance(value, dict) or not isinstance(old, dict) or "value" in value or "value" in old
        result[key] = value if replace else merged(old, value)
    return result
