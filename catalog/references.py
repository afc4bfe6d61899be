"""What one item says of another: every cited source exists, every hard-wired model is in the catalog."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.errors import Problem
from catalog.layers import Layers
from catalog.leaf import near

_CITING = ("hardware", "models", "tco", "claims", "speeds")


def reference_problems(layers: Layers, sources: set[str]) -> list[Problem]:
    """Return a problem for every citation of an unknown source and every wired model that the catalog does not have."""
    cited = [
        Problem(
            f"{document}: {place}",
            f"no `sources` section has the source '{source}'{near(source, sources)}; add it there or leave `source` out",
        )
        for document, place, source in _citations(layers)
        if source not in sources
    ]
    return cited + _wired(layers)


def _citations(layers: Layers) -> Iterator[tuple[str, str, str]]:
    """Yield file, place and source id of every citation."""
    for section in _CITING:
        for item_id, tree in layers.sections[section].items():
            document = layers.last_file.get((section, item_id), "")
            for place, source in _cited(tree, f"{section}.{item_id}"):
                yield document, place, source


def _cited(tree: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        source = tree.get("source")
        if isinstance(source, str):
            yield place, source
        for key, value in tree.items():
            yield from _cited(value, f"{place}.{key}")


def _wired(layers: Layers) -> list[Problem]:
    models = layers.sections["models"]
    problems = []
    for item_id, tree in layers.sections["hardware"].items():
        model = tree.get("wired_model") if isinstance(tree, dict) else None
        if isinstance(model, str) and model not in models:
            document = layers.last_file.get(("hardware", item_id), "")
            message = f"'{model}' is no model of the catalog{near(model, models)}"
            problems.append(Problem(f"{document}: hardware.{item_id}.wired_model", message))
    return problems
