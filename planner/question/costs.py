"""Everything that may be acquired, priced: the terms of a scenario and the price list of its decisions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.items import ApiOffer, Catalog, Kind, Model, Sourced
from planner.demand.table import DemandTable
from planner.economics.defaults import PricedSystem, RentOffer
from planner.economics.price_list import PriceList
from planner.options.market import Market, Offering
from planner.question.terms import Goods, Terms, terms_of
from planner.scenario import CLOUD, Scenario

SECONDS_PER_YEAR = 8760 * 3600
TUNINGS = frozenset({"instruct", "chat", "it", "versatile", "instant"})  # how providers tune or sell one and the same model


@dataclass(frozen=True, slots=True)
class Rental:
    """A way to rent an offering: `item` is its id among the assumptions, `term_years` 0 is on demand."""

    item: str
    offering: Offering
    usd_chip_hour: Sourced
    term_years: float
    supply_units: float | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Terms, price list and rentals of a scenario."""

    terms: Terms
    prices: PriceList
    rentals: tuple[Rental, ...]
    apis: dict[str, ApiOffer]


def costs_of(scenario: Scenario, catalog: Catalog, market: Market, demand: DemandTable) -> Costs:
    """Return what every decision of a scenario costs, each figure with its source."""
    rentals = tuple(sorted(_rentals(scenario, market), key=lambda rental: rental.item))
    apis = _apis(scenario, catalog)
    goods = Goods(
        systems=[
            PricedSystem(item.system, known_price(scenario, item), item.price_change)
            for item in market.offerings
            if item.sites != (CLOUD,)
        ],
        rents=[
            RentOffer(rental.item, rental.offering.system.chips, rental.usd_chip_hour, rental.term_years) for rental in rentals
        ],
        apis=apis,
    )
    names = [block.name for block in demand.blocks]
    terms = terms_of(scenario, catalog, goods, [names[index] for index in demand.block_set.hour_of_week_blocks()])
    prices = PriceList(terms.book, terms.clock, terms.switches, loan_periods=terms.loan_periods)
    return Costs(terms, prices, rentals, apis)


def known_price(scenario: Scenario, item: Offering) -> Sourced | None:
    """Return the price of a unit also where it may not be bought: what a stock costs to support, and sells for, depends on it."""
    if item.purchase is not None:
        return item.purchase
    entry = scenario.hardware.price_book.get(item.id)
    if entry is not None and entry.purchase is not None:
        return Sourced(entry.purchase, entry.source, Kind.USER, "", "what-if figure" if entry.what_if else "")
    return item.system.purchase_usd


def _rentals(scenario: Scenario, market: Market) -> Iterator[Rental]:
    acquisition = scenario.acquisition
    for offering in (item for item in market.offerings if item.cloud is not None):
        offer = offering.cloud
        if offer is not None:
            if acquisition.rent and offer.on_demand_usd_chip_h is not None:
                yield Rental(f"{offering.id}:on-demand", offering, offer.on_demand_usd_chip_h, 0.0)
            for years in acquisition.reserved_years:
                if years in offer.reserved_usd_chip_h:
                    yield Rental(f"{offering.id}:{years}y", offering, offer.reserved_usd_chip_h[years], float(years))
    by_id = {item.id: item for item in market.offerings}
    for index, quote in enumerate(acquisition.quotes):
        quoted = by_id.get(f"{quote.system}@quote")
        if quoted is None:  # excluded by the scenario's own list
            continue
        price = Sourced(quote.price_per_chip, quote.source, Kind.USER, "")
        units = None if quote.supply_chips is None else quote.supply_chips // quoted.system.chips
        yield Rental(f"{quoted.id}:{index}", quoted, price, (quote.term or 0.0) / SECONDS_PER_YEAR, units)


def serves_model(offer: ApiOffer, model: Model) -> bool:
    """Return whether a token API serves a model; providers write its name their own way (`Meta-Llama-3.3-70B-Instruct`)."""
    names = {_plain(name) for name in (model.id, model.hf_id, *model.aliases)}
    return _plain(offer.model) in names


def _plain(name: str) -> str:
    """Return a model's name without its organisation, tuning and punctuation.

    >>> _plain("meta-llama/Llama-3.3-70B-Instruct"), _plain("llama-3.3-70b-versatile"), _plain("Meta-Llama-3.3-70B-Instruct")
    ('llama3370b', 'llama3370b', 'llama3370b')
    """
    words = re.split(r"[^a-z0-9.]+", name.rpartition("/")[2].casefold())
    kept = words[1:] if words[0] == "meta" else words
    while len(kept) > 1 and kept[-1] in TUNINGS:
        kept = kept[:-1]
    return re.sub(r"[^a-z0-9]", "", "".join(kept))


def complete_apis(catalog: Catalog) -> dict[str, ApiOffer]:
    """Return the catalog's token APIs by id whose input and output both have a public price."""
    return {
        f"api:{offer.provider}:{offer.model}".lower().replace(" ", "-"): offer
        for hardware in catalog.hardware.values()
        for offer in hardware.api
        if offer.usd_per_m_input is not None and offer.usd_per_m_output is not None
    }


def _apis(scenario: Scenario, catalog: Catalog) -> dict[str, ApiOffer]:
    """Return the public token prices for the scenario's models, by offer id; only complete ones can be rivals."""
    return complete_apis(catalog) if scenario.acquisition.token_api else {}
