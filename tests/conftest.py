"""Settings of the whole suite."""

from __future__ import annotations

from hypothesis import settings

# The first example may compile a kernel; a suite that fails by chance is read by nobody.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
