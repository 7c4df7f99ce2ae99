"""What every store has to do when it is asked for several entries; checks as in `tests.journal.conformance`."""

from __future__ import annotations

from tests.journal.conformance import SERVICE, STATES, brought, checks_of, sending
from wallet_async.journal.store import Store


async def check_what_is_unsettled(store: Store) -> None:
    """In doubt, or being sent for longer than it may take: oldest first, at most as many as asked for."""
    for place, state in enumerate(STATES):
        await brought(store, state, f"{state}-late", sent_at=100 - place, send_by=200)
        await brought(store, state, f"{state}-early", sent_at=50 - place, send_by=300)
    await store.claim(sending("other", service="loyalty"))

    async def names(now: int, limit: int = 100) -> list[str]:
        return [entry.reference for entry in await store.unsettled(SERVICE, now=now, limit=limit)]

    assert await names(199) == ["in_doubt-early", "in_doubt-late"]
    assert await names(200) == ["in_doubt-early", "in_doubt-late", "sending-late"]
    everything = ["in_doubt-early", "sending-early", "in_doubt-late", "sending-late"]
    assert await names(300) == everything
    assert await names(300, limit=3) == everything[:3]
    assert await names(300, limit=0) == []


async def check_listed_page_by_page(store: Store) -> None:
    """Pages put together are every entry of the states once, in order of service and reference, by code point."""
    references = ["Z", "a", "b", "é", "ı", "漢", "\N{GRINNING FACE}", "a b", "a-b", "B"]
    for service in ("loyalty", "rehook"):
        for reference in references:
            await store.claim(sending(reference, service=service))
    await store.record(sending("b"), "refused", now=9)
    refused = await store.listed(None, ["refused"], after=None, limit=100)
    assert [(e.service, e.reference) for e in refused] == [("rehook", "b")]

    async def walked(service: str | None, limit: int) -> list[tuple[str, str]]:
        keys: list[tuple[str, str]] = []
        while page := await store.listed(
            service, ["sending", "applied"], after=keys[-1] if keys else None, limit=limit
        ):
            assert len(page) <= limit
            keys += [(entry.service, entry.reference) for entry in page]
        return keys

    ours = [("rehook", reference) for reference in sorted(references) if reference != "b"]
    assert await walked("rehook", 3) == ours
    assert await walked(None, 4) == [("loyalty", reference) for reference in sorted(references)] + ours
    assert await store.listed(None, [], after=None, limit=10) in ([], ())


async def check_what_was_applied_later(store: Store) -> None:
    """The newest that was sent after it, applied by then, of its service, and holding all that it has to hold."""
    await store.claim(sending("other", service="loyalty", sent_at=990))
    for reference, sent_at, now, movement in [
        ("before", 50, 60, '{"wallet":"A"}'),
        ("it", 100, 110, '{"wallet":"A"}'),
        ("old", 200, 210, '{"wallet":"A","to":"%_\\\\"}'),
        ("new", 300, 310, '{"wallet":"A"}'),
        ("elsewhere", 400, 410, '{"wallet":"AB"}'),
        ("too new", 500, 999, '{"wallet":"A"}'),
    ]:
        entry = sending(reference, sent_at=sent_at, movement=movement)
        await store.claim(entry)
        assert await store.record(entry, "applied", now=now, receipt="{}")
    await store.claim(sending("under way", sent_at=600, movement='{"wallet":"A"}'))

    async def name(*holding: str, until: int = 900) -> str | None:
        found = await store.later(sending("it", sent_at=100), holding=holding, until=until)
        return found and found.reference

    assert await name('"A"') == "new"
    assert await name('"A"', until=310) == "new"
    assert await name('"A"', until=309) == "old"
    assert await name('"A"', '"%_\\\\"') == "old"
    assert await name('"A"', '"B"') is None
    assert await name() == "elsewhere"
    assert await name('"A"', until=199) is None
    assert await store.later(sending("it", service="loyalty", sent_at=100), holding=(), until=9) is None


LIST_CHECKS = checks_of(globals())
"""All of them."""
