"""What a client sees: TTFT, TPOT, throughput and end-to-end time of an instance under a pattern of load.

Five patterns cover what is published and what is planned: one request at a time; a static batch; a closed loop of clients; open
(Poisson) arrivals at a known mean occupancy; and an offline queue that keeps the instance full. Aggregated instances interleave
prefill with decode: each output token carries its share of the prompts that arrive meanwhile. Disaggregated ones queue for
prefill instances of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

from planner.performance.factors import Factors
from planner.performance.floor import decode_floor_s, prefill_floor_s
from planner.performance.memory import max_batch
from planner.performance.operands import FloatArray, Operands
from planner.performance.operations import decode_step_s
from planner.performance.roofline import PROMPTS_TOGETHER, prompt_s, service_s


class Pattern(StrEnum):
    """How requests come."""

    SINGLE = "single"
    STATIC = "static"
    CLOSED = "closed"
    POISSON = "poisson"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Load:
    """Requests on a deployment; arrays of one shape.

    `concurrency` counts requests over the whole deployment, `replicas` its (decode) instances, `prefill_instances` those that
    only prefill (0 = aggregated). `reserved_share` is the share of the answer for which the engine reserves cache on admission;
    `beams` are sequences per request; `tokens_per_step` is above 1 with speculative decoding; `spare_requests` is what a client
    keeps in flight beyond the engine's slots.
    """

    input_tokens: FloatArray
    output_tokens: FloatArray
    cached_tokens: FloatArray
    concurrency: FloatArray
    replicas: FloatArray
    prefill_instances: FloatArray
    reserved_share: FloatArray
    beams: FloatArray
    tokens_per_step: FloatArray
    spare_requests: FloatArray

    def rows(self, index: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Load:
        """Return the loads of an index."""
        return Load(*(np.asarray(getattr(self, f.name))[index] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Serving:
    """Times of a client [s] and output tokens per second of the whole deployment."""

    ttft_s: FloatArray
    tpot_s: FloatArray
    throughput_tok_s: FloatArray
    e2e_s: FloatArray


@dataclass(frozen=True, slots=True)
class Deployed:
    """An instance: the operands of decode, those of the instances that prefill (the same when aggregated), and the factors."""

    decode: Operands
    prefill: Operands
    factors: Factors


def serve(pattern: Pattern, deployed: Deployed, load: Load) -> Serving:
    """Return what clients see under a pattern of load."""
    return _PATTERNS[pattern](deployed, load)


def occupancy(deployed: Deployed, load: Load) -> FloatArray:
    """Return the sequences per instance that memory lets in at once, of those that want in."""
    held = max_batch(deployed.decode, load.input_tokens + load.output_tokens * load.reserved_share)
    return np.minimum(_wanting(load), np.maximum(held, 1.0))


def _wanting(load: Load) -> FloatArray:
    return np.maximum(load.concurrency / load.replicas * load.beams, 1.0)


def _decode(deployed: Deployed, load: Load, batch: FloatArray) -> FloatArray:
    """Return the time per output token [s] at a batch, prefill apart; half the answer stands in the cache on average."""
    context = load.input_tokens + load.output_tokens / 2
    return decode_step_s(deployed.decode, deployed.factors, batch, context) / load.tokens_per_step


def _held_up(deployed: Deployed, load: Load, batch: FloatArray, tpot: FloatArray) -> FloatArray:
    """Return a time per output token that is not below the floor of its batch [s]."""
    floor = decode_floor_s(deployed.decode, batch, load.input_tokens + load.output_tokens / 2)
    return np.maximum(tpot, floor / load.tokens_per_step)


def _alone(deployed: Deployed, load: Load) -> FloatArray:
    fresh = np.maximum(load.input_tokens - load.cached_tokens, 1.0)
    return prompt_s(deployed.prefill, deployed.factors, fresh, load.cached_tokens, np.asarray(1.0))


def _service(deployed: Deployed, load: Load) -> FloatArray:
    fresh = np.maximum(load.input_tokens - load.cached_tokens, 1.0)
    return service_s(deployed.prefill, deployed.factors, fresh, load.cached_tokens)


def _more_tokens(load: Load) -> FloatArray:
    return np.maximum(load.output_tokens - 1.0, 0.0)


def _single(deployed: Deployed, load: Load) -> Serving:
    fx = deployed.factors
    batch = occupancy(deployed, load)
    tpot = _held_up(deployed, load, batch, _decode(deployed, load, batch))
    ttft = _alone(deployed, load) + 1e-3 * fx.first_token_ms
    e2e = ttft + _more_tokens(load) * tpot
    served = np.minimum(load.concurrency, load.replicas * batch / load.beams)
    rate = served * load.output_tokens / np.where(load.input_tokens > 1.0, e2e, load.output_tokens * tpot)
    return Serving(ttft, tpot, rate, e2e)


def _static(deployed: Deployed, load: Load) -> Serving:
    """All prompts prefill together, then all decode; what memory does not hold runs in a further wave."""
    fx = deployed.factors
    batch = occupancy(deployed, load)
    tpot = _held_up(deployed, load, batch, _decode(deployed, load, batch))
    fresh = np.maximum(load.input_tokens - load.cached_tokens, 1.0)
    prompts = prompt_s(deployed.prefill, fx, fresh, load.cached_tokens, batch) * fx.static_prefill
    ttft = np.maximum(prompts, prefill_floor_s(deployed.prefill, fresh, load.cached_tokens, batch))
    wave = ttft + _more_tokens(load) * tpot
    rate = load.replicas * batch * load.output_tokens / wave / load.beams
    return Serving(ttft, tpot, rate, wave * _wanting(load) / batch)


def _offline(deployed: Deployed, load: Load) -> Serving:
    """Return what a queue that never empties gets: an instance alternates prefill of newcomers with decode of a full batch."""
    fx = deployed.factors
    batch = occupancy(deployed, load)
    service, step = _service(deployed, load), _held_up(deployed, load, batch, _decode(deployed, load, batch))
    cycle = np.maximum((batch * service + load.output_tokens * step) * fx.offline, _cycle_floor(deployed, load, batch))
    tpot = cycle / load.output_tokens
    rate = load.replicas * batch * load.output_tokens / cycle / load.beams
    ttft = _alone(deployed, load) + 1e-3 * fx.first_token_ms + fx.first_token_steps * tpot
    return Serving(ttft, tpot, rate, ttft + _more_tokens(load) * tpot)


def _cycle_floor(deployed: Deployed, load: Load, batch: FloatArray) -> FloatArray:
    """Return the least time in which a full batch is prefilled and decoded [s]: neither alone can be faster than its floor."""
    fresh = np.maximum(load.input_tokens - load.cached_tokens, 1.0)
    prompts = prefill_floor_s(deployed.prefill, fresh, load.cached_tokens, batch)
    context = load.input_tokens + load.output_tokens / 2
    tokens = load.output_tokens * decode_floor_s(deployed.decode, batch, context) / load.tokens_per_step
    return np.maximum(prompts, tokens)


def _poisson(deployed: Deployed, load: Load) -> Serving:
    """Return what Poisson arrivals get at a known mean occupancy: prompts wait as in M/D/1 for the prefill of others."""
    fx = deployed.factors
    batch = _wanting(load)
    service = _queue_service(deployed, load)
    tpot = _held_up(deployed, load, batch, _inflated(deployed, load, batch, service))
    utilisation = np.clip(batch * service / np.maximum(_more_tokens(load) * tpot, 1e-9), 0.0, 0.95)
    wait = fx.queueing * service * utilisation / (1.0 - utilisation)
    ttft = _alone(deployed, load) + 1e-3 * fx.first_token_ms + wait + fx.first_token_steps * tpot
    return Serving(ttft, tpot, load.concurrency / tpot, ttft + _more_tokens(load) * tpot)


def _closed(deployed: Deployed, load: Load) -> Serving:
    """Clients send the next request when the last is answered; requests in prefill do not decode (fixed point)."""
    fx = deployed.factors
    want, batch = _wanting(load), occupancy(deployed, load)
    service, more = _queue_service(deployed, load), np.maximum(_more_tokens(load), 1.0)
    decoding = batch
    for _ in range(_FIXED_POINT_ROUNDS):
        tpot = _inflated(deployed, load, decoding, service)
        residence = _prefill_residence(batch, service, more * tpot)
        decoding = np.maximum(batch * more * tpot / (residence + more * tpot), 1.0)
    tpot = _held_up(deployed, load, decoding, tpot)
    clump = _clump_s(deployed, load, fx.clumping * (batch - 1.0))
    wait = clump + fx.queueing * np.maximum(residence - service, 0.0) + fx.first_token_steps * tpot
    slot = np.maximum(want / batch - 1.0, 0.0) * load.output_tokens * tpot * fx.slot_wait
    spare = fx.spare_request * load.spare_requests * more * tpot / batch
    ttft = _alone(deployed, load) + 1e-3 * fx.first_token_ms + wait + slot + spare
    e2e = ttft + _more_tokens(load) * tpot
    fastest = batch / _cycle_floor(deployed, load, batch)
    rate = load.replicas * np.minimum(want / e2e, fastest) * load.output_tokens / load.beams
    return Serving(ttft, tpot, rate, e2e)


_FIXED_POINT_ROUNDS = 2


def _prefill_residence(batch: FloatArray, service: FloatArray, decode_s: FloatArray) -> FloatArray:
    """Return the time in the prefill queue and service [s] of a closed loop of `batch` requests.

    Schweitzer's approximation of mean-value analysis for one queue (service D) and a delay (Z):
    R^2 + R (Z - D N) - D Z = 0.
    """
    excess = batch * service - decode_s
    return (excess + np.sqrt(excess * excess + 4.0 * service * decode_s)) / 2.0


_PASS_TOKENS = 8192.0  # of one attention rank: where engines bound a prefill pass by default


def _clump_s(deployed: Deployed, load: Load, prompts: FloatArray) -> FloatArray:
    """Return how long the prefill of `prompts` that came together (per decode instance) takes [s].

    What a pass costs however little it does is paid once per pass; a pass takes as many prompts as its tokens allow.
    """
    alone, full = _alone(deployed, load), _service(deployed, load)
    each = np.clip((PROMPTS_TOGETHER * full - alone) / (PROMPTS_TOGETHER - 1.0), 0.0, alone)
    fresh = np.maximum(load.input_tokens - load.cached_tokens, 1.0)
    per_pass = np.maximum(_PASS_TOKENS * deployed.prefill.dp_attention / fresh, 1.0)
    own = prompts / np.where(load.prefill_instances > 0, load.prefill_instances / load.replicas, 1.0)
    return (alone - each) * np.minimum(own, 1.0 + own / per_pass) + each * own


def _queue_service(deployed: Deployed, load: Load) -> FloatArray:
    """Return the prefill time per prompt as one decode instance sees it [s]: its share of the prefill instances, or itself."""
    instances = np.where(load.prefill_instances > 0, load.prefill_instances / load.replicas, 1.0)
    return _service(deployed, load) / instances


def _inflated(deployed: Deployed, load: Load, batch: FloatArray, service: FloatArray) -> FloatArray:
    """Return the time per output token with the prefill of others between the steps [s]; apart pools do not disturb."""
    share = deployed.factors.interference * np.maximum(batch - 0.5, 0.0) * service / np.maximum(load.output_tokens, 1.0)
    return _decode(deployed, load, batch) + np.where(load.prefill_instances > 0, 0.0, share)


_PATTERNS: Mapping[Pattern, Callable[[Deployed, Load], Serving]] = {
    Pattern.SINGLE: _single,
    Pattern.STATIC: _static,
    Pattern.CLOSED: _closed,
    Pattern.POISSON: _poisson,
    Pattern.OFFLINE: _offline,
}
