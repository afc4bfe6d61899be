"""Keeps docs/command-line.md complete: the option table of every command is written from the command itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer.main

from api.command_line import application

if TYPE_CHECKING:
    from typer.core import TyperCommand, TyperGroup, TyperOption


def commands() -> dict[str, TyperCommand]:
    """Return every command by its full name, such as `catalog list`."""
    return dict(_below(typer.main.get_command(application()), ""))


def _below(group: TyperGroup, prefix: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def options_of(command: TyperCommand) -> list[TyperOption]:
    """Return the options of a command, without --help."""
    return [param for param in command.params if param.param_type_name == "option" and "--help" not in param.opts]


def usage_of(name: str, command: TyperCommand) -> str:
    """Return the line that shows how a command is written."""
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    places = [
        _argument((param.metavar or param.name).upper(), required=param.required, many=param.nargs != 1) for param in arguments
    ]
    return " ".join(["splitfleet", name, *places, *(["[OPTIONS]"] if options_of(command) else [])])


def _argument(name: str, *, required: bool, many: bool) -> str:
    shown = name + ("..." if many else "")
    return shown if required else f"[{shown}]"


def block_of(name: str, command: TyperCommand) -> str:
    """Return the generated part of a command's section: how it is written, and its options."""
    lines = [f"<!-- options of {name} -->", "", f"    {usage_of(name, command)}", ""]
    options = options_of(command)
    if options:
        lines += ["| option | meaning |", "|---|---|", *(_row(option) for option in options), ""]
    return "\n".join([*lines, "<!-- end of options -->"])


def _row(option: TyperOption) -> str:
    spelt = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    default = option.default
    shown = default is not None and not isinstance(default, bool | list | tuple) and not callable(default)
    words = (option.help or "").rstrip(".") + (f"; default `{default}`" if shown else "")
    return f"| {spelt} | {words.replace('|', chr(92) + '|')} |"


def refreshed(text: str) -> str:
    """Return the page with every generated part up to date, and a section at the end for each command that had none."""
    for name, command in commands().items():
        block = block_of(name, command)
        pattern = re.compile(rf"<!-- options of {re.escape(name)} -->.*?<!-- end of options -->", re.DOTALL)
        if pattern.search(text):
            text = pattern.sub(lambda _found, block=block: block, text, count=1)
        else:
            text = f"{text.rstrip()}\n\n## {name}\n\n{_words(command)}\n\n{block}\n"
    return text


def _words(command: TyperCommand) -> str:
    return inspect.cleandoc(command.help or "")
