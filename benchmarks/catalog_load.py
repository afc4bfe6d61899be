"""How long a command waits for the catalog: import, cold load and one overlay, in seconds of CPU.

python benchmarks/catalog_load.py
"""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path

OVERLAY = "systems: {nvidia-h200-sxm/hgx-h200-8-gpu-server-baseboard: {purchase: 250000 USD}}"


def main() -> None:
    """Print one line per step."""
    clock = [time.process_time()]
    from catalog.load import load_catalog

    clock.append(time.process_time())
    known = load_catalog()
    clock.append(time.process_time())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "prices.yaml").write_text(OVERLAY)
        load_catalog(Path(folder))
    clock.append(time.process_time())
    for step, (before, after) in zip(("import", "cold load", "overlay"), pairwise(clock), strict=True):
        print(f"{step:10} {after - before:6.3f} s")
    print(
        f"{len(known.hardware)} hardware, {len(known.models)} models, {len(known.tco)} TCO inputs, {len(known.sources)} sources"
    )


if __name__ == "__main__":
    main()
