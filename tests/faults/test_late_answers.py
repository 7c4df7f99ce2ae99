"""Row 29: an answer that belongs to another request is not believed, and its connection is not used again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.judge import HASTY, assert_clean, until
from tests.faults.providers import Client
from tests.kit import CommitServer, Exchange, answers, in_turn, no_leaks, response
from tests.kit.behaviours import good
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.transport import Evidence

LATE = {
    "instead": in_turn(good(), answers.foreign_answer(), good()),
    "in-front": in_turn(good(), answers.unsolicited_late(), good()),
}
"""The first exchange goes well; at the second, another answer comes in the place of the right one, or before it."""


async def check(client: Client, name: str) -> None:
    """Make a read, a write that is answered by somebody else's success, and another write.

    Raises:
        AssertionError: The foreign answer was believed, or its connection was used again.
    """
    async with (
        CommitServer(LATE[name], flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, retry=HASTY) as session,
    ):
        await client.read(session)
        with pytest.raises(OutcomeUnknownError):
            await client.write(session, reference="first")
        receipt = await client.write(session, reference="second")
        assert receipt.reference == "second"
        assert_clean(session)
    connections = [exchange.connection for exchange in server.seen]
    assert connections == [0, 0, 1], f"used again: {connections}"
    assert server.commits[client.method] == 2


@pytest.mark.parametrize("name", LATE)
async def test_connection_is_dropped(client: Client, name: str) -> None:
    """The write is in doubt, its connection is closed, and the next write gets its own answer on another."""
    await check(client, name)


async def test_twin_connection_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that keeps the connection uses it again. (With two answers in it, aiohttp itself closes it.)"""
    monkeypatch.setattr(Evidence, "distrust", lambda evidence: None)
    with pytest.raises(AssertionError, match="used again"):
        await check(client, "instead")


async def test_stray_bytes_between_requests(client: Client) -> None:
    """What a server sends on an idle connection is never taken for the answer to the next request."""

    async def chatty(exchange: Exchange) -> None:
        await good()(exchange)
        if exchange.number == 0:
            await exchange.send(response(200, exchange.server.flavour.foreign()))

    async with (
        CommitServer(chatty, flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, retry=HASTY) as session,
    ):
        await client.read(session)
        await until(lambda: server.in_flight == 0)
        ended: list[Any] = []
        for number in range(3):
            try:
                ended.append((await client.write(session, reference=f"r-{number}")).reference)
            except OutcomeUnknownError as error:
                ended.append(error)
        assert [end for end in ended if isinstance(end, str)] == [
            f"r-{number}" for number, end in enumerate(ended) if isinstance(end, str)
        ]
        assert ended[1:] == ["r-1", "r-2"]
    assert server.commits[client.method] == len([exchange for exchange in server.seen if exchange.is_write]) == 3
