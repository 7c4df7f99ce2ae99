"""Several processes with one journal."""

import asyncio
import sys
from collections import Counter

import pytest

from tests.journal.postgres_server import PostgresServer
from wallet_async.journal.migrations import load
from wallet_async.journal.postgres import install, pending

KEYS = 200
PROCESSES = 4


async def started(*arguments: str) -> asyncio.subprocess.Process:
    """Start a process that waits for a line."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def check_each_is_claimed_once(postgres: PostgresServer, database: str, kind: str) -> None:
    """Let all processes claim all references at once: each has one winner."""
    processes = [
        await started(
            "-m", "tests.journal.postgres_process", postgres.url(database), f"owner-{number}", kind, str(KEYS)
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * PROCESSES
    won = [out.decode().split() for out, _ in answers]
    claims = Counter(reference for references in won for reference in references)
    print(f"{kind}: won {[len(references) for references in won]}, {claims.total() - KEYS} doubled")
    assert claims == dict.fromkeys((f"order-{number}" for number in range(KEYS)), 1)


async def test_each_is_claimed_once(postgres: PostgresServer, database: str) -> None:
    """4 processes, the same 200 references: each is claimed by exactly one."""
    await check_each_is_claimed_once(postgres, database, "sound")


async def test_looking_first_claims_twice(postgres: PostgresServer, database: str) -> None:
    """Sabotaged twin: SELECT and then INSERT doubles."""
    with pytest.raises(AssertionError, match="order-"):
        await check_each_is_claimed_once(postgres, database, "sabotaged")


INSTALL = """
import asyncio, sys
from wallet_async.journal.postgres import install
print("ready", flush=True)
sys.stdin.readline()
print(len(asyncio.run(install(sys.argv[1]))))
"""


async def test_processes_that_install_at_once(postgres: PostgresServer) -> None:
    """Of 3 processes that install at once, one does it, and the others find it done."""
    url = postgres.url(await postgres.create())
    processes = [await started("-c", INSTALL, url) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert sorted(int(out) for out, _ in answers) == [0, 0, len(load("postgres"))]
    assert not await pending(url)
    assert not await install(url)
