"""What a number format costs: bytes per weight in each part of a model, bytes per KV element, and the arithmetic it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.items import Hardware, HardwareClass, Precision
from planner.errors import Unsupported


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """Bytes per weight [bytes] of expert and linear layers, of attention and shared layers of a mixture of experts.

    And of the LM head.

    `arithmetic` is the precision whose peak the matrix products may use, best first; a chip without it falls back along the
    tuple. `label` names the format for the fitted factors.
    """

    label: str
    linear_bytes: float
    attention_bytes: float
    head_bytes: float
    arithmetic: tuple[Precision, ...]


_HALF = (Precision.BF16, Precision.FP16, Precision.TF32, Precision.FP32)
_BYTE = (Precision.FP8, Precision.INT8, *_HALF)
_FP4 = (Precision.FP4, Precision.NVFP4, Precision.MXFP4, *_HALF)

BF16 = WeightFormat("bf16", 2.0, 2.0, 2.0, _HALF)
FORMATS: Mapping[Precision, WeightFormat] = {
    Precision.FP32: WeightFormat("fp32", 4.0, 4.0, 4.0, (Precision.TF32, Precision.FP32)),
    Precision.TF32: WeightFormat("fp32", 4.0, 4.0, 4.0, (Precision.TF32, Precision.FP32)),
    Precision.BF16: BF16,
    Precision.FP16: BF16,
    Precision.FP8: WeightFormat("fp8", 1.0, 1.0, 2.0, _BYTE),
    Precision.CFP8: WeightFormat("fp8", 1.0, 1.0, 2.0, _BYTE),
    Precision.MXFP8: WeightFormat("fp8", 1.03, 1.03, 2.0, _BYTE),
    Precision.BFP8: WeightFormat("bfp8", 1.0625, 1.0625, 1.0625, (Precision.BFP8, Precision.FP8, *_HALF)),
    Precision.INT8: WeightFormat("int8", 1.0, 1.0, 2.0, (Precision.INT8, Precision.FP8, *_HALF)),
    Precision.MXINT8: WeightFormat("int8", 1.03, 1.03, 2.0, (Precision.MXINT8, Precision.INT8, *_HALF)),
    Precision.MXFP6: WeightFormat("fp6", 0.78, 0.78, 2.0, (Precision.MXFP6, *_BYTE)),
    Precision.INT4: WeightFormat("int4", 0.53125, 2.0, 2.0, _HALF),
    Precision.MXINT4: WeightFormat("int4", 0.53125, 2.0, 2.0, (Precision.MXINT4, Precision.INT8, *_HALF)),
    Precision.FP4: WeightFormat("fp4", 0.5625, 1.0, 2.0, _FP4),
    Precision.NVFP4: WeightFormat("fp4", 0.5625, 1.0, 2.0, _FP4),
    Precision.MXFP4: WeightFormat("mxfp4", 0.53125, 2.0, 2.0, (Precision.MXFP4, Precision.FP4, Precision.NVFP4, *_HALF)),
}
# Formats of measurements that have no precision of their own: weight-only integers and the block formats of llama.cpp (its own
# documentation).
MEASURED_FORMATS: Mapping[str, WeightFormat] = {
    "w8a16": WeightFormat("w8a16", 1.0, 1.0, 2.0, _HALF),
    "q4_0": WeightFormat("q4", 0.5625, 0.5625, 0.82, _HALF),
    "q4_k": WeightFormat("q4", 0.606, 0.606, 0.82, _HALF),
    "q5_k": WeightFormat("q5", 0.711, 0.711, 0.82, _HALF),
    "q6_k": WeightFormat("q6", 0.82, 0.82, 0.82, _HALF),
    "q8_0": WeightFormat("q8", 1.0625, 1.0625, 1.0625, _HALF),
    "q3_k": WeightFormat("q3", 0.49, 0.49, 0.82, _HALF),
}
_KV_BYTES: Mapping[Precision, float] = {
    Precision.FP32: 4.0,
    Precision.BF16: 2.0,
    Precision.FP16: 2.0,
    Precision.FP8: 1.0,
    Precision.INT8: 1.0,
    Precision.MXFP8: 1.03,
    Precision.BFP8: 1.0625,
    Precision.INT4: 0.5625,
    Precision.FP4: 0.5625,
    Precision.NVFP4: 0.5625,
}


def weight_format(precision: Precision) -> WeightFormat:
    """Return what weights of a precision cost."""
    return FORMATS[precision]


def kv_element_bytes(precision: Precision) -> float:
    """Return the bytes of one element of the KV cache; Unsupported for a format no engine keeps a cache in."""
    if precision not in _KV_BYTES:
        msg = f"no engine keeps a KV cache in {precision}; use one of {', '.join(sorted(_KV_BYTES))}"
        raise Unsupported(msg)
    return _KV_BYTES[precision]


# Where a chip publishes no peak: FLOPs per byte of memory bandwidth at 16 bit of chips of its class that publish both. Apple M1
# to M2 Ultra 20-38, A10G and RTX 30xx 70-117; an announced transformer chip with the memory of an H200 is taken at the H200's
# ratio. Estimates; decode hardly depends on them, prefill does.
_FLOPS_PER_BYTE = {
    HardwareClass.GPU: 100.0,
    HardwareClass.EDGE_NPU: 30.0,
    HardwareClass.CPU: 15.0,
    HardwareClass.TRANSFORMER_ASIC: 206.0,
    HardwareClass.ASIC: 200.0,
}


def peak_flops(hardware: Hardware, arithmetic: tuple[Precision, ...], bandwidth_bytes_s: float) -> float:
    """Return the dense peak [FLOP/s] of the first precision of `arithmetic` that the chip publishes.

    A chip that publishes only narrower ones is taken at its slowest; one of a class with a usual ratio of arithmetic to
    bandwidth at that ratio. Raises Unsupported for any other: unknown is unknown.
    """
    for precision in arithmetic:
        if (known := hardware.peak_flops.get(precision)) is not None:
            return known.value
    narrower = [value.value for key, value in hardware.peak_flops.items() if key not in (Precision.FP32, Precision.TF32)]
    if narrower:
        return min(narrower) / 2.0
    if hardware.hardware_class not in _FLOPS_PER_BYTE:
        msg = f"{hardware.id}: no peak FLOP/s is published, so no prefill speed can be predicted"
        raise Unsupported(msg)
    return _FLOPS_PER_BYTE[hardware.hardware_class] * bandwidth_bytes_s
