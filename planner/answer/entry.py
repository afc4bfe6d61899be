"""The price at which each system that was not chosen would be bought: often the most useful answer for who sells or haggles.

Dinkelbach's iteration maximises, over the plans that buy a system, (best cost without it - the plan's other costs) / what its
units cost per dollar of price. It starts from a price of nothing and ends where the best plan at the new price is no better than
without. The plans are those of the relaxation without whole units (every system, in moments: "about"), or of the program itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from planner.answer.allowance import Allowance
from planner.answer.context import Context
from planner.answer.pricing import PLACEHOLDER_USD, PriceQuestion, price_question, unpriced
from planner.program.adapter import Request, solve
from planner.program.build import build
from planner.program.certificate import certify
from planner.program.instance import Instance
from planner.program.matrix import Floats, Matrix, from_problem
from planner.program.model import Model
from planner.program.prune import prune
from planner.program.sets import prepare
from planner.program.solution import Outcome

ROUNDS = 8
CLOSE = 1e-3
RELAXED_NOISE, EXACT_NOISE = 1e-6, 3e-4


@dataclass(frozen=True, slots=True)
class Entry:
    """The highest price of one unit at which a plan with the system costs no more than the best without [USD]; None: never.

    `exact` is False for prices of the relaxation, which neglects that units are whole.
    """

    system: str
    price_usd: float | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """The best plan at a price: its cost [USD], and what a dollar more for a unit would add to it (0: it buys none)."""

    usd: float
    per_dollar: float


class Prober(Protocol):
    """Finds the best plan with a system at a price, or (None) without it; None where there is no plan or no time."""

    noise: float

    def __call__(self, system: str, price_usd: float | None) -> Probe | None:
        """Return the best plan."""


def entry_prices(context: Context, chosen: set[str], allowed: Allowance, *, exact: bool) -> dict[str, Entry]:
    """Return the entry price of every system that could be bought, was not chosen, and that some workload can run on."""
    question = price_question(context)
    usable = {option.system for option in question.instance.options}
    asked = sorted((set(question.price_usd) & usable) - chosen, key=lambda name: (name in unpriced(context), name))
    if not asked:
        return {}
    probe: Prober = Exact(question, allowed) if exact else Relaxed(question, allowed)
    found = {}
    for number, system in enumerate(asked):
        if allowed.left_s <= 0.0:
            allowed.skip(f"entry prices of {len(asked) - number} of {len(asked)} systems")
            break
        price = break_even(probe, system)
        if allowed.left_s > 0.0 or price is not None:
            found[system] = Entry(system, price, exact)
    return found


def break_even(probe: Prober, system: str) -> float | None:
    """Return the highest price [USD] at which a system pays, as far as the probes tell; None if it does not pay at any."""
    without = probe(system, None)
    price, best = 0.0, None
    for _ in range(ROUNDS):
        with_it = probe(system, price)
        if without is None or with_it is None or with_it.per_dollar <= 0.0:
            break
        gain = without.usd - with_it.usd
        if gain <= probe.noise * abs(without.usd):
            break
        higher = price + gain / with_it.per_dollar
        close = higher <= price * (1.0 + CLOSE)
        price = best = higher
        if close:
            break
    return best


class Exact:
    """Solves the program itself, with whole units."""

    noise = EXACT_NOISE

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
    """Solves the linear program without whole units; it is built once and priced in place."""

    noise = RELAXED_NOISE

    def __init__(self, question: PriceQuestion, allowed: Allowance) -> None:
        """Build the program at one price and at twice that."""
        self._question = question
        self._allowed = allowed
        model, self._matrix = _program(question.instance)
        doubled, at_twice = _program(question.at_twice())
        self._scale = model.scale
        self._cost_slope = at_twice.cost * (doubled.scale / model.scale) - self._matrix.cost
        self._value_slope = at_twice.values - self._matrix.values
        self._buys = _columns(model, self._matrix, ("buy",))
        self._priced_columns = _columns(model, self._matrix, ("buy", "owned", "retire"))

    def __call__(self, system: str, price_usd: float | None) -> Probe | None:
        """Return the best plan of the relaxation."""
        answer = solve(self._at(system, price_usd), Request(time_limit_s=max(self._allowed.left_s, 0.1)))
        self._allowed.left_s -= answer.seconds
        if answer.outcome is not Outcome.OPTIMAL or answer.objective is None or answer.values is None:
            return None
        slope = float((self._cost_slope * self._mask(system)) @ answer.values) / self._question.price_usd[system]
        return Probe(answer.objective * self._scale, slope * self._scale)

    def _at(self, system: str, price_usd: float | None) -> Matrix:
        """Return the program with one system at a price, or off the market like all whose price is not known."""
        upper, part = self._matrix.upper.copy(), 0.0
        if price_usd is not None:
            part = price_usd / self._question.price_usd[system] - 1.0
        closed = {name for name, usd in self._question.price_usd.items() if usd == PLACEHOLDER_USD} - {system}
        for name in closed if price_usd is not None else closed | {system}:
            upper[self._buys.get(name, [])] = 0.0
        mask = self._mask(system)
        return replace(
            self._matrix,
            cost=self._matrix.cost + part * self._cost_slope * mask,
            values=self._matrix.values + part * self._value_slope * mask[self._matrix.indices],
            upper=upper,
        )

    def _mask(self, system: str) -> Floats:
        mask = np.zeros(len(self._matrix.columns))
        mask[self._priced_columns.get(system, [])] = 1.0
        return mask


def _program(instance: Instance) -> tuple[Model, Matrix]:
    """Return the program of an instance without whole numbers."""
    model = build(prepare(prune(instance)[0]))
    return model, from_problem(model.problem).relaxed()


def _columns(model: Model, matrix: Matrix, families: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the positions of a system's columns in some families, by system."""
    position = {name: number for number, name in enumerate(matrix.columns)}
    found: dict[str, list[int]] = {}
    for family in families:
        for index, variable in model.family(family).items():
            found.setdefault(str(index[0]), []).append(position[variable.name])
    return found
