"""What was bought, when it left and how it is written down: the account of fixed assets, from what a workbook already holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.economics.discounting import Vector
from planner.economics.lines import Driver, Group, LineItem
from planner.plan.money import Money
from reports.book import Book
from reports.grid import Line, Spot
from reports.sheets.quantities import key_of


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was bought in one period: unit cost [USD], units still held and units that leave, by period."""

    cohort: int
    unit_usd: float
    held: Vector
    gone: Vector


@dataclass(frozen=True, slots=True)
class Asset:
    """One system at one site: its purchase lines, what was bought and what left, its life and residual value."""

    name: str
    lines: tuple[Line, ...]
    bought: Line
    retired: dict[int, Line]
    life: Spot
    residual: Spot

    def additions(self) -> Vector:
        """Return what was bought [USD], shape `(period,)`."""
        return np.asarray(np.sum([line.values for line in self.lines], axis=0), dtype=np.float64)

    def weights(self, years: float) -> tuple[Vector, Vector]:
        """Return, by age in periods of `years`, the share of the cost written down, and the book value at the start."""
        age = np.arange(len(self.bought.values)) * years
        life, residual = self.life.value, self.residual.value
        written = (1 - residual) / life * np.clip(life - age, 0.0, years)
        return written, 1 - (1 - residual) * np.minimum(age, life) / life

    def purchases(self) -> list[Purchase]:
        """Return every purchase."""
        additions, periods = self.additions(), len(self.bought.values)
        found = []
        for cohort, units in enumerate(self.bought.values):
            if units:
                gone = np.array(self.retired[cohort].values) if cohort in self.retired else np.zeros(periods)
                held = np.where(np.arange(periods) >= cohort, units, 0.0) - np.cumsum(gone)
                found.append(Purchase(cohort, float(additions[cohort]) / units, held, gone))
        return found


def assets_of(book: Book, money: Money) -> list[Asset]:
    """Return what was bought, with everything that its depreciation needs; empty where something is not in the plan."""
    groups: dict[tuple[str, str], list[LineItem]] = {}
    for item in money.items:
        if item.group is Group.CAPEX and item.driver is Driver.UNITS_BOUGHT:
            groups.setdefault((item.site, item.item), []).append(item)
    found = []
    for (site, system), items in sorted(groups.items()):
        life, residual = _known(book, "book_life_years", system), _known(book, "residual_fraction", system)
        if life is None or residual is None:
            return []
        lines = tuple(book.lines[f"item:{item.id}"] for item in items)
        bought = book.lines[f"quantity:{key_of(items[0])}"]
        name = f"{book.system_name(system)}, {book.title_of('sites', site)}"
        found.append(Asset(name, lines, bought, _retired(book, money, site, system), life, residual))
    return found


def account(assets: Sequence[Asset], years: float) -> Vector:
    """Return additions, depreciation, disposals and closing value [USD], shape (4, period)."""
    periods = len(assets[0].bought.values)
    total = np.zeros((3, periods))
    for asset in assets:
        written, value = asset.weights(years)
        total[0] += asset.additions()
        for one in asset.purchases():
            age = np.maximum(np.arange(periods) - one.cohort, 0)
            total[1] += one.held * one.unit_usd * written[age]
            total[2] += one.gone * one.unit_usd * value[age]
    return np.vstack([total, np.cumsum(total[0] - total[1] - total[2])])


def _retired(book: Book, money: Money, site: str, system: str) -> dict[int, Line]:
    return {
        item.cohort: book.lines[f"quantity:{key_of(item)}"]
        for item in money.items
        if item.driver is Driver.UNITS_RETIRED and (item.site, item.item) == (site, system)
        if item.cohort is not None and item.cohort >= 0
    }


def _known(book: Book, name: str, system: str) -> Spot | None:
    place = book.places.get(f"{name}[{system}]") or book.places.get(name)
    return None if place is None else place.spot
