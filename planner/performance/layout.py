"""How one copy of a model is spread over chips."""

from __future__ import annotations

from dataclasses import dataclass

from planner.errors import Unsupported


@dataclass(frozen=True, slots=True, order=True)
class Layout:
    """Chips of one model instance: tensor, pipeline and expert parallel degrees and data-parallel attention ranks.

    `chips` = tp · pp · dp_attention. With data-parallel attention every rank keeps the attention weights of its tensor shard
    and its own sequences, while experts are spread over all chips of a pipeline stage.
    """

    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp_attention: int = 1

    def __post_init__(self) -> None:
        """Refuse degrees below one."""
        for name in ("tp", "pp", "ep", "dp_attention"):
            if getattr(self, name) < 1:
                msg = f"layout.{name}: {getattr(self, name)} is not a parallel degree; it must be 1 or more"
                raise Unsupported(msg)

    @property
    def chips(self) -> int:
        """Return how many chips one instance takes."""
        return self.tp * self.pp * self.dp_attention

    @property
    def label(self) -> str:
        """Return the layout as people write it: `TP8`, `TP4 PP2`, `DP8 EP8`."""
        parts = [(self.tp, "TP"), (self.pp, "PP"), (self.dp_attention, "DP"), (self.ep, "EP")]
        return " ".join(f"{name}{degree}" for degree, name in parts if degree > 1) or "TP1"
