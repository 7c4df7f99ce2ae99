"""Group commit: many share one, one that fails takes no other with it, and nobody is answered before it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.journal.conformance import SERVICE, again, sending, there
from tests.journal.journals import break_once, everything, failures, opened
from wallet_async.journal.checksum import row
from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite import SqliteStore, batch, rows, worker


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with opened(tmp_path / "journal.db") as store:
        yield store


async def one_batch(store: SqliteStore, *works: batch.Work) -> list[object]:
    """Let all *works* wait until the thread is free, so that they are one batch."""
    held, free = threading.Event(), threading.Event()
    holder = asyncio.ensure_future(store._put(lambda db: (held.set(), free.wait())))
    await asyncio.to_thread(held.wait)
    calls = [asyncio.ensure_future(store._put(work)) for work in works]
    await asyncio.sleep(0)
    free.set()
    await holder
    return await asyncio.gather(*calls, return_exceptions=True)


async def check_commits_are_shared(store: SqliteStore) -> None:
    """100 claims at once take few commits."""
    statements: list[str] = []
    await store._put(lambda db: db.set_trace_callback(statements.append))  # type: ignore[func-returns-value]
    await asyncio.gather(*(store.claim(sending(f"order-{number}")) for number in range(100)))
    assert len(await everything(store)) == 100
    assert statements.count("COMMIT") <= 12


async def test_commits_are_shared(store: SqliteStore) -> None:
    """What waits at the same time is one transaction."""
    await check_commits_are_shared(store)


async def test_commits_are_not_shared_one_job_at_a_time(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: a thread that takes one job at a time commits for each."""

    def one(self: worker.Worker) -> tuple[list[worker._Job], bool]:
        job = self._jobs.get()
        return ([], False) if job is None else ([job], True)

    monkeypatch.setattr(worker.Worker, "_taken", one)
    with pytest.raises(AssertionError):
        await check_commits_are_shared(store)


async def test_a_batch_wakes_its_callers_together(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is woken once a batch, not once an operation."""
    woken: list[object] = []
    wake = worker._wake
    monkeypatch.setattr(worker, "_wake", lambda jobs, outcomes: (woken.append(len(jobs)), wake(jobs, outcomes)))
    await one_batch(store, *(partial(rows.claim, entry=sending(f"order-{n}")) for n in range(50)))
    assert woken == [1, 50]


async def test_readers_of_a_batch_see_what_was_asked_before_them(store: SqliteStore) -> None:
    """Within one batch operations happen in the order in which they were asked for."""
    look = partial(rows.load, service=SERVICE, reference="order-1")
    found = await one_batch(store, look, partial(rows.claim, entry=sending()), look)
    assert found == [None, sending(), sending()]


async def check_a_failure_stays_alone(store: SqliteStore) -> None:
    """An operation that fails after it has written leaves nothing; its neighbours are done."""

    def half(db: sqlite3.Connection) -> None:
        rows.claim(db, sending("half"))
        rows.claim(db, sending("missing", attempt=7))

    before, failed, integrity, after = await one_batch(
        store,
        partial(rows.claim, entry=sending("before")),
        half,
        partial(rows.claim, entry=sending("state", state="nonsense")),
        partial(rows.claim, entry=sending("after")),
    )
    assert isinstance(failed, JournalError)
    assert isinstance(integrity, JournalError)
    assert before == sending("before")
    assert after == sending("after")
    assert list(await everything(store)) == ["after", "before"]


async def test_a_failure_stays_alone(store: SqliteStore) -> None:
    """Each operation has a savepoint of its own."""
    await check_a_failure_stays_alone(store)


async def test_a_failure_leaves_half_of_it_without_savepoints(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: without a savepoint the first half of what failed is there."""

    def together(db: sqlite3.Connection, work: batch.Work) -> object:
        try:
            return work(db)
        except batch.OWN as error:
            return JournalError(str(error))

    monkeypatch.setattr(batch, "_apart", together)
    with pytest.raises(AssertionError, match="half"):
        await check_a_failure_stays_alone(store)


async def check_a_failed_commit_is_told(store: SqliteStore) -> None:
    """If COMMIT fails all get an error, nothing is there, the connection is another one, and work goes on."""
    await store.claim(sending("before"))
    broken = break_once(store, "COMMIT")
    calls = [partial(rows.claim, entry=sending(f"order-{number}")) for number in range(10)]
    found = await asyncio.gather(*map(store._put, calls), return_exceptions=True)
    errors = [each for each in found if isinstance(each, JournalError)]
    assert errors, "a failure was told to nobody"
    assert len(set(map(id, errors))) == len(errors)
    assert all("disk I/O error" in str(error) for error in errors)
    there_now = await everything(store)
    acknowledged = [each for each in found if not isinstance(each, BaseException)]
    assert there_now == {entry.reference: entry for entry in (sending("before"), *acknowledged)}
    file = store._worker._file
    assert file is not None
    assert file.db is not broken
    assert await store.claim(sending("later")) == sending("later")
    assert not store.restored


async def test_a_failed_commit_is_told(store: SqliteStore) -> None:
    """Nobody is answered before COMMIT has returned."""
    await check_a_failed_commit_is_told(store)


async def test_a_failed_commit_is_not_told_by_one_that_answers_first(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: answered before COMMIT, callers believe what is not there."""

    def early(db: sqlite3.Connection, works: list[batch.Work]) -> tuple[list[object], bool]:
        db.execute("BEGIN IMMEDIATE")
        outcomes = [work(db) for work in works]
        try:
            db.execute("COMMIT")
        except sqlite3.Error:
            db.execute("ROLLBACK")
        return outcomes, True

    monkeypatch.setattr(worker, "transact", early)
    with pytest.raises(AssertionError):
        await check_a_failed_commit_is_told(store)


async def test_a_failed_commit_is_not_told_by_a_connection_that_is_kept(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: whoever keeps the connection after a failure is found out."""
    with monkeypatch.context() as patch, pytest.raises(AssertionError):
        patch.setattr(worker.Worker, "_drop", lambda self: self._file.db.execute("ROLLBACK"))
        await check_a_failed_commit_is_told(store)


async def test_a_mistake_in_an_operation_does_not_end_the_thread(store: SqliteStore) -> None:
    """An error that nobody foresaw ends in a JournalError, and the next operation is done."""

    def wrong(db: sqlite3.Connection) -> None:
        rows.claim(db, sending())
        raise ZeroDivisionError("a mistake")

    with pytest.raises(JournalError, match="a mistake"):
        await store._put(wrong)
    assert await store.load(SERVICE, "order-1") is None


async def test_what_the_tables_cannot_hold_is_refused_alone(store: SqliteStore) -> None:
    """A number of more than 64 bits ends in a JournalError of its own."""
    with pytest.raises(JournalError, match="cannot keep"):
        await store.claim(sending(send_by=2**63))


Claim = Callable[[SqliteStore, str], "asyncio.Future[object]"]


def in_one(store: SqliteStore, reference: str) -> asyncio.Future[object]:
    return asyncio.ensure_future(store.claim(again(sending(reference, attempt=0), owner="whole")))


def in_two(store: SqliteStore, reference: str) -> asyncio.Future[object]:
    """Do what `in_one` does, over two operations."""

    async def halves() -> object:
        await store.claim(sending(reference, owner="half"))
        whole = row(sending(reference, owner="whole"))
        return await store._put(lambda db: db.execute(rows._WRITE, whole).rowcount)

    return asyncio.ensure_future(halves())


async def check_a_cancelled_claim_is_whole(store: SqliteStore, claim: Claim) -> None:
    """Cancelled after any number of turns of the loop, it is there whole or not at all, and the thread goes on."""
    wholes = 0
    for steps in range(60):
        task = claim(store, f"order-{steps}")
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        found = await store.load(SERVICE, f"order-{steps}")
        assert found is None or found.owner == "whole"
        wholes += found is not None
    assert wholes == 59, "cancelled before it began: not there; afterwards: there"


async def test_a_cancelled_claim_is_whole(store: SqliteStore) -> None:
    """An operation is one function on the thread: cancelling its caller does not cut it."""
    await check_a_cancelled_claim_is_whole(store, in_one)


async def test_a_cancelled_claim_is_half_in_two_operations(store: SqliteStore) -> None:
    """Sabotaged twin: spread over two awaits, it is cut in between."""
    with pytest.raises(AssertionError, match="half"):
        await check_a_cancelled_claim_is_whole(store, in_two)


async def test_a_full_database_ends_in_an_error_and_works_again(store: SqliteStore) -> None:
    """When no page can be added all that was acknowledged is there, and when there is room work goes on."""
    await store._put(lambda db: db.execute("PRAGMA max_page_count = 12").fetchone())
    acknowledged: list[str] = []

    async def claim(number: int) -> None:
        acknowledged.append((await store.claim(sending(f"order-{number}", movement="m" * 500))).reference)

    errors = await failures(map(claim, range(300)))
    for number in range(300, 400):
        errors += await failures([claim(number)]) if not errors else []
    assert errors
    assert all(isinstance(error, JournalError) and "full" in str(error) for error in errors)
    assert sorted(await everything(store)) == sorted(acknowledged)
    entry = sending("with room", movement="m" * 500)
    assert await store.claim(entry) == entry
    assert await there(store, entry) == entry


async def test_a_full_disk_ends_in_an_error_and_works_again(store: SqliteStore, tmp_path: Path) -> None:
    """When the log cannot grow all that was acknowledged is there, and when it can work goes on."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    acknowledged: list[str] = []
    size = (tmp_path / "journal.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30_000, hard))
    try:
        with pytest.raises(JournalError):
            for number in range(100):
                entry = await store.claim(sending(f"order-{number}"))
                acknowledged.append(entry.reference)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert acknowledged
    assert sorted(await everything(store)) == sorted(acknowledged)
    assert await store.claim(sending("with room")) == sending("with room")
    assert not store.restored
