"""Emissions: operational and embodied, and per million tokens by the Software Carbon Intensity specification.

`SCI = (E · I + M) / R` with energy E [kWh], intensity I [kg/kWh], embodied share M = TE · TR/EL · RR/ToR [kg] (total embodied,
time reserved over expected life, resources reserved over total) and functional unit R (Green Software Foundation, ISO/IEC
21031:2024).
"""

from __future__ import annotations

from dataclasses import dataclass

EMBODIED_SERVER_KG = 1000.0
EMBODIED_ACCELERATOR_KG = 150.0
ACCELERATORS_PER_SERVER = 8.0


@dataclass(frozen=True, slots=True)
class Emissions:
    """Emissions of a time span [kg CO2e], market instruments not counted (location-based)."""

    operational_kg: float
    embodied_kg: float

    @property
    def total_kg(self) -> float:
        """Return both parts together."""
        return self.operational_kg + self.embodied_kg

    def g_per_mtok(self, tokens: float) -> float | None:
        """Return the carbon intensity of tokens [g CO2e per million tokens]; None where there are none.

        >>> Emissions(80.0, 20.0).g_per_mtok(1e9)
        100.0
        """
        return self.total_kg * 1e3 / (tokens / 1e6) if tokens > 0.0 else None


def operational_kg(facility_kwh: float, intensity_kg_kwh: float) -> float:
    """Return emissions of electricity [kg CO2e]: `E · I`, E at the facility's meter.

    >>> operational_kg(1000.0, 0.35)
    350.0
    """
    return facility_kwh * intensity_kg_kwh


def embodied_share_kg(total_kg: float, years_used: float, life_years: float, share_of_machine: float = 1.0) -> float:
    """Return the embodied emissions that a use is charged with [kg CO2e]: `TE · TR/EL · RR/ToR`, at most `TE`.

    >>> embodied_share_kg(2200.0, 1.0, 4.0)
    550.0
    """
    return total_kg * min(years_used / life_years, 1.0) * share_of_machine


def embodied_unit_kg(accelerators: float) -> float:
    """Return the embodied emissions of a system [kg CO2e]: 150 kg an accelerator and an eighth of a 1,000 kg rack server each.

    Source: Cloud Carbon Footprint methodology (rack server 1,000 kg, 4-year life, 150 kg per GPU card; 2021). The card's figure
    is low for modern 8-way boards: read the result as a lower bound.

    >>> embodied_unit_kg(8)
    2200.0
    """
    return accelerators * (EMBODIED_ACCELERATOR_KG + EMBODIED_SERVER_KG / ACCELERATORS_PER_SERVER)
