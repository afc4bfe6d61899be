"""What the sheets of one workbook share: the plan, where each figure stands, and the checks that they register."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from planner.economics.assumptions import Assumption
from planner.economics.lines import FactorUse
from planner.plan import Plan
from reports.grid import FIRST_PERIOD, HEAD_ROW, LABEL_ROW, Kind, Line, Sheet, Spot
from reports.styles import Role, Style

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

EQUAL, AT_LEAST, AT_MOST = "equals", "at least", "at most"


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that must hold: `left` (a formula, its result) equals, is at least or at most `right`.

    A `reconciliation` says that the workbook still shows the plan; it is not a failure when an edited input moves it.
    """

    name: str
    left: str
    left_value: float
    relation: str
    right: str
    right_value: float
    words: str
    reconciliation: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where an assumption stands: one cell, or a row of values of which an item takes its own."""

    assumption: Assumption
    spot: Spot | None
    line: Line | None


@dataclass
class Book:
    """A workbook being filled; sheets are kept in the order in which they are shown, not in that of their making."""

    plan: Plan
    sheets: dict[str, Sheet] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    def sheet(self, title: str, heading: str, note: str, kind: Kind, *, timed: bool = False) -> Sheet:
        """Return a new sheet; `timed` gives it the columns of the periods."""
        made = Sheet(title, heading, note, kind, self.labels if timed else ())
        if timed:
            made.freeze = f"B{HEAD_ROW}"
            for index, label in enumerate(self.labels):
                made.put(LABEL_ROW, FIRST_PERIOD + index, label, Style(Role.HEAD_NUMBER))
        self.sheets[title] = made
        return made

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of the periods."""
        return tuple(period.label for period in self.plan.periods)

    @property
    def periods(self) -> int:
        """Return how many periods there are."""
        return len(self.plan.periods)

    def check(
        self,
        name: str,
        left: tuple[str, float],
        relation: str,
        right: tuple[str, float],
        words: str,
        *,
        reconciliation: bool = False,
    ) -> None:
        """Register a check; formulas are written as seen from the sheet Checks."""
        self.checks.append(Check(name, left[0], left[1], relation, right[0], right[1], words, reconciliation))

    def check_slack(self, name: str, slack: Line, words: str) -> None:
        """Register that a row of slacks never falls below zero."""
        self.check(name, (f"=MIN({slack.span('Checks')})", min(slack.values)), AT_LEAST, ("", 0.0), words)

    def check_as_planned(self, name: str, spot: Spot, planned: float) -> None:
        """Register that a cell still shows the plan's own figure."""
        words = "differs as soon as an input is edited, which is what editing is for"
        self.check(name, (f"={spot.seen_from('Checks')}", spot.value), EQUAL, ("", planned), words, reconciliation=True)

    def title_of(self, kind: str, identifier: str) -> str:
        """Return the title that the scenario gives a workload or site (`workloads`, `sites`), else its id."""
        return str(self.part_of(kind, identifier).get("title") or identifier)

    def part_of(self, kind: str, identifier: str) -> Mapping[str, object]:
        """Return what the scenario says of a workload or site; empty where it says nothing."""
        return self._parts.get((kind, identifier), {})

    @cached_property
    def _parts(self) -> dict[tuple[str, str], Mapping[str, object]]:
        found: dict[tuple[str, str], Mapping[str, object]] = {}
        for kind in ("workloads", "sites"):
            rows = self.plan.scenario.get(kind)
            for row in rows if isinstance(rows, list | tuple) else ():
                if isinstance(row, Mapping):
                    found[kind, str(row.get("id"))] = row
        return found

    def system_name(self, identifier: str) -> str:
        """Return the name of a system, else its id."""
        return self._names.get(identifier, identifier)

    @cached_property
    def _names(self) -> dict[str, str]:
        fleet = {row.system: row.system_name for row in self.plan.fleet}
        return {row.system: row.system_name for row in self.plan.evidence.considered} | fleet

    def source(self, identifier: str) -> str:
        """Return the citation of a source, or the words that stand for one."""
        return self.plan.sources.get(identifier, identifier)

    def factor(self, use: FactorUse, column: str, home: str, position: Line | None) -> str:
        """Return the reference by which an item in `column` of sheet `home` reads a factor.

        A single value is one cell; a path is the period's own cell, one fixed cell, or the cell that `position` names.
        """
        place = self.places[use.assumption_id]
        if place.spot is not None:
            return place.spot.seen_from(home)
        assert place.line is not None
        if use.positions == tuple(range(self.periods)):
            return place.line.at(column, home)
        if len(set(use.positions)) == 1:
            return place.line.period(use.positions[0]).seen_from(home)
        assert position is not None
        return f"INDEX({place.line.span(home)},{position.at(column, home)})"

    def needs_position(self, use: FactorUse) -> bool:
        """Return whether a factor's values are picked one by one (by age, for instance)."""
        place = self.places[use.assumption_id]
        return place.spot is None and len(set(use.positions)) > 1 and use.positions != tuple(range(self.periods))


def by_period(
    rows: Iterable[Item], periods: int, key: Callable[[Item], Key], period: Callable[[Item], int], value: Callable[[Item], float]
) -> dict[Key, list[float]]:
    """Return a row of values per key, zeros where nothing is stated, keys in order of first appearance; shape `(period,)`."""
    found: dict[Key, list[float]] = {}
    for row in rows:
        found.setdefault(key(row), [0.0] * periods)[period(row)] += value(row)
    return found
