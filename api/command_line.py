"""The command `splitfleet`: finds the commands, runs one, and turns every error into a sentence and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from api import commands

ORDER = ("plan", "plans", "check", "compare", "catalog", "estimate", "validate", "calibrate", "schema", "serve")
DEBUG = "SPLITFLEET_DEBUG"
INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code; Python's warnings are for developers."""
    if not sys.warnoptions and not os.environ.get(DEBUG):
        warnings.simplefilter("ignore")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. No exception leaves, unless SPLITFLEET_DEBUG is set."""
    try:
        application()(args=list(arguments), prog_name="splitfleet")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _stop_writing()
        return 1
    except Exception as error:  # the border: whatever it is, a person reads a sentence
        if os.environ.get(DEBUG):
            raise
        return _told(error)
    return 0


def application() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        help="Plan the cheapest mix of hardware for LLM inference that meets SLAs inside a power budget.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in sorted((found.name for found in iter_modules(commands.__path__)), key=_place):
        _mount(app, name, import_module(f"api.commands.{name}").app)
    return app


def _version(given: bool) -> None:
    if given:
        from api.version import version

        typer.echo(f"splitfleet {version()}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)] = False,
) -> None:
    pass


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _mount(root: typer.Typer, name: str, app: typer.Typer) -> None:
    """Add a module's application: as a command where it is only one, else as a group of them."""
    single = len(app.registered_commands) == 1 and not app.registered_groups and app.registered_callback is None
    if single:
        app.registered_commands[0].name = name
        root.registered_commands.append(app.registered_commands[0])
    else:
        root.add_typer(app, name=name)


def _told(error: BaseException) -> int:
    """Write an error as sentences; return its exit code."""
    from api.failures import failure_of
    from api.terminal.errors import show_failure

    failure = failure_of(error)
    show_failure(failure)
    return failure.exit_code


def _stop_writing() -> None:
    """Send the rest of stdout nowhere: its reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
