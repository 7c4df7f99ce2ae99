"""One request for a page of a history, and its answer: the value that `Window` works with."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")


@define(eq=False)
class Reading(Generic[T]):
    """One request for a page, and its answer. Times are counts of what happened."""

    number: int
    """The page."""
    left: int
    """When it was asked for."""
    below: Reading[T] | None = None
    """If it mends a seam: the page below that seam."""
    came: int = 0
    """When the answer came, or 0 before that."""
    rows: Sequence[T] = ()
    """The answer."""
    mends: deque[Reading[T]] = field(factory=deque)
    """What has been read again above this page, to be taken before it."""
