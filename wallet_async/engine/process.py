"""Where this runs: which process, told from the one it was forked from; and which line of the caller's."""

from __future__ import annotations

import os
import sys
from types import FrameType

_process = object()


def current() -> object:
    """Give what stands for this process: another object in a child that was forked from it."""
    return _process


def place() -> str:
    """Name the line outside of this library that led here."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - CPython and PyPy have it; inspect is slower to import
    while frame and frame.f_globals.get("__name__", "").partition(".")[0].endswith("_async"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "an unknown place"


def _renew() -> None:
    global _process  # noqa: PLW0603 - one process, one object
    _process = object()


if hasattr(os, "register_at_fork"):  # Windows knows no fork
    os.register_at_fork(after_in_child=_renew)
