"""`splitfleet serve`: the HTTP service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  splitfleet serve\n
  splitfleet serve --port 9000 --data /var/lib/splitfleet --workers 2
"""
SHUTDOWN_S = 5
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

app = typer.Typer()


@app.command(epilog=EXAMPLES)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder of the service's data: jobs and finished plans.")] = Path("out/service"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many plans are made at a time.")] = 1,
    catalog: Annotated[
        list[Path] | None, typer.Option("--catalog", help="Folder of YAML that overlays the catalog; repeatable.")
    ] = None,
) -> None:
    """Start the HTTP service; its OpenAPI description is at /docs.

    Accepted plans survive a crash: what was queued or running is made again at the next start. SIGTERM ends it in good order.
    """
    import uvicorn

    from api.http.app import create_app
    from api.http.service import Settings
    from api.inputs import open_catalog
    from api.jobs.folder import DataFolder

    open_catalog(catalog or [])
    DataFolder(data).close()
    if host not in LOOPBACK:
        typer.echo(
            f"Anybody who reaches {host} can ask for plans: the service asks for no key. Put it behind something that does.",
            err=True,
        )
    settings = Settings(data=data, catalogs=tuple(catalog or ()), workers=workers)
    uvicorn.run(create_app(settings), host=host, port=port, timeout_graceful_shutdown=SHUTDOWN_S, server_header=False)
