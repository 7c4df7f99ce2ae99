"""Certificates, ports, look-ups, the proxy, the step canceller and the leak check do what they say."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Coroutine

import pytest

from tests.kit import (
    BAD_TLS,
    REHOOK,
    CommitServer,
    DelayProxy,
    TlsKind,
    behaviours,
    cancel_at_step,
    certificates,
    closed_port,
    connect_proxy,
    every_step,
    fail_dns,
    good,
    hang_dns,
    no_leaks,
    old_tls,
    silent_tls,
    unanswering_listener,
)
from tests.kit.steps import When

from .raw import QUIET, Raw, read_request, request, until, write_request

WHEN = pytest.mark.parametrize("when", ["suspended", "woken"])


async def test_a_good_certificate_is_accepted() -> None:
    """Over TLS the server answers and counts as it does without."""
    certs = certificates()
    async with no_leaks(), CommitServer(good(), tls=certs.server) as server:
        async with Raw(server.port, certs.client()) as client:
            await client.ask(write_request(REHOOK))
            await client.ask(read_request(REHOOK))
        assert server.url.startswith("https://localhost:")
    assert server.commits == {"PUT": 1}


@pytest.mark.parametrize("kind", BAD_TLS)
async def test_a_bad_certificate_is_refused(kind: TlsKind) -> None:
    """A client that checks never gets to send a request."""
    certs = certificates(kind)
    async with no_leaks(), CommitServer(good(), tls=certs.server) as server:
        with pytest.raises(ssl.SSLError):
            async with Raw(server.port, certs.client()):
                pass
    assert server.seen == []


async def test_an_old_version_is_refused() -> None:
    """A client of today hangs up on TLS 1.1, and says why."""
    async with no_leaks(), old_tls() as server:
        with pytest.raises(ssl.SSLError, match=r"(?i)unsupported.protocol"):
            async with Raw(server.port, certificates().client()):
                pass
    assert server.seen == []


async def test_a_client_that_does_not_check_is_found_out() -> None:
    """The sabotaged twin: without verification the wrong host gets the request."""
    certs = certificates("wrong-host")
    careless = certs.client()
    careless.check_hostname = False
    async with CommitServer(good(), tls=certs.server) as server, Raw(server.port, careless) as client:
        await client.ask(write_request(REHOOK))
    assert len(server.seen) == 1


@pytest.mark.parametrize("end", ["fin", "rst"])
async def test_tls_connections_can_be_cut(end: behaviours.End) -> None:
    """Closing and resetting work under TLS too."""
    certs = certificates()
    cut = behaviours.cut_after_read(commit=True, end=end)
    async with (
        no_leaks(),
        CommitServer(cut, tls=certs.server) as server,
        Raw(server.port, certs.client()) as client,
    ):
        assert await client.whatever(write_request(REHOOK)) == b""
    assert server.commits == {"PUT": 1}


async def test_a_silent_handshake_hangs_and_is_cleaned_up() -> None:
    """The client's hello is taken and never answered."""
    async with no_leaks(), silent_tls() as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), Raw(server.port, certificates().client()):
                pass
        await until(lambda: server.connections == 1)


async def test_ports_refuse_or_hang() -> None:
    """A closed port refuses at once; a full waiting line never answers."""
    async with no_leaks():
        with closed_port() as port, pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        with unanswering_listener() as port, pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.open_connection("127.0.0.1", port)


async def test_a_proxy_refuses() -> None:
    """The proxy answers 407 to CONNECT and closes."""
    async with connect_proxy() as server, Raw(server.port) as client:
        answer = await client.ask(request("CONNECT api.example:443"))
    assert answer.startswith(b"HTTP/1.1 407 ")
    assert server.seen[0].target == b"api.example:443"


async def test_look_ups_fail_or_hang() -> None:
    """Names fail or hang while addresses resolve; afterwards all is as it was."""
    loop, real = asyncio.get_running_loop(), socket.getaddrinfo
    with fail_dns() as asked:
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("wallet.example", 443)
        assert await loop.getaddrinfo("127.0.0.1", 443)
    with hang_dns() as hung:
        looking = asyncio.create_task(loop.getaddrinfo("wallet.example", 443))
        await until(lambda: hung)
        assert not looking.done()
        looking.cancel()
    assert asked == hung == ["wallet.example"]
    assert socket.getaddrinfo is real


async def test_the_proxy_forwards_with_its_delay() -> None:
    """Each piece waits for the injected sleep once, and the answer is untouched."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with no_leaks(), CommitServer(good()) as server:
        async with DelayProxy(server.port, delay=7.0, sleep=sleep) as proxy, Raw(proxy.port) as client:
            assert (await client.ask(write_request(REHOOK))).startswith(b"HTTP/1.1 200 ")
        assert slept[:2] == [7.0, 7.0]
        assert server.commits == {"PUT": 1}


async def test_the_proxy_replays_swallows_and_cuts() -> None:
    """A replayed write commits twice for one answer; the rest loses requests or answers."""
    write = write_request(REHOOK)
    async with no_leaks(), CommitServer(good()) as server:
        async with DelayProxy(server.port, duplicate=True) as proxy, Raw(proxy.port) as client:
            assert (await client.whatever(write)).startswith(b"HTTP/1.1 200 ")
            assert await client.whatever(b"", QUIET) == b""
            await until(lambda: server.commits == {"PUT": 2})
        async with DelayProxy(server.port, drop="requests") as proxy, Raw(proxy.port) as client:
            assert await client.whatever(write, QUIET) == b""
            assert server.commits == {"PUT": 2}
        async with DelayProxy(server.port, drop="answers") as proxy, Raw(proxy.port) as client:
            assert await client.whatever(write, QUIET) == b""
            await until(lambda: server.commits == {"PUT": 3})
        async with DelayProxy(server.port, cut_after=20) as proxy, Raw(proxy.port) as client:
            assert len(await client.whatever(write)) == 20
    assert server.commits == {"PUT": 4}


async def test_the_proxy_passes_a_refusal_on_as_a_close() -> None:
    """A target that refuses ends the client's connection."""
    async with no_leaks():
        with closed_port() as target:
            async with DelayProxy(target) as proxy, Raw(proxy.port) as client:
                assert await client.reader.read() == b""


async def three_steps(log: list[str]) -> str:
    """Suspend three times: twice for a turn of the loop, once for a future."""
    try:
        await asyncio.sleep(0)
        log.append("one")
        await asyncio.sleep(0)
        log.append("two")
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, "three")
        log.append(await future)
    finally:
        log.append("end")
    return "value"


@WHEN
async def test_every_step_is_cancelled_once(when: When) -> None:
    """Steps 0 to 3 end by cancellation, further on each time; the run after them is undisturbed."""
    logs: list[list[str]] = []

    def fresh() -> Coroutine[object, object, str]:
        logs.append([])
        return three_steps(logs[-1])

    ended = [one async for one in every_step(fresh, when=when)]
    assert [one.cancelled for one in ended] == [True, True, True, True, False]
    assert (ended[-1].value, ended[-1].reached, ended[-1].step) == ("value", False, 4)
    assert logs == [[], ["end"], ["one", "end"], ["one", "two", "end"], ["one", "two", "three", "end"]]


@WHEN
async def test_a_swallowed_cancellation_is_found_out(when: When) -> None:
    """The sabotaged twin: a coroutine that eats CancelledError was reached and yet gives a value."""

    async def swallows() -> str:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return "as if nothing had happened"
        return "undisturbed"

    ended = await cancel_at_step(swallows, 1, when=when)
    assert (ended.reached, ended.cancelled, ended.value) == (True, False, "as if nothing had happened")


async def test_a_result_can_be_lost_in_the_handing_over() -> None:
    """`woken` cancels after the awaited thing is done: its result is there, and the waiter never sees it."""
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def take() -> int:
        asyncio.get_running_loop().call_soon(queue.put_nowait, 1)
        return await queue.get()

    ended = await cancel_at_step(take, 1, when="woken")
    assert (ended.reached, ended.cancelled) == (True, True)


async def test_an_error_is_told_apart_and_steps_work_under_timeouts() -> None:
    """An error comes out as it is; `asyncio.timeout` inside does not take our cancel for its own."""

    async def fails() -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        raise LookupError("its own")

    assert (await cancel_at_step(fails, 1)).cancelled
    assert isinstance((await cancel_at_step(fails, 2)).error, LookupError)


async def test_a_sweep_over_a_real_exchange_leaves_nothing() -> None:
    """Cancelling a raw client at each step leaks no task and no socket on either side."""
    async with no_leaks(), CommitServer(good()) as server:

        async def call() -> bytes:
            async with Raw(server.port) as client:
                return await client.ask(write_request(REHOOK))

        ended = [one async for one in every_step(call)]
    assert len(ended) > 3
    assert ended[-1].value is not None
    assert server.commits["PUT"] >= 1


async def test_a_task_left_behind_is_found() -> None:
    """The leak check names a task that outlives the block."""
    task: asyncio.Task[None] | None = None
    with pytest.raises(AssertionError, match="left behind"):
        async with no_leaks(turns=3):
            task = asyncio.create_task(asyncio.sleep(10))
    assert task is not None
    task.cancel()


async def test_a_file_left_behind_is_found() -> None:
    """The leak check names a socket that outlives the block."""
    left = None
    with pytest.raises(AssertionError, match="socket"):
        async with no_leaks(turns=3):
            left = socket.socket()
    assert left is not None
    left.close()
