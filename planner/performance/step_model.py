"""One deployment, ready to answer: step times, memory, transfers, power and intervals, vectorised over operating points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from catalog.items import Hardware, Model, Precision
from planner.errors import Unsupported
from planner.performance.book import Book, book_of
from planner.performance.factors import Factors, factors_of, published_factors
from planner.performance.floor import decode_floor_s, prefill_floor_s
from planner.performance.formats import kv_element_bytes, weight_format
from planner.performance.interval import UNMEASURED_CLASS_WIDENING, Interval, interval_of, novelty_of
from planner.performance.layout import Layout
from planner.performance.measurements.vocabulary import NEWEST_ERA
from planner.performance.memory import cache_bytes_per_request, max_batch, weight_bytes_per_chip
from planner.performance.operands import FloatArray, Operands, operands, wired_operands
from planner.performance.power import Power, power_of
from planner.performance.roofline import decode_s, mixed_s, prompt_s, service_s
from planner.performance.serving import Deployed, Pattern
from planner.performance.traits import STATICALLY_SCHEDULED, engine_of, traits_of


@dataclass(frozen=True, slots=True)
class StepModel:
    """A model on chips in a layout and formats; every time in seconds, every array broadcasts.

    Made by `step_model`. The times are medians; `interval` says how far the measured value may lie from them.
    """

    hardware: Hardware
    model: Model
    layout: Layout
    operands: Operands
    factors: Factors
    power: Power
    book: Book

    def decode_step_s(self, batch: ArrayLike, context_tokens: ArrayLike) -> FloatArray:
        """Return the time of one decode step [s] of `batch` sequences (per instance) with a mean context [tokens]."""
        return decode_s(self.operands, self.factors, np.asarray(batch, np.float64), np.asarray(context_tokens, np.float64))

    def prefill_s(self, new_tokens: ArrayLike, cached_tokens: ArrayLike = 0.0, batch: ArrayLike = 1.0) -> FloatArray:
        """Return the time [s] to prefill `batch` prompts of `new_tokens` after `cached_tokens` already in the cache."""
        return prompt_s(self.operands, self.factors, *_floats(new_tokens, cached_tokens, batch))

    def prefill_service_s(self, new_tokens: ArrayLike, cached_tokens: ArrayLike = 0.0) -> FloatArray:
        """Return the prefill time [s] that one more prompt costs a busy instance: the service time of its queue."""
        return service_s(self.operands, self.factors, *_floats(new_tokens, cached_tokens))

    def mixed_step_s(
        self, batch: ArrayLike, context_tokens: ArrayLike, chunk_tokens: ArrayLike, chunk_context: ArrayLike = 0.0
    ) -> FloatArray:
        """Return the time [s] of a decode step that also carries a prefill chunk after `chunk_context` cached tokens."""
        return mixed_s(self.operands, self.factors, *_floats(batch, context_tokens, chunk_tokens, chunk_context))

    def decode_floor_s(self, batch: ArrayLike, context_tokens: ArrayLike) -> FloatArray:
        """Return the physical floor of a decode step [s]."""
        return decode_floor_s(self.operands, *_floats(batch, context_tokens))

    def prefill_floor_s(self, new_tokens: ArrayLike, cached_tokens: ArrayLike = 0.0) -> FloatArray:
        """Return the physical floor of a prefill [s]."""
        return prefill_floor_s(self.operands, *_floats(new_tokens, cached_tokens, 1.0))

    def max_batch(self, context_tokens: ArrayLike) -> FloatArray:
        """Return how many sequences of `context_tokens` the instance's memory holds beside weights and activations (0 = none)."""
        context = np.asarray(context_tokens, np.float64)
        held = np.minimum(max_batch(self.operands, context), 1.0 if self.hardware.wired_model_id is not None else np.inf)
        limit = self.hardware.max_context_tokens
        return held if limit is None else np.where(context <= limit, held, 0.0)

    def kv_bytes_per_request(self, tokens: ArrayLike) -> FloatArray:
        """Return the KV cache and state of one sequence of `tokens` [bytes]."""
        return cache_bytes_per_request(self.operands, np.asarray(tokens, np.float64))

    def kv_transfer_s(self, tokens: ArrayLike, link_bytes_s: ArrayLike) -> FloatArray:
        """Return the time [s] to move the cache of one sequence over a link of `link_bytes_s`."""
        return np.asarray(self.kv_bytes_per_request(tokens) / np.asarray(link_bytes_s, np.float64))

    def interference_share(self) -> float:
        """Return the share of other prompts' prefill time that delays a decoding sequence of an aggregated instance."""
        return float(self.factors.interference)

    def first_token_overhead_s(self) -> float:
        """Return what a first token costs beside queueing and prefill [s].

        Tokenising, scheduling, the network stack of the engine.
        """
        return 1e-3 * float(self.factors.first_token_ms)

    def weight_bytes_per_chip(self) -> float:
        """Return the weights stored on each chip [bytes]."""
        return float(weight_bytes_per_chip(self.operands))

    def power_w(self, activity: str, utilisation: float = 1.0) -> float | None:
        """Return the instance's watts when `idle`, in `prefill` or in `decode` for a share of the time.

        None where no power is published.
        """
        watts = self.power.watts(activity, utilisation)
        return None if watts is None else watts * self.layout.chips

    def tokens_per_joule(self, batch: ArrayLike, context_tokens: ArrayLike) -> FloatArray | None:
        """Return output tokens per joule of decoding at a batch; None where no power is published."""
        watts = self.power_w("decode")
        return None if watts is None else np.asarray(batch, np.float64) / self.decode_step_s(batch, context_tokens) / watts

    def interval(self, metric: str, pattern: str = Pattern.CLOSED) -> Interval:
        """Return the interval factors of `tpot`, `ttft`, `throughput` or `e2e`."""
        found = interval_of(self.book, metric, novelty_of(self.book, self.hardware, self.model.id), pattern)
        unmeasured = self.hardware.hardware_class in STATICALLY_SCHEDULED
        return found.widened(UNMEASURED_CLASS_WIDENING) if unmeasured else found

    def deployed(self) -> Deployed:
        """Return the deployment as the serving equations take it, aggregated."""
        return Deployed(self.operands, self.operands, self.factors)


def step_model(
    hardware: Hardware,
    model: Model,
    layout: Layout,
    weights: Precision,
    kv: Precision,
    coefficients: Mapping[str, object],
    *,
    engine: str | None = None,
    era: str = NEWEST_ERA,
) -> StepModel:
    """Return the step model of a deployment.

    `coefficients` is the catalog's mapping, `engine` a family such as `vllm` or `trtllm`.

    Raises Unsupported with the reason: silicon that cannot run the model, formats that the chip does not have, figures that
    nobody publishes, weights that do not fit, or no room for a single sequence.
    """
    if hardware.wired_model_id is not None:
        return _wired(hardware, model, coefficients)
    check_precision(hardware, weights)
    form = weight_format(weights)
    op = operands(hardware, model, layout, form, kv_element_bytes(kv))
    book = book_of(coefficients)
    factors = factors_of(
        book.coefficients, traits_of(hardware, model, form, engine_of(hardware) if engine is None else engine, era)
    )
    return StepModel(hardware, model, layout, op, factors, power_of(hardware, book), book)


def _wired(hardware: Hardware, model: Model, coefficients: Mapping[str, object]) -> StepModel:
    """Return the step model of wired weights: the published speed per user, nothing fitted, one sequence at a time."""
    speeds = [offer.tokens_s_per_user.value for offer in hardware.api if offer.tokens_s_per_user is not None]
    op = wired_operands(hardware, model, min(speeds)) if speeds else None
    if op is None:
        msg = f"{hardware.id}: no speed is published, so none can be predicted"
        raise Unsupported(msg)
    book = book_of(coefficients)
    return StepModel(hardware, model, Layout(), op, published_factors(), power_of(hardware, book), book)


# Formats that differ in how scales are stored only: a chip that has one runs weights given in the other.
_ALIKE: tuple[frozenset[Precision], ...] = (
    frozenset({Precision.BF16, Precision.FP16}),
    frozenset({Precision.INT8, Precision.MXINT8}),
    frozenset({Precision.INT4, Precision.MXINT4}),
    frozenset({Precision.FP8, Precision.MXFP8, Precision.CFP8, Precision.BFP8}),
    frozenset({Precision.FP4, Precision.NVFP4, Precision.MXFP4}),
)
_WEIGHT_ONLY = frozenset({Precision.INT4, Precision.INT8, Precision.MXFP4, Precision.FP8})


def check_precision(hardware: Hardware, weights: Precision) -> None:
    """Raise Unsupported where the chip has no form of a format; weight-only 4 and 8 bit run on any chip of 16 bit."""
    if not hardware.precisions or weights in hardware.precisions:
        return
    alike = next((group for group in _ALIKE if weights in group), frozenset({weights}))
    half = {Precision.BF16, Precision.FP16} & hardware.precisions
    if alike & hardware.precisions or (weights in _WEIGHT_ONLY and half):
        return
    names = ", ".join(sorted(hardware.precisions))
    msg = f"{hardware.id} does not run {weights} weights; it has {names}"
    raise Unsupported(msg)


def _floats(*values: ArrayLike) -> tuple[FloatArray, ...]:
    return tuple(np.asarray(value, np.float64) for value in values)
