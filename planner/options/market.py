"""Which systems the plan may choose from, where, and for those left out, the reason in plain words."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from catalog.items import Catalog, CloudOffer, Hardware, Kind, Sourced, Status, System
from planner.errors import InputError, Problem
from planner.scenario import CLOUD, Horizon, Scenario
from planner.scenario.market import PriceBookEntry
from planner.scenario.site import Site

HOURS_PER_WEEK = 168.0
INDEX_PROVIDER = "market"  # the catalog's name for price indices: worth knowing, but nobody sells them


@dataclass(frozen=True, slots=True)
class Offering:
    """A system that can be had: its figures after the scenario's price book, and where it may stand.

    `purchase` [USD per unit] is None for what is only rented; `racks_by_site` rack positions of a unit; `supply` units a period;
    `available_from` and `lead_periods` in periods of the horizon; `cloud` is the public offer that a rented instance comes from.
    """

    system: System
    hardware: Hardware
    sites: tuple[str, ...]
    purchase: Sourced | None
    power: Sourced | None
    racks_by_site: dict[str, float]
    cooling: frozenset[str]
    supply: int | None = None
    available_from: int = 0
    lead_periods: int = 0
    minimum_order: int = 1
    price_change: float = 0.0
    what_if: bool = False
    cloud: CloudOffer | None = None

    @property
    def id(self) -> str:
        """Return the id under which the plan knows the system."""
        return self.system.id


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A system that cannot be chosen, and why."""

    system: System
    hardware: Hardware
    reason: str
    purchase: Sourced | None = None
    power: Sourced | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that may be chosen, and everything that was looked at and left out."""

    offerings: tuple[Offering, ...]
    left_out: tuple[LeftOut, ...]


def survey(scenario: Scenario, catalog: Catalog) -> Market:
    """Return the market of a scenario; raise InputError for names that the catalog does not have."""
    _check_names(scenario, catalog)
    included = list(_included(scenario, catalog))
    own = [_own(scenario, hardware, system) for hardware, system in included] if _has_place(scenario) else []
    rented = _rented(scenario, [hardware for hardware in catalog.hardware.values() if _wanted(scenario, hardware)])
    found = [item for item in (*own, *rented) if isinstance(item, Offering)]
    left = [item for item in (*own, *rented) if isinstance(item, LeftOut)]
    return Market(tuple(sorted(found, key=lambda item: item.id)), tuple(sorted(left, key=lambda item: item.system.id)))


def _has_place(scenario: Scenario) -> bool:
    return bool(scenario.sites) and (scenario.acquisition.buy or bool(scenario.hardware.stock))


def _check_names(scenario: Scenario, catalog: Catalog) -> None:
    systems = catalog.systems()
    known = {"all", *systems, *catalog.hardware}
    known |= {str(item.hardware_class) for item in catalog.hardware.values()} | {
        item.vendor for item in catalog.hardware.values()
    }
    lowered = {name.casefold(): name for name in known}
    problems = [
        _unknown(f"hardware.{field}[{index}]", name, known)
        for field in ("include", "exclude")
        for index, name in enumerate(getattr(scenario.hardware, field))
        if name.casefold() not in lowered
    ]
    for field in ("price_book", "stock"):
        names = getattr(scenario.hardware, field)
        problems += [_unknown(f"hardware.{field}", name, set(systems)) for name in names if name not in systems]
    quotes = scenario.acquisition.quotes
    problems += [
        _unknown(f"acquisition.quotes[{index}].system", quote.system, set(systems))
        for index, quote in enumerate(quotes)
        if quote.system not in systems
    ]
    if problems:
        raise InputError(problems, document=scenario.id)


def _unknown(field: str, name: str, known: set[str]) -> Problem:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(repr(item) for item in near)}?" if near else ""
    return Problem(field, f"the catalog has no '{name}'{hint} `splitfleet catalog list` shows all")


def _names(hardware: Hardware, system: System | None = None) -> set[str]:
    names = {"all", hardware.id, str(hardware.hardware_class), hardware.vendor}
    return {name.casefold() for name in names | ({system.id} if system else set())}


def _wanted(scenario: Scenario, hardware: Hardware, system: System | None = None) -> bool:
    include = {name.casefold() for name in scenario.hardware.include}
    exclude = {name.casefold() for name in scenario.hardware.exclude}
    names = _names(hardware, system)
    listed = include & names or any(name.startswith(f"{hardware.id}/") for name in include if system is None)
    return bool(listed) and not exclude & (names - {"all"})


def _included(scenario: Scenario, catalog: Catalog) -> Iterator[tuple[Hardware, System]]:
    for hardware in catalog.hardware.values():
        for system in hardware.systems:
            if _wanted(scenario, hardware, system):
                yield hardware, system


def _own(scenario: Scenario, hardware: Hardware, system: System) -> Offering | LeftOut:
    """Return the system with the price book's figures, or the first reason why it cannot be chosen."""
    entry = scenario.hardware.price_book.get(system.id, PriceBookEntry())
    purchase = _user(entry.purchase, entry) or system.purchase_usd or _midpoint(system)
    power = _user(entry.power, entry) or system.power_w
    cooling = frozenset(entry.cooling) if entry.cooling is not None else system.cooling
    stocked = system.id in scenario.hardware.stock
    reason = _reason(scenario, hardware, purchase, power, stocked=stocked)
    if reason or power is None:
        return LeftOut(system, hardware, reason, purchase, power)
    places = {
        site.id: _place(site, power.value, cooling, entry.racks if entry.racks is not None else system.racks)
        for site in scenario.sites
    }
    racks = {site: place for site, place in places.items() if isinstance(place, float)}
    if not racks:
        return LeftOut(system, hardware, "; ".join(sorted({str(place) for place in places.values()})), purchase, power)
    lead = entry.lead_time / 3600 if entry.lead_time is not None else _lead_hours(hardware)
    return Offering(
        system=system,
        hardware=hardware,
        sites=tuple(sorted(racks)),
        purchase=purchase if scenario.acquisition.buy else None,
        power=power,
        racks_by_site=racks,
        cooling=cooling,
        supply=entry.supply_per_period,
        available_from=_first_period(scenario.horizon, hardware, entry),
        lead_periods=_whole_periods(lead, scenario.horizon) if entry.lead_time is not None else 0,
        minimum_order=entry.minimum_order or 1,
        price_change=entry.price_change or 0.0,
        what_if=entry.what_if,
    )


def _user(value: float | None, entry: PriceBookEntry) -> Sourced | None:
    return None if value is None else Sourced(value, entry.source, Kind.USER, "", "what-if figure" if entry.what_if else "")


def _midpoint(system: System) -> Sourced | None:
    """Return the middle of a published price range where no typical price is known; an end alone serves as it is."""
    low, high = system.purchase_usd_low, system.purchase_usd_high
    if low and high:
        return Sourced((low.value + high.value) / 2, low.source, Kind.ESTIMATE, low.date, "middle of the published range")
    return low or high


def _reason(scenario: Scenario, hardware: Hardware, purchase: Sourced | None, power: Sourced | None, *, stocked: bool) -> str:
    """Return why a system cannot be chosen anywhere; empty if it can."""
    if hardware.status is Status.CANCELLED:
        return "cancelled by its vendor"
    if hardware.status is not Status.SHIPPING and not scenario.hardware.allow_announced:
        return f"not shipping ({hardware.status}); hardware.allow_announced would admit it"
    if power is None:
        return "power of the unit is not known; give it in hardware.price_book"
    if purchase is None and not stocked:
        return "price is not known; give it in hardware.price_book"
    if not scenario.acquisition.buy and not stocked:
        return "purchases are not allowed"
    return ""


def _place(site: Site, power_w: float, cooling: frozenset[str], racks: float | None) -> float | str:
    """Return the rack positions that a unit takes at a site, or why it cannot stand there."""
    if cooling and not cooling & set(site.cooling):
        return f"needs {' or '.join(sorted(cooling))} cooling, site {site.id} has {' and '.join(site.cooling)}"
    budget = site.power / ((site.pue or 1.0) if site.power_basis == "facility" else 1.0) * (1 - site.power_headroom)
    if power_w > budget:
        return f"power: one unit draws {power_w / 1e3:,.1f} kW, site {site.id} has {budget / 1e3:,.1f} kW"
    if site.rack_power is None:
        return float(racks or 0.0)
    if racks is not None and power_w / max(racks, 1.0) > site.rack_power:
        return (
            f"rack power: needs {power_w / max(racks, 1.0) / 1e3:,.0f} kW a rack, site {site.id} has {site.rack_power / 1e3:,.0f}"
        )
    if power_w > site.rack_power:
        # A unit without a known footprint that one rack cannot feed is spread over as many racks as its power needs.
        return float(racks) if racks is not None else float(math.ceil(power_w / site.rack_power))
    return max(racks or 0.0, 1.0 / math.floor(site.rack_power / power_w))


def _lead_hours(hardware: Hardware) -> float:
    return hardware.lead_time_weeks.value * HOURS_PER_WEEK if hardware.lead_time_weeks else 0.0


def _whole_periods(hours: float, horizon: Horizon) -> int:
    return math.ceil(round(hours / horizon.period_hours, 9))


def _first_period(horizon: Horizon, hardware: Hardware, entry: PriceBookEntry) -> int:
    """Return the first period in which the hardware can arrive; a year alone means its end, a quarter its end."""
    available = entry.available_from or _published_date(hardware)
    if available is None or available <= horizon.start:
        return 0
    return _whole_periods((available - horizon.start).days * 24, horizon)


def _published_date(hardware: Hardware) -> date | None:
    """Return the date of availability for hardware that is not shipping yet, read cautiously from what was published."""
    if hardware.status is Status.SHIPPING or not hardware.available_from:
        return None
    found = re.search(r"(20\d\d)(?:-(?:Q([1-4])|(\d\d)))?", hardware.available_from)
    if not found:
        return None
    year, quarter, month = int(found[1]), found[2], found[3]
    last = int(month) if month else 3 * int(quarter) if quarter else 12
    return date(year + last // 12, last % 12 + 1, 1)


def _rented(scenario: Scenario, wanted: list[Hardware]) -> list[Offering | LeftOut]:
    """Return an offering for every public instance worth renting, and one for every quote."""
    return [*_instances(scenario, wanted), *_quoted(scenario, wanted)]


def _quoted(scenario: Scenario, wanted: list[Hardware]) -> Iterator[Offering]:
    systems = {system.id: (hardware, system) for hardware in wanted for system in hardware.systems}
    for name in sorted({quote.system for quote in scenario.acquisition.quotes} & set(systems)):
        hardware, system = systems[name]
        yield Offering(replace(system, id=f"{name}@quote"), hardware, (CLOUD,), None, None, {CLOUD: 0.0}, frozenset())


def _instances(scenario: Scenario, wanted: list[Hardware]) -> Iterator[Offering | LeftOut]:
    """Yield the cheapest instance of each hardware and size for every way of renting it; the others are left out, saying so."""
    for hardware in wanted:
        groups: dict[int, list[CloudOffer]] = {}
        for offer in hardware.cloud:
            if not offer.provider.startswith(INDEX_PROVIDER) and _prices(offer, scenario):
                groups.setdefault(offer.chips, []).append(offer)
        for offers in groups.values():
            best = {
                way: min(offers, key=lambda offer: (_prices(offer, scenario).get(way, math.inf), offer.id))
                for way in _ways(offers, scenario)
            }
            kept = {offer.id for offer in best.values()}
            for offer in offers:
                instance = _instance(hardware, offer)
                cheapest = min(best.items())[1]
                yield (
                    instance
                    if offer.id in kept
                    else LeftOut(instance.system, hardware, f"dearer than {cheapest.id} for the same accelerators")
                )


def _ways(offers: list[CloudOffer], scenario: Scenario) -> set[int]:
    return {way for offer in offers for way in _prices(offer, scenario)}


def _prices(offer: CloudOffer, scenario: Scenario) -> dict[int, float]:
    """Return the allowed prices of an instance [USD per chip-hour] by commitment in years, 0 = on demand."""
    found: dict[int, float] = {
        years: price.value for years, price in offer.reserved_usd_chip_h.items() if years in scenario.acquisition.reserved_years
    }
    if scenario.acquisition.rent and offer.on_demand_usd_chip_h is not None:
        found[0] = offer.on_demand_usd_chip_h.value
    return found


def _instance(hardware: Hardware, offer: CloudOffer) -> Offering:
    """Return a public instance as a system of the cloud, where power and racks are the provider's concern."""
    name = f"{offer.provider} {offer.instance}"
    system = System(offer.id, hardware.id, name, offer.chips, frozenset(), None, None, None, None, None, offer.note)
    return Offering(system, hardware, (CLOUD,), None, None, {CLOUD: 0.0}, frozenset(), cloud=offer)
