"""What a row of the fault matrix is: a behaviour, and what a client may claim about one write that met it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs

from .exchange import Exchange
from .server import Behaviour

Claim = Literal["NOT_SENT", "REJECTED", "DONE", "UNKNOWN"]
"""NOT_SENT, REJECTED and DONE are definite; UNKNOWN means in doubt and never sent again unresolved."""


@attrs.frozen(kw_only=True)
class Row:
    """One row of the matrix; it is itself a behaviour, so `CommitServer(row)` works."""

    number: int
    """Row number in the fault matrix."""
    behaviour: Behaviour
    claim: Claim
    """What a correct client says of one write."""
    commits: int
    """Commits a single sending of the write makes: 0 or 1."""
    warm: bool = False
    """The fault needs a connection that carried one good exchange before (a read will do)."""
    needs_deadline: bool = False
    """Only the caller's own deadline ends the call: give it a short one."""
    may_resend: bool = False
    """A correct client may send the write again (401 after a refresh, 429)."""

    async def __call__(self, exchange: Exchange) -> None:
        """Act on one exchange."""
        await self.behaviour(exchange)


def unknown(
    number: int, behaviour: Behaviour, *, commits: int = 1, warm: bool = False, needs_deadline: bool = False
) -> Row:
    """Build a row that leaves the outcome in doubt."""
    return Row(
        number=number,
        behaviour=behaviour,
        claim="UNKNOWN",
        commits=commits,
        warm=warm,
        needs_deadline=needs_deadline,
    )


def rejected(number: int, behaviour: Behaviour, *, may_resend: bool = False) -> Row:
    """Build a row in which the provider refused in its own words."""
    return Row(number=number, behaviour=behaviour, claim="REJECTED", commits=0, may_resend=may_resend)


def done(number: int, behaviour: Behaviour) -> Row:
    """Build a row in which, for all the fuss, the write succeeded and the client can see it."""
    return Row(number=number, behaviour=behaviour, claim="DONE", commits=1)


def both(
    name: str,
    number: int,
    make: Callable[[bool], Behaviour],
    *,
    warm: bool = False,
    needs_deadline: bool = False,
) -> dict[str, Row]:
    """Build the two rows of a fault that may come before or after the commit."""
    return {
        f"{name}-{'committed' if commit else 'lost'}": unknown(
            number, make(commit), commits=int(commit), warm=warm, needs_deadline=needs_deadline
        )
        for commit in (True, False)
    }
