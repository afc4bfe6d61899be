"""What is prefilled is decoded, over links that exist and inside their bandwidth."""

from __future__ import annotations

from planner.program.instance import Link, Role
from planner.program.model import Index, Model, Sense, Term
from planner.program.sets import Sets, Spot
from planner.program.view import View, views

Sums = dict[Index, list[Term]]


def links_of(sets: Sets, spot: Spot) -> list[Link]:
    """Return the links that a prefill or decode spot can use."""
    if spot.role is Role.PREFILL:
        return [link for link in sets.links.values() if spot.option in link.prefill and link.from_site == spot.site]
    return [link for link in sets.links.values() if spot.option in link.decode and link.to_site == spot.site]


def define_handover(model: Model, sets: Sets) -> None:
    """Add, per link, class and block, `sum_prefill sent = sum_decode sent`, and per spot with several links `sum_l sent = share`.

    A spot with one link needs no variable of its own: its share is what it sends. With a bandwidth also
    `sum_prefill sent * rate * kv_bytes <= bandwidth` (family `fabric`), at each of the equal sites it leaves.
    """
    for view in views(model, sets):
        balance: Sums = {}
        traffic: Sums = {}
        for spot in sets.spots:
            if spot.role in {Role.PREFILL, Role.DECODE}:
                _hand_over(view, spot, balance, traffic)
        for index, terms in sorted(balance.items()):
            view.row("handover", index, terms, Sense.EQ, 0.0)
        for index, terms in sorted(traffic.items()):
            limit = sets.links[str(index[0])].bandwidth_bytes_s or 0.0
            view.row("fabric", index, terms, Sense.LE, limit, unit=limit or 1.0)


def _hand_over(view: View, spot: Spot, balance: Sums, traffic: Sums) -> None:
    """Put a spot's shares on its links: into the balance of each, and into the traffic of each that has a bandwidth."""
    links = links_of(view.sets, spot)
    kv_bytes = view.sets.options[spot.option].kv_bytes if spot.role is Role.PREFILL else {}
    sign = 1.0 if spot.role is Role.PREFILL else -1.0
    for t in view.window(spot):
        for h in view.sets.blocks:
            for request_class, share in view.shares(spot, t, h):
                parts = _parts(view, spot, (request_class, t, h), links)
                rate = view.world.scale[spot.workload, request_class, t, h] / view.sets.count(spot.site)
                for link, part in zip(links, parts or [(1.0, share)], strict=True):
                    balance.setdefault((link.id, request_class, t, h), []).append((sign, part[1]))
                    sent = rate * kv_bytes.get(request_class, 0.0)
                    if link.bandwidth_bytes_s is not None and sent:
                        traffic.setdefault((link.id, t, h), []).append((sent, part[1]))


def _parts(view: View, spot: Spot, when: tuple[str, int, int], links: list[Link]) -> list[Term]:
    """Return one new column per link whose sum is the spot's share, or nothing where there is no choice."""
    if len(links) == 1:
        return []
    request_class, t, h = when
    world = view.world.id
    parts = [(1.0, view.model.column("sent", (link.id, spot.option, request_class, t, h, world))) for link in links]
    index = (spot.option, request_class, spot.site, t, h)
    view.row("split", index, [*parts, (-1.0, view.find("share", *index))], Sense.EQ, 0.0)
    return parts
