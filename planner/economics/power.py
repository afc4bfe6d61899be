"""Watts, kilowatt-hours and what they cost: the chain from chip to utility, energy by block, demand charge, efficiency.

Nameplate power is what a site must be able to carry; average power is what the bill is for. They are never mixed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.economics.discounting import Vector

HOURS_PER_YEAR = 8760.0
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class PowerChain:
    """Power from the chips outward [W]: chips, whole servers, facility with cooling, provisioned with redundancy."""

    accelerators_w: float
    servers_w: float
    facility_w: float
    provisioned_w: float

    @property
    def annual_kwh(self) -> float:
        """Return a year of the facility's draw [kWh]: `facility × 8,760 h`."""
        return self.facility_w / 1e3 * HOURS_PER_YEAR


def power_chain(accelerators: float, accelerator_w: float, server_overhead: float, pue: float, redundancy: float) -> PowerChain:
    """Return the chain `n × W × server overhead × PUE × redundancy`, each factor 1 or more.

    >>> chain = power_chain(10_000, 700, 1.3, 1.3, 1.1)
    >>> [round(watts / 1e6, 2) for watts in (chain.accelerators_w, chain.servers_w, chain.facility_w, chain.provisioned_w)]
    [7.0, 9.1, 11.83, 13.01]
    >>> round(chain.annual_kwh / 1e6, 1)
    103.6
    """
    chips = accelerators * accelerator_w
    servers = chips * server_overhead
    return PowerChain(chips, servers, servers * pue, servers * pue * redundancy)


def machine_power_w(idle_w: float, max_w: float, load: float | Vector) -> float | Vector:
    """Return the draw of a machine [W] at a load in 0 … 1: `P_idle + (P_max − P_idle) · load`.

    >>> machine_power_w(2000.0, 10_000.0, 0.5)
    6000.0
    """
    return idle_w + (max_w - idle_w) * load


def energy_usd(
    it_kw: Sequence[float] | Vector, hours: Sequence[float] | Vector, tariff_usd_kwh: Sequence[float] | Vector, pue: float
) -> float:
    """Return the bill [USD] of machine power [kW] over blocks of hours [h] at their tariffs [USD/kWh]: `Σ kW · h · PUE · tariff`.

    >>> round(energy_usd([100.0, 50.0], [8.0, 16.0], [0.20, 0.10], 1.5), 6)
    360.0
    """
    kwh = np.asarray(it_kw, dtype=np.float64) * np.asarray(hours, dtype=np.float64) * pue
    return float(kwh @ np.asarray(tariff_usd_kwh, dtype=np.float64))


def demand_charge_usd(peak_it_kw_by_month: Sequence[float] | Vector, pue: float, usd_per_kw_month: float) -> float:
    """Return the charge on each month's highest draw [USD]: `Σ_month peak kW · PUE · rate`.

    >>> demand_charge_usd([100.0, 200.0], 1.5, 10.0)
    4500.0
    """
    return float(np.sum(np.asarray(peak_it_kw_by_month, dtype=np.float64)) * pue * usd_per_kw_month)


def tokens_s_per_mw(tokens_s: float, provisioned_w: float) -> float:
    """Return throughput per all-in provisioned megawatt [tokens/s/MW] (the definition of InferenceX).

    >>> tokens_s_per_mw(1000.0, 2000.0)
    500000.0
    """
    return tokens_s / (provisioned_w / 1e6)


def joules_per_token(power_w: float, tokens_s: float) -> float:
    """Return the energy of a token [J]: `W / (tokens/s)`, exactly `1e6 / (tokens/s/MW)` of the same power.

    >>> joules_per_token(2000.0, 1000.0)
    2.0
    """
    return power_w / tokens_s


def energy_usd_per_mtok(joules_token: float, usd_per_kwh: float) -> float:
    """Return the energy cost of a million tokens [USD/Mtok]: `J/token · USD/kWh / 3.6`.

    >>> round(energy_usd_per_mtok(1.0, 0.10), 4)
    0.0278
    """
    return joules_token * 1e6 / JOULES_PER_KWH * usd_per_kwh


def equal_count(count: int, each: float, other_each: float) -> int:
    """Return how many of another machine fit in what `count` of one take (power, price): whole machines.

    Forty DGX-H100 against DGX-A100 (Splitwise, ISCA 2024): 700 W against 400 W a GPU, $38 against $17.6 an hour.

    >>> equal_count(40, 700.0, 400.0), equal_count(40, 38.0, 17.6)
    (70, 86)
    """
    return int(count * each / other_each + 1e-9)
