"""Worked cases in the docstrings hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import planner.economics

MODULES = sorted(f"planner.economics.{found.name}" for found in pkgutil.iter_modules(planner.economics.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_gives_what_it_says(name: str) -> None:
    """Each `>>>` of the module is run."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
