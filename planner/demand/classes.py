"""Request classes: a log grid of input x output length (x cached share), each cell stood for by its CONDITIONAL MEANS.

With conditional means 6 x 4 cells keep the cost of short-prompt traces within about 1 %, 12 x 8 of long ones within 2
%; with upper edges even 12 x 8 cells over-provision by 40-124 % (and agentic traffic by 344 %). Prefix caching needs
the third axis: without it the error does not shrink however fine the grid; two bins of cached share, cut at one half,
repair it. Tokens are conserved exactly: class shares add up to 1 and share-weighted means to the means of the requests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.demand.merging import merge_cells
from planner.demand.population import Population, grid_labels, weighted_quantile

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

GRID = (12, 8)
SMALLEST_COST_SHARE = 0.002
_ATTENTION_TOKENS = 53_000.0
_DECODE_TOKENS = 3.0
_CONTEXT_TOKENS = 2_300.0
_LEAST_ELASTICITY = 0.2  # no length is ignored: a prefill pool sees prompts even where answers are nearly all of the cost


@dataclass(frozen=True, slots=True)
class RequestClass:
    """Requests that are planned alike: their share of the workload and their conditional means [tokens].

    `cached_tokens` is the part of `isl_tokens` that a prefix cache holds. Second moments are E[ISL^2], E[OSL^2] and
    E[(ISL-cached)^2] [tokens^2], `new_context_tokens2` is E[(ISL-cached) x cached]. `decode_context_tokens` is the
    context that a decode step of this class reads on average, E[OSL (ISL + OSL/2)] / E[OSL]: with it KV traffic is
    exact, however wide the class. The 99th percentiles are for feasibility (KV fit, TTFT), which means would hide.
    `cost_share` is the class's share of the nominal cost.
    """

    id: str
    workload_id: str
    share: float
    isl_tokens: float
    osl_tokens: float
    cached_tokens: float
    isl_tokens2: float
    osl_tokens2: float
    new_tokens2: float
    new_context_tokens2: float
    decode_context_tokens: float
    isl_p99_tokens: float
    osl_p99_tokens: float
    new_p99_tokens: float
    cost_share: float
    first_period: int = 0
    last_period: int = 0

    @property
    def new_tokens(self) -> float:
        """Return the mean input tokens that prefill must compute."""
        return self.isl_tokens - self.cached_tokens


def nominal_cost(new: FloatArray, cached: FloatArray, output: FloatArray) -> FloatArray:
    """Return a cost per request in prefill-token equivalents, used only to weigh cells against each other.

    Prefill: `new (1 + (cached + new/2)/53,000)`, the context at which attention costs as much as the weights of a dense
    70B model. Decode: `output (3 + (input + output/2)/2,300)`: weights read once per step for a batch of about 64, then
    the KV cache.
    """
    prefill = new * (1.0 + (cached + new / 2.0) / _ATTENTION_TOKENS)
    decode = output * (_DECODE_TOKENS + (new + cached + output / 2.0) / _CONTEXT_TOKENS)
    return np.asarray(prefill + decode, dtype=np.float64)


def cost_elasticities(population: Population) -> FloatArray:
    """Return by how many percent the nominal cost grows per percent of new, cached and output tokens, shape (3,)."""
    new, cached, output = population.new_tokens, population.cached_tokens, population.output_tokens
    slopes = (
        new * (1.0 + (cached + new) / _ATTENTION_TOKENS + output / _CONTEXT_TOKENS),
        cached * (new / _ATTENTION_TOKENS + output / _CONTEXT_TOKENS),
        output * (_DECODE_TOKENS + (new + cached + output) / _CONTEXT_TOKENS),
    )
    total = population.weight @ nominal_cost(new, cached, output)
    return np.array([population.weight @ slope / total for slope in slopes], dtype=np.float64)


def build_classes(
    population: Population,
    workload_id: str,
    *,
    max_classes: int = 12,
    grid: tuple[int, int] = GRID,
    smallest_cost_share: float = SMALLEST_COST_SHARE,
) -> tuple[RequestClass, ...]:
    """Return at most `max_classes` request classes, shortest prompts first, named `workload/00`, `workload/01` ...

    Cells below `smallest_cost_share` of the nominal cost join their nearest neighbour; then the pairs whose union blurs
    least are joined until the limit is met: Ward's criterion on log lengths, each times the elasticity of the cost to it,
    weighted by cost.
    """
    cost = population.weight * nominal_cost(population.new_tokens, population.cached_tokens, population.output_tokens)
    cells, label = np.unique(grid_labels(population, grid), return_inverse=True)
    share = np.bincount(label, cost, cells.size) / cost.sum()
    features = _log_means(population, label, cells.size) * np.maximum(cost_elasticities(population), _LEAST_ELASTICITY)
    merged = merge_cells(features, share, max_classes, smallest_cost_share)
    rows = [_class_of(population, cost, np.flatnonzero(merged[label] == k)) for k in range(int(merged.max()) + 1)]
    rows.sort(key=lambda row: (row.isl_tokens, row.osl_tokens, row.cached_tokens))
    return tuple(replace(row, id=f"{workload_id}/{k:02d}", workload_id=workload_id) for k, row in enumerate(rows))


def _log_means(population: Population, label: IntArray, cells: int) -> FloatArray:
    """Return log(1 + mean) of new, whole input and output tokens per cell, shape (cell, 3)."""
    weight = np.bincount(label, population.weight, cells)
    columns = (population.new_tokens, population.input_tokens, population.output_tokens)
    return np.stack([np.log1p(np.bincount(label, population.weight * c, cells) / weight) for c in columns], axis=1)


def _class_of(population: Population, cost: FloatArray, rows: IntArray) -> RequestClass:
    weight = population.weight[rows]
    share = weight.sum()
    w = weight / share
    isl, osl, cached = population.input_tokens[rows], population.output_tokens[rows], population.cached_tokens[rows]
    new = isl - cached
    return RequestClass(
        id="",
        workload_id="",
        share=float(share),
        isl_tokens=float(w @ isl),
        osl_tokens=float(w @ osl),
        cached_tokens=float(w @ cached),
        isl_tokens2=float(w @ isl**2),
        osl_tokens2=float(w @ osl**2),
        new_tokens2=float(w @ new**2),
        new_context_tokens2=float(w @ (new * cached)),
        decode_context_tokens=float(w @ (osl * (isl + osl / 2.0)) / (w @ osl)),
        isl_p99_tokens=weighted_quantile(isl, weight, 0.99),
        osl_p99_tokens=weighted_quantile(osl, weight, 0.99),
        new_p99_tokens=weighted_quantile(new, weight, 0.99),
        cost_share=float(cost[rows].sum() / cost.sum()),
    )
