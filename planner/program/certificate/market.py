"""Whether every unit could be had: prices, delivery, lead times, supply, smallest orders, lives, terms."""

from __future__ import annotations

from collections.abc import Iterator

from planner.program.certificate.books import Books


def check_market(books: Books) -> Iterator[str]:
    """Yield what is wrong with purchases, retirements, rents and the stock that they leave."""
    yield from _purchases(books)
    yield from _supply(books)
    yield from _retirements(books)
    yield from _rents(books)
    yield from _stock(books)
    yield from _stages(books)


def _purchases(books: Books) -> Iterator[str]:
    """Yield purchases without a price, before delivery, or ordered before the start."""
    for (system, site, t), units in books.bought.items():
        placement, item = books.placements.get((system, site)), books.systems[system]
        if placement is None or not placement.buy_usd or placement.buy_usd[t] is None:
            yield f"{units} {system} bought at {site} in period {t}, where it has no price"
        elif t - item.lead_time_periods < 0:
            yield f"{units} {system} arrive in period {t}, but take {item.lead_time_periods} periods to come"
        elif t < books.first_delivery(system) and not _common(books, system, t):
            yield f"{units} {system} arrive in period {t}, before their first delivery in {books.first_delivery(system)}"


def _common(books: Books, system: str, arrival: int) -> bool:
    """Return whether an arrival was ordered before the futures part."""
    order = arrival - books.systems[system].lead_time_periods
    return len(books.instance.futures) > 1 and order < books.instance.settings.reveal_period


def _supply(books: Books) -> Iterator[str]:
    """Yield periods in which more of a system arrives than is delivered, or less than the smallest order."""
    for system, item in books.systems.items():
        supply = books.future.supply.get(system, item.supply)
        for t in books.periods:
            units = sum(n * books.count(site) for (name, site, when), n in books.bought.items() if (name, when) == (system, t))
            limit = supply[t] if supply else None
            if limit is not None and units > limit:
                yield f"{units} {system} arrive in period {t}, of which only {limit:g} are delivered"
            if 0 < units < item.min_order:
                yield f"{units} {system} arrive in period {t}; the smallest order is {item.min_order}"


def _retirements(books: Books) -> Iterator[str]:
    """Yield retirements that are not offered, outside a unit's life, or of units that are not there."""
    lives = {
        (system, site, arrived): (first, end, units)
        for system, site in books.placements
        for arrived, first, end, units in books.vintages(system, site)
    }
    gone: dict[tuple[str, str, int], int] = {}
    for (system, site, arrived, t), units in books.retired.items():
        key = (system, site, arrived)
        gone[key] = gone.get(key, 0) + units
        if (arrived, t) not in books.placements[system, site].retire_usd:
            yield f"{units} {system} at {site} retired in period {t}, which was not offered"
        if key in lives and not lives[key][0] <= t < lives[key][1]:
            yield f"{units} {system} at {site} retired in period {t}, outside their life"
    for key, units in gone.items():
        if units > lives.get(key, (0, 0, 0))[2]:
            yield f"{units} of {key[0]} at {key[1]} retired, of {lives.get(key, (0, 0, 0))[2]} that arrived in {key[2]}"


def _rents(books: Books) -> Iterator[str]:
    """Yield commitments that cannot begin then, or more units than an offer holds."""
    for (offer, t), units in books.rented.items():
        if books.offers[offer].usd[t] is None:
            yield f"{units} of {offer} begin in period {t}, when it is not offered"
    for offer, item in books.offers.items():
        for t in books.periods if item.supply else ():
            limit, units = item.supply[t], books.held(item, t) * books.count(item.site)
            if limit is not None and units > limit:
                yield f"{units} of {offer} held in period {t}; {limit:g} are offered"


def _stock(books: Books) -> Iterator[str]:
    """Yield stocks that do not follow from what was bought and retired."""
    claimed = {(o.system, o.site, o.period): o.count for o in books.solution.owned if o.future in {"", books.world}}
    for system, site in books.placements:
        for t in books.periods:
            units, said = books.owned(system, site, t), claimed.get((system, site, t), 0)
            if units != said or units < 0:
                yield f"{said} {system} said to be owned at {site} in period {t}; purchases and retirements leave {units}"


def _stages(books: Books) -> Iterator[str]:
    """Yield decisions that are common to all futures though taken after they part, or the other way round."""
    if len(books.instance.futures) < 2:
        return
    reveal = books.instance.settings.reveal_period
    for purchase in books.solution.bought:
        if (purchase.future == "") != (purchase.period - books.systems[purchase.system].lead_time_periods < reveal):
            yield f"{purchase}: decided at the wrong stage"
    rents = [(record.future, record.period) for record in books.solution.rented]
    leaves = [(record.future, record.period) for record in books.solution.retired]
    for future, period in (*rents, *leaves):
        if (future == "") != (period < reveal):
            yield f"a decision of period {period} is taken at the wrong stage"
