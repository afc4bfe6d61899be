"""Claims and numbers in plain words."""

from __future__ import annotations

from catalog.items import Hardware, Model, Precision, Speed, SpeedMetric
from planner.performance.estimate import Figure


def claim_text(speed: Speed, hardware: str, model: str) -> str:
    """Return a claim in one line: `llama-3-70b on 8 x H100 SXM5 80GB: 45.0 ms per token, batch 1`."""
    chips = "" if speed.chips is None else f"{speed.chips:,} x "
    said = [
        figure_text(speed),
        None if speed.weights is None else str(speed.weights),
        None if speed.batch is None else f"batch {speed.batch:,}",
        None if speed.input_tokens is None else f"{speed.input_tokens:,} tokens in",
        None if speed.output_tokens is None else f"{speed.output_tokens:,} out",
        {"yes": "with speculative decoding", "no": "without speculative decoding"}.get(speed.speculation),
    ]
    return f"{model} on {chips}{hardware}: {', '.join(filter(None, said))}"


def figure_text(speed: Speed) -> str:
    """Return the figure with what it counts: `250 tokens/s per user`."""
    counted = "tokens/s in all, prompts counted" if speed.counts_input else "tokens/s in all"
    form = {
        SpeedMetric.PER_USER: f"{speed.figure.value:,.5g} tokens/s per user",
        SpeedMetric.TOTAL: f"{speed.figure.value:,.10g} {counted}",
        SpeedMetric.TIME_PER_TOKEN: f"{milliseconds(speed.figure.value)} per token",
        SpeedMetric.TTFT: f"{milliseconds(speed.figure.value)} to the first token",
    }
    return form[speed.metric]


def milliseconds(seconds: float) -> str:
    """Return a time in ms with three figures."""
    return f"{number(seconds * 1e3)} ms"


def number(value: float) -> str:
    """Return a number with three figures, or all of its whole ones."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.3g}".removesuffix(".")


def short_name(hardware: Hardware) -> str:
    """Return the first of the names that a catalog entry gives, without what stands in brackets."""
    return hardware.name.partition(" / ")[0].partition(" (")[0]


def chips(count: int, hardware: Hardware) -> str:
    """Return a count of chips by name: `8 x H100 SXM5 80GB`."""
    return f"{count:,} x {short_name(hardware)}"


def model_at(model: Model, weights: Precision, *, stated: bool) -> str:
    """Return the model in its format; a format that nobody stated is the narrowest, the claim's best case."""
    return f"{model.id} at {weights}" + ("" if stated else " (the narrowest it runs; none is stated)")


def prediction_text(figure: Figure, metric: SpeedMetric) -> str:
    """Return our prediction with its 95 % interval in the unit of a claim."""
    if metric in (SpeedMetric.PER_USER, SpeedMetric.TOTAL):
        return f"{number(figure.value)} tokens/s (95 %: {number(figure.low95)} to {number(figure.high95)})"
    return f"{milliseconds(figure.value)} (95 %: {number(figure.low95 * 1e3)} to {number(figure.high95 * 1e3)})"
