"""Recurrent mixers that stand in place of attention: how many weights one has and how much state one sequence keeps in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatedDelta:
    """A Gated DeltaNet mixer (arXiv 2412.06464): heads and dimensions of keys and values, width of the convolution."""

    key_heads: int
    key_dim: int
    value_heads: int
    value_dim: int
    convolution: int

    def weights(self, hidden: int) -> int:
        """Return the number of weights of one mixer."""
        keys, values = self.key_heads * self.key_dim, self.value_heads * self.value_dim
        projections = hidden * (2 * keys + 2 * values + 2 * self.value_heads) + values * hidden
        return projections + self.convolution * (2 * keys + values) + 2 * self.value_heads + self.value_dim

    def state(self, hidden: int) -> tuple[int, int]:
        """Return the elements of recurrent and of convolution state that one sequence keeps in one layer."""
        del hidden
        keys, values = self.key_heads * self.key_dim, self.value_heads * self.value_dim
        return self.value_heads * self.key_dim * self.value_dim, (self.convolution - 1) * (2 * keys + values)


@dataclass(frozen=True, slots=True)
class Mamba1:
    """A Mamba mixer (arXiv 2312.00752) with normalised time step, B and C, as Jamba has it."""

    expand: int
    state_size: int
    convolution: int

    def weights(self, hidden: int) -> int:
        """Return the number of weights of one mixer."""
        inner, rank, size = self.expand * hidden, -(-hidden // 16), self.state_size
        projections = hidden * 2 * inner + inner * (rank + 2 * size) + rank * inner + inner + inner * hidden
        return projections + inner * self.convolution + inner + inner * size + inner + rank + 2 * size

    def state(self, hidden: int) -> tuple[int, int]:
        """Return the elements of recurrent and of convolution state that one sequence keeps in one layer."""
        inner = self.expand * hidden
        return inner * self.state_size, (self.convolution - 1) * inner


@dataclass(frozen=True, slots=True)
class Mamba2:
    """A Mamba-2 mixer (arXiv 2405.21060)."""

    heads: int
    head_dim: int
    state_size: int
    groups: int
    convolution: int

    def weights(self, hidden: int) -> int:
        """Return the number of weights of one mixer."""
        inner, shared = self.heads * self.head_dim, 2 * self.groups * self.state_size
        projections = hidden * (2 * inner + shared + self.heads) + inner * hidden
        return projections + (inner + shared) * (self.convolution + 1) + 3 * self.heads + inner

    def state(self, hidden: int) -> tuple[int, int]:
        """Return the elements of recurrent and of convolution state that one sequence keeps in one layer."""
        del hidden
        inner = self.heads * self.head_dim
        return inner * self.state_size, (self.convolution - 1) * (inner + 2 * self.groups * self.state_size)
