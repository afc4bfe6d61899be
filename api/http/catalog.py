"""The resources of the catalog: hardware, models, demand profiles, each number with its source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from api.http.problems import HttpProblem
from api.http.service import Service, service_of
from catalog.errors import CatalogError
from catalog.items import Hardware, HardwareClass, Model, Status
from catalog.lookup import find_hardware, find_model

router = APIRouter(prefix="/v1", tags=["catalog"])
Running = Annotated[Service, Depends(service_of)]


class Item(BaseModel):
    """Base of the short forms in lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HardwareItem(Item):
    """One kind of accelerator in short; memory and bandwidth are of its largest memory, per chip."""

    id: str
    vendor: str
    name: str
    hardware_class: HardwareClass
    status: Status
    available_from: str | None
    memory_bytes: float | None
    memory_bandwidth_bytes_s: float | None
    power_w: float | None
    systems: list[str]


class ModelItem(Item):
    """A language model in short; parameters are numbers of weights."""

    id: str
    family: str
    attention: str
    params_total: float
    params_read: float
    layers: int
    max_context_tokens: int
    mixture_of_experts: bool


class ProfileItem(Item):
    """A demand profile in short."""

    id: str
    title: str
    kind: str


class HardwareList(Item):
    """All hardware of a catalog."""

    catalog_version: str
    hardware: list[HardwareItem]


class ModelList(Item):
    """All models of a catalog."""

    catalog_version: str
    models: list[ModelItem]


class ProfileList(Item):
    """All demand profiles of a catalog."""

    catalog_version: str
    profiles: list[ProfileItem]


@router.get("/hardware", summary="List hardware")
def list_hardware(service: Running) -> HardwareList:
    """Return every hardware item of the catalog in short."""
    items = [_hardware_item(item) for item in service.catalog.hardware.values()]
    return HardwareList(catalog_version=service.catalog.version, hardware=items)


@router.get("/hardware/{name}", response_model=Hardware, summary="Show one hardware item")
def get_hardware(name: str, service: Running) -> Response:
    """Return one hardware item by id or alias, each number with its source, date and kind, in SI units."""
    try:
        return _response(find_hardware(service.catalog, name))
    except CatalogError as error:
        raise _unknown(error) from None


@router.get("/models", summary="List models")
def list_models(service: Running) -> ModelList:
    """Return every model of the catalog in short."""
    return ModelList(
        catalog_version=service.catalog.version, models=[_model_item(item) for item in service.catalog.models.values()]
    )


@router.get("/models/{name}", response_model=Model, summary="Show one model")
def get_model(name: str, service: Running) -> Response:
    """Return one model by id or alias, as its configuration describes it."""
    try:
        return _response(find_model(service.catalog, name))
    except CatalogError as error:
        raise _unknown(error) from None


@router.get("/profiles", summary="List demand profiles")
def list_profiles(service: Running) -> ProfileList:
    """Return every demand profile of the catalog in short."""
    items = [
        ProfileItem(id=name, title=str(item.get("title", name)), kind=str(item.get("kind", "")))
        for name, item in service.catalog.profiles.items()
    ]
    return ProfileList(catalog_version=service.catalog.version, profiles=items)


@router.get("/profiles/{name}", response_model=dict[str, object], summary="Show one demand profile")
def get_profile(name: str, service: Running) -> Response:
    """Return one demand profile as published: lengths, arrivals, shape of the week, sources."""
    profile = service.catalog.profiles.get(name)
    if profile is None:
        known = ", ".join(sorted(service.catalog.profiles))
        raise HttpProblem(404, "not-found", f"the catalog has no profile '{name[:64]}'; it has {known}")
    return _response(profile)


def _unknown(error: CatalogError) -> HttpProblem:
    return HttpProblem(404, "not-found", str(error)[:500])


def _hardware_item(item: Hardware) -> HardwareItem:
    tiers = [tier for tier in item.memory if tier.capacity_bytes is not None]
    largest = max(tiers, key=lambda tier: tier.capacity_bytes.value if tier.capacity_bytes else 0.0, default=None)
    bandwidth = largest.bandwidth_bytes_s if largest else None
    return HardwareItem(
        id=item.id,
        vendor=item.vendor,
        name=item.name,
        hardware_class=item.hardware_class,
        status=item.status,
        available_from=item.available_from,
        memory_bytes=largest.capacity_bytes.value if largest and largest.capacity_bytes else None,
        memory_bandwidth_bytes_s=bandwidth.value if bandwidth else None,
        power_w=item.tdp_w.value if item.tdp_w else None,
        systems=[system.id for system in item.systems],
    )


def _model_item(item: Model) -> ModelItem:
    return ModelItem(
        id=item.id,
        family=item.family,
        attention=item.attention,
        params_total=item.params_total,
        params_read=item.params_read,
        layers=item.layers,
        max_context_tokens=item.max_context_tokens,
        mixture_of_experts=item.experts is not None,
    )


def _response(item: object) -> Response:
    content = json.dumps(plain(item), ensure_ascii=False, allow_nan=False).encode()
    return Response(content, media_type="application/json")


def plain(value: object) -> object:
    """Return a catalog value as JSON values; sets become sorted lists, so that the same item is the same text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(str(item) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value
