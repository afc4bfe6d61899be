"""Writes docs/audit.md, the audit of the published speeds that the catalog knows (`python -m tools.audit_docs`)."""

from __future__ import annotations

from pathlib import Path

from api.terminal.audit_sheet import markdown
from catalog.load import load_catalog
from planner.performance.audit import audit

PAGE = Path(__file__).resolve().parents[1] / "docs" / "audit.md"


def page() -> str:
    """Return the text of the page."""
    catalog = load_catalog()
    return markdown(audit(catalog), catalog)


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
