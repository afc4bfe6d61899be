"""The command line as a whole: help, versions, suggestions, exit codes, speed of starting."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from api.command_line import INTERRUPTED, application, run
from api.failures import failure_of
from api.terminal.errors import show_failure
from api.version import version
from catalog.errors import CatalogError, Problem
from planner.errors import InputError, SolverError

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "scipy", "pandas", "pulp", "highspy", "openpyxl", "fastapi", "sqlalchemy", "uvicorn", "pydantic", "yaml")


def _commands() -> list[str]:
    names = [command.name for command in application().registered_commands]
    return [name for name in names if name] + [group.name for group in application().registered_groups if group.name]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`splitfleet --help` names all commands and exits with 0; so does `splitfleet` alone, with the shell's code for misuse."""
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in _commands())
    assert {"plan", "plans", "check", "schema", "serve"} <= set(_commands())
    assert run([]) == 2


@pytest.mark.parametrize("command", ["plan", "plans", "check", "schema", "serve"])
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help says what it does and shows how."""
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert f"splitfleet {command}" in shown


def test_the_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the name and the version."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"splitfleet {version()}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", version())


def test_a_misspelt_command_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    """`splitfleet plam` asks whether `plan` was meant."""
    assert run(["plam", "x.yaml"]) == 2
    assert "'plan'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["plan"], ["plan", "--outputs", "x"], ["plans", "x", "--jobs", "none"], ["plans", "x", "--jobs", "0"], ["schema", "world"]],
)
def test_misuse_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong options are the user's to mend, and told without a traceback."""
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_starting_imports_nothing_heavy() -> None:
    """Help and version need no solver, no numbers, no web: the command answers at once."""
    script = "import sys; from api.command_line import run; code = run(['--help']); print(' '.join(sys.modules), file=sys.stderr); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stderr.split())
    assert not loaded & set(HEAVY)


def test_the_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`splitfleet schema` prints valid JSON Schema for both documents."""
    for document in ("scenario", "plan"):
        assert run(["schema", document]) == 0
        assert json.loads(capsys.readouterr().out)["title"] == f"splitfleet {document}"


def test_check_says_what_is_valid(tmp_path: Path, small_text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid scenario is summed up; nothing is written."""
    path = tmp_path / "small.yaml"
    path.write_text(small_text, encoding="utf-8")
    assert run(["check", str(path)]) == 0
    assert "valid; 1 workload(s), 1 site(s), 2 year(s) from 2027-01-01" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.yaml")))
def test_every_example_is_valid(example: str) -> None:
    """The examples pass their own check."""
    assert run(["check", str(ROOT / "examples" / example)]) == 0


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Run a command line whose only command raises."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr("api.command_line.application", lambda: app)
    return run([])


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError.at("sites[0].power", "is missing", document="a.yaml"), 2, "error: a.yaml: sites[0].power: is missing\n"),
        (CatalogError([Problem("x", "y"), Problem("z", "w")]), 2, "error: x: y\nerror: z: w\n"),
        (SolverError("the solver contradicted itself"), 1, "error: the solver contradicted itself\n"),
        (RuntimeError("secret"), 1, "error: a defect of splitfleet (RuntimeError)\n"),
        (MemoryError(), 1, "error: this plan needs more memory than there is; make it smaller\n"),
        (OSError(28, "No space left on device"), 1, "error: the disk is full\n"),
        (PermissionError(13, "Permission denied", "/a/b.json"), 1, "error: Permission denied (b.json)\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
)
def test_every_error_has_its_words_and_code(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is raised, a person reads a sentence and a script reads a code."""
    assert _fail_with(monkeypatch, error) == code
    said = capsys.readouterr().err
    assert said.startswith(words)
    assert "Traceback" not in said
    assert "secret" not in said


def test_debugging_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """With SPLITFLEET_DEBUG set a defect comes through as it is."""
    monkeypatch.setenv("SPLITFLEET_DEBUG", "1")
    with pytest.raises(RuntimeError):
        _fail_with(monkeypatch, RuntimeError("inside"))


def test_many_errors_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand mistakes are twenty lines and a count; no line is endless."""
    show_failure(failure_of(InputError([Problem("f", "x" * 10_000) for _ in range(1000)])))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "error: and 980 more"
    assert all(len(line) < 1100 for line in lines)


def test_a_reader_that_goes_away_is_no_defect() -> None:
    """`splitfleet schema plan | head -1` ends quietly."""
    command = f"{sys.executable} -c 'from api.command_line import main; main()' schema plan | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "module", ["api.terminal.console", "api.terminal.plan_words", "api.terminal.progress", "api.http.problems"]
)
def test_the_examples_in_docstrings_hold(module: str) -> None:
    """What a docstring shows is what happens."""
    failed, tried = doctest.testmod(import_module(module))
    assert tried > 0
    assert failed == 0
