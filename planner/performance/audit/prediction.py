"""Our own prediction for a claimed deployment, in the unit of the claim; without speculation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.items import Hardware, Model, Precision, Speed, SpeedMetric
from planner.errors import InputError, Unsupported
from planner.performance.choices import feasible_layouts
from planner.performance.estimate import Figure, estimate
from planner.performance.layout import Layout
from planner.performance.serving import Pattern
from planner.performance.step_model import StepModel, step_model

_ASSUMED_INPUT, _ASSUMED_OUTPUT = 1000.0, 250.0  # where a claim states no lengths
_MOST_TOGETHER = 512.0  # requests that an offline engine keeps in one instance, as engines come configured


def predicted(
    speed: Speed, hardware: Hardware, model: Model, weights: Precision, chips: int, coefficients: Mapping[str, object]
) -> tuple[Figure, Layout] | None:
    """Return the best prediction over the layouts on `chips` chips at most and its layout; None where none runs there.

    For a rate of the whole system as many instances as the chips make work side by side.
    """
    found = [
        (figure, step.layout)
        for step in _steps(speed, hardware, model, weights, chips, coefficients)
        if (figure := _figure(speed, step, chips)) is not None
    ]
    rate = speed.metric in (SpeedMetric.PER_USER, SpeedMetric.TOTAL)
    return max(found, key=lambda item: item[0].value * (1 if rate else -1), default=None)


def _steps(
    speed: Speed, hardware: Hardware, model: Model, weights: Precision, chips: int, coefficients: Mapping[str, object]
) -> Iterator[StepModel]:
    unit = chips if speed.chips is not None else max((system.chips for system in hardware.systems), default=chips)
    try:
        layouts = feasible_layouts(hardware, unit, model, weights, Precision.BF16, room_tokens=sum(_lengths(speed)))
    except Unsupported:
        return
    if speed.chips is None:  # nobody says how many: the fewest that will do
        enough = [layout for layout in layouts if layout.chips >= chips] or layouts[-1:]
        layouts = [layout for layout in enough if layout.chips == enough[0].chips]
    for layout in layouts:
        if speed.chips is None or layout.chips <= chips:
            yield step_model(hardware, model, layout, weights, Precision.BF16, coefficients)


def _figure(speed: Speed, step: StepModel, chips: int) -> Figure | None:
    """Return the figure in the unit of the claim; None where the chips cannot hold such a request."""
    isl, osl = _lengths(speed)
    try:
        if speed.metric is SpeedMetric.TOTAL:
            return _total(speed, step, isl, osl, max(chips // step.layout.chips, 1))
        batch = float(speed.batch or 1)
        seen = estimate(step, isl, osl, batch, pattern=Pattern.SINGLE if batch == 1.0 else Pattern.STATIC)
    except (Unsupported, InputError):
        return None
    if speed.metric is SpeedMetric.TTFT:
        return seen.ttft_s
    return _inverse(seen.tpot_s) if speed.metric is SpeedMetric.PER_USER else seen.tpot_s


def _total(speed: Speed, step: StepModel, isl: float, osl: float, instances: int) -> Figure:
    share = (isl + osl) / osl if speed.counts_input else 1.0
    if speed.batch is not None:
        batch, pattern = max(speed.batch / instances, 1.0), Pattern.STATIC
    else:
        batch, pattern = max(min(float(step.max_batch(isl + osl)), _MOST_TOGETHER), 1.0), Pattern.OFFLINE
    return _times(estimate(step, isl, osl, batch, pattern=pattern).throughput_tok_s, instances * share)


def _lengths(speed: Speed) -> tuple[float, float]:
    return float(speed.input_tokens or _ASSUMED_INPUT), float(speed.output_tokens or _ASSUMED_OUTPUT)


def _times(figure: Figure, by: float) -> Figure:
    floor = None if figure.floor is None else figure.floor * by
    return Figure(figure.value * by, figure.low80 * by, figure.high80 * by, figure.low95 * by, figure.high95 * by, floor)


def _inverse(figure: Figure) -> Figure:
    """Return a time per token as tokens per second: the interval's ends change places."""
    floor = None if figure.floor is None else 1.0 / figure.floor
    return Figure(1.0 / figure.value, 1.0 / figure.high80, 1.0 / figure.low80, 1.0 / figure.high95, 1.0 / figure.low95, floor)
