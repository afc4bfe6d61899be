"""The judgement of one claim: does it fit, is it above the floor, and if not, what would make it possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.items import Hardware, Model, Precision, Speed, SpeedMetric
from planner.errors import Unsupported
from planner.performance.audit.bounds import Bounds, bounds_of
from planner.performance.audit.verdict import Finding, Word
from planner.performance.audit.words import chips, milliseconds, model_at, number, short_name
from planner.performance.formats import FORMATS, weight_format
from planner.performance.layout import Layout
from planner.performance.operands import FloatArray, check_supported

MOST_TOKENS_PER_STEP = 6.5
"""What speculative decoding gives at best: the largest speed-up that EAGLE-3 reports (Li et al., arXiv 2503.01840)."""
_CACHE_BYTES = 1.0  # per element of the KV cache, which no claim states: 8 bit, in the claim's favour
_BATCHES = np.unique(np.geomspace(1, 1e6, 151).round())
_BATCH_STEP = 1.1  # between two of them: memory that holds the smaller may, in the claim's favour, hold the larger
_MOST_USERS = 4096.0  # whose sum may pass for a speed per user
_ROUNDING = 1.01  # a printed figure may be rounded


@dataclass(frozen=True, slots=True)
class Case:
    """A claim whose hardware and model the catalog knows, and the number format that it is judged in."""

    speed: Speed
    hardware: Hardware
    model: Model
    weights: Precision

    @property
    def subject(self) -> str:
        """Return the model in its format, in words."""
        return model_at(self.model, self.weights, stated=self.speed.weights is not None)

    @property
    def context_tokens(self) -> float:
        """Return the mean context while decoding [tokens]; the shortest where none is stated."""
        return float(self.speed.input_tokens or 1) + float(self.speed.output_tokens or 0) / 2


def case_of(speed: Speed, hardware: Hardware, model: Model) -> Case:
    """Return the case; a format that is not stated is the narrowest of the chip and the model, in the claim's favour."""
    usual = {*hardware.precisions, model.native_precision} & set(FORMATS)
    narrowest = min(usual, key=lambda name: (weight_format(name).linear_bytes, weight_format(name).attention_bytes, name))
    return Case(speed, hardware, model, speed.weights or narrowest)


def judge(case: Case) -> Finding:
    """Return the verdict of physics on a claim, with its reason in one sentence."""
    if case.hardware.wired_model_id is not None or not case.hardware.memory:
        return _unpublished(case, "neither bandwidth nor arithmetic")
    try:
        check_supported(case.hardware, case.model, Layout())
        bounds = bounds_of(case.hardware, case.model, case.weights, _CACHE_BYTES)
    except Unsupported as error:
        return Finding(Word.IMPOSSIBLE, str(error), case.weights, case.speed.chips)
    if len(bounds.numbers) == 0:
        return Finding(Word.IMPOSSIBLE, f"no number of {short_name(case.hardware)} holds {case.subject}", case.weights)
    if case.speed.chips is not None and case.speed.chips < bounds.numbers[0]:
        return _does_not_fit(case, bounds)
    if not bounds.bandwidth_known:
        return _unpublished(case, "no memory bandwidth")
    return _total(case, bounds) if case.speed.metric is SpeedMetric.TOTAL else _latency(case, bounds)


def _does_not_fit(case: Case, bounds: Bounds) -> Finding:
    """Return that the stated chips cannot hold the weights, and how many would do for the claim."""
    stated = case.speed.chips or 1
    have, need = bounds.largest_bytes * stated / 1e9, bounds.need_bytes / 1e9
    fewest = _fewest(case, bounds) if bounds.bandwidth_known else int(bounds.numbers[0])
    enough = "" if fewest is None else f"; at least {fewest:,} chips"
    why = f"{chips(stated, case.hardware)} cannot hold {case.subject} ({number(need)} GB > {number(have)} GB){enough}"
    return Finding(Word.IMPOSSIBLE, why, case.weights, stated, fewest)


def _latency(case: Case, bounds: Bounds) -> Finding:
    """Return the verdict on a time per token, a rate per user or a time to the first token."""
    claimed, floors = claimed_s(case.speed), _floors_s(case, bounds)
    fewest = _first(bounds, floors <= claimed * _ROUNDING)
    if case.speed.chips is None and fewest is not None:
        return _on_undisclosed(case, bounds, floors, fewest)
    place = -1 if case.speed.chips is None else _place(bounds, case.speed.chips)
    used, floor = int(case.speed.chips or bounds.numbers[place]), float(floors[place])
    against = f"floor {milliseconds(floor)}, claimed {milliseconds(claimed)}"
    given = (case.weights, used)
    if floor <= claimed * _ROUNDING:
        why = f"{against} for {case.subject} on {chips(used, case.hardware)}"
        return Finding(Word.POSSIBLE, why, *given, None, _as_claimed(case.speed, floor))
    bound = _as_claimed(case.speed, floor)
    per_step = floor / claimed
    if case.speed.metric is not SpeedMetric.TTFT and case.speed.speculation != "no" and per_step <= MOST_TOKENS_PER_STEP:
        why = f"{against} for {case.subject} on {chips(used, case.hardware)}: a step must yield {number(per_step)} tokens or more"
        return Finding(Word.SPECULATION, why, *given, fewest, bound)
    together = _batch_for(bounds, place, case.context_tokens, 1.0 / claimed)
    if case.speed.metric is SpeedMetric.PER_USER and together is not None:
        why = f"{against}: {number(1 / claimed)} tokens/s is what {together:,} users get together, not one"
        return Finding(Word.BATCHING, why, *given, fewest, bound)
    enough = "no number of chips is enough" if fewest is None else f"at least {fewest:,} chips"
    return Finding(Word.IMPOSSIBLE, f"{against} for {case.subject}: {enough}", *given, fewest, bound)


def _on_undisclosed(case: Case, bounds: Bounds, floors: FloatArray, fewest: int) -> Finding:
    """Return that an undisclosed number of chips can do it, and how many it takes."""
    holding, floor = int(bounds.numbers[0]), float(floors[_place(bounds, fewest)])
    more = "" if fewest == holding else f", more than the {holding:,} that hold the weights"
    why = (
        f"the number of chips is not disclosed; {chips(fewest, case.hardware)} are enough for {case.subject}{more} "
        f"(floor {milliseconds(floor)}, claimed {milliseconds(claimed_s(case.speed))})"
    )
    return Finding(Word.POSSIBLE, why, case.weights, fewest, None, _as_claimed(case.speed, floor))


def _total(case: Case, bounds: Bounds) -> Finding:
    """Return the verdict on a rate of the whole system: alone, together, or not at all."""
    claimed = case.speed.figure.value
    rates = _rates(case, bounds)
    fewest = _first(bounds, rates.max(axis=0) >= claimed / _ROUNDING)
    place = _place(bounds, case.speed.chips or fewest or int(bounds.numbers[-1]))
    used = int(case.speed.chips or bounds.numbers[place])
    most, alone = float(rates[:, place].max()), float(rates[0, place])
    given = (case.weights, used)
    on = f"{case.subject} on {chips(used, case.hardware)}"
    if most < claimed / _ROUNDING:
        enough = "no number of chips is enough" if fewest is None else f"at least {fewest:,} chips"
        why = f"{on} make at most {number(most)} tokens/s, claimed {number(claimed)}: {enough}"
        helped = claimed <= most * MOST_TOKENS_PER_STEP and not _beyond_arithmetic(case, bounds, place)
        word = Word.SPECULATION if helped and case.speed.speculation != "no" else Word.IMPOSSIBLE
        return Finding(word, why, *given, fewest, most)
    if not bounds.compute_known:
        return _unpublished(case, "no peak FLOP/s")
    if alone >= claimed / _ROUNDING:
        return Finding(Word.POSSIBLE, f"{on} make up to {number(alone)} tokens/s for one user already", *given, None, most)
    together = int(_batches(case.speed)[int(np.argmax(rates[:, place] >= claimed / _ROUNDING))])
    why = (
        f"{on} make at most {number(alone)} tokens/s for one user; {number(claimed)} is a sum over {together:,} users or more "
        f"(at most {number(most)} at any batch)"
    )
    return Finding(Word.BATCHING, why, *given, None, most)


def _rates(case: Case, bounds: Bounds) -> FloatArray:
    """Return the highest rates [tokens/s], shape (batch, number of chips); 0 where memory does not hold the batch."""
    speed = case.speed
    isl, osl = float(speed.input_tokens or 1), float(speed.output_tokens or 1)
    counted = isl + osl if speed.counts_input else osl
    room = bounds.room(isl + osl)
    context = case.context_tokens

    def request_s(batch: float) -> FloatArray:
        """Return the least time per request; prompts count only where both lengths are stated."""
        if speed.input_tokens is not None and speed.output_tokens is not None:
            return bounds.request_s(batch, isl, osl)
        return bounds.token_s(batch, context) * osl / batch

    rows = [counted / request_s(batch) * (batch <= np.maximum(room, 1.0) * _BATCH_STEP) for batch in _batches(speed)]
    return np.maximum.accumulate(np.array(rows), axis=1)


def _batches(speed: Speed) -> FloatArray:
    """Return the batches looked at: up to the one that is stated, else as many as memory may hold."""
    return _BATCHES if speed.batch is None else np.append(_BATCHES[speed.batch > _BATCHES], float(speed.batch))


def _beyond_arithmetic(case: Case, bounds: Bounds, place: int) -> bool:
    """Return whether arithmetic alone forbids the rate: speculation, which saves reads, is then no help."""
    if not bounds.compute_known:
        return False
    return bool(_rates(case, bounds.with_endless_bandwidth())[:, place].max() < case.speed.figure.value / _ROUNDING)


def _batch_for(bounds: Bounds, place: int, context_tokens: float, rate: float) -> int | None:
    """Return the smallest batch whose sum over all users reaches a rate [tokens/s]; None where none that memory holds does."""
    room = float(bounds.room(context_tokens)[place])
    for batch in _BATCHES[min(room, _MOST_USERS) >= _BATCHES]:
        if batch / float(bounds.token_s(float(batch), context_tokens)[place]) >= rate:
            return int(batch)
    return None


def _unpublished(case: Case, what: str) -> Finding:
    """Return that a claim cannot be judged for want of a figure, and what that figure would have to be."""
    speed = case.speed
    count = speed.chips or 1
    each = " a chip" if speed.chips is not None else " over all chips (their number is not disclosed)"
    rate = speed.figure.value if speed.metric is SpeedMetric.TOTAL else (speed.batch or 1) / claimed_s(speed)
    needs = [f"{number(2.0 * case.model.params_read * rate / count / 1e12)} TFLOP/s{each}"]
    if speed.metric in (SpeedMetric.PER_USER, SpeedMetric.TIME_PER_TOKEN):
        read = case.model.params_read * weight_format(case.weights).linear_bytes / claimed_s(speed) / count
        needs.insert(0, f"to read {number(read / 1e12)} TB/s of weights{each}, less with speculative decoding")
    why = f"{short_name(case.hardware)} publishes {what}; the claim needs {', and '.join(needs)}"
    return Finding(Word.UNJUDGED, why, case.weights, speed.chips)


def claimed_s(speed: Speed) -> float:
    """Return what a claim says as a time [s]: per token, or to the first one."""
    return 1.0 / speed.figure.value if speed.metric is SpeedMetric.PER_USER else speed.figure.value


def _as_claimed(speed: Speed, seconds: float) -> float:
    """Return a time in the unit of the claim."""
    return 1.0 / seconds if speed.metric is SpeedMetric.PER_USER else seconds


def _floors_s(case: Case, bounds: Bounds) -> FloatArray:
    if case.speed.metric is SpeedMetric.TTFT:
        return bounds.prefill_s(float(case.speed.input_tokens or 1))
    return bounds.token_s(float(case.speed.batch or 1), case.context_tokens)


def _fewest(case: Case, bounds: Bounds) -> int | None:
    """Return the smallest number of chips that makes a claim possible; None where none does."""
    if case.speed.metric is SpeedMetric.TOTAL:
        return _first(bounds, _rates(case, bounds).max(axis=0) >= case.speed.figure.value / _ROUNDING)
    return _first(bounds, _floors_s(case, bounds) <= claimed_s(case.speed) * _ROUNDING)


def _first(bounds: Bounds, enough: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    return int(bounds.numbers[int(np.argmax(enough))]) if enough.any() else None


def _place(bounds: Bounds, count: int) -> int:
    """Return where a number of chips stands: the largest of `numbers` that is not above it."""
    return max(int(np.searchsorted(bounds.numbers, count, side="right")) - 1, 0)


__all__ = ["MOST_TOKENS_PER_STEP", "Case", "case_of", "claimed_s", "judge"]
