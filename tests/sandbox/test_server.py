"""The server around an API: where it listens, what it counts, how it starts and ends."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import BASIC, call, until
from wallet_async.sandbox import Fault, Sandbox

PATH = "/wallets/customer/k/transactions/w"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])
def test_only_loopback_unless_told(host: str) -> None:
    """Another address is refused at once, with the way to allow it."""
    with pytest.raises(ValueError, match="allow_remote=True"):
        Sandbox(RehookApi(), host=host)
    Sandbox(RehookApi(), host=host, allow_remote=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
async def test_loopback_addresses(host: str) -> None:
    """Every loopback name works, and the URL names it."""
    async with Sandbox(RehookApi(), host=host) as sandbox:
        assert sandbox.url == f"http://{host}:{sandbox.port}"


async def test_a_sandbox_starts_once() -> None:
    """Before the start and after the end the URL is a clear error; a second start is one too."""
    sandbox = Sandbox(RehookApi())
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url
    async with sandbox:
        with pytest.raises(RuntimeError, match="starts once"):
            await sandbox.start()
    with pytest.raises(RuntimeError, match="starts once"):
        await sandbox.start()


async def test_a_taken_port_leaves_nothing_open() -> None:
    """A start that fails closes what it had opened."""
    async with Sandbox(RehookApi()) as first:
        with pytest.raises(OSError, match="address already in use"):
            await Sandbox(RehookApi(), port=first.port).start()


async def test_requests_in_flight_are_counted() -> None:
    """25 requests held by an injected sleep are 25 in flight; afterwards none is."""
    gate = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await gate.wait()

    async with Sandbox(RehookApi(), sleep=sleep) as sandbox:
        sandbox.faults.add(Fault("latency", seconds=(1, 1)))
        waiting = [asyncio.create_task(call(sandbox, "GET", PATH)) for _ in range(25)]
        await until(lambda: sandbox.observed.in_flight == 25)
        gate.set()
        await asyncio.gather(*waiting)
        assert (sandbox.observed.in_flight, sandbox.observed.max_in_flight) == (0, 25)
        assert sandbox.observed.connections == 25


async def test_a_client_that_leaves_commits_all_the_same() -> None:
    """A request that has arrived is carried out, though its client has gone: as providers do."""
    gate = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await gate.wait()

    async with Sandbox(RehookApi(), sleep=sleep) as sandbox:
        sandbox.api.add_wallet("k", "w")
        sandbox.faults.add(Fault("latency", seconds=(1, 1)))
        body = {"type": "credit", "points": 1, "description": ""}
        waiting = asyncio.create_task(call(sandbox, "PUT", PATH, body))
        await until(lambda: sandbox.observed.in_flight)
        waiting.cancel()
        await asyncio.wait([waiting])
        gate.set()
        await until(lambda: not sandbox.observed.in_flight)
        assert sandbox.observed.commits == 1


@pytest.mark.slow
async def test_it_serves_a_demo() -> None:
    """10,000 wallets are opened, and 2,000 reads over kept connections take far less than they may."""
    async with Sandbox(RehookApi()) as sandbox:
        for number in range(10_000):
            sandbox.api.add_wallet(f"c{number}", "w")
        headers = {"Authorization": BASIC}
        connector = aiohttp.TCPConnector(limit=20)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as client:
            pages = iter(range(2_000))

            async def read() -> None:
                for number in pages:
                    url = f"{sandbox.url}/wallets/customer/c{number * 5}/transactions/w"
                    async with client.get(url) as response:
                        assert await response.read() == b"[]"

            started = time.perf_counter()
            await asyncio.gather(*(read() for _ in range(20)))
        assert sandbox.observed.requests == {"transactions": 2_000}
        assert time.perf_counter() - started < 20  # client and server share this loop, under -X dev


async def test_every_route_is_on_the_openapi_page() -> None:
    """Each route that an API lists stands in its document."""
    from loyalty_async.sandbox import LoyaltyApi

    apis: list[Any] = [RehookApi(), LoyaltyApi()]
    for api in apis:
        paths = api.openapi()["paths"]
        for route in api.routes:
            assert route.method.lower() in paths[route.path]
            assert route.operation in api.operations
