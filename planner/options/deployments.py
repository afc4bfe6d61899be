"""Every way to deploy a workload's model on the market's systems: what fits, and the reasons of what does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.items import Catalog, Hardware, Model, Precision
from planner.errors import Unsupported
from planner.options.market import Market, Offering
from planner.options.table import Rejected
from planner.performance.choices import feasible_layouts
from planner.performance.formats import kv_element_bytes
from planner.performance.layout import Layout
from planner.performance.step_model import StepModel, step_model
from planner.scenario.workload import Workload

MOST_LAYOUTS = 5


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model on a system in a layout and formats, with its step model."""

    offering: Offering
    model: Model
    layout: Layout
    weights: Precision
    kv: Precision
    step: StepModel

    @property
    def chips(self) -> int:
        """Return the chips of one replica."""
        return self.layout.chips


class Deployments:
    """Finds deployments; step models are made once for each kind of chip, whoever sells it."""

    def __init__(self, catalog: Catalog, market: Market) -> None:
        """Remember the catalog and the market."""
        self._catalog = catalog
        self._market = market
        self._steps: dict[tuple[object, ...], StepModel] = {}
        self._layouts: dict[tuple[object, ...], list[Layout] | str] = {}

    def of(self, workload: Workload) -> tuple[list[Deployment], list[Rejected]]:
        """Return the deployments of a workload's model, and the systems on which it cannot run, with the reason."""
        model = self._catalog.models[workload.model]
        kv = leanest(workload.precision.kv)
        found: list[Deployment] = []
        rejected: list[Rejected] = []
        for offering in self._market.offerings:
            if workload.sites is not None and not set(workload.sites) & set(offering.sites):
                continue
            fitting = list(self._on(offering, model, workload.precision.weights, kv))
            found += [item for item in fitting if isinstance(item, Deployment)]
            if not any(isinstance(item, Deployment) for item in fitting):
                reasons = sorted({item for item in fitting if isinstance(item, str)})
                rejected.append(
                    Rejected(workload.id, offering.id, "any", "; ".join(reasons[:2]) or f"no layout holds {model.id}")
                )
        return found, rejected

    def _on(self, offering: Offering, model: Model, weights: tuple[Precision, ...], kv: Precision) -> Iterator[Deployment | str]:
        for form in sorted(set(weights)):
            layouts = self._fitting(offering.hardware, offering.system.chips, model, form, kv)
            if isinstance(layouts, str):
                yield layouts
                continue
            for layout in layouts[:MOST_LAYOUTS]:
                try:
                    yield Deployment(offering, model, layout, form, kv, self._step(offering.hardware, model, layout, form, kv))
                except Unsupported as error:
                    yield str(error)

    def _fitting(self, hardware: Hardware, chips: int, model: Model, form: Precision, kv: Precision) -> list[Layout] | str:
        key = (hardware.id, chips, model.id, form, kv)
        if key not in self._layouts:
            try:
                layouts = feasible_layouts(hardware, chips, model, form, kv)
                self._layouts[key] = layouts or f"{model.id} in {form} does not fit on {hardware.id} in units of {chips}"
            except Unsupported as error:
                self._layouts[key] = str(error)
        return self._layouts[key]

    def _step(self, hardware: Hardware, model: Model, layout: Layout, form: Precision, kv: Precision) -> StepModel:
        key = (hardware.id, model.id, layout, form, kv)
        if key not in self._steps:
            self._steps[key] = step_model(hardware, model, layout, form, kv, self._catalog.coefficients)
        return self._steps[key]


def leanest(formats: tuple[Precision, ...]) -> Precision:
    """Return the allowed KV format with the fewest bytes: prefill and decode must agree on one."""
    return min(sorted(formats), key=kv_element_bytes)
