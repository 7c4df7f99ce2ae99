"""A process that stands still while it connects: what it would send when it goes on is too late, and does not leave."""

from __future__ import annotations

import asyncio
from contextvars import Context
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from tests.faults.providers import TRANSPORTS, use_transport
from tests.simulate.loop import HOST, Host, ProcessLoop
from tests.simulate.wire import Wire, own_wire
from wallet_async.engine.calls import Call
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Evidence, client_session
from wallet_async.engine.transport.body import OneShotBody
from wallet_async.engine.transport.direct import DirectTransport
from wallet_async.engine.transport.opening import open_transport

CREDIT = Call(operation="credit", method="PUT", target="/", body=b"{}", repeatable=False)
DEADLINE = 1.0


async def left_after(stopped_for: float, patch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """Stop a process as its connection is there; give whether bytes have left, and whether it says so."""
    loop, host, evidence = asyncio.get_running_loop(), Host(), Evidence()
    assert isinstance(loop, ProcessLoop)
    connected = loop.create_future()
    wires: list[Wire] = []

    async def connect(*_: object) -> ResponseHandler:
        await connected
        wires.append(own_wire())
        handler = ResponseHandler(loop)
        wires[0].set_protocol(handler)
        handler.connection_made(wires[0])
        return handler

    async def attempt() -> None:
        transport = open_transport("https://rehook.example", Limits(), Timeouts(), None)
        try:
            await transport.attempt(CREDIT, {}, evidence, DEADLINE)
        finally:
            await transport.aclose()

    patch.setattr(aiohttp.TCPConnector, "_create_connection", connect)
    context = Context()
    context.run(HOST.set, host)
    task = loop.create_task(attempt(), context=context)
    await asyncio.sleep(0.5)
    connected.set_result(None)
    host.stopped = True
    await asyncio.sleep(stopped_for)
    loop.go_on(host)
    with pytest.raises(TimeoutError):
        await task
    return b"PUT" in wires[0].reader._buffer if wires else False, evidence.sent  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nothing_leaves_after_the_deadline(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then another process may have proved it absent, and sent it again."""
    use_transport(transport, monkeypatch)
    with asyncio.Runner(loop_factory=ProcessLoop, debug=False) as runner:
        assert runner.run(left_after(100.0, monkeypatch)) == (False, False)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_goes_on_in_time_is_sent(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same for a moment only."""
    use_transport(transport, monkeypatch)
    with asyncio.Runner(loop_factory=ProcessLoop, debug=False) as runner:
        assert runner.run(left_after(0.1, monkeypatch)) == (True, True)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_twin_the_deadline_is_left_to_its_timer(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged: where nobody looks at the clock once more, it leaves a hundred seconds late."""
    use_transport(transport, monkeypatch)
    begins = DirectTransport.__init__

    def blind(self: DirectTransport, *arguments: object) -> None:
        begins(self, *arguments)  # type: ignore[arg-type]
        self._loop = SimpleNamespace(time=lambda: 0.0)  # type: ignore[assignment]

    monkeypatch.setattr(DirectTransport, "__init__", blind)
    monkeypatch.setattr(client_session, "OneShotBody", lambda *sent: OneShotBody(*sent[:-1], float("inf")))
    with asyncio.Runner(loop_factory=ProcessLoop, debug=False) as runner:
        assert runner.run(left_after(100.0, monkeypatch)) == (True, True)
