"""A real PostgreSQL for tests, on a free loopback port, in a folder of its own that goes with it."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from glob import glob
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.kit import closed_port

INSTALL = "no PostgreSQL server is installed: apt-get install postgresql"
PASSWORD = "pg-canary-7f3k"
GUARDED = "guarded"
"""The one database that asks for the password: to prove one takes 10 ms, and tests connect a thousand times."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "max_wal_senders": "1",  # else nobody waits for a standby, and one test makes a commit wait
    "autovacuum": "off",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",  # files in the folder, which go with it
    # What was acknowledged has to be on the disk; that pages may be torn by a power cut is not tested here.
    "fsync": "on",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
}


def _binaries() -> Path:
    """Give the folder of `initdb` and `postgres`, or skip the test."""
    newest = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[-2]), reverse=True)
    for folder in [*os.environ["PATH"].split(os.pathsep), *newest]:
        if all((Path(folder) / name).exists() for name in ("initdb", "postgres")):
            return Path(folder)
    pytest.skip(INSTALL)


def _other_user() -> dict[str, Any]:
    """PostgreSQL refuses root: give what starts a process as somebody else."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PostgresServer:
    """A server that can be killed and started again; `initialize` and `start` before use, `close` at the end."""

    def __init__(self, more: Mapping[str, str]) -> None:
        self._more = dict(more)
        self.shared: str | None = None
        """A database that tests use one after the other."""
        self._binaries = _binaries()
        self._user = _other_user()
        self._folder = Path(tempfile.mkdtemp(prefix="wallet-async-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._names = map("d{}".format, count(1))
        with closed_port() as free:
            self.port: int = free

    def initialize(self) -> None:
        """Make the files of the server."""
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if self._user:
            for path in (self._folder, password):
                os.chown(path, self._user["user"], self._user["group"])
        self._run(
            *("initdb", "--pgdata", self._data, "--username", "wallet", "--pwfile", str(password)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
        )
        hba = Path(self._data, "pg_hba.conf")
        hba.write_text(f"host {GUARDED} all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **self._user,
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        settings = [part for name, value in (_SETTINGS | self._more).items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", self._data, "-p", str(self.port), *settings],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._user,
            )
        while not self._is_ready(self._process.pid):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        """Whether the server says so in its own file, which an earlier one may have left."""
        try:
            lines = Path(self._data, "postmaster.pid").read_text().split()
        except FileNotFoundError:  # not written yet, or just being replaced
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"

    def kill(self) -> None:
        """End every process of it at once, so that nothing is written any more."""
        assert self._process is not None
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)  # it starts no other, and does not see them go
        others = [int(other) for other in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for one in (*others, pid):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait()

    def close(self) -> None:
        """Stop it, and take its files away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # without a checkpoint: nobody reads these files again
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, *, port: int | None = None, password: str = PASSWORD) -> str:
        """Give the URL of a database of it, as its owner; *port* leads there by a detour."""
        return f"postgresql://wallet:{password}@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    async def create(self, options: str = "") -> str:
        """Make an empty database, and give its name."""
        name = next(self._names)
        async with self.connection("postgres") as connection:
            await connection.execute(f"CREATE DATABASE {name} {options}")
        return name

    @asynccontextmanager
    async def connection(self, database: str) -> AsyncIterator[Any]:
        """Give a plain connection: what another session sees and does."""
        import asyncpg

        connection = await asyncpg.connect(self.url(database))
        try:
            yield connection
        finally:
            await connection.close()


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until *condition* gives something true."""
    while not await condition():  # noqa: ASYNC110 - what another process does sets no event
        await asyncio.sleep(0.005)


@contextmanager
def running(**settings: str) -> Iterator[PostgresServer]:
    """Run a server for a while, with more settings than tests usually need."""
    pytest.importorskip("asyncpg", reason="asyncpg is not installed: pip install 'wallet-async[postgres]'")
    server = PostgresServer(settings)
    try:
        server.initialize()
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Give the server that tests share."""
    with running() as server:
        yield server


async def installed(postgres: PostgresServer) -> str:
    """Make a database with a journal, and give its name."""
    from wallet_async.journal.postgres import install

    name = await postgres.create()
    await install(postgres.url(name))
    return name


@pytest.fixture
async def database(postgres: PostgresServer) -> str:
    """Give a database with a journal for this test alone: it may count sessions, and change settings."""
    return await installed(postgres)


async def cleared(postgres: PostgresServer) -> str:
    """Take everything out of the journal in the database that tests share, and give its name."""
    postgres.shared = postgres.shared or await installed(postgres)
    async with postgres.connection(postgres.shared) as connection:
        await connection.execute("DELETE FROM wallet_async.entries; DELETE FROM wallet_async.restored")
    return postgres.shared


@pytest.fixture
async def emptied(postgres: PostgresServer) -> str:
    """Give a database with a journal and nothing in it, which other tests have used: that takes less time."""
    return await cleared(postgres)
