"""Whole replicas for a plan whose pools were fractions: each period packed by itself, then the fleet bought that this takes.

A large program counts units but lets replicas be fractions. What rounding costs is found where it arises: for every period (and
future) a small program with whole pools routes the work over the units that the plan has there, buying more only where it must; a
last one buys, rents and retires the cheapest fleet that has those units.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from planner.program.build import build, build_fleet
from planner.program.columns import PERIOD_AT
from planner.program.extract import Values, pools_of
from planner.program.goal import tail_values
from planner.program.instance import Instance, Offer, Option, Period, Placement, Policy, Role, Settings, Site, Workload
from planner.program.model import Index, Model, Sense
from planner.program.packing import Place, exact, units_taken
from planner.program.run import Objective, Run
from planner.program.sets import Sets, World, prepare
from planner.program.view import View, views

PERIOD_GAP = 0.02
DEARER = 1.5
LEAST_S = 0.5
NEARLY = 1e-5
CRUMB = 0.3
FIRST_COUNTS_AS = 3


Packed = tuple[dict[str, float], dict[Place, int]]


@dataclass(frozen=True, slots=True)
class Before:
    """What a period takes over from those before: the options routed to (None: any may be), units there, options that mattered.

    `alone`: nothing but those units is there, and the plan's systems may stand at other sites too: where its own units beside
    them would be too many for a site.
    """

    options: set[str] | None = None
    held: Mapping[tuple[str, str], int] = field(default_factory=dict)
    mattered: set[str] = field(default_factory=set)
    alone: bool = False


def repack(run: Run, values: Values) -> Values | None:
    """Return the plan with whole replicas, by column of the run's program; None if a period cannot be packed in time.

    The plan's units may be fractions, as a relaxation leaves them. Then every period keeps to the options of the one before and
    to those that the relaxation turns to anew, and the first is given more of the time. So does a plan of whole units that leave
    no room for what whole replicas need.
    """
    whole = not _fractional(run.model, values)
    return (_repacked(run, values, whole=True) if whole else None) or _repacked(run, values, whole=False)


def _repacked(run: Run, values: Values, *, whole: bool) -> Values | None:
    """Return the plan with whole replicas, on its own units if they are whole, else each period on those of the ones before."""
    sets, found, needs = run.sets, dict.fromkeys(_names(run.model), 0.0), dict[Place, int]()
    first = 1 if whole else FIRST_COUNTS_AS
    left = len(sets.worlds) * (len(sets.periods) - 1 + first) + 1
    for view in views(run.model, sets):
        before = Before()
        for t in sets.periods:
            weight = first if t == 0 else 1
            seconds = max(LEAST_S, weight * (run.end - time.perf_counter()) / left)
            left -= weight
            packed = (_packed_period if whole else _packed_after)(run, view, t, values, seconds, before)
            if packed is None:
                return None
            if not whole:
                before = _passed_on(view, t, values, packed, before)
            found.update(packed[0])
            needs.update(packed[1])
    fleet = _fleet(run, needs)
    if fleet is None:
        return None
    found.update({name: value for name, value in fleet.by_name.items() if name in found})
    found = _with_peaks(run, found)
    return Values({**found, **tail_values(run.model, run.sets, found)})


def _packed_after(run: Run, view: View, t: int, values: Values, seconds: float, before: Before) -> Packed | None:
    """Return one period of a plan of fractions, packed on what is there from before."""
    matter = _matter(view, t, values)
    turns_to = matter if before.options is None else before.options | (matter - before.mattered)
    packed = _packed_period(run, view, t, values, seconds, replace(before, options=turns_to))
    return packed or _packed_period(run, view, t, values, seconds, replace(before, options=matter, alone=True))


def _passed_on(view: View, t: int, values: Values, packed: Packed, before: Before) -> Before:
    """Return what the next period takes over from a packed one."""
    return Before(_routed_to(view, t, packed[0]), _held(view.sets, packed[1], before.held), _matter(view, t, values))


def _held(sets: Sets, need: dict[Place, int], held: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Return the units, of systems that can only be owned, that are there after a period: power and racks must carry them on."""
    more = {
        (system, site): max(need[key] for key in need if key[:2] == (system, site))
        for system, site in {key[:2] for key in need}
        if not sets.offers_of(system, site)
    }
    return {place: max(held.get(place, 0), more.get(place, 0)) for place in held.keys() | more.keys()}


def _fractional(model: Model, values: Values) -> bool:
    """Return whether a plan buys, rents or retires fractions of units."""
    decided = (variable.name for family in ("buy", "rent", "retire") for variable in model.family(family).values())
    return any(abs(values.by_name[name] - round(values.by_name[name])) > NEARLY for name in decided)


def _routed_to(view: View, t: int, part: dict[str, float]) -> set[str]:
    """Return the options that a packed period routes work to."""
    shares = view.model.family("share").items()
    return {str(index[0]) for index, variable in shares if index[3] == t and part.get(variable.name, 0.0) > NEARLY}


def _names(model: Model) -> Iterable[str]:
    """Yield the names of a program's columns."""
    return (variable.name for family in model.columns.values() for variable in family.values())


def _packed_period(run: Run, view: View, t: int, values: Values, seconds: float, before: Before) -> Packed | None:
    """Return one period's routing by the run's column names, and the whole units that it takes at each place."""
    sets = prepare(_one_period(view, t, values, seconds, before))
    small = Run(sets, build(sets), time.perf_counter() + max(seconds, 0.05), None)
    # No cost lies below nothing: the target is never reached, and asks for a plan without a proof.
    plan = small.stage("pack", Objective.COST, target=0.0)[1]
    routed = None if plan is None else small.routed(plan)
    plan = plan if routed is None else routed
    if plan is None:
        return None
    part: dict[str, float] = {}
    for family, place in PERIOD_AT.items():
        for index, variable in small.model.family(family).items():
            there: Index = (*index[:place], t, *index[place + 1 : -1], view.world.id)
            # Counts of replicas are kept where the whole program has none: a queue may need more than its load.
            if family == "pool" or run.model.find(family, there) is not None:
                # A flag that no row asks about is in no program.
                part[run.model.name(family, there)] = plan.by_name.get(variable.name, 0.0)
    return part, _needs(small, plan, t, view.world.id)


def _needs(small: Run, plan: Values, t: int, world: str) -> dict[Place, int]:
    """Return the whole units that a period's replicas take, spares and reserves included."""
    sets, policy = small.sets, small.sets.instance.policy
    held: dict[tuple[str, str, int], list[tuple[Fraction, int]]] = {}
    footprints = {(spot.option, spot.site): spot for spot in sets.spots}
    for pool in pools_of(sets, small.model, plan):
        spot = footprints[pool.option, pool.site]
        held.setdefault((spot.system, pool.site, pool.block), []).append((exact(spot.footprint), pool.replicas))
    needs: dict[Place, int] = {}
    for (system, site, h), sizes in held.items():
        share = float(sum(size * number for size, number in sizes))
        usable = math.ceil((share + policy.reserve_units) / (1.0 - policy.spare_fraction) - 1e-7)
        needs[system, site, t, h, world] = max(usable, units_taken(sizes) + policy.reserve_units)
    return needs


def _one_period(view: View, t: int, values: Values, seconds: float, before: Before) -> Instance:
    """Return the instance of one period alone, on the units that the plan has there and dearer ones of the same systems."""
    whole, blocks = view.sets.instance, view.sets.blocks
    there = {(y, s): [values.total(view.present(y, s, t, h)) for h in blocks] for y, s in view.sets.placements}
    # Fractions of units, which a relaxation leaves, are not there: what they stood for is bought again, whole.
    had = {place for place, counts in there.items() if max(counts) > NEARLY or before.held.get(place, 0)}
    if before.alone:
        systems = {system for system, _ in had}
        had |= {place for place in there if place[0] in systems and _priced(view, place)}
    used = {
        place: [max(0 if before.alone else math.floor(n + NEARLY), before.held.get(place, 0)) for n in there[place]]
        for place in sorted(had)
    }
    options = tuple(o for o in whole.options if t in view.sets.window(o.id, view.world) and _stays(o, used, before.options))
    kept = {option.id for option in options}
    links = tuple(replace(link, prefill=link.prefill & kept, decode=link.decode & kept) for link in whole.links)
    return replace(
        whole,
        periods=(Period("t", whole.periods[t].block_hours),),
        sites=tuple(_site(site, t) for site in whole.sites),
        systems=tuple(replace(y, supply=(), available_from=0, lead_time_periods=0, min_order=1) for y in whole.systems),
        placements=tuple(_placement(view, place, min(counts), t) for place, counts in used.items()),
        offers=tuple(offer for place, counts in used.items() for offer in _extras(place, counts)),
        workloads=tuple(_work(work, view.world, t, len(blocks)) for work in whole.workloads),
        options=tuple(replace(option, first_period=0, end_period=None) for option in options),
        links=links,
        policy=Policy(reserve_units=whole.policy.reserve_units, spare_fraction=whole.policy.spare_fraction),
        futures=(),
        settings=Settings(PERIOD_GAP, max(seconds, 0.05), whole.settings.seed, integer_pools=True, tie_break=False),
    )


def _matter(view: View, t: int, values: Values) -> set[str]:
    """Return the options that matter in a period: a good part of some class goes to them, or more of it than to any other.

    A relaxation scatters crumbs of work over many options; whole replicas of all of them are what no plan would have.
    """
    found: set[str] = set()
    most: dict[tuple[str, bool, str, int], tuple[float, str]] = {}
    for spot in view.sets.spots:
        for h in view.sets.blocks if t in view.window(spot) else ():
            for name, share in view.shares(spot, t, h):
                part, side = values.by_name[share.name], (spot.workload, spot.role is Role.DECODE, name, h)
                most[side] = max(most.get(side, (0.0, "")), (part, spot.option))
                if part > CRUMB:
                    found.add(spot.option)
    return found | {option for _, option in most.values() if option}


def _stays(option: Option, used: dict[tuple[str, str], list[int]], allowed: set[str] | None) -> bool:
    """Return whether an option runs on a system that the plan has somewhere (a token API always does), and is allowed."""
    there = option.system is None or any(system == option.system for system, _ in used)
    return there and (allowed is None or option.id in allowed)


def _site(site: Site, t: int) -> Site:
    """Return a site as it is in one period."""
    carbon = site.energy_gco2e_per_wh[t : t + 1] if site.energy_gco2e_per_wh else ()
    peak = site.peak_usd_per_w[t : t + 1] if site.peak_usd_per_w else ()
    return replace(
        site,
        power_w=site.power_w[t : t + 1],
        racks=site.racks[t : t + 1],
        energy_usd_per_wh=site.energy_usd_per_wh[t : t + 1],
        energy_gco2e_per_wh=carbon,
        peak_usd_per_w=peak,
    )


def _priced(view: View, place: tuple[str, str]) -> bool:
    """Return whether units of a system can be had at a site at all."""
    return any(usd is not None for usd in view.sets.placements[place].buy_usd) or bool(view.sets.offers_of(*place))


def _placement(view: View, place: tuple[str, str], units: int, t: int) -> Placement:
    """Return a system's units at a site, and more of them at a price above any that it has there."""
    placement = view.sets.placements[place]
    prices = [usd for usd in placement.buy_usd if usd is not None] + [o.usd[t] or 0.0 for o in view.sets.offers_of(*place)]
    dear = DEARER * max(prices, default=0.0) + sum(placement.own_usd)
    return Placement(*place, buy_usd=(dear or 1e6,), initial=units)


def _extras(place: tuple[str, str], counts: list[int]) -> Iterator[Offer]:
    """Yield the units that are there in some blocks only, as offers without a price."""
    for h, number in enumerate(counts):
        if number > min(counts):
            name, more = f"{place[0]}@{place[1]}#{h}", float(number - min(counts))
            yield Offer(name, *place, "held", (0.0,), blocks=frozenset({h}), supply=(more,))


def _work(work: Workload, world: World, t: int, blocks: int) -> Workload:
    """Return a workload as it is in one period of a world."""
    rates = {b: (tuple(world.arrivals[work.id, b, t, h] for h in range(blocks)),) for b in work.rate_rps}
    return replace(work, rate_rps=rates, unserved_usd=work.unserved_usd[t : t + 1])


def _fleet(run: Run, needs: dict[Place, int]) -> Values | None:
    """Return the cheapest purchases, rents and retirements that have the units needed at every place."""
    sets = run.sets
    fleet = Run(sets, build_fleet(sets), run.end, None)
    for view in views(fleet.model, sets):
        for (system, site, t, h, world), need in sorted(needs.items()):
            if world == view.world.id and need > 0:
                index: Index = (system, site, t, h)
                view.row("packing", index, view.present(system, site, t, h), Sense.GE, float(need), unit=float(need))
    return fleet.stage("fleet", Objective.COST)[1]


def _with_peaks(run: Run, found: dict[str, float]) -> dict[str, float]:
    """Return the values with every site's highest draw."""
    values = Values(found)
    for view in views(run.model, run.sets):
        for site in run.sets.sites:
            for t in run.sets.periods:
                peak = view.find("peak", site, t)
                if peak is not None:
                    found[peak.name] = max(values.total(view.drawn(site, t, h)) for h in run.sets.blocks) / 1000.0
    return found
