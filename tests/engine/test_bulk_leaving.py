"""Leaving a bulk run early: reads are cancelled, started writes are finished and told, nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from rehook_async import Movement, RehookSession
from tests.kit import CommitServer, gated, good, no_leaks
from wallet_async.engine.bulk import Bulk, Done, Failed
from wallet_async.engine.errors import SessionClosedError
from wallet_async.engine.events import UnreadResultsEvent

from .bulk_runs import Item, Works, items
from .virtual import run, turns

WAYS = ["break", "raise", "cancel", "aclose", "twice"]


async def leave(bulk: Bulk[Item, int], way: str, after: int = 3) -> list[int]:
    """Read *after* results and leave in one of the ways there are; give the numbers that were read."""
    got: list[int] = []

    async def read() -> None:
        async for result in bulk:
            got.append(result.item[1])
            if len(got) < after:
                continue
            if way == "break":
                break
            if way == "raise":
                raise KeyError
            if way in {"aclose", "twice"}:
                await bulk.aclose()
                break
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.sleep(0)

    task = asyncio.create_task(read())
    await asyncio.wait([task])
    assert task.cancelled() is (way == "cancel")
    if not task.cancelled():
        assert isinstance(task.exception(), KeyError if way == "raise" else type(None))
    del task  # with its traceback goes the loop, and with the loop the generator
    gc.collect()
    await bulk.aclose()
    if way == "twice":
        await bulk.aclose()
    return got


async def check_writes_finish(way: str, kind: type[Bulk[Any, Any]] = Bulk) -> None:
    """Assert that after leaving each started write has ended by itself and is told, and no other was started."""
    works = Works(lambda item: 1.0 + item[1] % 3, fails=[5])
    bulk = works.apply(works.count(items(100, wallets=40)), 4, kind=kind)
    got = await leave(bulk, way)
    assert works.cancelled == []
    assert works.under_way == []
    told = [result.item[1] for result in bulk.unread]
    assert sorted(got + told) == sorted(item[1] for item in works.begun)
    assert len(told) >= 3
    failed = sum(isinstance(result, Failed) for result in bulk.unread)
    assert works.events == [UnreadResultsEvent(service="engine_tests", done=len(told) - failed, failed=failed)]
    assert len(works.begun) <= 12


class CancelsWrites(Bulk[Any, Any]):
    """Twin: cancels whatever is under way."""

    async def aclose(self) -> None:
        for task in self._workers:
            task.cancel()
        await super().aclose()


@pytest.mark.parametrize("way", WAYS)
def test_started_writes_are_finished_and_told(way: str) -> None:
    """Whichever way the loop is left; a run that cancels its writes fails (twin)."""
    run(check_writes_finish(way))
    with pytest.raises(AssertionError):
        run(check_writes_finish(way, CancelsWrites))


@pytest.mark.parametrize("way", WAYS)
def test_reads_are_cancelled_at_once(way: str) -> None:
    """Nobody waits for a read that nobody wants; no task is left (the virtual loop sees to that)."""

    async def main() -> None:
        works = Works(lambda item: 1.0 if item[1] < 3 else 3600.0)
        bulk = works.scan(works.count(items(100)), 4)
        begun = asyncio.get_running_loop().time()
        got = await leave(bulk, way)
        assert sorted(got) == [0, 1, 2]
        assert asyncio.get_running_loop().time() - begun < 10
        assert works.under_way == []
        assert len(works.cancelled) >= 3
        assert bulk.unread == ()

    run(main())


@pytest.mark.parametrize("kind", ["scan", "apply"])
def test_an_endless_async_source_is_left_and_closed(kind: str) -> None:
    """A break out of an endless async iterable takes no further item from it."""

    async def main() -> None:
        works = Works()
        bulk = getattr(works, kind)(works.count_later((f"w{number}", number) for number in itertools.count()), 4)
        await leave(bulk, "break", after=10)
        pulled = works.pulled
        await asyncio.sleep(3600)
        assert works.pulled == pulled <= 30

    run(main())


def test_a_second_cancellation_leaves_the_writes_running() -> None:
    """Who does not want to wait for started writes may be cancelled again: the writes still run to their end."""

    async def main() -> None:
        works = Works(lambda item: 60.0)
        bulk = works.apply(items(10), 4)

        async def read() -> None:
            async for _ in bulk:
                pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(1)
        reader.cancel()
        await turns()
        assert not reader.done()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert len(works.under_way) == 4
        await bulk.aclose()
        assert (works.cancelled, len(works.finished)) == ([], 4)
        assert len(bulk.unread) == 4

    run(main())


def test_a_run_closed_under_its_reader_is_no_complete_run() -> None:
    """If somebody else closes the run, the reader gets an error, also if every item was finished by then."""

    async def main(seconds: float) -> None:
        works = Works(lambda item: seconds)
        bulk = works.scan(items(3), 4)
        with pytest.raises(SessionClosedError, match="closed before its end"):
            async for _ in bulk:
                await turns()
                await bulk.aclose()
        assert len(bulk.unread) == (2 if not seconds else len(bulk.unread))

    run(main(0.0))
    run(main(1.0))


@pytest.mark.parametrize("kind", ["scan", "apply"])
def test_a_deadline_is_a_timeout_around_the_loop(kind: str) -> None:
    """`asyncio.timeout` ends a run as leaving does: reads at once, started writes when they are done."""

    async def main() -> None:
        works = Works(lambda item: 3.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                async for _ in getattr(works, kind)(items(100), 4):
                    pass
        assert asyncio.get_running_loop().time() == pytest.approx(10 if kind == "scan" else 12)
        assert works.under_way == []
        assert (len(works.cancelled), len(works.finished)) == ((4, 12) if kind == "scan" else (0, 16))

    run(main())


def test_a_run_that_never_began_is_closed_without_a_word() -> None:
    """Closing an unused run does nothing, pulls nothing and tells nothing."""

    async def main() -> None:
        works = Works()
        bulk = works.apply(works.count(items(3)), 4)
        await bulk.aclose()
        assert (works.pulled, works.events, bulk.unread) == (0, [], ())

    run(main())


@pytest.mark.parametrize("kind", ["scan", "apply"])
async def test_closing_the_session_ends_its_runs(kind: str) -> None:
    """The reader gets SessionClosedError; reads are cut off, writes that have left are finished first and told."""
    gate = asyncio.Event()
    events: list[Any] = []
    wallets = [("krishna", f"w{number}") for number in range(30)]
    movements = [Movement(kind="credit", source_id=source, wallet_id=wallet, points=5) for source, wallet in wallets]
    async with CommitServer(gated(gate, good())) as server, no_leaks():
        rehook = RehookSession("key", "secret", base_url=server.url, on_event=events.append)
        bulk = rehook.scan(wallets, concurrency=4) if kind == "scan" else rehook.apply(movements, concurrency=4)

        got: list[Any] = []

        async def read(note: Callable[[Any], None]) -> None:
            async for result in bulk:
                note(result)

        reader = asyncio.create_task(read(got.append))
        while server.in_flight < 4:  # noqa: ASYNC110 - the server counts, it does not tell
            await asyncio.sleep(0.001)
        closing = asyncio.create_task(rehook.aclose())
        await turns()
        assert closing.done() is False or kind == "scan"
        gate.set()
        await closing
        with pytest.raises(SessionClosedError):
            await reader
    assert all(isinstance(result, Done) for result in (*got, *bulk.unread))
    assert len(got) + len(bulk.unread) == server.commits["PUT"] == (4 if kind == "apply" else 0)
    told = [event.done for event in events if isinstance(event, UnreadResultsEvent)]
    assert told == ([len(bulk.unread)] if bulk.unread else [])
