"""The judge of the fault matrix: makes one write against one fault and holds the client to what it may claim."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import attrs

from tests.faults.providers import Client
from tests.kit import Claim, CommitServer, Row, no_leaks
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import (
    ConnectError,
    OutcomeUnknownError,
    RequestTimeoutError,
    ResponseError,
    WalletError,
)
from wallet_async.engine.events import Event, OutcomeUnknownEvent
from wallet_async.engine.limits import Limits
from wallet_async.engine.retry import RetryPolicy

# No Retry-After of the matrix is waited for, and no wait of our own lasts.
HASTY = RetryPolicy(retry_after_max=0.2, jitter=lambda: 0.0)
SMALL = Limits(max_body=256 * 1024)
SHORT = 0.1  # seconds; the deadline of a call that only its deadline ends
ENOUGH = 0.3  # seconds; the same where the request has to arrive before, on a machine that stalls
LONG = 20.0  # seconds; the deadline of a call that has to end by itself

Watch = Callable[[], AbstractAsyncContextManager[None]]
"""Looks for what a block leaves behind, or not."""


@attrs.frozen(kw_only=True)
class Outcome:
    """How one write ended."""

    claim: Claim
    value: Any = None
    error: WalletError | None = None
    events: tuple[Event, ...] = ()

    @property
    def doubts(self) -> int:
        """How often an unknown outcome was reported."""
        return sum(isinstance(event, OutcomeUnknownEvent) for event in self.events)


def claim_of(error: WalletError) -> Claim:
    """Say what an error claims of a write.

    Raises:
        AssertionError: It claims nothing that the matrix knows.
    """
    if isinstance(error, OutcomeUnknownError):
        assert not error.not_applied
        return "UNKNOWN"
    assert error.not_applied, f"neither definite nor unknown: {error!r}"
    if isinstance(error, ConnectError | RequestTimeoutError):
        return "NOT_SENT"
    assert isinstance(error, ResponseError), repr(error)
    return "REJECTED"


async def attempt(write: Callable[[], Awaitable[Any]], events: list[Event]) -> Outcome:
    """Make one write and say how it ended; only this project's errors may come out."""
    try:
        value = await write()
    except WalletError as error:
        return Outcome(claim=claim_of(error), error=error, events=tuple(events))
    return Outcome(claim="DONE", value=value, events=tuple(events))


def assert_clean(session: Any) -> None:
    """Assert that no slot is taken and nobody waits."""
    now = session.statistics()
    assert (now.in_flight, now.queued) == (0, 0), f"not clean: {now}"


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until *condition* holds.

    Raises:
        AssertionError: It did not hold after very many turns.
    """
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("what was waited for did not come")


def callers(make: Callable[[], aiohttp.ClientSession] | None) -> AbstractAsyncContextManager[Any]:
    """Make the caller's own session, or None if there is to be none."""
    return contextlib.nullcontext() if make is None else make()


async def judge(
    client: Client,
    row: Row,
    kind: Kind = "credit",
    *,
    http: Callable[[], aiohttp.ClientSession] | None = None,
    journal: Any = None,
    watch: Watch = no_leaks,
) -> Outcome:
    """Make one write that meets *row* and assert everything the matrix asks of it.

    Args:
        client: The provider's client.
        row: The fault.
        kind: Credit or debit.
        http: Makes the caller's own session, which the client then has to use and leave open.
        journal: What makes the write once, or None.
        watch: Looks for what is left behind.

    Raises:
        AssertionError: The claim, the commits, the requests at the server or the state of the session are not right.
    """
    events: list[Event] = []
    async with CommitServer(row, flavour=client.flavour) as server, watch(), callers(http) as given:
        options = {"retry": HASTY, "limits": SMALL, "on_event": events.append, "http": given}
        async with client.session(server.url, journal=journal, **options) as session:
            if row.warm:
                with contextlib.suppress(WalletError):
                    await client.read(session)
                events.clear()
            timeout = ENOUGH if row.needs_deadline else LONG
            outcome = await attempt(lambda: client.write(session, kind, timeout=timeout), events)
            assert_clean(session)
        if given is not None:
            assert not given.closed
            await given.close()
        await until(lambda: server.open_connections == 0)
        writes = [exchange for exchange in server.seen if exchange.is_write]
        assert server.commits[client.method] == row.commits, f"{dict(server.commits)} commits"
        assert len(writes) <= (HASTY.attempts if row.may_resend else 1), f"{len(writes)} writes at the server"
        if journal is None:  # with one, a session may look at the history beside its calls
            assert len(server.seen) == len(writes) + row.warm, f"seen: {server.seen}"
    assert outcome.claim == row.claim, f"claims {outcome.claim}, not {row.claim}: {outcome.error!r}"
    assert outcome.doubts == (outcome.claim == "UNKNOWN")
    return outcome


async def judge_side_by_side(client: Client, rows: Iterable[Row], kind: Kind = "credit", **options: Any) -> list[Any]:
    """Judge rows that wait for their deadline, all at once; give each one's outcome or error.

    What one of them leaves behind is laid to all.
    """
    async with no_leaks():
        judged = [judge(client, row, kind, watch=contextlib.nullcontext, **options) for row in rows]
        return await asyncio.gather(*judged, return_exceptions=True)
