"""Rented options that cost more per request than another one, whatever the class, are left out before the program is built.

Rented hardware has no power budget, no racks and no residual value: an option's worth is its price per request. What stays is
every rented option that is the cheapest for some class and way of renting, so a plan loses at most the rounding of one unit.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.options.table import OptionRow, OptionsTable, Rejected, Role
from planner.question.costs import Costs
from planner.scenario import CLOUD

Prices = dict[float, float]


def without_dearer_rentals(table: OptionsTable, costs: Costs) -> OptionsTable:
    """Return the table without rented options that some aggregated rival undercuts for every class, each with the reason."""
    prices = _prices(costs)
    rented = [row for row in table.rows if CLOUD in row.sites and row.system in prices]
    kept = {row.id for row in table.rows if row not in rented}
    rejected = list(table.rejected)
    for workload in sorted({row.workload for row in rented}):
        own = [row for row in rented if row.workload == workload]
        best = _cheapest([row for row in own if row.role is Role.AGGREGATED], prices)
        for row in own:
            if _is_cheapest(row, own, prices, best):
                kept.add(row.id)
        able = {row.system for row in own if row.id in kept}
        rejected += [
            Rejected(workload, system, "any", f"dearer per request than {_rival(best)} for every class of requests")
            for system in sorted({row.system for row in own} - able)
        ]
    return OptionsTable(tuple(row for row in table.rows if row.id in kept), tuple(rejected))


def _prices(costs: Costs) -> dict[str, Prices]:
    """Return the price of a chip-hour [USD] by system and commitment in years, 0 = on demand."""
    found: dict[str, Prices] = {}
    for rental in costs.rentals:
        found.setdefault(rental.offering.id, {})[rental.term_years] = rental.usd_chip_hour.value
    return found


def _cheapest(rows: Iterable[OptionRow], prices: dict[str, Prices]) -> dict[tuple[float, str], tuple[float, str]]:
    """Return the lowest USD per (request/s and hour), and whose it is, by way of renting and class."""
    best: dict[tuple[float, str], tuple[float, str]] = {}
    for row in sorted(rows, key=lambda item: item.id):
        for (way, name), usd in _per_request(row, prices[row.system]).items():
            if (way, name) not in best or usd < best[way, name][0]:
                best[way, name] = (usd, row.system)
    return best


def _per_request(row: OptionRow, prices: Prices) -> dict[tuple[float, str], float]:
    return {(way, name): usd * row.chips / rate for way, usd in prices.items() for name, rate in row.capacity_rps.items()}


def _is_cheapest(
    row: OptionRow, own: list[OptionRow], prices: dict[str, Prices], best: dict[tuple[float, str], tuple[float, str]]
) -> bool:
    """Return whether a row is the cheapest for some class and way; half of a pair counts with its system's best other half."""
    other = {Role.PREFILL: Role.DECODE, Role.DECODE: Role.PREFILL}.get(row.role)
    partners = [item for item in own if item.role is other and item.system == row.system]
    addition = _cheapest(partners, prices) if other is not None else {}
    for key, usd in _per_request(row, prices[row.system]).items():
        whole = usd + addition.get(key, (float("inf"), ""))[0] if other is not None else usd
        if whole <= best.get(key, (float("inf"), ""))[0]:
            return True
    return False


def _rival(best: dict[tuple[float, str], tuple[float, str]]) -> str:
    return min(best.values())[1] if best else "others"
