"""How large a program will be, known before it is built."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from planner.errors import TooLarge
from planner.program.instance import Instance, Role, WorkKind

COLUMNS_AT_MOST = 2_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """An upper estimate of a program's columns, and the dimensions that make it (name -> how many)."""

    columns: int
    dimensions: dict[str, int]


def estimate(instance: Instance) -> Size:
    """Return an upper estimate of the columns of an instance, from its lengths alone."""
    sites_of: dict[str, int] = {}
    for placement in instance.placements:
        sites_of[placement.system] = sites_of.get(placement.system, 0) + 1
    classes = {workload.id: len(workload.rate_rps) for workload in instance.workloads}
    links = Counter(option for link in instance.links for option in (*link.prefill, *link.decode))
    worlds = max(1, len(instance.futures))
    steps = len(instance.periods) * len(instance.blocks) * worlds
    routes = spots = queues = 0
    for option in instance.options:
        places = 1 if option.role is Role.API else sites_of.get(option.system or "", 0)
        places = places if option.sites is None else min(places, len(option.sites))
        # A spot with several links has a share of each class on each of them as well.
        several = links[option.id] if links[option.id] > places else 0
        routes += (places + several) * classes.get(option.workload, 0)
        spots += places
        queues += places if option.queue_share > 0 else 0
    batch = sum(classes[work.id] for work in instance.workloads if work.kind is WorkKind.BATCH)
    per_step = routes + spots + sum(classes.values()) + batch * len(instance.blocks)
    held = 4 * len(instance.placements) + len(instance.offers) + len(instance.systems) + len(instance.sites) + spots + queues
    retired = sum(len(placement.retire_usd) for placement in instance.placements)
    columns = steps * per_step + worlds * (len(instance.periods) * held + retired) + 2 * len(instance.systems)
    dimensions = {
        "options": len(instance.options),
        "sites": len(instance.sites),
        "request classes": sum(classes.values()),
        "periods": len(instance.periods),
        "hour blocks": len(instance.blocks),
        "futures": worlds,
    }
    return Size(columns, dimensions)


def refuse_too_large(instance: Instance) -> None:
    """Raise TooLarge, naming the dimension to cut, if an instance is beyond what can be solved."""
    size = estimate(instance)
    if size.columns <= COLUMNS_AT_MOST:
        return
    times = size.columns / COLUMNS_AT_MOST
    largest = max(size.dimensions, key=lambda name: size.dimensions[name])
    listed = ", ".join(f"{number} {name}" for name, number in size.dimensions.items())
    message = (
        f"the program would have about {size.columns:,} variables ({listed}); at most {COLUMNS_AT_MOST:,} are solved. "
        f"Cut the {largest} to about {max(1, int(size.dimensions[largest] / times)):,}"
    )
    raise TooLarge.at(largest, message)
