"""What is left to CI and to ``nox -s reconcile``: whole clusters, a browser, and the twins of long runs."""

from __future__ import annotations

import os

import pytest

whole = pytest.mark.skipif(
    "RECONCILE_WHOLE" not in os.environ, reason="takes its time: nox -s reconcile, or RECONCILE_WHOLE=1 pytest"
)
