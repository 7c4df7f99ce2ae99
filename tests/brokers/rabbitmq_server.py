"""A real RabbitMQ, on free loopback ports, in a folder of its own that goes with it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from glob import glob
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from tests.brokers.child import load
from tests.brokers.harness import LONG

INSTALL = "no RabbitMQ or client for it is installed: apt-get install rabbitmq-server, pip install aio-pika"
DELAYS = [0.3]
"""The recipe's, for tests."""
SLOW = "RabbitMQ takes 8 s to start: nox -s brokers, or BROKER_EVENTS=30 pytest tests/brokers"


def _program(name: str) -> str:
    """Give the server's own script; the one that stands in the path insists on a user of the server's own."""
    for folder in sorted(glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"), reverse=True):
        if (Path(folder) / name).exists() and shutil.which("epmd"):
            return str(Path(folder) / name)
    pytest.skip(INSTALL)


def _free_ports(number: int) -> list[int]:
    """Find ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class RabbitServer:
    """A server and the name service that Erlang needs; `start` before use, `close` at the end."""

    def __init__(self) -> None:
        self._server = _program("rabbitmq-server")
        self._control = _program("rabbitmqctl")
        self._folder = Path(tempfile.mkdtemp(prefix="wallet-async-rabbitmq-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port, distribution, self._epmd = _free_ports(3)
        self._node = f"wallet-async-{self.port}@localhost"
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),  # for the cookie by which the tools find their server
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self._folder / "config"),
            # Files that are not there: nothing of what the machine's own server is told.
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "no-plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the server, in place of watching over it
        }

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._run("epmd", "-port", str(self._epmd), "-address", "127.0.0.1")
        server = self._run(self._server)
        while not self._answers():
            assert server.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.02)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def _answers(self) -> bool:
        """Whether it greets who greets it: the port is open earlier."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False

    async def count(self, query: str, queues: Iterable[str]) -> int:
        """Count messages in these queues, one after another, by a *query* of the machine behind quorum queues.

        All other figures that the server gives are seconds old.
        """
        names = ",".join(f'<<"{queue}">>' for queue in queues)
        program = (
            'lists:sum([begin {ok, Q} = rabbit_amqqueue:lookup({resource, <<"/">>, queue, Name}),'
            f" {{ok, {{_, Count}}, _}} = ra:leader_query(amqqueue:get_pid(Q), fun rabbit_fifo:{query}/1),"
            f" Count end || Name <- [{names}]])."
        )
        return int(await self.control("eval", program))

    async def control(self, *arguments: str) -> str:
        """Ask the server's own tool."""
        process = await asyncio.create_subprocess_exec(
            *(self._control, "--quiet", "--node", self._node, *arguments),
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return out.decode()

    def close(self) -> None:
        """End it, and take its files away."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@define
class Rabbit:
    """Queues of a server that nothing else uses, as `tests.brokers.harness.Broker`."""

    server: RabbitServer
    queue: str
    _connection: Any
    channel: Any
    name: str = "rabbitmq"

    @property
    def environ(self) -> Mapping[str, str]:
        return {"RABBITMQ_URL": self.server.url, "RABBITMQ_QUEUE": self.queue}

    async def publish(self, body: bytes, *, key: str) -> None:
        import aio_pika

        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self.channel.default_exchange.publish(message, routing_key=self.queue)

    async def left(self) -> int:
        # Quick, but without those that were delivered: only when it gives none the slow tool is asked.
        ready = (await self.channel.declare_queue(self.queue, passive=True)).declaration_result.message_count
        # What leaves one of them in between is in the next: a message goes from here to a retry queue and back.
        retry = [f"{self.queue}.retry.{delay}" for delay in DELAYS]
        return ready or await self.server.count("query_messages_total", [self.queue, *retry, self.queue])

    async def dead(self) -> list[bytes]:
        found = []
        async with self._connection.channel() as channel:  # what is not acknowledged on it stays where it is
            queue = await channel.get_queue(f"{self.queue}.dead")
            while message := await queue.get(fail=False):
                assert message.headers.get("reason") or message.headers["x-first-death-reason"]
                found.append(message.body)
        return found


@asynccontextmanager
async def connected(server: RabbitServer, queue: str) -> AsyncIterator[Rabbit]:
    """Make the queue *queue*, and a connection for the test."""
    import aio_pika

    async with await aio_pika.connect(server.url) as connection:
        channel = await connection.channel()
        await load("examples/consume_rabbitmq.py", {"QUEUE": queue, "DELAYS": DELAYS}, total=1.0).declare(channel)
        yield Rabbit(server, queue, connection, channel)


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitServer]:
    """Give the server that tests share."""
    pytest.importorskip("aio_pika", reason=INSTALL)
    if not LONG:
        pytest.skip(SLOW)
    server = RabbitServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


_QUEUES = map("orders{}".format, count(1))


@pytest.fixture
async def rabbitmq(rabbitmq_server: RabbitServer) -> AsyncIterator[Rabbit]:
    """Give queues for this test alone."""
    async with connected(rabbitmq_server, next(_QUEUES)) as broker:
        yield broker
