"""The documentation is true: generated files are fresh, and nothing that users meet is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.failures import failure_of
from planner import errors
from tools.command_docs import commands, options_of
from tools.schemas import DOCS, documents

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["scenario.schema.json", "plan.schema.json", "openapi.json", "command-line.md"])
def test_generated_documents_are_fresh(name: str) -> None:
    """docs/ says what the code says; `make schemas` refreshes it."""
    assert (DOCS / name).read_text(encoding="utf-8") == documents()[name], f"docs/{name} is stale: run `make schemas`"


def test_every_command_and_option_is_documented() -> None:
    """Each command has a section that names each of its options."""
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    sections = {part.splitlines()[0]: part for part in re.split(r"(?m)^## ", text)[1:]}
    assert set(commands()) == set(sections)
    for name, command in commands().items():
        spelt = [opt for option in options_of(command) for opt in [*option.opts, *option.secondary_opts]]
        assert [opt for opt in spelt if f"`{opt}`" not in sections[name]] == []


def test_every_path_is_documented() -> None:
    """Each path of the service stands in docs/api.md."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    paths = re.findall(r'"(/v1/[^"]*)": \{', documents()["openapi.json"])
    assert len(paths) >= 11
    assert [path for path in paths if path not in text] == []


def test_every_problem_is_documented() -> None:
    """Each code that an answer's type can have stands in docs/api.md."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    raised = {
        code
        for path in (ROOT / "api").rglob("*.py")
        for code in re.findall(
            r'(?:HttpProblem\(\d+, |code = |_defect\(|_failure\(|Failure\(|Trouble\(|TYPE_PREFIX \+ )"([a-z-]+)"',
            path.read_text(encoding="utf-8"),
        )
    }
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.SplitfleetError)]
    raised |= {item.code for item in classes if item is not errors.SplitfleetError}
    raised |= {failure_of(ValueError()).code, "method-not-allowed"}
    assert len(raised) > 20
    assert sorted(code for code in raised - {"stopped"} if f"`{code}`" not in text) == []


def test_documents_of_the_interface_name_no_machine() -> None:
    """Nothing generated holds a path of the machine that generated it."""
    for text in documents().values():
        assert str(ROOT) not in text
