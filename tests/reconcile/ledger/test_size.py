"""Any size in bounded memory; and a reader that is not waited for any more ends soon, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.reconcile.ledger.kit import files, rehook
from wallet_async.reconcile.ledger import Reading, read_ledger, threads
from wallet_async.reconcile.ledger.source import Header, Record, Table

MEGABYTES = int(os.environ.get("LEDGER_MEGABYTES", "0"))

# Memory is that of a process of its own, which does nothing but read.
READ = """
import asyncio, resource, sys, time
from pathlib import Path
from rehook_async.provider import provider
from wallet_async.reconcile.ledger import CsvLedger, Reading, read_ledger
folder = Path(sys.argv[1])
begun = time.monotonic()
ledger = CsvLedger(folder / "ledger.csv")
facts = asyncio.run(read_ledger(ledger, Reading(), provider, folder / "out.parquet", folder / "spill"))
print(facts.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, round(time.monotonic() - begun, 1))
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not MEGABYTES, reason="takes minutes: LEDGER_MEGABYTES=500 pytest …")
def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """However large the file, the process stays below 500 MB."""
    line = "customer-{0:07},waty_{0:021},credit,{1}.25,2024-01-31T10:00:00.123+03:00,txn-{1:09},order-{1:09}\n"
    rows = MEGABYTES * 1_000_000 // len(line.format(0, 0))
    with (tmp_path / "ledger.csv").open("w") as file:
        file.write("source_id,wallet_id,kind,amount,created_at,transaction_id,reference\n")
        file.writelines(line.format(number % 1_000_000, number + 1) for number in range(rows))
    done = subprocess.run([sys.executable, "-c", READ, tmp_path], capture_output=True, text=True, check=True)
    read, resident, seconds = done.stdout.split()
    print(f"{MEGABYTES} MB, {rows:,} rows: {resident} MB resident, {seconds} s")
    assert int(read) == rows
    assert int(resident) < 500


class Slow:
    """A ledger whose reader stops in the middle until it is told to go on."""

    rows = 30_000

    def __init__(self, reached: Callable[[], Any]) -> None:
        self._reached = reached
        self.go_on = Event()
        self.read = 0

    def fingerprint(self) -> str:
        return "slow"

    async def fetch(self, spill: Path, *, first: int | None) -> Any:
        return self._opened

    @contextmanager
    def _opened(self) -> Iterator[Table]:
        headers = tuple(Header(name) for name in ("source_id", "wallet_id", "amount"))
        yield Table(name="slow", unit="row", headers=headers, records=self._records)

    def _records(self, places: Sequence[int | None]) -> Iterator[Record]:
        for row in range(1, self.rows + 1):
            self.read = row
            if row == 10:
                self._reached()
                assert self.go_on.wait(30)
            yield row, [None if place is None else "1" for place in places]


async def cancelled_in_the_middle(folder: Path) -> None:
    """Cancel a reading, let the reader go on, and see what it does."""
    loop, reached = asyncio.get_running_loop(), asyncio.Event()
    ledger = Slow(lambda: loop.call_soon_threadsafe(reached.set))
    into = folder / "ledger.parquet"
    reading = asyncio.create_task(read_ledger(ledger, Reading(), rehook, into, folder / "spill"))
    await reached.wait()
    reading.cancel()
    loop.call_later(0.01, ledger.go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not files(folder)
    assert ledger.read < ledger.rows


async def test_a_cancelled_reader_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    """The thread is waited for, since it writes to a folder that is about to go; it reads a batch and no more."""
    await cancelled_in_the_middle(tmp_path)


class Deaf(Event):
    """Never heard."""

    def is_set(self) -> bool:
        return False


async def test_a_thread_that_is_not_told_fails_the_same_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: it reads to the end and writes its file, though nobody waits for it."""
    monkeypatch.setattr(threads, "Event", Deaf)
    with pytest.raises(AssertionError):
        await cancelled_in_the_middle(tmp_path)
