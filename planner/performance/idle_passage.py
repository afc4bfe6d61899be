"""Whether a request is late where prompts come between its tokens: the first passage of the time that prompts leave.

An engine has u − X(u) of u seconds left beside the work X(u) that has arrived. A request whose tokens need y of that within a
time t is late when T_y = inf{u : u − X(u) ≥ y} > t. Let jobs S arrive as a gamma renewal process of rate λ, whose exponent is
that of clumps of F jobs at a rate λ/F, so that ψ(η) = η − λ·(1 − S*(η)^F)/F belongs to u − X(u). Kendall's identity [1]_
moves the inversion of E[exp(−s·T_y)] to the plane of η, s = ψ(η), where no root has to be sought::

    P(T_y ≤ t) = (1/2πi) ∫ exp(ψ(η)·t − η·y) ψ'(η)/ψ(η) dη

a Laplace inversion in the slack t − y, done by Euler summation as in `single_server`. Factors in η for what else is random,
each independent of the rest, multiply the integrand: jobs behind the request when it begins, its time to first token, the
batch that it meets.

.. [1] D. G. Kendall, Some problems in the theory of dams, J. R. Statist. Soc. B 19 (1957); for jobs in clumps: L. Takács,
   Combinatorial Methods in the Theory of Stochastic Processes (1967).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.performance.single_server import EULER_A, EULER_NODES, EULER_WEIGHTS

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_NODES: Complexes = EULER_NODES[:, None, None]
_WHOLE = float(np.sum((1 / EULER_NODES).real * EULER_WEIGHTS))
_MINUS_PI = np.float32(-np.pi)
_BLOCK = 64  # cases whose arrays at all nodes fit the cache
_FURTHEST = 2.0  # slacks by which jobs are centred above the smallest at most, so that nothing overflows


@dataclass(frozen=True, slots=True)
class Response:
    """Time to first token by its mean [s] and squared variation, as (1 + q·z)/((1 + a·z)(1 + b·z)): two exponential phases."""

    first_s: Floats
    second_s: Floats
    lead_s: Floats

    @classmethod
    def of(cls, mean_s: Floats, variation: Floats) -> Response:
        """Return the phases in line (variation ½ to 1) or one of them (above 1, balanced means); variation kept in [½, 4]."""
        square = np.clip(variation, 0.5, 4.0)
        spread = np.sqrt(np.maximum(2 * square - 1, 0.0))
        share = (1 + np.sqrt(np.maximum(square - 1, 0.0) / (square + 1))) / 2
        either = square > 1
        first = np.where(either, mean_s / (2 * share), mean_s * (1 + spread) / 2)
        second = np.where(either, mean_s / (2 * (1 - share)), mean_s * (1 - spread) / 2)
        return cls(first, second, np.where(either, share * second + (1 - share) * first, 0.0))


@dataclass(frozen=True, slots=True)
class Lives:
    """What requests meet, (case, length) unless said otherwise.

    `slack_s` is the time that jobs and batch may take together; `jobs_s` (prompt, case, length) the work of later requests,
    `weights` (prompt, case, 1); `joined_s` what one costs beyond its work, once it is in the batch; `expected` how many of them
    the life meets, `rate` [1/s] how fast they come while the engine is busy, `clump` their F and `behind` how many more than on
    average follow the request itself. `response` is its time to first token, of which the share `counted` takes from the
    slack; without it, it only lets jobs arrive. `batch_s` and `batch_shape` are scale and shape of the gamma variable that the
    batch takes from the slack.
    """

    slack_s: Floats
    jobs_s: Floats
    weights: Floats
    joined_s: Floats
    expected: Floats
    rate: Floats
    clump: Floats
    behind: Floats
    response: Response
    counted: Floats | None
    batch_s: Floats
    batch_shape: Floats

    def take(self, rows: slice) -> Lives:
        """Return some of the cases."""
        response = Response(self.response.first_s[rows], self.response.second_s[rows], self.response.lead_s[rows])
        return Lives(
            self.slack_s[rows],
            self.jobs_s[:, rows],
            self.weights[:, rows],
            self.joined_s[rows],
            self.expected[rows],
            self.rate[rows],
            self.clump[rows],
            self.behind[rows],
            response,
            None if self.counted is None else self.counted[rows],
            self.batch_s[rows],
            self.batch_shape[rows],
        )


def late(lives: Lives) -> Floats:
    """Return P(jobs, batch and what is counted of the response take longer than the slack), (case, length)."""
    count = len(lives.slack_s)
    parts = [lives.take(slice(start, start + _BLOCK)) for start in range(0, count, _BLOCK)]
    return np.concatenate([_late(part) for part in parts])


def _late(lives: Lives) -> Floats:
    possible = lives.slack_s > 0
    slack = np.where(possible, lives.slack_s, 1.0)
    log_size, angle, mean_job = _transform(lives.jobs_s / slack, lives.weights)
    clump, behind, response = lives.clump, lives.behind, lives.response
    # In ψ a job is only the work that others wait for; what arrives in a time costs all that it costs.
    joint = _polar(clump * log_size, clump * angle)
    later = lives.joined_s / slack
    log_size -= EULER_A / 2 * later
    angle -= EULER_NODES.imag[:, None, None] * later
    single = _polar(log_size, angle)
    arriving = (1 - (single if np.all(clump == 1.0) else _polar(clump * log_size, clump * angle))) / clump
    rate = lives.rate * slack
    below = _NODES - rate * ((1 - joint) / clump)
    joint *= mean_job
    joint *= rate
    size, turn = _gamma_log(lives.batch_s / slack, lives.batch_shape)
    exponent = lives.expected * arriving
    if np.any(behind < 0):
        exponent += np.maximum(-behind, 0.0) * (single - 1)
    above = _polar(-size - exponent.real, -turn - exponent.imag)
    above *= 1 - joint
    delay = lives.rate * arriving if lives.counted is None else _NODES * (lives.counted / slack)
    above *= 1 + response.lead_s * delay
    below *= 1 + response.first_s * delay
    below *= 1 + response.second_s * delay
    if np.any(behind > 0):
        below *= 1 + np.maximum(behind, 0.0) * (1 - single)
    share = (above.real * below.real + above.imag * below.imag) / (below.real**2 + below.imag**2)
    tail = _WHOLE - np.einsum("ncl,n->cl", share, EULER_WEIGHTS)
    return np.where(possible, np.clip(tail, 1e-9, 1.0), 1.0)


def _transform(jobs: Floats, weights: Floats) -> tuple[Floats, Floats, Complexes]:
    """Return ln|S*|, arg S* and E[S·exp(−ηS)]/S* at the Euler nodes of unit time, (node, case, length), of jobs (prompt, …)."""
    least = jobs.min(axis=0)
    centre = least + np.minimum(np.sum(jobs * weights, axis=0) - least, _FURTHEST)
    apart = jobs - centre
    power = np.empty((2, *apart.shape), dtype=np.complex64)
    power[0] = weights * np.exp(-EULER_A / 2 * apart)
    power[1] = power[0] * apart
    turn = np.empty(apart.shape, dtype=np.complex64)
    phase = _MINUS_PI * apart.astype(np.float32)
    turn.real, turn.imag = np.cos(phase), np.sin(phase)
    sums = np.empty((len(EULER_NODES), 2, *centre.shape), dtype=np.complex64)
    for node in range(len(EULER_NODES)):
        np.add.reduce(power, axis=1, out=sums[node])
        power *= turn
    total, moment = sums[:, 0], sums[:, 1]
    square = np.maximum(total.real**2 + total.imag**2, np.float32(1e-30))
    angle: Floats = np.arctan2(total.imag, total.real) - EULER_NODES.imag[:, None, None] * centre
    mean_job = moment * (total.conj() / square) + centre
    return 0.5 * np.log(square.astype(np.float64)) - EULER_A / 2 * centre, angle, mean_job


def _polar(log_size: Floats, angle: Floats) -> Complexes:
    """Return exp(log_size + i·angle); sine and cosine in single precision, which the inversion amplifies to 1e-5 at most."""
    result, short = np.empty(angle.shape, dtype=np.complex128), angle.astype(np.float32)
    size = np.exp(log_size)
    np.multiply(size, np.cos(short), out=result.real)
    np.multiply(size, np.sin(short), out=result.imag)
    return result


def _gamma_log(scale: Floats, shape: Floats) -> tuple[Floats, Floats]:
    """Return shape·ln(1 + η·scale) at the Euler nodes of unit time, real and imaginary part, (node, case, length)."""
    real, imaginary = 1 + EULER_A / 2 * scale, EULER_NODES.imag[:, None, None] * scale
    return 0.5 * shape * np.log(real * real + imaginary * imaginary), shape * np.arctan(imaginary / real)
