"""What every store has to do, whatever database it stands on: each check takes an open store with nothing in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import get_args

import pytest
from attrs import evolve

from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.states import may_record
from wallet_async.journal.store import Store

Check = Callable[[Store], Awaitable[None]]
STATES: tuple[State, ...] = get_args(State)
SERVICE = "rehook"
LATER = 5_000_000  # microseconds from the first time to the next

PATHS: dict[State, tuple[State, ...]] = {
    "prepared": (),
    "sending": (),
    "applied": ("applied",),
    "refused": ("refused",),
    "in_doubt": ("in_doubt",),
    "not_applied": ("in_doubt", "not_applied"),
}
"""What is recorded, one after another, to bring a new entry into each state."""


def prepared(reference: str = "order-1", **changes: object) -> Entry:
    """Give an entry that was written down and not sent."""
    entry = Entry(
        service=SERVICE,
        reference=reference,
        fingerprint="f" * 64,
        movement='{"points":"20"}',
        state="prepared",
        attempt=0,
        owner="one",
        sent_at=0,
        send_by=0,
        created_at=1_000_000,
        updated_at=1_000_000,
    )
    return evolve(entry, **changes)


def sending(reference: str = "order-1", **changes: object) -> Entry:
    """Give an entry whose first request is about to leave."""
    return evolve(prepared(reference), **{"state": "sending", "attempt": 1, "sent_at": 10, "send_by": 20} | changes)


def again(entry: Entry, **changes: object) -> Entry:
    """Give the next attempt of *entry*, by another journal and later."""
    following = evolve(entry, state="sending", attempt=entry.attempt + 1, owner="two", receipt=None, reason=None)
    return evolve(following, **{"sent_at": 30, "send_by": 40, "updated_at": entry.updated_at + LATER} | changes)


async def there(store: Store, entry: Entry) -> Entry:
    """Give what the store holds under the reference of *entry*; it holds something."""
    found = await store.load(entry.service, entry.reference)
    assert found is not None
    return found


async def brought(store: Store, state: State, reference: str = "order-1", **changes: object) -> Entry:
    """Write an entry and bring it into *state*."""
    entry = prepared(reference, **changes) if state == "prepared" else sending(reference, **changes)
    assert await store.claim(entry) == entry
    for following in PATHS[state]:
        receipt = '{"id":"1"}' if following == "applied" else None
        assert await store.record(entry, following, now=2_000_000, receipt=receipt, reason=receipt and None)
        entry = await there(store, entry)
    return entry


async def check_load_of_nothing(store: Store) -> None:
    """A reference that was never used has no entry."""
    assert await store.load(SERVICE, "order-1") is None
    await store.claim(sending())
    assert await store.load(SERVICE, "order-2") is None
    assert await store.load("loyalty", "order-1") is None


async def check_claim_of_a_new_one(store: Store) -> None:
    """The first claim of a reference is written as it is, also beside others of the same name elsewhere."""
    for entry in (prepared("a"), sending("b"), evolve(sending("b"), service="loyalty")):
        assert await store.claim(entry) == entry
        assert await there(store, entry) == entry


async def check_a_second_claim_changes_nothing(store: Store) -> None:
    """Whoever comes second gets what was there, with the same movement or another one, in every state."""
    for state in STATES:
        first = await brought(store, state, f"order-{state}")
        for fingerprint in (first.fingerprint, "e" * 64):
            second = evolve(sending(first.reference), fingerprint=fingerprint, owner="two", movement="{}")
            assert await store.claim(evolve(second, attempt=first.attempt)) == first
            assert await store.claim(evolve(second, attempt=first.attempt + 2)) == first
        assert await store.claim(again(first, fingerprint="e" * 64)) == first
        assert await there(store, first) == first


async def check_another_try_where_nothing_was_booked(store: Store) -> None:
    """What is prepared, refused or not applied is claimed by the next attempt."""
    for state in ("prepared", "refused", "not_applied"):
        first = await brought(store, state, f"order-{state}", reason=None)
        second = again(first, movement='{"points":"20","note":"new"}')
        assert await store.claim(second) == second
        assert await there(store, first) == second
        assert await store.claim(evolve(second, owner="three")) == second, "the same attempt is not claimed twice"


async def check_no_claim_by_who_has_not_seen_it(store: Store) -> None:
    """A claim that says another beginning was made without a look at the entry: its caller has to look again."""
    first = await brought(store, "prepared")
    assert await store.claim(again(first, created_at=first.created_at + LATER)) == first
    assert await there(store, first) == first


async def check_a_claim_takes_receipt_and_reason_away(store: Store) -> None:
    """What was said of the attempt before does not stand beside the next one."""
    entry = sending()
    await store.claim(entry)
    await store.record(entry, "refused", now=5, reason="Not enough points.", receipt="{}")
    found = await there(store, entry)
    assert (found.reason, found.receipt) == ("Not enough points.", "{}")
    claimed = await store.claim(again(found))
    assert (claimed.reason, claimed.receipt) == (None, None)
    assert await there(store, entry) == claimed


async def check_no_claim_over_what_may_be_booked(store: Store) -> None:
    """What is being sent, in doubt or booked is never claimed, whatever attempt asks."""
    for state in ("sending", "in_doubt", "applied"):
        entry = await brought(store, state, f"order-{state}")
        for attempt in range(4):
            assert await store.claim(again(entry, attempt=attempt)) == entry
        assert await there(store, entry) == entry


async def check_a_later_attempt_needs_the_one_before(store: Store) -> None:
    """A claim by a later attempt where there is nothing is an entry that went missing: refused, not written."""
    with pytest.raises(JournalError):
        await store.claim(sending(attempt=2))
    assert await store.load(SERVICE, "order-1") is None


async def check_every_pair_of_states(store: Store) -> None:
    """A state is recorded only where it may follow; anything else is a mistake in the program, and changes nothing."""
    for old in STATES:
        for new in STATES:
            entry = await brought(store, old, f"{old}-{new}")
            if may_record(old, new):
                assert await store.record(entry, new, now=9, receipt="{}", reason="why")
                entry = evolve(entry, state=new, updated_at=9, receipt="{}", reason="why")
            else:
                with pytest.raises(ValueError, match=f"{old}.*{new}"):
                    await store.record(entry, new, now=9)
            assert await there(store, entry) == entry


async def check_record_only_from_the_very_state_and_attempt(store: Store) -> None:
    """Who comes late with a result is told so, and changes nothing."""
    first = await brought(store, "sending")
    assert not await store.record(sending("unknown"), "applied", now=9)
    assert not await store.record(evolve(first, service="loyalty"), "applied", now=9)
    assert not await store.record(evolve(first, attempt=2), "applied", now=9)
    assert not await store.record(evolve(first, state="in_doubt"), "applied", now=9)
    assert await there(store, first) == first
    assert await store.record(first, "refused", now=9)
    assert not await store.record(first, "applied", now=10)
    second = again(await there(store, first))
    await store.claim(second)
    assert not await store.record(first, "applied", now=11, receipt="{}"), "the attempt before is over"
    assert (await there(store, first)).state == "sending"


async def check_record_only_of_ones_own_attempt(store: Store) -> None:
    """Whose claim has failed says nothing of who made the attempt of the same number."""
    other = await brought(store, "sending")
    for mine in (evolve(other, owner="two"), evolve(other, sent_at=other.sent_at + 1)):
        assert not await store.record(mine, "prepared", now=9)
    assert await there(store, other) == other


async def check_one_result_of_many_wins(store: Store) -> None:
    """Of many that record a result at once, one is told that it did."""
    entry = await brought(store, "sending")
    results = await asyncio.gather(*(store.record(entry, "applied", now=9, receipt=str(n)) for n in range(50)))
    assert results.count(True) == 1
    assert (await there(store, entry)).receipt == str(results.index(True))


TEXTS = (
    "",
    " ",
    "plain",
    'it\'s "quoted"; DROP TABLE entries; -- %s ? $1 :a',
    "İstanbul ığüşöç",
    "漢字 \N{GRINNING FACE} e\N{COMBINING ACUTE ACCENT}",
    "a\tb\r\nc\x01\x7f\x85\u2028",
    "\\x00 \\u0000 \\",
    "long " * 2_048,
)


async def check_texts_are_kept_exactly(store: Store) -> None:
    """Any text comes back as it went in, in every field, and so does the largest time."""
    for place, text in enumerate(TEXTS):
        entry = sending(
            f"{place}{text[:400]}", service=f"s{text[:400]}", fingerprint=text, movement=text, owner=text, send_by=2**62
        )
        assert await store.claim(entry) == entry
        assert await store.record(entry, "refused", now=2**62, receipt=text, reason=text)
        expected = evolve(entry, state="refused", updated_at=2**62, receipt=text, reason=text)
        assert await there(store, entry) == expected
        assert list(await store.listed(entry.service, ["refused"], after=None, limit=2)) == [expected]


async def check_what_no_database_keeps_is_refused(store: Store) -> None:
    """A NUL, which PostgreSQL cannot keep, and half a character are refused whole, and nothing was changed."""
    entry = await brought(store, "sending")
    for text in ("a\0b", "\ud800"):
        with pytest.raises(JournalError):
            await store.claim(sending(text))
        with pytest.raises(JournalError):
            await store.claim(sending("new", movement=text))
        with pytest.raises(JournalError):
            await store.record(entry, "refused", now=9, reason=text)
        with pytest.raises(JournalError):
            await store.load(SERVICE, text)
    assert await there(store, entry) == entry
    assert await store.load(SERVICE, "new") is None


async def check_one_of_many_claims_wins(store: Store) -> None:
    """200 claims of one reference at once: one is written, and all are told which."""
    claims = [sending(owner=f"journal-{number}") for number in range(200)]
    answers = await asyncio.gather(*map(store.claim, claims))
    assert len(set(answers)) == 1
    assert sum(answer == claim for answer, claim in zip(answers, claims, strict=True)) == 1
    assert await there(store, claims[0]) == answers[0]


async def check_many_at_once_stay_apart(store: Store) -> None:
    """200 movements at once, each claimed and recorded: every one has its own result."""

    async def one(number: int) -> None:
        entry = sending(f"order-{number}")
        assert await store.claim(entry) == entry
        assert await store.record(entry, "applied", now=9, receipt=str(number))
        assert (await there(store, entry)).receipt == str(number)

    await asyncio.gather(*map(one, range(200)))
    assert len(await store.listed(SERVICE, ["applied"], after=None, limit=1_000)) == 200


async def check_closing_finishes_what_was_begun(store: Store) -> None:
    """What was asked for before closing is done; closing twice is allowed; afterwards nothing is taken any more."""
    claims = [asyncio.ensure_future(store.claim(sending(f"order-{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    await store.aclose()
    assert [entry.reference for entry in await asyncio.gather(*claims)] == [f"order-{n}" for n in range(20)]
    await store.aclose()
    with pytest.raises(JournalError):
        await store.load(SERVICE, "order-1")


def checks_of(module: dict[str, object]) -> tuple[Check, ...]:
    """Give the checks among the names of a module."""
    return tuple(check for name, check in sorted(module.items()) if name.startswith("check_"))  # type: ignore[misc]


CHECKS = checks_of(globals())
"""All of them; a test module makes one test of each, with a store of its own."""
