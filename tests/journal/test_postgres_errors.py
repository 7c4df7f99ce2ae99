"""What is said of a database that cannot be used: one clear error each, and never a password."""

import logging
import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable

import pytest

from tests.journal.conformance import sending
from tests.journal.postgres_server import GUARDED, PASSWORD, PostgresServer
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, install, pending, upgrade

Command = Callable[[str], Awaitable[object]]
COMMANDS: list[Command] = [PostgresStore.open, install, upgrade, pending]
CANARY = "canary-5k1"


def shown(error: BaseException | None) -> str:
    """Give all that an error shows, and those behind it."""
    parts = []
    while error is not None:
        parts += [str(error), repr(error), *traceback.format_exception(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


@pytest.fixture(params=COMMANDS, ids=["open", "install", "upgrade", "pending"])
def command(request: pytest.FixtureRequest) -> Command:
    """Give each thing that takes a URL."""
    found: Command = request.param
    return found


async def check_refused(command: Command, url: str, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """See that it is a `JournalError` that says *message*, and that nothing shows a password."""
    with caplog.at_level(logging.DEBUG), pytest.raises(JournalError, match=message) as caught:
        await command(url)
    assert type(caught.value) is JournalError
    assert caught.value.__context__ is None
    assert type(pickle.loads(pickle.dumps(caught.value))) is JournalError
    for secret in (CANARY, PASSWORD):
        assert secret not in shown(caught.value)
        assert secret not in caplog.text


async def test_a_wrong_password(postgres: PostgresServer, command: Command, caplog: pytest.LogCaptureFixture) -> None:
    """The server's answer is given, without the password."""
    await check_refused(command, postgres.url(GUARDED, password=CANARY), "password authentication failed", caplog)


async def test_a_database_that_is_not_there(
    postgres: PostgresServer, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    """The name of the database is given."""
    await check_refused(command, postgres.url("nowhere"), '"nowhere" does not exist', caplog)


async def test_nobody_is_there(postgres: PostgresServer, command: Command, caplog: pytest.LogCaptureFixture) -> None:
    """An address on which nobody listens is said to be one."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = postgres.url("postgres", port=silent.getsockname()[1])
        await check_refused(command, url, "cannot be reached", caplog)


@pytest.mark.parametrize("password", [f"{CANARY}/x", f"x:{CANARY}@y", f"#{CANARY}", f"?{CANARY}", f"[{CANARY}"])
async def test_a_url_that_cannot_be_read(
    postgres: PostgresServer, command: Command, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A password whose special characters are not encoded makes pieces of it look like something else."""
    await check_refused(command, postgres.url("postgres", password=password), "URL|reached|PostgreSQL", caplog)


async def test_an_open_store_shows_no_password(postgres: PostgresServer, database: str) -> None:
    """Neither what is open, nor what it says when the tables are gone."""
    store = await PostgresStore.open(postgres.url(database))
    assert PASSWORD not in repr(store)
    async with postgres.connection(database) as connection:
        await connection.execute("DROP TABLE wallet_async.entries CASCADE")
    with pytest.raises(JournalError, match="run `wallet-async journal install`") as caught:
        await store.claim(sending(movement=CANARY))
    assert PASSWORD not in shown(caught.value)
    assert CANARY not in str(caught.value)
    await store.aclose()


WITHOUT = """
import sys
import wallet_async.journal
assert "asyncpg" not in sys.modules
sys.modules["asyncpg"] = None
from wallet_async.journal.errors import JournalError
try:
    import wallet_async.journal.postgres
except JournalError as error:
    print(error)
"""


def test_without_asyncpg() -> None:
    """asyncpg is loaded when such a journal is opened; where it is missing, the error says how to get it."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "pip install 'wallet-async[postgres]'" in done.stdout
