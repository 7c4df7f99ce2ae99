"""Who is next when more callers wait than may go: single calls before bulk runs, every wallet of a run in its turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

BULK: ContextVar[object | None] = ContextVar("BULK", default=None)
"""The worker of a bulk run that a call is made for, or None for a single call. Tasks that it starts inherit it."""

_BULK_EVERY = 4
"""While both wait, one turn in these many is a bulk run's."""


class Line(Generic[T]):
    """A waiting line for single calls and another for bulk runs.

    Single calls go first, since somebody waits for each of them, but every fourth turn is a bulk run's, so that runs go
    on however many single calls there are. Among bulk runs every worker has its turn before any has a second: a long
    history that reads many pages ahead does not hold up the short ones.
    """

    def __init__(self) -> None:
        self._single: OrderedDict[T, None] = OrderedDict()
        self._bulk: OrderedDict[object, OrderedDict[T, None]] = OrderedDict()
        self._in_a_row = 0  # turns of single calls while a bulk run waited
        self.size: int = 0
        """All that wait."""

    @property
    def single(self) -> int:
        """Single calls that wait."""
        return len(self._single)

    def join(self, turn: T, worker: object | None) -> None:
        """Put *turn* at the end, for *worker* of a bulk run or for a single call."""
        own = self._single if worker is None else self._bulk.setdefault(worker, OrderedDict())
        own[turn] = None
        self.size += 1

    def leave(self, turn: T, worker: object | None) -> None:
        """Take *turn* out, if it is still there."""
        own = self._single if worker is None else self._bulk.get(worker, OrderedDict())
        if turn in own:
            del own[turn]
            self.size -= 1
            if worker is not None and not own:
                del self._bulk[worker]

    def pop(self) -> T:
        """Take out whose turn it is."""
        self.size -= 1
        if self._single and (not self._bulk or self._in_a_row < _BULK_EVERY - 1):
            self._in_a_row = self._in_a_row + 1 if self._bulk else 0
            return self._single.popitem(last=False)[0]
        self._in_a_row = 0
        worker, own = self._bulk.popitem(last=False)
        turn, _ = own.popitem(last=False)
        if own:
            self._bulk[worker] = own  # behind the others
        return turn
