"""Waiting and response times of a first-come-first-served server with bursty arrivals: GI/G/1, exact up to quadrature.

Arrivals are a gamma renewal process of rate λ and index of dispersion F (the squared coefficient of variation of its gaps),
the field's model of bursty request streams; F = 1 is Poisson. With U = S − A, φ(z) = S*(z)·A*(−z) and A*(−iy) = (1 −
iyF/λ)^(−1/F), the Wiener–Hopf factor of 1 − φ on the imaginary axis is the transform of the waiting time [1]_ [2]_::

    W*(s) = exp(⟨ln h⟩₊(0) − ⟨ln h⟩₊(s)),   ⟨g⟩₊(s) = (1/π) ∫₀^∞ (s·Re g(iy) − y·Im g(iy)) / (s² + y²) dy,
    h(z) = (1 − φ(z)) (b − z) / (−z)         (the zero of 1 − φ at z = 0 divided out)

and P(W + S > t) follows by the Euler summation of its Laplace inversion [3]_. For F = 1 W* is the formula of Pollaczek and
Khinchine.

.. [1] F. Pollaczek, Fonctions caractéristiques de certaines répartitions, C. R. Acad. Sci. 234 (1952); D. V. Lindley, Proc.
   Camb. Phil. Soc. 48 (1952).
.. [2] J. Abate, G. L. Choudhury, W. Whitt, Calculation of the GI/G/1 waiting-time distribution and its cumulants from Pollaczek's
   formulas, AEÜ 47 (1993).
.. [3] J. Abate, W. Whitt, Numerical inversion of Laplace transforms of probability distributions, ORSA J. Computing 7 (1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

EULER_A = 6.0  # discretisation error e^-A·P(W + S > 3t), round-off amplified by e^(A/2) only
_EULER_TERMS, _EULER_AVERAGED = 8, 6
_SMALLEST_SPREAD = 0.08  # a service time of one value is read as ±4 %: continuous enough for the inversion


def _euler_weights() -> Floats:
    """Return the weights of the binomially averaged alternating series, shape (node,)."""
    weights = np.zeros(_EULER_TERMS + _EULER_AVERAGED + 1)
    for averaged in range(_EULER_AVERAGED + 1):
        share = comb(_EULER_AVERAGED, averaged) / 2**_EULER_AVERAGED
        weights[: _EULER_TERMS + averaged + 1] += share * (-1.0) ** np.arange(_EULER_TERMS + averaged + 1)
    weights[0] /= 2
    scaled: Floats = weights * np.exp(EULER_A / 2)
    return scaled


def _panels(edges: Floats, order: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of Gauss–Legendre quadrature on consecutive panels, flattened."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (middle[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


EULER_WEIGHTS = _euler_weights()
EULER_NODES: Complexes = (EULER_A / 2 + 1j * np.pi * np.arange(len(EULER_WEIGHTS))).astype(np.complex128)  # s·t of the inversion
_LOWEST, _KNEE, _LINEAR = 1e-3, 5.0, 45.0  # y·t: logarithmic up to the knee, linear past the last Euler node
_RESOLVED = 30.0  # y·E[S] up to which the oscillation of S* is followed


def _axis() -> tuple[Floats, Floats, Floats, Floats]:
    """Return nodes and weights common to all cases [y·t], and the unit panels that each case scales to its own end."""
    log_nodes, log_weights = _panels(np.linspace(np.log(_LOWEST), np.log(_KNEE), 3), 8)
    low, low_weights = np.exp(log_nodes), log_weights * np.exp(log_nodes)
    middle, middle_weights = _panels(np.linspace(_KNEE, _LINEAR, 5), 8)
    unit, unit_weights = _panels(np.linspace(0.0, 1.0, 4), 8)
    fixed = np.concatenate(([_LOWEST / 2], low, middle))
    return fixed, np.concatenate(([_LOWEST], low_weights, middle_weights)), unit, unit_weights


_FIXED, _FIXED_WEIGHTS, _UNIT, _UNIT_WEIGHTS = _axis()


@dataclass(frozen=True, slots=True)
class Density:
    """A continuous density of service times that keeps the mean of each quadrature point.

    `points_s` [s] and `shares` are (case, point); the density is constant between consecutive `knots_s` [s] and changes by
    `jumps` [1/s] there, both (case, 2·point + 1); `mean_s`, `second_s2` and `start_s` are (case,).
    """

    points_s: Floats
    shares: Floats
    knots_s: Floats
    jumps: Floats
    mean_s: Floats
    second_s2: Floats
    start_s: Floats

    @classmethod
    def of(cls, service_s: Floats, weights: Floats) -> Density:
        """Return the density of quadrature points [s] and weights, both (case, point)."""
        points, shares = spread_apart(service_s, weights)
        edges = _edges(points)
        low, high = edges[:, :-1], edges[:, 1:]
        below = shares * (high - points) / (high - low)
        knots, levels = np.empty((len(points), 2 * points.shape[1] + 1)), np.zeros((len(points), 2 * points.shape[1] + 2))
        knots[:, 0::2], knots[:, 1::2] = edges, points
        levels[:, 1:-1:2], levels[:, 2:-1:2] = below / (points - low), (shares - below) / (high - points)
        mean, second = np.sum(shares * points, axis=1), np.sum(shares * points**2, axis=1)
        return cls(points, shares, knots, np.diff(levels, axis=1), mean, second, knots[:, 0])

    def first_of(self, servers: Floats) -> tuple[Floats, Floats]:
        """Return E[min of n service times] and E[min of n residual service times] [s], each (case,), for n = `servers`."""
        mass = np.concatenate(
            (np.zeros((len(self.mean_s), 1)), np.cumsum(self.jumps, axis=1)[:, :-1] * np.diff(self.knots_s, axis=1)), axis=1
        )
        survival = np.clip(1 - np.cumsum(mass, axis=1), 0.0, 1.0)
        lengths = np.concatenate((self.knots_s[:, :1], np.diff(self.knots_s, axis=1)), axis=1)
        before = np.concatenate((np.ones((len(survival), 1)), survival[:, :-1]), axis=1)
        residual = np.clip(1 - np.cumsum(lengths * (before + survival) / 2, axis=1) / self.mean_s[:, None], 0.0, 1.0)
        residual_before = np.concatenate((np.ones((len(residual), 1)), residual[:, :-1]), axis=1)
        count = servers[:, None]
        fresh = np.sum(lengths * _mean_power(before, survival, count), axis=1)
        return fresh, np.sum(lengths * _mean_power(residual_before, residual, count), axis=1)

    def longer_than(self, time_s: Floats) -> Floats:
        """Return P(S > time), (case,), at a time [s] per case."""
        level, width = np.cumsum(self.jumps, axis=1)[:, :-1], np.diff(self.knots_s, axis=1)
        within = np.clip(time_s[:, None] - self.knots_s[:, :-1], 0.0, width)
        longer: Floats = np.clip(1 - np.sum(level * within, axis=1), 0.0, 1.0)
        return longer

    def transform_imaginary(self, y: Floats) -> tuple[Floats, Floats]:
        """Return 1 − Re S*(iy) and Im S*(iy) for y [1/s] of shape (case, node), both to single precision relative to themselves.

        Each point is blurred by a Gaussian of the variance of its two pieces, a third of the product of their widths.
        """
        below, above = self.points_s - self.knots_s[:, :-1:2], self.knots_s[:, 2::2] - self.points_s
        variance = below * above / 3
        y_single = y.astype(np.float32)
        shares = self.shares.astype(np.float32)[:, :, None]
        half = y_single[:, :, None] * (self.points_s / 2).astype(np.float32)[:, None, :]
        blurred = np.expm1((y_single * y_single)[:, :, None] * (-variance / 2).astype(np.float32)[:, None, :])
        sine = np.sin(half)
        kept = sine * (1 + blurred)
        lost = np.matmul(2 * sine * kept - blurred, shares)[:, :, 0]
        turned = np.matmul(np.cos(half) * kept, shares)[:, :, 0] * -2
        return lost.astype(np.float64), turned.astype(np.float64)

    def transform(self, time_s: Floats) -> Complexes:
        """Return E[exp(−s(S − start))] at the Euler nodes s of a time [s], (case, node)."""
        scaled = (self.knots_s - self.start_s[:, None]) / time_s[:, None]
        turn = np.exp(-1j * np.pi * scaled)
        power: Complexes = (self.jumps * np.exp(-EULER_A / 2 * scaled)).astype(np.complex128)
        sums = np.empty((len(time_s), len(EULER_NODES)), dtype=np.complex128)
        for node in range(len(EULER_NODES)):
            sums[:, node] = power.sum(axis=1)
            power = power * turn
        return sums * time_s[:, None] / EULER_NODES


def spread_apart(service_s: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return sorted points and weights, no two points equal and a few per cent from first to last; the mean stays."""
    if service_s.shape[1] == 1:
        service_s, weights = np.repeat(service_s, 4, axis=1), np.repeat(weights, 4, axis=1) / 4
    order = np.argsort(service_s, axis=1, kind="stable")
    points, shares = np.take_along_axis(service_s, order, 1), np.take_along_axis(weights, order, 1)
    shares = shares / shares.sum(axis=1, keepdims=True)
    mean = np.sum(points * shares, axis=1, keepdims=True)
    variation = np.sqrt(np.maximum(np.sum(shares * (points - mean) ** 2, axis=1, keepdims=True), 0)) / mean
    jitter = np.maximum(2e-3, _SMALLEST_SPREAD - 2 * variation)
    rank = np.cumsum(shares, axis=1) - shares / 2 - 0.5
    tie_break = 1e-4 * (np.arange(points.shape[1]) / points.shape[1] - 0.5)
    return points + mean * (jitter * rank + tie_break), shares


def _edges(points: Floats) -> Floats:
    """Return the borders between points, shape (case, point + 1): midpoints, and half a gap beyond the ends."""
    gap = np.diff(points, axis=1)
    first = np.maximum(points[:, :1] - gap[:, :1] / 2, points[:, :1] / 2)
    return np.concatenate((first, points[:, :-1] + gap / 2, points[:, -1:] + gap[:, -1:] / 2), axis=1)


def _cauchy_kernel(y: Floats, weight: Floats) -> Floats:
    """Return (s, −y)/(s² + y²)·weight at the Euler nodes: (..., even then odd node, real then imaginary Euler node)."""
    inverse = weight[..., None] / (EULER_NODES**2 + y[..., None] ** 2)
    both = np.concatenate((EULER_NODES * inverse, -y[..., None] * inverse), axis=-2)
    return np.concatenate((both.real, both.imag), axis=-1)


_FIXED_KERNEL = _cauchy_kernel(_FIXED, _FIXED_WEIGHTS / np.pi)


def _gap_transform(u: Floats, inverse: Floats) -> tuple[Floats, Floats]:
    """Return 1 − Re A*(−iy) and Im A*(−iy) of gamma gaps, A* = (1 − iu)^(−1/F) with u = yF/λ, given u and 1/F."""
    log_modulus = -0.5 * inverse * np.log1p(u * u)
    half = (0.5 * inverse * np.arctan(u)).astype(np.float32)
    sine, modulus = np.sin(half).astype(np.float64), np.exp(log_modulus)
    return 2 * sine * sine * modulus - np.expm1(log_modulus), 2 * sine * np.cos(half) * modulus


def _mean_power(first: Floats, last: Floats, power: Floats) -> Floats:
    """Return the mean of x^power over x from `last` to `first`, 0 ≤ last ≤ first ≤ 1."""
    gap = first - last
    wide = gap > 1e-9
    exact = (first ** (power + 1) - last ** (power + 1)) / (np.where(wide, gap, 1.0) * (power + 1))
    return np.where(wide, exact, first**power)


class ResponseTail:
    """P(W + S > limit) of many GI/G/1 queues as a function of the arrival rate; what does not depend on it is precomputed.

    `speedup` n > 1 is the queue of n servers seen as one n times as fast: the waits are those of S/n, the service remains S.
    """

    def __init__(self, work: Density, own: Density, limit_s: Floats, dispersion: Floats, speedup: Floats) -> None:
        """Prepare the `work` that others wait for, a request's `own` service, limit [s], dispersion ≥ 1 and servers, (case,)."""
        self.work, self.speedup, self.dispersion = work, speedup, dispersion
        self.time_s = np.maximum(limit_s - own.start_s, 1e-3 * own.mean_s)
        self.s: Complexes = EULER_NODES / self.time_s[:, None]
        self.service: Complexes = own.transform(self.time_s)
        self.mean_s = work.mean_s / speedup
        self.bursty = np.abs(dispersion - 1) > 1e-6
        if np.any(self.bursty):
            self._prepare_axis()
        if not np.all(self.bursty):
            self._prepare_poisson()

    def _prepare_axis(self) -> None:
        ratio = self.time_s / self.mean_s
        top = np.maximum(_RESOLVED * ratio, 1.3 * _LINEAR)
        width = (top - _LINEAR)[:, None]
        fixed = np.broadcast_to(_FIXED, (len(ratio), len(_FIXED)))
        self.y_scaled = np.concatenate((fixed, _LINEAR + width * _UNIT), axis=1)
        weights = np.concatenate((np.broadcast_to(_FIXED_WEIGHTS, fixed.shape), width * _UNIT_WEIGHTS), axis=1) / np.pi
        self.kernel_zero = weights / self.y_scaled
        self._kernels(weights)
        self.y = self.y_scaled / self.time_s[:, None]
        self.lost, self.turned = self.work.transform_imaginary(self.y / self.speedup[:, None])
        pole = 3.0
        self.log_reference = np.log(self.y_scaled) - 0.5 * np.log(pole**2 + self.y_scaled**2)
        self.angle_reference = np.arctan(self.y_scaled / pole) - np.pi / 2
        self.pole = pole / self.time_s
        self.tail_of_pole = pole / (np.pi * top)

    def _kernels(self, weights: Floats) -> None:
        """Keep the Cauchy kernel at each case's own nodes, (case, even and odd node, real and imaginary Euler node)."""
        self.own_kernel = _cauchy_kernel(self.y_scaled[:, len(_FIXED) :], weights[:, len(_FIXED) :])

    def _prepare_poisson(self) -> None:
        shift = np.exp(-self.s * (self.work.start_s / self.speedup)[:, None])
        self.service_fast: Complexes = self.work.transform(self.time_s * self.speedup) * shift

    def waiting(self, rate: Floats) -> tuple[Complexes, Floats]:
        """Return W*(s) at the Euler nodes, (case, node), and P(W = 0), (case,), at arrival rates [1/s] below saturation."""
        if np.all(self.bursty):
            return self._wiener_hopf(rate)
        wait, idle = self._poisson(rate)
        if np.any(self.bursty):
            bursty_wait, bursty_idle = self._wiener_hopf(rate)
            wait, idle = np.where(self.bursty[:, None], bursty_wait, wait), np.where(self.bursty, bursty_idle, idle)
        return wait, idle

    def _poisson(self, rate: Floats) -> tuple[Complexes, Floats]:
        idle = 1 - rate * self.mean_s
        s, column = self.s, rate[:, None]
        return idle[:, None] * s / (s - column + column * self.service_fast), idle

    def _wiener_hopf(self, rate: Floats) -> tuple[Complexes, Floats]:
        lost, turned = _gap_transform(self.y * (self.dispersion / rate)[:, None], 1 / self.dispersion[:, None])
        real = self.lost + lost - self.lost * lost + self.turned * turned
        imaginary = -(1 - self.lost) * turned - self.turned * (1 - lost)
        even = 0.5 * np.log(real * real + imaginary * imaginary) - self.log_reference
        odd = np.arctan2(imaginary, real) - self.angle_reference
        at_zero = np.log((1 / rate - self.mean_s) * self.pole) / 2 - np.sum(odd * self.kernel_zero, axis=1)
        common = len(_FIXED)
        shared = np.concatenate((even[:, :common], odd[:, :common]), axis=1)
        own = np.concatenate((even[:, common:], odd[:, common:]), axis=1)
        plus = (np.matmul(shared[:, None, :], _FIXED_KERNEL) + np.matmul(own[:, None, :], self.own_kernel))[:, 0, :]
        nodes = len(EULER_NODES)
        factor: Complexes = np.exp(at_zero[:, None] - plus[:, :nodes] - 1j * plus[:, nodes:])
        return factor, np.exp(at_zero - self.tail_of_pole)

    def exceeds(self, waiting: Complexes) -> Floats:
        """Return P(W + S > limit), (case,), from the transform of the waiting time at the Euler nodes."""
        tail: Floats = np.sum(np.real((1 - waiting * self.service) / EULER_NODES) * EULER_WEIGHTS, axis=1)
        return np.clip(tail, 1e-9, 1.0)
