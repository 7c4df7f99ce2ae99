"""A process that is stopped when it is about to send, and goes on when another has sent: it must not send any more."""

from __future__ import annotations

import asyncio
import os
import signal
from multiprocessing.connection import Connection

import pytest

from tests.crash import broken
from tests.crash.lane import at_rest
from tests.crash.long import EVERY_CASE, only_long
from tests.crash.processes import Child
from tests.faults.providers import CLIENTS, Client
from tests.journal.postgres_server import PostgresServer
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Journal, Settling
from wallet_async.journal.entry import Entry
from wallet_async.journal.postgres import PostgresStore
from wallet_async.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no process")

SETTLING = Settling(commit_within=0.1, shown_within=0.05, every=0.02)
TIMEOUTS = (1.0, 4.0, 16.0)
"""Seconds for its call; more where a machine is so slow that it does not come as far as to the claim in time."""


def stops(talk: Connection, provider: str, url: str, journal: str, timeout: float, way: str | None) -> None:
    """Stop once ``sending`` is durable, and say what becomes of the call; then ask again."""
    if way is not None:
        broken.apply(way)
    claim = PostgresStore.claim

    async def and_stop(store: PostgresStore, entry: Entry) -> Entry:
        standing = await claim(store, entry)
        PostgresStore.claim = claim  # type: ignore[method-assign]
        talk.send("about to send")
        os.kill(os.getpid(), signal.SIGSTOP)
        return standing

    PostgresStore.claim = and_stop  # type: ignore[method-assign]
    asyncio.run(_ask_twice(talk, CLIENTS[provider], url, journal, timeout), debug=False)


async def _ask_twice(talk: Connection, client: Client, url: str, journal_url: str, first: float) -> None:
    async with (
        await Journal.open(journal_url, settling=SETTLING) as journal,
        client.session(url, journal=journal) as session,
    ):
        for timeout in (first, 30.0):
            try:
                talk.send(await client.write(session, reference=_reference(first), timeout=timeout))
            except WalletError as error:
                talk.send(error)


async def check(client: Client, journal_url: str, way: str | None = None) -> None:
    """Stop one, let another take over, and let the first go on.

    Raises:
        AssertionError: It was booked twice.
    """
    async with Sandbox(client.sandbox()) as sandbox:
        for timeout in TIMEOUTS:
            child = await Child.start(stops, client.name, sandbox.url, journal_url, timeout, way)
            if await child.said() == "about to send":
                break
            while await child.said() is not None:
                pass
        async with (
            await Journal.open(journal_url, settling=SETTLING) as journal,
            client.session(sandbox.url, journal=journal) as session,
        ):
            receipt = await _until_booked(client, session, _reference(timeout))

        def booked() -> int:
            return sum(client.is_ours(row, _reference(timeout)) for row in sandbox.ledger.entries())

        assert booked() == 1
        child.signal(signal.SIGCONT)
        first, second = await child.said(), await child.said()
        await child.gone()
        await at_rest(sandbox)
        assert booked() == 1, f"booked {booked()} times"
        assert isinstance(first, WalletError)
        assert first.not_applied
        assert second == receipt


def _reference(timeout: float) -> str:
    return f"order-{timeout}"


async def _until_booked(client: Client, session: object, reference: str) -> object:
    while True:
        try:
            return await client.write(session, reference=reference, timeout=30.0)
        except WalletError:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("provider", CLIENTS if EVERY_CASE else ["rehook"])
async def test_one_that_goes_on_does_not_send(provider: str, postgres: PostgresServer, database: str) -> None:
    """Its time is up, and it looks once more before the first byte."""
    await check(CLIENTS[provider], postgres.url(database))


@only_long
async def test_twin_without_the_last_look(postgres: PostgresServer, database: str) -> None:
    """One that looks only when it begins pays a second time."""
    with pytest.raises(AssertionError, match="booked 2 times"):
        await check(CLIENTS["rehook"], postgres.url(database), "no last look")
