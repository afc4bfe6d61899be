"""The cost of an accelerator-hour from public prices, line by line, beside the constants that analysts publish."""

from __future__ import annotations

from catalog.items import Catalog, Hardware, System
from catalog.load import load_catalog
from planner.economics.gpu_hour import accelerator_hour, analyst_constant, ownership_bases, price_for

HARDWARE = (
    "nvidia-h100-sxm",
    "nvidia-h200-sxm",
    "nvidia-b200-sxm",
    "nvidia-gb200-nvl72",
    "amd-mi300x",
    "amd-mi325x",
    "amd-mi355x",
)
LINES = {
    "machine": ("capex.systems",),
    "network": ("capex.network",),
    "storage": ("capex.storage",),
    "room": ("opex.colocation",),
    "energy": ("opex.energy",),
    "support": ("opex.support",),
    "staff": ("opex.staff",),
}


def main() -> None:
    """Print one table per way of owning."""
    catalog = load_catalog()
    for basis in ("hyperscaler", "neocloud"):
        print(f"\n{basis}: {ownership_bases(catalog)[basis].sources}; five years")
        print(f"{'':20}{'kUSD/chip':>10}" + "".join(f"{name:>9}" for name in LINES) + f"{'USD/h':>9}{'analyst':>9}{'':>8}")
        for name in HARDWARE:
            hardware = catalog.hardware[name]
            print(_row(catalog, hardware, max(hardware.systems, key=lambda system: system.chips), basis))


def _row(catalog: Catalog, hardware: Hardware, system: System, name: str) -> str:
    basis = ownership_bases(catalog)[name]
    constant = analyst_constant(hardware, f"semianalysis.{name}_owned")
    published = constant.values[0] if constant else float("nan")
    if system.purchase_usd is None:
        implied = price_for(published, hardware, system, basis, catalog) / system.chips
        return f"{hardware.id:20}{'unknown':>10}{'':63}{'':9}{published:9.2f}  price implied: {implied / 1e3:.1f} kUSD/chip"
    hour = accelerator_hour(hardware, system, basis, catalog)
    parts = [sum(hour.by_line_usd.get(line, 0.0) for line in lines) for lines in LINES.values()]
    cells = "".join(f"{part:9.3f}" for part in parts)
    price = hour.price_usd / system.chips / 1e3
    return f"{hardware.id:20}{price:10.1f}{cells}{hour.total_usd:9.2f}{published:9.2f}{hour.total_usd / published - 1:8.1%}"


if __name__ == "__main__":
    main()
