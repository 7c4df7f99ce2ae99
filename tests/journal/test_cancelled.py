"""Row 40 with a journal on a disk: cancelled at any step, the journal says what is true; nothing is booked twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.judge import attempt
from tests.faults.providers import CLIENTS, Client
from tests.journal.cells import WHOLE
from tests.journal.journals import opened
from tests.journal.memory import MemoryStore
from tests.journal.postgres_server import PostgresServer
from tests.kit import cancel_at_step
from tests.kit.steps import When
from wallet_async.journal import Journal
from wallet_async.journal.postgres import PostgresStore
from wallet_async.journal.store import Store
from wallet_async.sandbox import Sandbox

WAYS: list[tuple[str, When]] = [("rehook", "suspended"), ("loyalty", "woken")]
CASES = pytest.mark.parametrize(
    ("provider", "when"), [(client, when) for client in CLIENTS for when in ("suspended", "woken")] if WHOLE else WAYS
)


async def sweep(client: Client, store: Store, when: When) -> None:
    """Cancel a credit at each of its steps, each time under another reference, and ask for it again.

    How many steps there are is not the same each time: what the disk is asked to do is done in a thread or elsewhere.

    Raises:
        AssertionError: What is booked is not in doubt, or is booked again; or what is not booked has to wait.
    """
    async with (
        Sandbox(client.sandbox()) as sandbox,
        client.session(sandbox.url, journal=Journal(store)) as session,
    ):

        def booked(reference: str) -> int:
            return sum(client.is_ours(entry, reference) for entry in sandbox.ledger.entries())

        reached, step = True, 0
        while reached:
            reference = f"step-{step}"
            ended = await cancel_at_step(lambda: client.write(session, reference=reference), step, when=when)  # noqa: B023
            entry = await store.load(client.name, reference)
            state = "prepared" if entry is None else entry.state
            reached, step = ended.reached, step + 1
            assert not booked(reference) or state in {"in_doubt", "applied"}, f"{reference} is booked, and {state}"
            assert state != "sending", f"{reference} is said to be on its way"
            again = await attempt(lambda: client.write(session, reference=reference), [])  # noqa: B023
            allowed = {("DONE", 1), ("UNKNOWN", 0)} if state == "in_doubt" else {("DONE", 1)}
            assert (again.claim, booked(reference)) in allowed, f"{reference}, {state}: {again}"
    assert step > 5


@CASES
async def test_in_a_file(provider: str, when: When, tmp_path: Path) -> None:
    """With one thread that writes."""
    async with opened(tmp_path / "journal.db") as store:
        await sweep(CLIENTS[provider], store, when)


@CASES
async def test_on_a_server(provider: str, when: When, postgres: PostgresServer, emptied: str) -> None:
    """With a database."""
    store = await PostgresStore.open(postgres.url(emptied))
    try:
        await sweep(CLIENTS[provider], store, when)
    finally:
        await store.aclose()


async def test_twin_a_cancellation_taken_for_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that writes doubt down as "never left" fails the same check."""
    record = MemoryStore.record

    async def blind(store: MemoryStore, entry: object, state: str, **words: object) -> bool:
        return await record(store, entry, "prepared" if state == "in_doubt" else state, **words)

    monkeypatch.setattr(MemoryStore, "record", blind)
    with pytest.raises(AssertionError, match="is booked, and prepared"):
        await sweep(CLIENTS["rehook"], MemoryStore(), "suspended")
