"""What comes of a person's decision in every store; checks as in `tests.journal.conformance`."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

from tests.journal.conformance import SERVICE, STATES, brought, checks_of, sending, there
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal import Journal
from wallet_async.journal.entry import Entry
from wallet_async.journal.store import Store

NOW = 2**51  # microseconds since 1970: long after all that is written here


def journal(store: Store) -> Journal:
    return Journal(store, clock=lambda: NOW)


async def check_what_a_person_may_decide(store: Store) -> None:
    """What is in doubt, or has been sent for too long, becomes what was said, with the reason; nothing else changes."""
    for state in STATES:
        for booked in (True, False):
            entry = await brought(store, state, f"{state}-{booked}")
            deciding = journal(store).decide(SERVICE, entry.reference, booked=booked, reason="seen in the panel")
            if state in {"sending", "in_doubt"}:
                decided = await deciding
                reason = "decided by a person: seen in the panel"
                became = "applied" if booked else "not_applied"
                assert decided == evolve(entry, state=became, updated_at=NOW, receipt=None, reason=reason)
                assert await there(store, entry) == decided
            else:
                with pytest.raises(InvalidInputError, match=f"'{state}-{booked}' at 'rehook' is {state}: only what is"):
                    await deciding
                assert await there(store, entry) == entry


async def check_a_decision_about_nothing(store: Store) -> None:
    """A reference that was never used, or one that no database can keep, is refused in words."""
    for reference in ("order-9", ""):
        with pytest.raises(InvalidInputError, match=f"knows no reference '{reference}' at 'rehook'"):
            await journal(store).decide(SERVICE, reference, booked=True, reason="why")


async def check_a_decision_about_what_is_under_way(store: Store) -> None:
    """A request that may still leave is for nobody to decide."""
    entry = await store.claim(sending("order-1", send_by=NOW + 1))
    with pytest.raises(InvalidInputError, match="is sending"):
        await journal(store).decide(SERVICE, "order-1", booked=True, reason="why")
    assert await there(store, entry) == entry


async def check_one_of_many_decisions_wins(store: Store) -> None:
    """Two persons of different opinions, each asked often: one is written, and all others are told so."""
    entry = await brought(store, "sending")
    opinions = [
        journal(store).decide(SERVICE, entry.reference, booked=number % 2 == 0, reason=str(number))
        for number in range(20)
    ]
    ended = await asyncio.gather(*opinions, return_exceptions=True)
    (winner,) = [one for one in ended if isinstance(one, Entry)]
    assert await there(store, entry) == winner
    assert all(f"is {winner.state}" in str(one) for one in ended if one is not winner)


DECIDING_CHECKS = checks_of(globals())
"""All of them."""
