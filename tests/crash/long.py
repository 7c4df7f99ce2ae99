"""How much a run does: all where `nox -s crash` says so, some of each case where each is wanted, else very little."""

from __future__ import annotations

import os

import pytest

ALL: bool = "CRASH_ALL" in os.environ
"""Every point, state and write of every case."""
EVERY_CASE: bool = ALL or "MATRIX_WHOLE" in os.environ
only_long: pytest.MarkDecorator = pytest.mark.skipif(not EVERY_CASE, reason="a part of nox -s crash (CRASH_ALL)")
