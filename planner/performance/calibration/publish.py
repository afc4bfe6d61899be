"""Writing a calibration into the catalog: coefficients, spread, power, and what they were fitted to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from planner.performance.book import SECTION
from planner.performance.calibration.design import ASSUMED
from planner.performance.calibration.solve import Solution
from planner.performance.measurements.cases import Case

FILE = "performance.yaml"
_HEAD = (
    "# Fitted by `splitfleet calibrate`; do not edit by hand.\n"
    "# parts: what multiplies physics (ratios) or is added per layer, step or sequence (in the unit that the name ends in).\n"
    "# A factor is the part's base times the multiplier of each trait of a deployment; a trait unknown here multiplies by 1.\n"
    "# spread: quantiles 2.5, 10, 90 and 97.5 % of measured / predicted over groups that the fit did not see, by what is new.\n"
)


def tree_of(
    solution: Solution,
    cases: Sequence[Case],
    spread: Mapping[str, object],
    power: Mapping[str, object],
) -> dict[str, object]:
    """Return a calibration as the catalog's section of coefficients.

    It stands under `value`, which an overlay replaces whole: factors of two fits must never mix.
    """
    fitted = {"measured": _measured(cases), "parts": _parts(solution), "spread": spread, "power": power}
    return {"coefficients": {SECTION: {"value": fitted}}}


def write(tree: Mapping[str, object], folder: Path) -> Path:
    """Write the section into a catalog folder; return the file."""
    path = folder / "coefficients" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    body = yaml.dump(tree, sort_keys=False, width=130, allow_unicode=True, default_flow_style=None)
    path.write_text(_HEAD + body, encoding="utf-8")
    return path


def _measured(cases: Sequence[Case]) -> dict[str, object]:
    sources = Counter(case.row.raw("source_id") for case in cases)
    return {
        "rows": len(cases),
        "hardware": sorted({case.hardware.id for case in cases}),
        "makers": sorted({case.traits["maker"] for case in cases}),
        "models": sorted({case.model.id for case in cases}),
        "rows_by_source": {name or "user": count for name, count in sorted(sources.items())},
    }


def _parts(solution: Solution) -> dict[str, dict[str, object]]:
    parts: dict[str, dict[str, object]] = {}
    for column, log in zip(solution.columns, solution.logs, strict=True):
        entry = parts.setdefault(column.part, {})
        value = _rounded(float(log))
        if not column.trait:
            entry["base"] = value
        elif abs(float(log)) > _NEGLIGIBLE:
            levels = entry.setdefault(column.trait, {})
            assert isinstance(levels, dict)
            levels[column.level] = value
    for part, traits in ASSUMED.items():
        parts[part] |= {trait: dict(levels) for trait, levels in traits.items()}
    return parts


_NEGLIGIBLE = 5e-3


def _rounded(log: float) -> float:
    """Return exp(log) with four significant digits: the fit knows no more."""
    return float(f"{math.exp(log):.4g}")
