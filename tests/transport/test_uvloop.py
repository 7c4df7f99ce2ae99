"""The same on uvloop, whose transports are others: rows of the fault matrix, cancellation, reuse, TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
import uvloop

from tests.faults.judge import judge, until
from tests.faults.providers import CLIENTS
from tests.faults.sabotage import no_evidence
from tests.faults.test_cancellation import sweep
from tests.kit import ROWS, CommitServer, Exchange, certificates, good, no_leaks
from tests.transport import test_pool as reuse_of_pool
from tests.transport import test_unasked
from tests.transport.test_reuse import CLOSED, KEPT, asked

ROWS_HERE = (
    *("00-good", "13-stale-fin-lost", "15-fin-committed", "15-rst-committed", "16-silence-committed"),
    *("20-half-status-fin", "21-cut-chunked-committed", "21-short-body-committed", "22-whole", "24-gzip-bomb"),
    *("25-endless", "27-drip-whole", "28-length-of-letters", "29-unsolicited", "31-400-envelope"),
)


def on_uvloop(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(make())


@pytest.mark.parametrize("name", ROWS_HERE)
@pytest.mark.parametrize("provider", CLIENTS)
def test_row(provider: str, name: str) -> None:
    """Rows of the matrix: the same claims, commits and nothing left behind."""
    on_uvloop(lambda: judge(CLIENTS[provider], ROWS[name]))


def test_twin_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, too, a transport that notes nothing is found out."""
    no_evidence(monkeypatch)
    with pytest.raises(AssertionError, match="claims NOT_SENT, not UNKNOWN"):
        on_uvloop(lambda: judge(CLIENTS["rehook"], ROWS["16-silence-committed"]))


@pytest.mark.parametrize("answer", ["whole", "chunked"])
def test_cancelled_at_every_step(answer: str) -> None:
    """Cancelled anywhere: never misjudged, nothing left."""
    steps = on_uvloop(lambda: sweep(CLIENTS["rehook"], warm=True, when="suspended", answer=answer))
    assert len(steps) > 2


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str) -> None:
    """The same answers leave their connection fit for another request, in sevens of bytes."""
    assert on_uvloop(lambda: asked(KEPT[name], pieces=70_000 if name == "large" else 7)) == [0, 0, 0]


@pytest.mark.parametrize("name", CLOSED)
def test_closed(name: str) -> None:
    """The same answers are the last of theirs."""
    assert on_uvloop(lambda: asked(CLOSED[name], close=True)) == [0, 1, 2]


@pytest.mark.parametrize("name", ["same-segment", "later", "odd-same-segment-part", "odd-later"])
def test_unasked_answers(name: str) -> None:
    """What comes unasked closes the connection."""
    on_uvloop(lambda: test_unasked.check(name))


def test_side_by_side() -> None:
    """Many at once get their own answers."""
    on_uvloop(reuse_of_pool.side_by_side)


async def over_tls(monkeypatch: pytest.MonkeyPatch, *, abrupt: bool) -> None:
    """Make three calls over TLS under an authority of our own; *abrupt*: the server never says that it closes."""
    certs = certificates()

    async def act(exchange: Exchange) -> None:
        await good()(exchange)
        if abrupt:
            for _ in range(20):  # the answer comes through first
                await asyncio.sleep(0)
            exchange.over = True
            exchange.writer.transport.abort()

    class Trusting(aiohttp.TCPConnector):
        def __init__(self, **options: Any) -> None:
            super().__init__(ssl=certs.client(), **options)

    client = CLIENTS["rehook"]
    async with CommitServer(act, flavour=client.flavour, tls=certs.server) as server:
        with monkeypatch.context() as here:
            here.setattr(aiohttp, "TCPConnector", Trusting)
            session = await client.session(server.url).__aenter__()
        async with no_leaks():
            async with session:
                for number in range(3):
                    assert (await client.write(session, reference=f"r-{number}")).reference == f"r-{number}"
                    if abrupt:
                        await until(lambda: session.statistics().connections == 0)
                assert session.statistics().transport == "direct"
            await until(lambda: server.open_connections == 0)
        assert server.connections == (3 if abrupt else 1)
        assert server.commits == {"PUT": 3}


@pytest.mark.parametrize("abrupt", [False, True], ids=["kept", "abrupt"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_tls(monkeypatch: pytest.MonkeyPatch, loop: Any, abrupt: bool) -> None:
    """Over TLS one connection carries all; one that ends without a word of TLS is not used again."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(over_tls(monkeypatch, abrupt=abrupt))
