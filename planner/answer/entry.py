"""The price at which each system that was not chosen would be bought: often the most useful answer for who sells or haggles.

First every system is priced at the margin of one relaxation: what the first part of a unit of it would be worth. Then plans with
it are searched by Dinkelbach's iteration, which maximises, over the plans that buy a system, (best cost without it - the plan's
other costs) / what its units cost per dollar of price. It ends where the best plan at the new price is as good as without. The
plans are those of the relaxation with at least one whole unit of the system and parts of others ("about"), or of the program
itself.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from planner.answer.allowance import SMALL_COLUMNS, Allowance
from planner.answer.context import Context
from planner.answer.pricing import PLACEHOLDER_USD, PriceQuestion, price_question
from planner.program.adapter import Answer, Request, solve
from planner.program.certificate import certify
from planner.program.matrix import Floats, Matrix
from planner.program.priced import PricedProgram, narrowed
from planner.program.solution import Outcome

ROUNDS = 8
CLOSE = 1e-3
RELAXED_NOISE, EXACT_NOISE = 1e-6, 3e-4
MOST_SOLVED_AGAIN = 12
PREDICTING_SHARE = 0.5


class Basis(StrEnum):
    """What an entry price was found by: the program itself, its relaxation solved again, or the relaxation's margin."""

    SOLVED = "solved"
    RELAXATION = "relaxation"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class Entry:
    """The highest price of one unit at which a plan with the system costs no more than the best without [USD]; None: never.

    `assumes` says what had to be assumed of the system beside its price ("" where nothing had).
    """

    system: str
    price_usd: float | None
    basis: Basis
    assumes: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """The best plan at a price: its cost [USD], and what a dollar more for a unit would add to it (0: it buys none)."""

    usd: float
    per_dollar: float


class Prober(Protocol):
    """Finds the best plan with a system at a price, or (None) without it; None where there is no plan or no time.

    `has_one` says that the plan has at least one unit whatever the price; else it has none where that is better.
    """

    noise: float
    has_one: bool

    def __call__(self, system: str, price_usd: float | None) -> Probe | None:
        """Return the best plan."""


@dataclass(frozen=True, slots=True)
class Priced:
    """Entry prices by system, and why workloads cannot run on systems that are not on the market."""

    entries: dict[str, Entry]
    cannot: dict[str, str]


def entry_prices(context: Context, chosen: set[str], allowed: Allowance, *, exact: bool) -> Priced:
    """Return the entry price of every system that could be bought, was not chosen, and that some workload can run on."""
    began = time.perf_counter()
    question = price_question(context, PREDICTING_SHARE * allowed.left_s)
    if question.late:
        allowed.skip(f"{len(question.late)} systems that are not on the market")
    cannot: dict[str, str] = {}
    for item in question.rejected:
        cannot.setdefault(item.system, f"{item.workload}: {item.reason}")
    usable = {option.system for option in question.instance.options}
    stocked = {one.system for one in question.instance.placements if one.initial}
    asked = sorted((set(question.price_usd) & usable) - chosen - stocked)
    if not asked:
        return Priced({}, cannot)
    large = context.solution.columns > SMALL_COLUMNS
    # In a small program duals say too little of one unit more or less: there everything is solved again.
    core = _posed(question, {name for name in usable if name} - set(question.assumed if large else ()))
    allowed.left_s -= time.perf_counter() - began
    found = _at_the_margin(question, core, asked, allowed)
    order = _promising(question, found, asked)
    if exact:
        sure = [name for name in order if name not in question.assumed]
        found |= _searched(Exact(question, allowed), question, sure, allowed, Basis.SOLVED)
    else:
        helpful = [name for name in order if name in found and found[name].price_usd is not None]
        again = [name for name in helpful if name not in question.assumed][:MOST_SOLVED_AGAIN] if large else helpful
        found |= _searched(Relaxed(question, core, allowed), question, again, allowed, Basis.RELAXATION, found)
    return Priced(found, {name: why for name, why in cannot.items() if name not in usable})


def _posed(question: PriceQuestion, systems: Collection[str]) -> PricedProgram:
    """Return the program of some systems, in which each can be given any price."""
    once, twice = narrowed(question.instance, systems), narrowed(question.at_twice(), systems)
    return PricedProgram(once, twice, question.price_usd)


def _at_the_margin(question: PriceQuestion, core: PricedProgram, asked: list[str], allowed: Allowance) -> dict[str, Entry]:
    """Return what the first part of a unit of every system would be worth; those that time does not allow are left out."""
    end = time.perf_counter() + allowed.left_s
    base = core.relaxed(question.closed, max(allowed.left_s, 0.1))
    apart = {name for name in asked if not core.has(name)}
    others = _posed(question, apart) if apart else core
    priced: dict[tuple[str, bool], Floats] = {}
    found: dict[str, Entry] = {}
    for number, name in enumerate(asked):
        relaxed, left = base, end - time.perf_counter()
        if base.values is not None and left > 0.0 and core.buys(name, base.values):
            # The relaxation buys what whole units do not: its margin is the one of the relaxation without it.
            relaxed = core.relaxed(question.closed | {name}, left)
        if relaxed.duals is None or relaxed.outcome is not Outcome.OPTIMAL or left <= 0.0:
            allowed.skip(f"{len(asked) - number} of {len(asked)} systems")
            break
        own, alone = (others, "") if name in apart else (core, "" if name in question.closed else name)
        key = alone, own is core
        if key not in priced:
            priced[key] = own.known(core.row_prices(relaxed.duals, question.closed | {name}))
        price = own.marginal_price(name, priced[key], Request(time_limit_s=max(left, 0.1)))
        found[name] = Entry(name, price, Basis.MARGIN, question.assumed.get(name, ""))
    allowed.left_s = end - time.perf_counter()
    return found


def _promising(question: PriceQuestion, found: dict[str, Entry], asked: Iterable[str]) -> list[str]:
    """Return systems in the order in which their prices are worth knowing well: on the market, nearest to entering, first."""

    def order(name: str) -> tuple[bool, bool, float, str]:
        usd = found[name].price_usd if name in found else None
        known = question.price_usd[name] != PLACEHOLDER_USD
        return name in question.closed, not known, -(usd or 0.0) / question.price_usd[name], name

    return sorted(asked, key=order)


def _searched(
    probe: Prober,
    question: PriceQuestion,
    asked: list[str],
    allowed: Allowance,
    basis: Basis,
    guesses: dict[str, Entry] | None = None,
) -> dict[str, Entry]:
    """Return the entry prices that a search finds in time; a guess saves it the first steps."""
    found: dict[str, Entry] = {}
    for number, system in enumerate(asked):
        if allowed.left_s <= 0.0:
            allowed.skip(f"solving again for {len(asked) - number} of {len(asked)} systems")
            break
        guess = (guesses or {}).get(system)
        price = break_even(probe, system, guess.price_usd or 0.0 if guess is not None else 0.0)
        if price is not None or allowed.left_s > 0.0:
            found[system] = Entry(system, price, basis, question.assumed.get(system, ""))
    return found


def break_even(probe: Prober, system: str, start_usd: float = 0.0) -> float | None:
    """Return the highest price [USD] at which a system pays, as far as the probes tell; None if it pays at none.

    A prober whose plans have a unit at any price may start anywhere: the least cost is concave in the price, so one step of the
    iteration leads below the answer, and the others rise to it. Any other has to start where the system pays.
    """
    without = probe(system, None)
    price, best = start_usd, None
    for _ in range(ROUNDS):
        with_it = probe(system, price)
        if without is None or with_it is None or with_it.per_dollar <= 0.0:
            break
        gain = without.usd - with_it.usd
        if not probe.has_one and gain <= probe.noise * abs(without.usd):
            break
        better = max(0.0, price + gain / with_it.per_dollar)
        if abs(better - price) <= CLOSE * price:
            return better or None
        price, best = better, better or None
    return best


class Exact:
    """Solves the program itself, with whole units."""

    noise = EXACT_NOISE
    has_one = False

    def __init__(self, question: PriceQuestion, allowed: Allowance) -> None:
        """Remember the question and the time for it."""
        self._question = question
        self._allowed = allowed

    def __call__(self, system: str, price_usd: float | None) -> Probe | None:
        """Return the best plan; its cost at another price is read off the certificate."""
        solution = self._allowed.solve(self._question.priced(system, price_usd))
        if solution is None or solution.objective_usd is None:
            return None
        if price_usd is None:
            return Probe(solution.objective_usd, 0.0)
        costs = [
            certify(self._question.priced(system, usd), solution).cost_usd for usd in (price_usd, price_usd + PLACEHOLDER_USD)
        ]
        return Probe(solution.objective_usd, (costs[1] - costs[0]) / PLACEHOLDER_USD)


class Relaxed:
    """Solves the linear program in which units other than one of the system need not be whole; built once, priced in place."""

    noise = RELAXED_NOISE
    has_one = True

    def __init__(self, question: PriceQuestion, program: PricedProgram, allowed: Allowance) -> None:
        """Remember the program and the time for it."""
        self._closed = question.closed
        self._program = program
        self._allowed = allowed
        self._base: Answer | None = None

    def __call__(self, system: str, price_usd: float | None) -> Probe | None:
        """Return the best plan of the relaxation; without a system that the best of all does not buy, it is that one."""
        program = self._program
        if price_usd is not None:
            return self._probe(self._solved(program.at(system, price_usd, self._closed)), system)
        if self._base is None:
            self._base = self._solved(program.without(self._closed))
        if self._base.values is not None and program.buys(system, self._base.values):
            return self._probe(self._solved(program.without(self._closed | {system})), system)
        return self._probe(self._base, system)

    def _solved(self, matrix: Matrix) -> Answer:
        answer = solve(matrix.relaxed(), Request(time_limit_s=max(self._allowed.left_s, 0.1)))
        self._allowed.left_s -= answer.seconds
        return answer

    def _probe(self, answer: Answer, system: str) -> Probe | None:
        if answer.outcome is not Outcome.OPTIMAL or answer.objective is None or answer.values is None:
            return None
        program = self._program
        return Probe(answer.objective * program.scale, program.per_dollar(system, answer.values))
