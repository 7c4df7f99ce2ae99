"""G6 for the journal in a file: kill -9 at random with 20 operations in flight takes nothing that was acknowledged."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.journal.journals import everything, killed, opened

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9")

ROUNDS = int(os.environ.get("JOURNAL_KILLS", "8"))  # a long run sets it


async def check(path: Path, acknowledged: list[list[str]]) -> None:
    """Everything that was acknowledged is there, nothing is half there, and nothing seems to be missing."""
    async with opened(path) as store:
        found = await everything(store)
        assert not store.restored
    for word, reference in acknowledged:
        assert reference in found
        assert word == "claimed" or found[reference].state == "applied"
    for entry in found.values():
        assert entry.receipt == (entry.reference if entry.state == "applied" else None)


@pytest.mark.timeout(600)
async def test_a_kill_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Killed again and again, the journal opens, and holds whole whatever it had acknowledged."""
    seed = random.randrange(2**32)
    print(f"seed {seed}, {ROUNDS} kills")
    rng = random.Random(seed)
    acknowledged: list[list[str]] = []
    for number in range(ROUNDS):
        acknowledged += await killed(
            tmp_path / "journal.db", f"round-{number}", rng.uniform(0, 0.01), least=rng.randrange(1, 300)
        )
        await check(tmp_path / "journal.db", acknowledged)
    print(f"{len(acknowledged)} acknowledged, none lost")
    assert len(acknowledged) >= ROUNDS


async def test_the_check_sees_what_is_lost(tmp_path: Path) -> None:
    """Sabotaged twin: with something acknowledged that was never written, or never booked, the check fails."""
    path = tmp_path / "journal.db"
    said = await killed(path, "a", 0.005, least=50)
    await check(path, said)
    with pytest.raises(AssertionError):
        await check(path, [*said, ["claimed", "a-1000000"]])
    async with opened(path) as store:
        unbooked = [entry.reference for entry in (await everything(store)).values() if entry.state == "sending"]
    for reference in unbooked:
        with pytest.raises(AssertionError):
            await check(path, [["applied", reference]])


async def test_a_damaged_log_is_noticed(tmp_path: Path) -> None:
    """After a kill, a log with a flipped byte ends early for SQLite; the mark knows that there was more."""
    path = tmp_path / "journal.db"
    await killed(path, "a", 0, least=100)
    log = path.with_name("journal.db-wal")
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    async with opened(path) as store:
        assert store.restored
