"""Properties of this room are not timed: the machine may be busy with other tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("economics", deadline=None)
settings.load_profile("economics")
