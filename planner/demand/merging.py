"""Which cells of a grid may stand together: Ward's criterion, deterministic, for request classes and for hours of the week."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def merge_cells(features: FloatArray, weight: FloatArray, at_most: int, smallest: float = 0.0) -> IntArray:
    """Return a group number 0, 1, ... per cell, numbered by each group's first cell, shape (cell,).

    Two groups of weights a and b whose means lie `d` apart cost `a b/(a+b) d^2` to join. First every group lighter than
    `smallest` joins the one that costs least, lightest first; then the cheapest pairs join until `at_most` groups are
    left. Cells that do not differ always join.
    """
    groups = _Groups(features, weight)
    while groups.alive.sum() > 1:
        light = groups.lightest()
        if groups.weight[light] < smallest:
            groups.join(light, groups.nearest(light))
            continue
        first, second, price = groups.cheapest_pair()
        if groups.alive.sum() <= at_most and price > 1e-12:
            break
        groups.join(first, second)
    return groups.numbers()


class _Groups:
    """The groups so far: weights, weighted means and members, and the price of joining each pair."""

    def __init__(self, features: FloatArray, weight: FloatArray) -> None:
        self.weight = weight.astype(np.float64).copy()
        self.mean = features.astype(np.float64).copy()
        self.alive = np.ones(weight.size, dtype=bool)
        self.member = np.arange(weight.size)
        distance = ((self.mean[:, None, :] - self.mean[None, :, :]) ** 2).sum(axis=2)
        pair = np.add.outer(self.weight, self.weight)
        self.price = np.multiply.outer(self.weight, self.weight) / np.maximum(pair, 1e-300) * distance
        np.fill_diagonal(self.price, np.inf)

    def _prices(self, row: int) -> FloatArray:
        distance = ((self.mean - self.mean[row]) ** 2).sum(axis=1)
        joined = self.weight * self.weight[row] / np.maximum(self.weight + self.weight[row], 1e-300)
        prices = np.where(self.alive, joined * distance, np.inf)
        prices[row] = np.inf
        return prices

    def lightest(self) -> int:
        return int(np.argmin(np.where(self.alive, self.weight, np.inf)))

    def nearest(self, row: int) -> int:
        return int(np.argmin(self.price[row]))

    def cheapest_pair(self) -> tuple[int, int, float]:
        first, second = divmod(int(np.argmin(self.price)), self.weight.size)
        return first, second, float(self.price[first, second])

    def join(self, first: int, second: int) -> None:
        keep, gone = min(first, second), max(first, second)
        total = self.weight[keep] + self.weight[gone]
        share = self.weight[gone] / total if total > 0 else 0.5
        self.mean[keep] += share * (self.mean[gone] - self.mean[keep])
        self.weight[keep] = total
        self.alive[gone] = False
        self.member[self.member == gone] = keep
        self.price[gone, :] = np.inf
        self.price[:, gone] = np.inf
        self.price[keep, :] = self.price[:, keep] = self._prices(keep)

    def numbers(self) -> IntArray:
        return np.unique(self.member, return_inverse=True)[1].astype(np.int64)
