"""What every store has to do about counting, damage and pruning; checks as in `tests.journal.conformance`."""

from __future__ import annotations

import pytest
from attrs import evolve

from tests.journal.behind import changed, removed
from tests.journal.conformance import SERVICE, STATES, again, brought, checks_of, prepared, sending, there
from wallet_async.journal.checksum import Damaged
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.inbox import received
from wallet_async.journal.store import Store


async def check_counts(store: Store) -> None:
    """Each service and state that there is anything of, with how many."""
    assert await store.count() == {}
    for service, states in {"loyalty": STATES[:2], "rehook": STATES}.items():
        for place, state in enumerate(states):
            for number in range(place + 1):
                await brought(store, state, f"{state}-{number}", service=service)
    counts = {("rehook", state): place + 1 for place, state in enumerate(STATES)}
    assert await store.count() == counts | {("loyalty", STATES[0]): 1, ("loyalty", STATES[1]): 2}


CHANGES = {
    "service": "'rehooK'",
    "reference": "'order-3'",
    "fingerprint": "'e'",
    "movement": "''",
    "state": "'in_doubt'",
    "attempt": "2",
    "owner": "'two'",
    "sent_at": "sent_at + 1",
    "send_by": "0",
    "receipt": "'{}'",
    "reason": "''",
    "created_at": "created_at - 1",
    "updated_at": "7",
    "checksum": "checksum + 1",
}
"""What is changed behind the store's back, column by column."""


async def check_a_damaged_entry_is_noticed(store: Store) -> None:
    """Whatever was changed in it is never given as if it were true, and keeps no other entry back."""
    before = await brought(store, "sending", "order-0")
    after = await brought(store, "sending", "order-9")
    for column, value in CHANGES.items():
        entry = await brought(store, "sending", "order-1")
        await changed(store, f"{column} = {value} WHERE reference = 'order-1'")
        service = "rehooK" if column == "service" else SERVICE
        reference = "order-3" if column == "reference" else "order-1"
        damaged = Damaged(service, reference)
        with pytest.raises(JournalError, match=f"damaged.*'{reference}' is not what was written; put a backup"):
            await store.load(service, reference)
        with pytest.raises(JournalError, match="damaged"):
            await store.claim(evolve(entry, service=service, reference=reference))
        assert set(await store.listed(None, STATES, after=None, limit=9)) == {before, damaged, after}
        unsettled = await store.unsettled(service, now=10**9, limit=9)
        assert set(unsettled) == ({before, damaged, after} if service == SERVICE else {damaged})
        await removed(store, reference)


SETTLED: tuple[State, ...] = ("applied", "refused", "not_applied")


async def settled(store: Store, reference: str, state: State, now: int) -> Entry:
    """Write an entry that became *state* at *now*."""
    entry = sending(reference)
    await store.claim(entry)
    if state == "not_applied":
        await store.record(entry, "in_doubt", now=1)
        entry = await there(store, entry)
    await store.record(entry, state, now=now, receipt="{}" if state == "applied" else None, reason="why")
    return await there(store, entry)


async def check_what_is_stale(store: Store) -> None:
    """What became one of the states before, and is not pruned yet; page by page, nothing else."""
    old = []
    for state in SETTLED:
        for name, now in [("old", 99), ("older", 5), ("young", 100)]:
            entry = await settled(store, f"{state}-{name}", state, now)
            old += [entry] * (now < 100)
    for state in ("prepared", "sending", "in_doubt"):
        await brought(store, state, state)
    found: list[Entry | Damaged] = []
    while page := await store.stale(
        SETTLED, before=100, after=(found[-1].service, found[-1].reference) if found else None, limit=2
    ):
        assert len(page) <= 2
        found += page
    assert found == sorted(old, key=lambda entry: entry.reference)
    refused = await store.stale(["refused"], before=6, after=None, limit=9)
    assert [entry.reference for entry in refused] == ["refused-older"]


async def check_pruning(store: Store) -> None:
    """What was booked keeps its reference and nothing that it was about; of what was not nothing is left."""
    entries = [await settled(store, state, state, 9) for state in SETTLED]
    assert await store.prune(entries) == 3
    booked = evolve(entries[0], movement="", receipt=None, reason=None)
    assert [await store.load(SERVICE, state) for state in SETTLED] == [booked, None, None]
    assert list(await store.stale(SETTLED, before=100, after=None, limit=9)) == []
    assert await store.claim(again(entries[0])) == booked, "it is never sent again"
    assert await store.prune([]) == 0


async def check_pruning_only_what_still_is_the_same(store: Store) -> None:
    """What was asked for again since it was looked at is left alone."""
    refused = await settled(store, "order-1", "refused", 9)
    second = await store.claim(again(refused))
    assert await store.prune([refused]) == 0
    assert await there(store, refused) == second
    await store.record(second, "refused", now=10)
    assert await store.prune([refused]) == 0
    assert (await there(store, refused)).attempt == 2
    assert await store.prune([evolve(second, state="not_applied")]) == 0
    assert (await there(store, refused)).attempt == 2


async def check_pruning_takes_the_event_along(store: Store) -> None:
    """Of what was not booked nothing is left, so the event may ask for it anew; that of what was booked stays."""
    for reference, state in [("order-1", "refused"), ("order-2", "applied")]:
        entry = prepared(reference)
        await store.receive(received("stream", reference, entry), entry)
        await store.claim(again(entry))
        await store.record(again(entry), state, now=9)
        await store.prune([await there(store, entry)])
    for reference, comes_anew in [("order-1", True), ("order-2", False)]:
        entry = prepared(reference, fingerprint="e" * 64)
        event = received("stream", reference, entry)
        assert (await store.receive(event, entry) == event) == comes_anew


async def check_what_was_restored_is_declared_and_accepted(store: Store) -> None:
    """Entries may be missing from the one on, and none is from the other on."""
    for restored in (True, False):
        await store.set_restored(restored)
        assert store.restored == restored
        assert await store.load(SERVICE, "order-1") is None
        assert store.restored == restored


UPKEEP_CHECKS = checks_of(globals())
"""All of them."""
