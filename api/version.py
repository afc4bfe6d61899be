"""Which splitfleet this is."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version as _installed
from pathlib import Path

import catalog
import planner
import reports


@cache
def version() -> str:
    """Return the version of the distribution, such as `0.1.0`."""
    return _installed("splitfleet")


@cache
def engine_fingerprint() -> str:
    """Return the SHA-256 of the version and of every source file that shapes a plan: an edited engine is another engine."""
    digest = hashlib.sha256(version().encode())
    for package in (catalog, planner, reports):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{path.relative_to(root.parent)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
