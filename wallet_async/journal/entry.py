"""One row of the journal: what was asked for under a reference, and how far it came."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

State = Literal["prepared", "sending", "applied", "refused", "in_doubt", "not_applied"]
"""How far a movement came.

- ``prepared``: written down, and certainly not sent.
- ``sending``: a request has left or is about to; what became of it is not written yet.
- ``applied``: booked, proved by the provider's answer or by its history, or so decided by a person.
- ``refused``: the provider said no, so nothing was booked.
- ``in_doubt``: a request left, and nothing that came back says whether it was booked.
- ``not_applied``: it was in doubt, and the provider's history has proved since that nothing was booked, or a person has
  decided so.
"""


@frozen(kw_only=True)
class Entry:
    """What the journal knows of one reference. Times are microseconds since 1970, UTC."""

    service: str
    """The provider, such as ``"rehook"``; a reference is unique within one."""
    reference: str
    """The caller's own name for the movement."""
    fingerprint: str
    """A digest of the movement: the same reference may not stand for another one."""
    movement: str = field(repr=False)
    """The movement as JSON, enough to find it in the history and to send it again; empty once it is pruned."""
    state: State
    attempt: int
    """Requests that may have left for it: counts up each time it becomes ``sending``, and tells one from the next."""
    owner: str
    """The journal that wrote ``sending`` last: an id made anew each time one is opened."""
    sent_at: int
    """When it became ``sending`` last; 0 if never."""
    send_by: int
    """When its request will certainly have left if it ever does; 0 if it was never ``sending``."""
    receipt: str | None = field(default=None, repr=False)
    """The receipt as JSON, once it is ``applied`` and until it is pruned; None if a person decided that."""
    reason: str | None = None
    """Why it is ``refused``, ``in_doubt`` or ``not_applied``, as a sentence; or what is odd about one that is
    ``applied``, such as that it was taken back since; or why a person has decided so."""
    created_at: int
    updated_at: int
