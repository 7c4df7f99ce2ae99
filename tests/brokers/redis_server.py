"""A real Redis for tests, on a free loopback port, in a folder of its own that goes with it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from tests.kit import closed_port

INSTALL = "no Redis server is installed: apt-get install redis-server"

_SETTINGS = {
    "bind": "127.0.0.1",
    "save": "",
    # What was acknowledged is on the disk: with Debian's own settings kill -9 loses a whole stream.
    "appendonly": "yes",
    "appendfsync": "always",
}


class RedisServer:
    """A server that can be killed and started again; `start` before use, `close` at the end."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip(INSTALL)
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="wallet-async-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        with closed_port() as free:
            self.port: int = free

    @property
    def url(self) -> str:
        """What a client connects to."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for name, value in _SETTINGS.items() for part in (f"--{name}", value)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--port", str(self.port), "--dir", str(self._folder), *settings],
                stdout=log,
                stderr=log,
            )
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Whether it takes commands: it listens before it has read its files."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Stop it, and take its files away."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@define
class Redis:
    """A stream of a server that nothing else uses, as `tests.brokers.harness.Broker`."""

    url: str
    stream: str
    client: Any
    name: str = "redis"

    @property
    def environ(self) -> Mapping[str, str]:
        return {"REDIS_URL": self.url, "REDIS_STREAM": self.stream}

    async def publish(self, body: bytes, *, key: str) -> None:
        await self.client.xadd(self.stream, {"data": body})

    async def left(self) -> int:
        # What is acknowledged is deleted.
        return await self.client.xlen(self.stream)

    async def dead(self) -> list[bytes]:
        letters = [fields for _, fields in await self.client.xrange(f"{self.stream}-dead")]
        assert all(fields[b"reason"] for fields in letters)
        return [fields[b"data"] for fields in letters]

    async def deliveries(self) -> int:
        """Give how often the oldest message has been delivered."""
        pending = await self.client.xpending_range(self.stream, "wallet", "-", "+", 1)
        return pending[0]["times_delivered"] if pending else 0


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Give the server that tests share."""
    pytest.importorskip("redis", reason="no Redis client is installed: pip install redis")
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


_STREAMS = map("orders{}".format, count(1))


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """Give a stream for this test alone."""
    from redis.asyncio import Redis as Client

    async with Client.from_url(redis_server.url) as client:
        yield Redis(redis_server.url, next(_STREAMS), client)
