"""What the routes of a running service share: settings, catalog, jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from api.inputs import open_catalog
from api.jobs.child import Limits, Work
from api.jobs.folder import DataFolder
from api.jobs.runner import DEFAULT_LIMITS, Runner
from api.jobs.store import JobStore
from api.jobs.worker import PlanDone, SubmittedTask
from catalog.items import Catalog


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs: its data folder, overlays of the catalog, plans made at a time, plans that may wait, limits of one."""

    data: Path
    catalogs: tuple[Path, ...] = ()
    workers: int = 1
    queue_limit: int = 100
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running service."""

    catalog: Catalog
    folder: DataFolder
    store: JobStore
    runner: Runner


@contextmanager
def running(settings: Settings, work: Work[SubmittedTask, PlanDone]) -> Iterator[Service]:
    """Give a service whose jobs run; close everything in good order afterwards."""
    catalog = open_catalog(settings.catalogs)
    folder = DataFolder(settings.data)
    try:
        store = JobStore(folder.database, queue_limit=settings.queue_limit)
        try:
            runner = Runner(store, folder, work, catalogs=settings.catalogs, workers=settings.workers, limits=settings.limits)
            runner.start()
            try:
                yield Service(catalog, folder, store, runner)
            finally:
                runner.stop()
        finally:
            store.close()
    finally:
        folder.close()


def service_of(request: Request) -> Service:
    """Return the running service that answers a request."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service
