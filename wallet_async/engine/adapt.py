"""How many requests in flight a provider sustains, found by watching its answers: decisions only, no I/O.

A refusal (429, 503 or a time-out) halves the bound, once for everything that was in flight. The bound then comes back
quickly to just below where the refusal was, stays there, and only after some seconds tries more, at first carefully:
nearly all of the time is spent close to the provider's limit, and it is passed seldom (as CUBIC, RFC 9438, does for
TCP). Where nothing is refused and answers only get slower, requests wait in the provider's own queue: more of them
would gain nothing, so the bound follows the latency too.
"""

from __future__ import annotations

import math

START = 10.0
"""The bound before anything is known."""
_MOST = 1000.0
_SLOWEST = 1.0
"""Requests a second below which the bound never falls, however much is refused: one has to see the end of it."""

_BELOW = 0.98
"""Where the bound comes back to, as a share of where a refusal was."""
_COME_BACK = 0.4
"""Seconds in which the bound comes back by 63 %."""
_HOLD = 6.0
"""Seconds after a refusal from which more is tried."""
_TRY = 0.1
"""How much more is tried one second later, as a share; it grows with the cube of the time."""

_SAMPLES = 20
"""Answers over which latency is averaged, or as many as are in flight if that is more."""
_SLOW = 2.0
"""Times the usual latency above which the bound shrinks to where latency would be usual."""
_QUEUE = 1.5
"""Where it comes back to then, as a multiple: a short queue keeps the provider busy."""


class Adaptive:
    """The bound of a session with ``Limits(max_in_flight="auto")``.

    The bound is a fraction because a provider's limit may be: at 2.5 three requests are in flight at most, and they are
    spaced so that 2.5 are on average; below 1 there are pauses between one request and the next.
    """

    def __init__(self) -> None:
        self.bound: float = START
        """Requests that may be in flight."""
        self.persisting: bool = False
        """Whether the last refusal came though the bound had been halved a moment before."""
        self._latency = 0.05  # seconds, of the last answers; the first one replaces it
        self._usual = math.inf  # seconds: the lowest average, until a change of it is proved
        self._ceiling = math.inf  # the bound at the last refusal
        self._cut_at = -math.inf
        self._slower: float | None = None  # average latency for which the bound was last cut, until its effect shows
        self._count, self._sum = 0, 0.0

    @property
    def interval(self) -> float:
        """Seconds between two requests that keep `bound` of them in flight."""
        return self._latency / self.bound

    def answered(self, begun: float, now: float, *, full: bool) -> None:
        """Take an answer other than a refusal.

        Args:
            begun: When its request left, in seconds of a monotonic clock.
            now: The time, by the same clock.
            full: Whether others are waiting for their turn; without, nothing is learnt about more.
        """
        if begun < self._cut_at:
            return  # the provider's state before the bound was cut
        latency = now - begun
        self._average(latency, now)
        if full and latency <= _SLOW * self._usual:
            # By 1 for each answer the bound doubles in a round trip; below 1 each answer is a round trip.
            grown = self.bound + min(1.0, self.bound)
            self.bound = max(self.bound, min(grown, self._curve(now - self._cut_at), _MOST))

    def refused(self, begun: float, now: float) -> None:
        """Take a 429, a 503 or a time-out; times as in `answered`."""
        if begun < self._cut_at:
            return  # it left before the bound was cut: one cut for all of them
        self.persisting = now - self._cut_at < 1.0
        self._cut(now, self.bound / 2, ceiling=min(self.bound, self._curve(begun - self._cut_at)))

    def _curve(self, since: float) -> float:
        """Give the bound *since* seconds after a refusal at the ceiling."""
        if self._ceiling == math.inf:
            return math.inf
        more = _TRY * max(0.0, since - _HOLD) ** 3
        return self._ceiling * (_BELOW - (_BELOW - 0.5) * math.exp(-since / _COME_BACK) + more)

    def _cut(self, now: float, bound: float, *, ceiling: float) -> None:
        self.bound = max(bound, min(1.0, _SLOWEST * self._latency))
        self._ceiling = ceiling
        self._cut_at = now
        self._count, self._sum = 0, 0.0

    def _average(self, latency: float, now: float) -> None:
        """Watch the latency, one average after another."""
        self._count += 1
        self._sum += latency
        if self._count < max(_SAMPLES, self.bound):
            if self._usual == math.inf:
                self._latency = self._sum / self._count
            return
        mean = self._latency = self._sum / self._count
        self._count, self._sum = 0, 0.0
        if self.bound <= 1 or (self._slower is not None and mean > 0.8 * self._slower):
            self._usual = mean  # fewer requests made it no faster, or there was one alone: it is not of our making
        self._slower = None
        self._usual = min(self._usual, mean)
        if mean > _SLOW * self._usual:
            self._slower = mean
            fitting = self.bound * self._usual / mean
            self._cut(now, fitting, ceiling=_QUEUE * fitting)
