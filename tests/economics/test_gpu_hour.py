"""The hour of an owned accelerator, bottom up, beside the constants that analysts publish."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from catalog.items import Hardware, System
from catalog.load import load_catalog
from planner.economics.gpu_hour import (
    AcceleratorHour,
    accelerator_hour,
    analyst_constant,
    ownership_bases,
    price_for,
    system_power_w,
)
from planner.errors import InputError

CATALOG = load_catalog()
BASES = ownership_bases(CATALOG)
SYSTEMS = {
    "H100": "nvidia-h100-sxm",
    "H200": "nvidia-h200-sxm",
    "B200": "nvidia-b200-sxm",
    "GB200": "nvidia-gb200-nvl72",
    "MI300X": "amd-mi300x",
    "MI325X": "amd-mi325x",
    "MI355X": "amd-mi355x",
}
PRICED = ["H100", "H200", "B200", "GB200", "MI300X"]
UNPRICED = ["MI325X", "MI355X"]


def of(name: str) -> tuple[Hardware, System]:
    """Return the hardware and the server or rack in which it is bought."""
    hardware = CATALOG.hardware[SYSTEMS[name]]
    return hardware, max(hardware.systems, key=lambda system: system.chips)


def hour(name: str, basis: str, price_usd: float | None = None) -> AcceleratorHour:
    """Return the cost of an hour of one accelerator."""
    return accelerator_hour(*of(name), BASES[basis], CATALOG, price_usd=price_usd)


@pytest.mark.parametrize("basis", ["hyperscaler", "neocloud"])
@pytest.mark.parametrize("name", PRICED)
def test_within_a_quarter_of_the_analysts_constants(name: str, basis: str) -> None:
    """From public prices, the catalog's cost of capital, room, energy and upkeep, with nothing fitted."""
    constant = analyst_constant(of(name)[0], f"semianalysis.{basis}_owned")
    assert constant is not None
    assert hour(name, basis).total_usd == pytest.approx(constant.values[0], rel=0.25)


@pytest.mark.parametrize("basis", ["hyperscaler", "neocloud"])
@pytest.mark.parametrize("name", list(SYSTEMS))
def test_the_catalogs_constants_are_the_published_ones(name: str, basis: str, shared: Path) -> None:
    """The same figures in the table of measurements."""
    with (shared / "measurements" / "inferencex_tco.csv").open(encoding="utf-8") as file:
        table = {row["gpu"]: float(row[f"usd_per_gpu_hour_{basis}_owned"]) for row in csv.DictReader(file)}
    constant = analyst_constant(of(name)[0], f"semianalysis.{basis}_owned")
    assert constant is not None
    assert constant.values == (table[name],)


@pytest.mark.parametrize("name", UNPRICED)
def test_without_a_public_price_there_is_no_cost_but_the_price_that_the_constant_implies(name: str) -> None:
    """The constants stand for 23 to 32 thousand USD an accelerator; that is below the public price of an H100."""
    with pytest.raises(InputError, match="no public price"):
        hour(name, "neocloud")
    hardware, system = of(name)
    for basis in BASES.values():
        constant = analyst_constant(hardware, f"semianalysis.{basis.id}_owned")
        assert constant is not None
        implied = price_for(constant.values[0], hardware, system, basis, CATALOG)
        assert hour(name, basis.id, implied).total_usd == pytest.approx(constant.values[0], rel=1e-9)
        assert 23_000 < implied / system.chips < 32_000


def test_the_hour_by_hand() -> None:
    """Hyperscaler H100 of 255,237 USD: the sum of its lines by mid-year annuity, 7 % over five years.

    Annuity of mid-year payments: 0.243891/1.07^0.5 = 0.235779. Systems 255,237 × 0.235779/(8 × 8,760) = 0.85872 USD/h, network
    10 % of it, storage 2.2 %. Energy 10.2 kW × 0.75 × 1.12 × 0.0826/8 = 0.08847. Room 10,000 × 0.094393/12 = 78.66 USD/kW-month × 1.275 kW
    / 730 h = 0.13739. Repair 2 % × 31,904.6/8,760 = 0.07284; staff 100/8,760 = 0.01142. Together 1.27359.
    """
    found = hour("H100", "hyperscaler")
    assert found.by_line_usd["capex.systems"] == pytest.approx(0.85872, abs=1e-5)
    assert found.by_line_usd["opex.energy"] == pytest.approx(0.08847, abs=1e-5)
    assert found.by_line_usd["opex.colocation"] == pytest.approx(0.13739, abs=1e-5)
    assert found.by_line_usd["opex.support"] == pytest.approx(0.07284, abs=1e-5)
    assert found.by_line_usd["opex.staff"] == pytest.approx(0.01142, abs=1e-5)
    assert found.total_usd == pytest.approx(1.27359, abs=5e-5)
    assert sum(found.by_line_usd.values()) == pytest.approx(found.total_usd)


def test_unknown_power_is_estimated_from_the_chips_and_only_where_they_are_known() -> None:
    """MI300X servers have no published power: 8 × 750 W × 1.8."""
    import dataclasses

    hardware, system = of("MI300X")
    assert system.power_w is None
    assert system_power_w(hardware, system, CATALOG) == pytest.approx(8 * 750 * 1.8)
    with pytest.raises(InputError, match="neither power"):
        system_power_w(dataclasses.replace(hardware, tdp_w=None), system, CATALOG)


def test_an_analyst_who_says_nothing_gives_nothing() -> None:
    """No such constant."""
    assert analyst_constant(of("H100")[0], "semianalysis.sold_on_the_moon") is None
