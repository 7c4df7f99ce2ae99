"""What tests of the journal's commands share."""

from __future__ import annotations

from pathlib import Path

from tests.cli.process import Ended


def url_of(path: Path) -> str:
    """Give the URL of a journal in a file."""
    return f"sqlite:///{path}"


def one_line(ended: Ended) -> str:
    """Give the one line on the standard error: no traceback."""
    assert ended.err.count("\n") == 1, ended.err
    return ended.err
