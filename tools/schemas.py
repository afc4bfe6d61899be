"""Writes what docs/ holds of the code: JSON Schemas, OpenAPI, options of the commands, the audit (`python -m tools.schemas`)."""

from __future__ import annotations

import json
from pathlib import Path

from api.http.app import create_app
from api.http.service import Settings
from api.schemas import plan_schema, scenario_schema
from tools import audit_docs
from tools.command_docs import refreshed

DOCS = Path(__file__).resolve().parents[1] / "docs"


def documents() -> dict[str, str]:
    """Return the text of every generated file by its name in docs/."""
    contents = {
        "scenario.schema.json": scenario_schema(),
        "plan.schema.json": plan_schema(),
        "openapi.json": create_app(Settings(data=Path("unused"))).openapi(),
    }
    texts = {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in contents.items()}
    return {**texts, "command-line.md": refreshed((DOCS / "command-line.md").read_text(encoding="utf-8"))}


def main() -> None:
    """Rewrite the files."""
    for name, text in documents().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    audit_docs.main()


if __name__ == "__main__":
    main()
