"""Tells a process from the one it was forked from, without asking the kernel for every call."""

from __future__ import annotations

import os

_process = object()


def current() -> object:
    """Give what stands for this process: another object in a child that was forked from it."""
    return _process


def _renew() -> None:
    global _process  # noqa: PLW0603 - one process, one object
    _process = object()


if hasattr(os, "register_at_fork"):  # Windows knows no fork
    os.register_at_fork(after_in_child=_renew)
