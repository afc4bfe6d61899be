"""Every limit with a number of its own: how much there is, how much is used, whether it binds, and what more of it is worth."""

from __future__ import annotations

from planner.answer.context import Context
from planner.answer.worth import POINTS, Asked, Worth
from planner.plan.evidence import LimitRow
from planner.program.solution import Slack
from planner.scenario import CLOUD

TIGHT = 1e-6
FAMILIES: dict[str, tuple[str, str, float]] = {
    # family of the program -> what people call it, their unit, and what one of the program's units is in it
    "power": ("power", "kW", 1e-3),
    "racks": ("racks", "racks", 1.0),
    "supply": ("supply", "units", 1.0),
    "offered": ("rental supply", "units", 1.0),
    "budget": ("budget of the period", "USD", 1.0),
    "capex": ("budget for purchases", "USD", 1.0),
    "vendor": ("share of installed power", "%", 100.0),
    "flexible": ("least share of hardware that can run any model", "%", 100.0),
    "kinds": ("kinds of system", "kinds", 1.0),
    "carbon": ("carbon", "kg CO2e", 1e-3),
    "ceiling": ("cost ceiling", "USD", 1.0),
    "fabric": ("KV transfer", "GB/s", 1e-9),
    "serve": ("demand served", "requests/s", 1.0),
    "arrive": ("demand served", "requests/s", 1.0),
    "inventory": ("units held", "units", 1.0),
}
PLACED = frozenset({"power", "racks", "supply", "offered", "fabric"})  # families whose index begins with whose limit it is


def limit_rows(context: Context, worths: dict[tuple[str, str], Worth] | None = None) -> tuple[LimitRow, ...]:
    """Return every limit, the tightest period of each; binding ones first.

    Where worths were asked for, more of a limit that does not bind is worth nothing.
    """
    worst: dict[tuple[str, str], Slack] = {}
    for slack in context.solution.slacks:
        key = (slack.family, place_of(slack))
        if key not in worst or _use(slack) > _use(worst[key]):
            worst[key] = slack
    free = None if worths is None else Worth(0.0, "")
    rows = [
        _limit_row(context, slack, (worths or {}).get(key) if binding(context, slack) else free) for key, slack in worst.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.binding, row.family, row.label)))


def binding_limits(context: Context) -> list[Asked]:
    """Return the limits that hold the plan, each once, in order: what there is to ask the worth of."""
    found: dict[tuple[str, str], Asked] = {}
    for slack in context.solution.slacks:
        _, unit, scale = FAMILIES.get(slack.family, ("", "", 1.0))
        step = POINTS if slack.family == "vendor" else _step(context, slack)
        if slack.family in FAMILIES and binding(context, slack):
            found[slack.family, place_of(slack)] = Asked(slack, place_of(slack), unit, scale, step)
    return [found[key] for key in sorted(found)]


def place_of(slack: Slack) -> str:
    """Return whose limit a slack is: a site, a system, an offer, a vendor; "" where there is one for all."""
    return slack.index[0] if slack.family in {*PLACED, "vendor"} and slack.index else ""


def binding(context: Context, slack: Slack) -> bool:
    """Return whether a limit holds the plan: nothing is left, or less than one more unit of what the plan has takes."""
    return slack.have - slack.used < max(_step(context, slack), abs(slack.have) * TIGHT) * (1.0 - TIGHT)


def _use(slack: Slack) -> float:
    return slack.used / max(slack.have, 1e-12)


def _step(context: Context, slack: Slack) -> float:
    """Return what the smallest unit that the plan has takes of a limit, in the program's unit; 0 where no unit takes of it."""
    systems = {system.id: system for system in context.instance.systems}
    here = [name for site, name in context.owned if slack.family not in {"power", "racks"} or site == slack.index[0]]
    if slack.family == "power":
        return min((systems[name].power_w for name in here), default=0.0)
    if slack.family == "racks":
        return min((context.offerings[name].racks_by_site[slack.index[0]] for name in here), default=0.0)
    if slack.family in {"budget", "capex"}:
        prices = [min(one.cash_usd) for one in context.instance.placements if one.system in set(here) and one.cash_usd]
        return min(prices, default=0.0)
    if slack.family in {"vendor", "flexible"}:
        watts = [systems[name].power_w * context.periods for name in here]
        whole = sum(float(units.sum()) * systems[name].power_w for (_, name), units in context.owned.items())
        return min(watts, default=0.0) / whole if whole else 0.0
    return 1.0 if slack.family in {"supply", "offered", "kinds"} else 0.0


def _limit_row(context: Context, slack: Slack, worth: Worth | None) -> LimitRow:
    name, unit, scale = FAMILIES.get(slack.family, (slack.family, "", 1.0))
    have, used = slack.have * scale, slack.used * scale
    if slack.family == "flexible":
        have, used = 100.0 - have, 100.0 - used
    label = f"{name}: {place_words(context, slack)}".rstrip(": ")
    tight = binding(context, slack)
    words = f"{label}: {used:,.1f} of {have:,.1f} {unit} used" + (
        f", {abs(have - used):,.1f} {unit} left" if not tight else _all_of_it(have, used, unit)
    )
    return LimitRow(
        family=slack.family,
        label=label,
        unit=unit,
        have=have,
        used=used,
        binding=tight,
        worth_usd=None if worth is None else worth.usd,
        words=f"{words}; {worth.words}" if worth is not None and worth.words else words,
    )


def _all_of_it(have: float, used: float, unit: str) -> str:
    left = abs(have - used)
    return " - binding" if left <= abs(have) * TIGHT else f" - binding: the {left:,.1f} {unit} left are less than one unit takes"


def place_words(context: Context, slack: Slack) -> str:
    """Return where and when a limit holds, in words."""
    return in_words(context, slack.family, slack.index)


def in_words(context: Context, family: str, index: tuple[str, ...]) -> str:
    """Return an index of the program in words: whose limit it is, then a period and, with a second number, a block; a future."""
    names = list(index[:1]) if family in {*PLACED, "vendor"} else []
    rest = list(index[len(names) :])
    labels = [period.id for period in context.instance.periods]
    numbers = [position for position, part in enumerate(rest) if part.isdigit()]
    for order, position in enumerate(numbers[:2]):
        known = labels if order == 0 else list(context.instance.blocks)
        number = int(rest[position])
        rest[position] = known[number] if number < len(known) else rest[position]
    if family in {"power", "racks"} and len(numbers) > 1 and not _varies(context, index[0]):
        del rest[numbers[1]]
    return ", ".join(names + rest)


def _varies(context: Context, site: str) -> bool:
    """Return whether what stands at a site can differ from block to block: only where units are rented by the hour."""
    return site == CLOUD or any(offer.site == site and offer.blocks is not None for offer in context.instance.offers)
