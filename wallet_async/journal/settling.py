"""When what is in doubt is settled, and as what: decisions only, no I/O.

No provider has an idempotency key, so nothing but its history tells what became of a request whose answer is lost. A
row proves that it was booked. That there is none proves something only once the provider has had time to commit it
(`Settling.commit_within`) and to show it (`Settling.shown_within`), and only if the whole history was read twice, each
time with the newest later movement of the wallet in it that is known to be booked, if one is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen
from attrs.validators import optional

from wallet_async.engine.checks import positive, reject
from wallet_async.journal.entry import Entry

LOOKS = 2
"""Looks that have to show nothing: one may have met a replica that lags behind the others."""
_RARELY = 3600.0
"""Seconds between two looks at what a person has to decide: it may still settle itself, as a pending row does."""


@frozen(kw_only=True)
class Settling:
    """What is believed of a provider, all in seconds. Neither provider states any of it.

    **Once per reference holds as long as these are true.** Beyond them a movement may be booked twice, and is reported.

    Raises:
        InvalidInputError: A value is not above zero, or the history forgets sooner than anything could be proved.
    """

    commit_within: float = field(default=300.0, validator=positive)
    """The provider books or drops a request so soon after this client has given it up. 300, because whatever stands
    between (proxies, workers, queues with a retry) commonly ends a request after 30 to 60 seconds."""
    shown_within: float = field(default=60.0, validator=positive)
    """Its history shows a row so soon after it was booked. 60, because replicas mostly lag by less than a second."""
    every: float = field(default=10.0, validator=positive)
    """Between two looks for work, and between the two looks that prove absence. What waits is looked at less often the
    longer it waits."""
    retention: float | None = field(default=None, validator=optional(positive))
    """How long the history keeps a row, or None for ever. What is older than this is left to a person."""

    def __attrs_post_init__(self) -> None:
        """Refuse a retention in which nothing could be proved."""
        if self.retention is not None and self.retention <= self.wait + LOOKS * self.every:
            raise reject("Settling.retention", self.retention, "above commit_within + shown_within + 2 * every")

    @property
    def wait(self) -> float:
        """Seconds after which a row that does not show was not booked."""
        return self.commit_within + self.shown_within


@frozen(kw_only=True)
class Look:
    """What one whole reading of the history showed; one that failed is none."""

    began: int
    """When it began, in microseconds since 1970, as all times here."""
    found: bool = False
    """Whether the movement's own row was there."""
    odd: str | None = None
    """What else carries its mark and yet is not its row, as a sentence."""
    behind: bool = False
    """Whether it lacked a later movement of the wallet that is known to be booked: such a look proves no absence."""
    alike: bool = False
    """Whether a row of the wallet may be its own without the mark: same kind and amount, and no mark of another."""


@frozen
class Doubt:
    """Nobody will write its end any more: it becomes ``in_doubt``."""


@frozen
class Applied:
    """It was booked."""


@frozen
class NotApplied:
    """It was not booked, and will not be."""


@frozen
class Wait:
    """It cannot be told yet; look again at *until*."""

    until: int


@frozen
class Ask:
    """Only a person can tell, for this *reason*; look again at *until*, in case that it settles itself."""

    reason: str
    until: int


Verdict = Doubt | Applied | NotApplied | Wait | Ask


def verdict(
    entry: Entry,
    looks: Sequence[Look],
    now: int,
    settling: Settling,
    *,
    stepped: int = 0,
    marks_lost: bool | None = False,
) -> Verdict:
    """Say what is known of an *entry* that is ``sending`` or ``in_doubt``.

    Args:
        entry: What the journal has.
        looks: Those at this attempt of it, oldest first.
        now: The moment of the decision.
        settling: What is believed of the provider.
        stepped: When the clock was last put forward, 0 if never: what went before it took less time than it seems.
        marks_lost: Whether the history does not even show movements that are known to be booked; None while there was
            none to look for.
    """
    if entry.state == "sending":
        return Doubt() if now >= entry.send_by else Wait(entry.send_by)
    if any(look.found for look in looks):
        return Applied()
    given_up, from_then = _given_up(entry, stepped), provable(entry, settling, stepped=stepped)
    if looks and (reason := _question(entry, looks, now, settling, marks_lost)):
        return Ask(reason, _next_look(looks, given_up, settling))
    late = [look for look in looks if look.began > from_then]
    if sum(not look.behind for look in late) >= LOOKS:
        return NotApplied()
    if not late:
        return Wait(min(_next_look(looks, given_up, settling), from_then + 1))
    last = late[-1]
    if last.behind and last.began > from_then + _micro(settling.wait):
        reason = "the history does not show a later movement of its wallet that is booked"
        return Ask(reason, last.began + _micro(settling.wait))
    return Wait(last.began + _micro(settling.every))


def provable(entry: Entry, settling: Settling, *, stepped: int = 0) -> int:
    """Give the moment behind which a look has to begin for its absence to prove something."""
    return _given_up(entry, stepped) + _micro(settling.wait)


def _given_up(entry: Entry, stepped: int) -> int:
    return max(entry.send_by, stepped + entry.send_by - entry.sent_at if stepped else 0)


def _question(entry: Entry, looks: Sequence[Look], now: int, settling: Settling, marks_lost: bool | None) -> str | None:
    """Say why looking on proves nothing, if it does not."""
    for look in reversed(looks):
        if look.odd is not None:
            return look.odd
    if marks_lost:
        return "the history does not show it, and not the mark of movements that are booked either"
    if marks_lost is None and any(look.alike for look in looks):
        return "a row like it carries no mark, and no movement that is booked has shown yet that marks are kept"
    if settling.retention is not None and now >= entry.sent_at + _micro(settling.retention):
        return "the history no longer goes back to when it was sent"
    return None


def _next_look(looks: Sequence[Look], given_up: int, settling: Settling) -> int:
    """At once, then at doubling distances: most rows show at the first look, and some never do."""
    if not looks:
        return 0
    last = looks[-1].began
    return last + min(max(last - given_up, _micro(settling.every)), _micro(max(_RARELY, settling.every)))


def _micro(seconds: float) -> int:
    return int(seconds * 1_000_000)
