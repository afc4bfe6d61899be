"""The traits of a deployment that fitted factors are keyed by: chip family, engine, software age, format, link, architecture."""

from __future__ import annotations

from catalog.items import Hardware, HardwareClass, Model, Precision
from planner.performance.formats import WeightFormat

_LINKS = (
    ("nvl", "nvlink"), ("xgmi", "xgmi"), ("infinity", "xgmi"), ("ici", "ici"), ("neuron", "neuronlink"), ("roce", "ethernet"),
    ("ethernet", "ethernet"), ("gbe", "ethernet"), ("pcie", "pcie"),
)  # fmt: skip
# Chips whose compiler fixes every cycle beforehand: nothing is launched at run time.
STATICALLY_SCHEDULED = frozenset(
    {
        HardwareClass.SRAM_LPU,
        HardwareClass.SRAM_WAFER,
        HardwareClass.IN_MEMORY,
        HardwareClass.TRANSFORMER_ASIC,
        HardwareClass.HARDWIRED,
        HardwareClass.RDU,
    }
)


# Engines for one user on one machine.
_LOCAL_ENGINES = frozenset({"llama.cpp", "exllama", "mlc", "mlx"})


def segment(hardware: Hardware) -> str:
    """Return the family of silicon as the factors see it: GPUs with stacked memory apart from those without."""
    if hardware.hardware_class in STATICALLY_SCHEDULED:
        return "statically_scheduled"
    if hardware.hardware_class is not HardwareClass.GPU:
        return str(hardware.hardware_class)
    stacked = any(tier.kind.upper().startswith("HBM") for tier in hardware.memory)
    return "datacentre_gpu" if stacked else "workstation_gpu"


def maker(hardware: Hardware) -> str:
    """Return the vendor's first word in lower case (`NVIDIA Corporation` is nvidia)."""
    words = hardware.vendor.casefold().split()
    return words[0] if words else ""


def maker_of_kind(hardware: Hardware) -> str:
    """Return a maker's chips of one kind: `asic|intel`, `workstation_gpu|nvidia`."""
    return f"{segment(hardware)}|{maker(hardware)}"


def generation(hardware: Hardware) -> str:
    """Return a maker's generation as its narrowest arithmetic shows it.

    `nvidia|fp4` is Blackwell, `nvidia|fp8` Hopper and Ada.
    """
    four = any(name in hardware.peak_flops for name in (Precision.FP4, Precision.NVFP4, Precision.MXFP4))
    eight = Precision.FP8 in hardware.peak_flops
    return f"{maker(hardware)}|{'fp4' if four else 'fp8' if eight else 'half'}"


def link(hardware: Hardware) -> str:
    """Return the kind of fabric between chips of an instance; `pcie` where none is published."""
    text = "" if hardware.scale_up is None else hardware.scale_up.kind.casefold()
    if text.startswith(("none", "pcie")):
        return "pcie"
    return next((kind for word, kind in _LINKS if word in text), "other" if text else "pcie")


def architecture(model: Model) -> str:
    """Return what the factors know of a model's shape: dense, moe, mla (a mixture on a latent cache) or hybrid."""
    if not model.pure_transformer:
        return "hybrid"
    if model.latent is not None:
        return "mla"
    return "dense" if model.experts is None else "moe"


def mixture(model: Model) -> str:
    """Return the grain of a mixture of experts: few large ones (`coarse`) or dozens of small ones (`fine`).

    Empty for a dense model.
    """
    if model.experts is None:
        return ""
    return "fine" if model.experts.experts >= _FINE_GRAINED else "coarse"


_FINE_GRAINED = 32


def traits_of(hardware: Hardware, model: Model, weights: WeightFormat, engine: str, era: str) -> dict[str, str]:
    """Return the traits of a deployment; an unknown engine or era is the empty level, which no factor knows."""
    family = segment(hardware)
    return {
        "segment": family,
        "maker": maker_of_kind(hardware),
        "generation": generation(hardware),
        "hardware": hardware.id,
        "link": link(hardware),
        "format": weights.label,
        "architecture": architecture(model),
        "mixture": mixture(model),
        "model": model.id,
        "engine": engine,
        "era": era,
        "kernels": "local" if engine in _LOCAL_ENGINES else "",
        "software": f"{engine}|{era}" if engine else "",
    }


def engine_of(hardware: Hardware) -> str:
    """Return the engine that a plan assumes where nobody names one: what the family's owners mostly run."""
    family = segment(hardware)
    if family == "datacentre_gpu":
        return "vllm"
    by_family = {"workstation_gpu": "vllm", "edge_npu": "llama.cpp", "cpu": "llama.cpp", "riscv": "tt-metal", "tpu": "vllm"}
    return by_family.get(family, "")
