"""Loaded once into the process that all children are forked from: each begins with the planner and the catalog at hand."""

from __future__ import annotations

import contextlib

with contextlib.suppress(Exception):  # a defect here would end the fork server; the child that meets it again tells it in words
    import reports.workbook
    from api.inputs import open_catalog
    from planner import pipeline

    open_catalog()

__all__ = ["open_catalog", "pipeline", "reports"]
