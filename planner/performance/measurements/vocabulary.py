"""The words of measurement files: engines, number formats, software ages and settings, read into ours."""

from __future__ import annotations

import re

from catalog.items import Hardware, Model, Precision
from planner.performance.formats import FORMATS, MEASURED_FORMATS, WeightFormat
from planner.performance.measurements.rows import Row

_ENGINES = (
    ("llama.cpp", "llama.cpp"), ("llama-bench", "llama.cpp"), ("ollama", "llama.cpp"), ("exllama", "exllama"), ("mlx", "mlx"),
    ("mlc", "mlc"), ("sglang", "sglang"), ("neuron", "neuron"), ("nxd", "neuron"), ("vllm", "vllm"),
    ("deepspeed-mii", "deepspeed-mii"),
    ("deepspeed", "deepspeed"), ("synapse", "synapse"), ("habana", "synapse"), ("trt", "trtllm"), ("tensorrt", "trtllm"),
    ("nim", "trtllm"), ("dynamo", "trtllm"), ("jetstream", "jetstream"), ("maxtext", "jetstream"), ("tt-metal", "tt-metal"),
    ("tt-transformers", "tt-metal"), ("tt-inference", "tt-metal"),
)  # fmt: skip
# The first pattern found in a weight format's text names it.
_FORMATS: tuple[tuple[str, Precision | str], ...] = (
    (r"nvfp4", Precision.NVFP4), (r"mxfp4", Precision.MXFP4), (r"^w?fp4|^w4a4|wfp4", Precision.FP4), (r"w8a16", "w8a16"),
    (r"bfp8|bf8|blockfp8", Precision.BFP8), (r"mxfp8", Precision.MXFP8), (r"fp8|f8|e4m3", Precision.FP8),
    (r"w8a8|^int8|^i8", Precision.INT8),
    (r"q4_k|q4k|iq4", "q4_k"), (r"^q4|w4a16|int4|awq|gptq|4[ -]?bit|^4bit", "q4_0"), (r"q5", "q5_k"), (r"q6", "q6_k"),
    (r"q8|8[ -]?bit", "q8_0"), (r"q3|iq3", "q3_k"), (r"fp32|f32", Precision.FP32), (r"bf16|fp16|f16|half", Precision.BF16),
)  # fmt: skip
_INT4_OF_SERVERS = re.compile(r"int4|w4a16|awq|gptq")
NEWEST_ERA = ">=2025H2"


def engine_family(text: str) -> str:
    """Return the family of an engine's name (`TensorRT-LLM v0.20` is trtllm); empty where unknown."""
    lower = text.lower()
    return next((family for word, family in _ENGINES if word in lower), "")


def weight_format_of(row: Row, hardware: Hardware, model: Model) -> WeightFormat:
    """Return the weight format that a row states; where it states none, what its kind of publication runs.

    Vendors publish at the narrowest format that the chip multiplies natively; independent tests at the model's own.
    """
    text = row.text("weight_dtype")
    if _INT4_OF_SERVERS.search(text):
        return FORMATS[Precision.INT4]
    for pattern, name in _FORMATS:
        if re.search(pattern, text):
            return FORMATS[name] if isinstance(name, Precision) else MEASURED_FORMATS[name]
    if "vendor" in row.text("kind"):
        native = (Precision.NVFP4, Precision.FP4, Precision.FP8)
        return FORMATS[next((one for one in native if one in hardware.peak_flops), Precision.BF16)]
    return FORMATS.get(model.native_precision, FORMATS[Precision.BF16])


def kv_bytes_of(row: Row, weights: WeightFormat, engine: str, era: str) -> float:
    """Return bytes per cache element.

    As stated, else 8 bit where an engine of that age does so by default with 8- and 4-bit weights.
    """
    text = row.text("kv_dtype")
    if re.search(r"fp8|int8|bfp8|q8", text):
        return 1.0
    if text:
        return 2.0
    narrow = weights.label in ("fp8", "fp4", "mxfp4")
    return 1.0 if narrow and (engine == "trtllm" or era == NEWEST_ERA) else 2.0
