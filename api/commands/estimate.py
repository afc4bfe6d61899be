"""`splitfleet estimate`: what one deployment does at one operating point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.items import Precision

if TYPE_CHECKING:
    from planner.performance.estimate import Estimate, Figure
    from planner.performance.step_model import StepModel

EXAMPLES = """
Examples:\n
  splitfleet estimate --hardware "NVIDIA H100 SXM" --model llama-3.3-70b --tp 4 --isl 2000 --osl 300 --batch 32\n
  splitfleet estimate --hardware nvidia-b200-sxm --model deepseek-r1 --dp-attention 8 --ep 8 --weights nvfp4 --json
"""

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def estimate(
    hardware: Annotated[str, typer.Option(help="Hardware, by id or alias.", show_default=False)],
    model: Annotated[str, typer.Option(help="Model, by id or alias.", show_default=False)],
    tp: Annotated[int, typer.Option(help="Tensor parallel degree.")] = 1,
    pp: Annotated[int, typer.Option(help="Pipeline parallel degree.")] = 1,
    ep: Annotated[int, typer.Option(help="Expert parallel degree.")] = 1,
    dp_attention: Annotated[int, typer.Option(help="Data-parallel attention ranks.")] = 1,
    weights: Annotated[Precision, typer.Option(help="Format of the weights.")] = Precision.FP8,
    kv: Annotated[Precision, typer.Option(help="Format of the KV cache.")] = Precision.BF16,
    isl: Annotated[float, typer.Option(help="Prompt tokens of a request.")] = 1000,
    osl: Annotated[float, typer.Option(help="Answer tokens of a request.")] = 250,
    batch: Annotated[float, typer.Option(help="Requests served at once by the instance.")] = 1,
    prefix_hit: Annotated[float, typer.Option(help="Share of the prompt found in the prefix cache.")] = 0.0,
    draft_tokens: Annotated[int, typer.Option(help="Tokens drafted per step; 0 = no speculative decoding.")] = 0,
    acceptance: Annotated[float, typer.Option(help="Chance that a drafted token is accepted.")] = 0.7,
    engine: Annotated[str, typer.Option(help="Engine (vllm, sglang, trtllm ...); without it, what is usual on the chip.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, SI units.")] = False,
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
) -> None:
    """Predict one deployment: TTFT, TPOT, end-to-end time and throughput with 80 % and 95 % intervals, floor, memory and power.

    Exit code: 0 = estimated; 2 = the deployment cannot be, with the reason.
    """
    from catalog.load import load_catalog
    from catalog.lookup import find_hardware, find_model
    from planner.performance.estimate import estimate as predict
    from planner.performance.layout import Layout
    from planner.performance.measurements.vocabulary import engine_family
    from planner.performance.speculation import Speculation
    from planner.performance.step_model import step_model

    known = load_catalog(*(catalog or []))
    layout = Layout(tp=tp, pp=pp, ep=ep, dp_attention=dp_attention)
    step = step_model(
        find_hardware(known, hardware),
        find_model(known, model),
        layout,
        weights,
        kv,
        known.coefficients,
        engine=engine_family(engine) or None,
    )
    figures = predict(step, isl, osl, batch, prefix_hit=prefix_hit, speculation=Speculation(draft_tokens, acceptance))
    if as_json:
        asked = {"hardware": step.hardware.id, "model": step.model.id, "layout": step.layout.label, "chips": step.layout.chips}
        asked |= {"weights": str(weights), "kv": str(kv), "isl": isl, "osl": osl}
        typer.echo(json.dumps(asked | figures.as_dict(), indent=1))
    else:
        _print(step, figures)


def _print(step: StepModel, figures: Estimate) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"{step.model.id} on {step.layout.chips} x {step.hardware.name}, {step.layout.label}")
    table = Table()
    for column in ("", "median", "80 %", "95 %", "physical bound"):
        table.add_column(column, justify="left" if not column else "right")
    rows = (("TTFT", figures.ttft_s, 1e3, "ms"), ("TPOT", figures.tpot_s, 1e3, "ms"), ("E2E", figures.e2e_s, 1.0, "s"))
    for name, figure, scale, unit in (*rows, ("throughput", figures.throughput_tok_s, 1.0, "tokens/s")):
        table.add_row(name, *_cells(figure, scale, unit))
    console.print(table)
    console.print(_memory_line(step, figures))
    console.print(_power_line(figures))


def _cells(figure: Figure, scale: float, unit: str) -> tuple[str, str, str, str]:
    def shown(value: float) -> str:
        return f"{value * scale:,.4g}"

    floor = "" if figure.floor is None else f"{shown(figure.floor)} {unit}"
    return (
        f"{shown(figure.value)} {unit}",
        f"{shown(figure.low80)} - {shown(figure.high80)}",
        f"{shown(figure.low95)} - {shown(figure.high95)}",
        floor,
    )


def _memory_line(step: StepModel, figures: Estimate) -> str:
    used, capacity = figures.memory_bytes_per_chip / 1e9, float(step.operands.memory_bytes) / 1e9
    return (
        f"memory per chip: {used:,.1f} of {capacity:,.1f} GB ({figures.weight_bytes_per_chip / 1e9:,.1f} GB weights); "
        f"at most {figures.max_batch:,.0f} such requests at once"
    )


def _power_line(figures: Estimate) -> str:
    if figures.tokens_per_joule is None:
        return "power: none is published for this chip"
    watts = ", ".join(f"{name} {value:,.0f} W" for name, value in figures.power_w.items() if value is not None)
    return f"power of the chips: {watts}; {figures.tokens_per_joule:.3g} tokens per joule"
