"""Tokens that a plan serves and chip-hours that it takes: what unit costs and utilisation are divided by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.answer.context import Context, FloatArray
from planner.program.instance import Role
from planner.question.workloads import class_mean_over_design
from planner.scenario import CLOUD

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Served:
    """What one deployment at one site serves over the plan.

    tokens      [tokens] computed input, cached input, output: shape (3, period), at the mean rates that demand really has
    chip_hours  [h] busy at those rates, over all of the site's equal sites: shape (period,); zero for a token API
    """

    workload: str
    site: str
    option: str
    tokens: FloatArray
    chip_hours: FloatArray


def served(context: Context) -> tuple[Served, ...]:
    """Return what every deployment serves, sorted by workload, site and option."""
    found: dict[tuple[str, str, str], Served] = {}
    rows = {item.id: row for row, item in enumerate(context.demand.classes)}
    ratios = {name: class_mean_over_design(context.demand, row) for name, row in rows.items()}
    for flow in context.solution.flows:
        option = context.options[flow.option]
        key = (option.workload, flow.site, flow.option)
        one = found.setdefault(key, Served(*key, np.zeros((3, context.periods)), np.zeros(context.periods)))
        seconds = float(context.hours[flow.period, flow.block]) * SECONDS_PER_HOUR
        requests = flow.rate_rps * float(ratios[flow.request_class][flow.period]) * seconds
        one.tokens[:, flow.period] += requests * _tokens(context, rows[flow.request_class], option.role)
        if option.system is not None:
            one.chip_hours[flow.period] += requests / SECONDS_PER_HOUR / option.capacity_rps[flow.request_class] * option.chips
    return tuple(found[key] for key in sorted(found))


def tokens_served(parts: tuple[Served, ...], workload: str | None = None) -> FloatArray:
    """Return the tokens of one workload, or of all [tokens], shape (3, period)."""
    chosen = [part.tokens for part in parts if workload in (None, part.workload)]
    return np.sum(chosen, axis=0) if chosen else np.zeros((3, 0))


def chips_up(context: Context) -> FloatArray:
    """Return the chip-hours of replicas that are up [h], shape (period,)."""
    total = np.zeros(context.periods)
    for pool in context.solution.pools:
        chips = context.options[pool.option].chips * pool.replicas * context.site_counts[pool.site]
        total[pool.period] += chips * context.hours[pool.period, pool.block]
    return total


def chips_present(context: Context) -> FloatArray:
    """Return the chip-hours of everything owned or rented [h], shape (period,)."""
    total = np.zeros(context.periods)
    for (site, system), units in context.owned.items():
        total += units * context.offerings[system].system.chips * context.site_counts[site] * context.hours.sum(axis=1)
    for chips, period, hours in _rented(context):
        total[period] += chips * hours
    return total


def _rented(context: Context) -> Iterator[tuple[float, int, float]]:
    """Yield chips, period and hours of every rental in every period in which it is held."""
    offers = {offer.id: offer for offer in context.instance.offers}
    for row in context.solution.rented:
        offer = offers[row.offer]
        blocks = list(range(context.blocks)) if offer.blocks is None else sorted(offer.blocks)
        for period in range(row.period, min(row.period + offer.term_periods, context.periods)):
            yield row.count * context.offerings[offer.system].system.chips, period, float(context.hours[period, blocks].sum())


def is_own(part: Served) -> bool:
    """Return whether a deployment stands at a site of one's own, where its watts are known."""
    return part.site != CLOUD


def _tokens(context: Context, row: int, role: Role) -> FloatArray:
    """Return the tokens of one request that a role works on [tokens], shape (3,)."""
    item = context.demand.classes[row]
    prompt, output = role is not Role.DECODE, role is not Role.PREFILL
    return np.array([item.new_tokens * prompt, item.cached_tokens * prompt, item.osl_tokens * output])
