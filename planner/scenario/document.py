"""The Scenario: the whole question, one validated document."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from planner.scenario.fields import DurationS, Fraction, Id, Strict, Text, Title
from planner.scenario.futures import Explain, FutureCase, Goal, Risk
from planner.scenario.market import Acquisition, Date, Economics, Hardware, Policy
from planner.scenario.site import Site
from planner.scenario.workload import Workload

SCENARIO_VERSION = 1
CLOUD = "cloud"
PERIOD_HOURS = {"month": 730.0, "quarter": 2190.0, "year": 8760.0}


class Horizon(Strict):
    """The time that is planned: `periods` of equal length from `start`."""

    start: Date = Field(description="first day, such as 2027-01-01")
    periods: int = Field(ge=1, le=60)
    period: Literal["month", "quarter", "year"] = "quarter"

    @property
    def period_hours(self) -> float:
        """Return the hours of one period [h], with 730 h a month and 8,760 h a year."""
        return PERIOD_HOURS[self.period]

    def labels(self) -> list[str]:
        """Return a name for each period: `2027-Q1`, `2027-03`, `2027`."""
        months = {"month": 1, "quarter": 3, "year": 12}[self.period]
        return [self._label((self.start.month - 1) + index * months) for index in range(self.periods)]

    def _label(self, months: int) -> str:
        year, month = self.start.year + months // 12, months % 12 + 1
        if self.period == "year":
            return str(year) if self.start.month == 1 else f"{year}-{month:02d}+12m"
        if self.period == "quarter":
            return f"{year}-Q{(month - 1) // 3 + 1}" if (month - 1) % 3 == 0 else f"{year}-{month:02d}+3m"
        return f"{year}-{month:02d}"


class DemandSettings(Strict):
    """How finely demand is cut: request classes per workload and blocks of hours."""

    classes: int = Field(default=6, ge=1, le=96, description="most request classes of one workload")
    blocks: int = Field(default=4, ge=1, le=24, description="blocks of hours in the week")


class Performance(Strict):
    """Where capacities come from: the core, or a table that somebody measured."""

    measured: str | None = Field(default=None, max_length=1000, description="CSV of measured capacities, beside the scenario")
    pool_replicas: int = Field(default=32, ge=1, le=1000, description="most replicas that are taken to share one queue")


class Solver(Strict):
    """How hard to look for the optimum."""

    gap: Fraction = Field(default=0.01, gt=0, lt=1, description="relative distance from the proved bound at which to stop")
    time_limit: DurationS = Field(default=60.0, gt=0, le=86400)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class Scenario(Strict):
    """The question: demand to serve, where, with what hardware, under which rules and prices."""

    splitfleet: Literal[1] = Field(description="version of this document's format; 1")
    id: Id
    title: Title
    description: Text = ""
    horizon: Horizon
    workloads: tuple[Workload, ...] = Field(strict=False, min_length=1, max_length=50)
    sites: tuple[Site, ...] = Field(default=(), strict=False, max_length=50)
    hardware: Hardware = Hardware()
    acquisition: Acquisition = Acquisition()
    policy: Policy = Policy()
    economics: Economics = Economics()
    demand: DemandSettings = DemandSettings()
    performance: Performance = Performance()
    goal: Goal = Goal()
    futures: tuple[FutureCase, ...] = Field(default=(), strict=False, max_length=20)
    risk: Risk = Risk()
    explain: Explain = Explain()
    solver: Solver = Solver()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        for problem in (
            self._ids_problem(),
            self._means_problem(),
            self._sites_problem(),
            self._growth_problem(),
            self._futures_problem(),
        ):
            if problem:
                raise ValueError(problem)
        return self

    def _ids_problem(self) -> str:
        for field in ("workloads", "sites", "futures"):
            ids = [item.id for item in getattr(self, field)]
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                return f"{field}: the id '{twice[0]}' is used twice; ids must differ"
        return ""

    def _means_problem(self) -> str:
        acquisition = self.acquisition
        if acquisition.buy or acquisition.rents or acquisition.token_api or self.hardware.stock:
            return ""
        return "acquisition: nothing can be acquired and there is no stock: allow buy, rent, reserved_years, quotes or token_api"

    def _sites_problem(self) -> str:
        known = {site.id for site in self.sites}
        if CLOUD in known:
            return f"sites: the id '{CLOUD}' stands for rented hardware; give the site another id"
        if not known and (self.acquisition.buy or self.hardware.stock):
            return (
                "sites: bought hardware needs a place; give one, such as {id: hall, power: 1 MW}, or set acquisition.buy: false"
            )
        used = {f"workloads[{index}].sites": set(item.sites or ()) for index, item in enumerate(self.workloads)}
        used |= {f"hardware.stock.{system}": set(places) - {CLOUD} for system, places in self.hardware.stock.items()}
        return next(
            (_no_such(field, "site", names - known - {CLOUD}, known) for field, names in used.items() if names - known - {CLOUD}),
            "",
        )

    def _growth_problem(self) -> str:
        for index, workload in enumerate(self.workloads):
            given = workload.growth.multipliers
            if given is not None and len(given) != self.horizon.periods:
                return f"workloads[{index}].growth.multipliers: {len(given)} values for {self.horizon.periods} periods"
        return ""

    def _futures_problem(self) -> str:
        total = sum(future.probability for future in self.futures)
        if self.futures and abs(total - 1) > 1e-9:
            return f"futures: the probabilities add up to {total:g}; they must add up to 1"
        workloads, sites = {item.id for item in self.workloads}, {item.id for item in self.sites}
        for index, future in enumerate(self.futures):
            for field, names, known in (
                ("demand", set(future.demand), workloads),
                ("model_replaced", set(future.model_replaced), workloads),
                ("energy", set(future.energy), sites),
            ):
                if names - known:
                    return _no_such(f"futures[{index}].{field}", "such item", names - known, known)
        return ""

    def canonical(self) -> dict[str, object]:
        """Return the scenario in SI units with every default written out; whatever is a set of names or items is in order."""
        content = self.model_dump(mode="json")
        for field in ("workloads", "sites", "futures"):
            content[field] = sorted(content[field], key=lambda item: item["id"])
        _sort(content["hardware"], "include", "exclude")
        _sort(content["acquisition"], "reserved_years")
        _sort(content["economics"], "exclude")
        for site in content["sites"]:
            _sort(site, "cooling")
        for workload in content["workloads"]:
            _sort(workload, "serving", "sites")
            _sort(workload["precision"], "weights", "kv")
        return content

    def sha256(self) -> str:
        """Return the identity of the question: SHA-256 of the canonical JSON."""
        return sha256_of(self.canonical())


def _sort(content: dict[str, Any], *fields: str) -> None:
    """Put lists that are sets into order; one that is not given stays so."""
    for field in fields:
        if content[field] is not None:
            content[field] = sorted(content[field])


def _no_such(field: str, what: str, missing: set[str], known: set[str]) -> str:
    return f"{field}: no {what} '{min(missing)}'; the scenario has {', '.join(sorted(known)) or 'none'}"


def sha256_of(content: object) -> str:
    """Return the SHA-256 of a value's canonical JSON (sorted keys, shortest floats, no NaN)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    msg = f"{type(value).__name__} has no canonical form"
    raise TypeError(msg)
