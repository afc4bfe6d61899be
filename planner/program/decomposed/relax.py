"""The exchange of prices between fleet and periods, until bound and cost meet or time is up."""

from __future__ import annotations

import time

import numpy as np

from planner.program.adapter import Progress, Request
from planner.program.decomposed.fleet import FleetProgram
from planner.program.decomposed.parts import Parts, period_of, split
from planner.program.decomposed.period import PeriodProgram, Proposal
from planner.program.matrix import Floats, Matrix
from planner.program.model import Model
from planner.program.relaxation import Relaxed, safe_bound
from planner.program.solution import Outcome

ROUNDS = 60
FIRST_STEP = 0.1
SMALLEST_STEP = 0.02
LARGEST_STEP = 0.6
STOOD_IN = 1e-6


def relax_by_period(model: Model, matrix: Matrix, guess: Floats, request: Request) -> Relaxed:
    """Return the relaxation's optimum within the request's gap: a bound that holds, and values that keep the rows if optimal.

    `guess` are rough duals of the rows in which units are used up. Out of time, or where a period cannot be served, the outcome
    is `no_solution` with the best bound so far, and if there is one the last mix: it may want units that are not there.
    """
    parts = split(matrix.relaxed(), period_of(model, matrix))
    # A share is at most one by its equations; said of the column as well, it makes bounds from rough duals sharp.
    shares = {variable.name for variable in model.family("share").values()}
    top = np.where([name in shares for name in matrix.columns], 1.0, np.inf)
    return _Exchange(parts, top, guess, request).run()


class _Exchange:
    """Rounds of prices and proposals, steered close to the best prices so far (Wentges, 1997): raw prices swing wildly."""

    def __init__(self, parts: Parts, top: Floats, guess: Floats, request: Request) -> None:
        self.parts, self.top, self.guess, self.request = parts, top, guess, request
        self.began = time.perf_counter()
        quiet = Request(time_limit_s=request.time_limit_s, seed=request.seed, threads=request.threads)
        self.fleet = FleetProgram(parts, quiet)
        blocks = max((part.met // max(part.kinds, 1) for part in parts.periods), default=1)
        self.periods = [PeriodProgram(parts.matrix, part, max(blocks, 1), quiet) for part in parts.periods]
        self.bound, self.step = -np.inf, FIRST_STEP
        self.duals: Floats = np.zeros(0)
        self.best: Floats = np.zeros(0)
        self.mixed = False

    def run(self) -> Relaxed:
        """Return the optimum, as near as the gap asks."""
        first = self._proposals(self._guessed(), np.zeros(len(self.parts.shared)))
        if first is None:
            return self._unfinished()
        prices = self.fleet.anchored(np.maximum([p.units.sum() for p in first], 1e-6) / max(p.units.sum() for p in first))
        self._offer(first)
        for _ in range(ROUNDS):
            proposals = self._proposals(
                [self.fleet.unit_prices(prices, number) for number in range(len(self.periods))], self.fleet.shared_prices(prices)
            )
            if proposals is None:
                return self._unfinished()
            self._judge(prices, proposals)
            self._offer(proposals)
            raw, cost = self.fleet.solved()
            self.mixed = True
            self._tell(cost)
            if cost - self.bound <= self.request.gap * abs(cost):
                if self.fleet.stood_in() <= STOOD_IN:
                    return self._done(cost)
                self.fleet.dearer()
                raw = self.fleet.solved()[0]
            prices = self.step * raw + (1.0 - self.step) * self.best
        return self._unfinished()

    def _guessed(self) -> list[Floats]:
        """Return a rough price of every period's kinds of unit."""
        found = []
        for part in self.parts.periods:
            met = slice(len(part.rows) - part.met - part.limits, len(part.rows) - part.limits)
            found.append(np.abs(part.taken[met].T @ self.guess[part.rows[met]]))
        return found

    def _left(self) -> float:
        """Return the seconds left [s]."""
        return self.request.time_limit_s - (time.perf_counter() - self.began)

    def _proposals(self, unit_prices: list[Floats], shared_prices: Floats) -> list[Proposal] | None:
        """Return every period's answer to prices, None if one has none or time is up."""
        found = []
        for program, prices in zip(self.periods, unit_prices, strict=True):
            proposal = program.answer(prices, shared_prices, self._left()) if self._left() > 0 else None
            if proposal is None:
                return None
            found.append(proposal)
        return found

    def _offer(self, proposals: list[Proposal]) -> None:
        """Put every period's proposal to the fleet."""
        for number, proposal in enumerate(proposals):
            self.fleet.add(number, proposal)

    def _judge(self, prices: Floats, proposals: list[Proposal]) -> None:
        """Keep the prices if their bound is the best so far, and step further next time; else stay closer to the best."""
        duals = np.zeros(len(self.parts.matrix.rows))
        duals[self.parts.own] = prices[: len(self.parts.own)]
        duals[self.parts.shared] = self.fleet.shared_prices(prices)
        for part, proposal in zip(self.parts.periods, proposals, strict=True):
            duals[part.rows] += proposal.duals
        bound = safe_bound(self.parts.matrix, duals, self.top)[0]
        if bound > self.bound or not self.best.size:
            self.bound, self.duals, self.best = max(bound, self.bound), duals, prices
            self.step = min(LARGEST_STEP, 1.3 * self.step)
        else:
            self.step = max(SMALLEST_STEP, 0.4 * self.step)

    def _tell(self, cost: float) -> None:
        """Pass the progress on."""
        if self.request.report is not None:
            seconds, gap = time.perf_counter() - self.began, (cost - self.bound) / max(abs(cost), 1e-12)
            self.request.report(Progress("relax", seconds, self.bound, cost, gap))

    def _unfinished(self) -> Relaxed:
        """Return what is known without an optimum: the best bound, and the last mix, which keeps the rows of every period."""
        values = self.fleet.values() if self.mixed else None
        return Relaxed(Outcome.NO_SOLUTION, self.bound, values, self.duals if self.duals.size else None, None)

    def _done(self, cost: float) -> Relaxed:
        """Return the optimum."""
        reduced = safe_bound(self.parts.matrix, self.duals, self.top)[1]
        return Relaxed(Outcome.OPTIMAL, min(self.bound, cost), self.fleet.values(), self.duals, reduced)
