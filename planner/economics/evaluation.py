"""The functions of cost lines: rows of a plan, coefficients of the program, cash, and what is missing or left out.

All read the same templates (`planner.economics.templates`), assumptions and clock, so that
`Σ coefficients · quantity` equals the sum of the rows that `evaluate` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from planner.economics.assumptions import Assumption, AssumptionBook, assumption_id
from planner.economics.discounting import Discounting, Timing, Vector
from planner.economics.lines import (
    ALL_ON,
    At,
    DriverSeries,
    Exclusion,
    Factor,
    FactorUse,
    Group,
    LineItem,
    LineTemplate,
    Switches,
)
from planner.errors import InputError


def evaluate(
    templates: Sequence[LineTemplate],
    drivers: Iterable[DriverSeries],
    book: AssumptionBook,
    clock: Discounting,
    switches: Switches = ALL_ON,
) -> tuple[LineItem, ...]:
    """Return one row per line and driver series that it applies to, ordered by line then scope.

    The rows' present USD sum to the objective. Series that are zero in every period give no row. Raises InputError naming the
    assumption that a line needs and nobody supplies.
    """
    used = sorted((series for series in drivers if any(series.quantity)), key=lambda series: series.key)
    return tuple(
        _item(template, series, book, clock)
        for template in templates
        for series in used
        if series.driver is template.driver and switches.is_on(template.id, series.site)
    )


def net_present_cost(items: Iterable[LineItem]) -> float:
    """Return the sum of the rows' present values [USD]."""
    return float(sum(item.total_present_usd for item in items))


def coefficients(
    templates: Sequence[LineTemplate],
    series: DriverSeries,
    book: AssumptionBook,
    clock: Discounting,
    switches: Switches = ALL_ON,
    *,
    discounted: bool = True,
) -> Vector:
    """Return the USD that one unit of a quantity costs in each period, all active lines together, shape `(period,)`.

    `series` names driver and scope; its quantities are not read. With `discounted` the value is present USD:
    what the program minimises.
    """
    total = np.zeros(clock.periods)
    for template in templates:
        if template.driver is series.driver and switches.is_on(template.id, series.site):
            usd = template.sign * _product(_uses(template, series, book, clock), book)
            total += usd * _discount(template, clock) if discounted else usd
    return total


def missing(
    templates: Sequence[LineTemplate], series: DriverSeries, book: AssumptionBook, switches: Switches = ALL_ON
) -> tuple[str, ...]:
    """Return the addresses of the assumptions that active lines need for this quantity and nobody supplies, sorted.

    Empty means that the quantity can be priced; otherwise the item may not be chosen, and this is the reason.
    """
    wanted = {
        (factor.name, _dimensions(factor, series))
        for template in templates
        if template.driver is series.driver and switches.is_on(template.id, series.site)
        for factor in template.factors
    }
    return tuple(sorted(assumption_id(name, *dims) for name, dims in wanted if book.find(name, dims) is None))


def cash_usd(items: Iterable[LineItem], clock: Discounting) -> Vector:
    """Return undiscounted cash out per period [USD], shape `(period,)`; the horizon's falls in the last period."""
    total = np.zeros(clock.periods)
    for item in items:
        if item.timing is Timing.HORIZON:
            total[-1] += sum(item.usd)
        else:
            total += np.asarray(item.usd)
    return total


def exclusions(templates: Sequence[LineTemplate], switches: Switches) -> tuple[Exclusion, ...]:
    """Return every line that is switched off, everywhere or at a site, with the reason, ordered by line then site."""
    labels = {template.id: template.label for template in templates}
    everywhere = [Exclusion(line, labels.get(line, line), why) for line, why in switches.off.items()]
    local = [Exclusion(line, labels.get(line, line), why, site) for (line, site), why in switches.site_off.items()]
    return tuple(sorted(everywhere + local, key=lambda exclusion: (exclusion.line, exclusion.site)))


def counted_at_zero(items: Iterable[LineItem], book: AssumptionBook) -> tuple[Exclusion, ...]:
    """Return the lines that are on but cost nothing because an assumption is zero, by line and site: `rack_usd_year is 0`.

    They are not excluded – a figure typed into the workbook makes them count – but a reader must know that they add nothing.
    """
    found: dict[tuple[str, str], Exclusion] = {}
    for item in items:
        zero = [use.assumption_id for use in item.factors if not any(book[use.assumption_id].values)]
        if zero and not any(item.usd):
            why = f"counted at zero: {zero[0]} is 0"
            found.setdefault((item.line, item.site), Exclusion(item.line, item.label, why, item.site))
    return tuple(found[key] for key in sorted(found))


def _item(template: LineTemplate, series: DriverSeries, book: AssumptionBook, clock: Discounting) -> LineItem:
    if len(series.quantity) != clock.periods:
        raise InputError.at(
            template.driver.value,
            f"needs {clock.periods} quantities, one per period, given {len(series.quantity)}",
        )
    uses = _uses(template, series, book, clock)
    usd = template.sign * np.asarray(series.quantity, dtype=np.float64) * _product(uses, book) + 0.0  # no "-0" for nothing
    return LineItem(
        id=_item_id(template, series),
        line=template.id,
        group=template.group,
        label=template.label,
        driver=template.driver,
        site=series.site,
        item=series.item,
        block=series.block,
        cohort=series.cohort,
        timing=template.timing,
        sign=template.sign,
        quantity=tuple(float(value) for value in series.quantity),
        factors=uses,
        usd=tuple(usd.tolist()),
        present_usd=tuple((usd * _discount(template, clock)).tolist()),
    )


def _item_id(template: LineTemplate, series: DriverSeries) -> str:
    scope = [part for part in (series.site, series.item, series.block) if part]
    if series.cohort is not None:
        scope.append(f"bought {series.cohort}")
    return f"{template.id}({'; '.join(scope)})" if scope else template.id


def _discount(template: LineTemplate, clock: Discounting) -> Vector:
    """Carbon is counted, not discounted."""
    return np.ones(clock.periods) if template.group is Group.CARBON else clock.factors(template.timing)


def _dimensions(factor: Factor, series: DriverSeries) -> tuple[str, ...]:
    values = {"site": series.site, "item": series.item, "block": series.block}
    return tuple(values[name] for name in factor.dimensions)


def _uses(template: LineTemplate, series: DriverSeries, book: AssumptionBook, clock: Discounting) -> tuple[FactorUse, ...]:
    found = [(factor, book.resolve(factor.name, _dimensions(factor, series))) for factor in template.factors]
    return tuple(
        FactorUse(assumption.id, _positions(factor.at, assumption, series.cohort, clock)) for factor, assumption in found
    )


def _positions(at: At, assumption: Assumption, cohort: int | None, clock: Discounting) -> tuple[int, ...]:
    """Which value each period takes: its own, the purchase period's, the age's or the horizon's; a single value serves all."""
    if assumption.is_single:
        return (0,) * clock.periods
    if at in (At.PERIOD, At.COHORT) and len(assumption.values) < clock.periods:
        given = len(assumption.values)
        raise InputError.at(assumption.id, f"needs one value or {clock.periods}, one per period; given {given}")
    period = np.arange(clock.periods)
    bought = period if cohort is None else np.full(clock.periods, cohort)
    wanted = {
        At.PERIOD: period,
        At.COHORT: bought,
        At.AGE: period - bought,
        At.HORIZON_AGE: clock.periods - bought,
    }
    return tuple(np.clip(wanted[at], 0, len(assumption.values) - 1).tolist())


def _product(uses: tuple[FactorUse, ...], book: AssumptionBook) -> Vector:
    columns = [np.asarray(book[use.assumption_id].values, dtype=np.float64)[list(use.positions)] for use in uses]
    return np.asarray(np.prod(columns, axis=0), dtype=np.float64)
