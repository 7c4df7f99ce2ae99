"""Bulk runs: every item gives one result, under a bound, in flat memory."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet_async.engine.bulk import Bulk, Done, Failed
from wallet_async.engine.errors import DisconnectedError, InvalidInputError, WalletError

from .bulk_runs import Item, Works, items
from .virtual import run, turns


@pytest.mark.parametrize("kind", ["scan", "apply"])
@pytest.mark.parametrize("later", [False, True], ids=["iterable", "async iterable"])
@pytest.mark.parametrize("concurrency", [1, 3, 50])
def test_each_item_gives_one_result_under_the_bound(kind: str, later: bool, concurrency: int) -> None:
    """`Done` or `Failed` with the very item, never more than *concurrency* under way, one failure harms nobody."""

    async def main() -> None:
        works = Works(fails=[3, 77])
        todo = items(100, wallets=30)
        bulk = getattr(works, kind)((works.count_later if later else works.count)(todo), concurrency)
        results = {id(result.item): result async for result in bulk}
        assert len(results) == 100
        for item in todo:
            result = results[id(item)]
            if item[1] in {3, 77}:
                assert isinstance(result, Failed)
                assert isinstance(result.error, DisconnectedError)
            else:
                assert result == Done(item, item[1] * 10)
        assert works.most == min(concurrency, 30 if kind == "apply" else 50)
        assert works.cancelled == []
        assert (bulk.unread, works.events) == ((), [])
        assert works.adopted == [bulk]

    run(main())


def test_results_come_as_they_finish() -> None:
    """A slow item does not hold back the quick ones behind it."""

    async def main() -> None:
        works = Works(lambda item: 100.0 if item[1] == 0 else 1.0)
        assert [result.item[1] async for result in works.scan(items(9), 3)] == [1, 2, 3, 4, 5, 6, 7, 8, 0]

    run(main())


@pytest.mark.parametrize("nothing", [[], (), iter(()), {}])
def test_no_items_give_no_results(nothing: Iterable[Any]) -> None:
    """An empty iterable ends at once."""

    async def main() -> list[Any]:
        return [result async for result in Works().scan(nothing)]

    assert run(main()) == []


@pytest.mark.parametrize("wrong", [5, None, 1.5])
def test_what_is_no_iterable_is_refused(wrong: Any) -> None:
    """The error names the argument and the type."""
    with pytest.raises(InvalidInputError, match=rf"items must be an iterable.* not .*\({type(wrong).__name__}\)"):
        Works().scan(wrong)
    for concurrency in (0, -1, 1.5, True):
        with pytest.raises(InvalidInputError, match="concurrency must be an int of at least 1"):
            Works().scan([], concurrency)  # type: ignore[arg-type]


def test_a_run_is_iterated_once() -> None:
    """A second loop over the same run is an error, not a silent nothing."""

    async def main() -> None:
        bulk = Works().scan(items(2))
        assert len([result async for result in bulk]) == 2
        with pytest.raises(InvalidInputError, match="can be iterated once"):
            [result async for result in bulk]

    run(main())


class NoLanes(Bulk[Any, Any]):
    """Twin: every worker does what it pulled at once."""

    async def _in_order(self, item: Any, lane: Any, task: Any) -> None:
        await self._do(item, task)


class LastFirst(Bulk[Any, Any]):
    """Twin: what waits behind a busy wallet is done from the wrong end."""

    async def _in_order(self, item: Any, lane: Any, task: Any) -> None:
        if (line := self._lanes.get(lane)) is not None:
            line.append(item)
            await self._held.acquire()
            return
        line = self._lanes[lane] = deque([item])
        while line:
            await self._do(line.pop(), task)
            if line:
                self._held.release()
        del self._lanes[lane]


async def check_order(
    wallets: list[int], concurrency: int, seed: int, later: bool, kind: type[Bulk[Any, Any]] = Bulk
) -> None:
    """Assert that movements of one wallet begin and end in their order, one at a time, and that all are done."""
    random = Random(seed)
    works = Works(lambda item: random.choice([0.0, 0.5, 1.0, 7.0]), fails=random.sample(range(100), 20))
    todo = [(f"w{wallet}", number) for number, wallet in enumerate(wallets)]
    busy: dict[str, int] = defaultdict(int)
    done = [
        result.item
        async for result in works.apply((works.count_later if later else works.count)(todo), concurrency, kind=kind)
    ]
    assert sorted(done, key=lambda item: item[1]) == todo
    for wallet in set(wallets):
        own = [item for item in todo if item[0] == f"w{wallet}"]
        assert [item for item in works.begun if item[0] == f"w{wallet}"] == own
        assert [item for item in done if item[0] == f"w{wallet}"] == own
    assert not busy


@settings(max_examples=60, deadline=None)
@given(
    wallets=st.lists(st.integers(0, 4), max_size=60),
    concurrency=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    later=st.booleans(),
)
def test_order_is_kept_inside_a_wallet(wallets: list[int], concurrency: int, seed: int, later: bool) -> None:
    """However long each movement takes and whichever fail, those of one wallet go one after another, as given."""
    run(check_order(wallets, concurrency, seed, later))


@pytest.mark.parametrize("broken", [NoLanes, LastFirst])
def test_without_lanes_the_order_is_lost(broken: type[Bulk[Any, Any]]) -> None:
    """Twins: workers that do what they pulled at once, or from the wrong end, fail the same check."""
    with pytest.raises(AssertionError):
        run(check_order([1, 1, 2, 1, 1, 2, 1] * 5, 4, 7, False, broken))


class PullsAll(Bulk[Any, Any]):
    """Twin: takes the whole iterator before it begins."""

    def __init__(self, items: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(list(itertools.islice(items, 50_000)), *args, **kwargs)


async def check_read_ahead(make: Callable[..., Any], kind: type[Bulk[Any, Any]]) -> None:
    """Assert that a reader who stops is not run ahead of by more than two rounds of workers."""
    works = Works()
    endless = works.count(items_without_end())
    bulk = make(works)(endless, 5, kind=kind)
    async for _ in bulk:
        await asyncio.sleep(3600)  # a reader that does something else for an hour
        assert works.pulled <= 1 + 5 + 5 + 1
        break
    await bulk.aclose()


def items_without_end() -> Iterable[Item]:
    """Give items for ever."""
    return ((f"w{number}", number) for number in itertools.count())


@pytest.mark.parametrize("make", [lambda works: works.scan, lambda works: works.apply], ids=["scan", "apply"])
def test_a_slow_reader_stops_the_pulling(make: Callable[..., Any]) -> None:
    """From an endless iterator a bounded number of items is taken; a run that takes all first fails (twin)."""
    run(check_read_ahead(make, Bulk))
    with pytest.raises(AssertionError):
        run(check_read_ahead(make, PullsAll))


class UnboundedLanes(Bulk[Any, Any]):
    """Twin: any number may wait behind a busy wallet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = asyncio.Semaphore(10**9)


async def check_one_wallet(kind: type[Bulk[Any, Any]]) -> None:
    """Assert that a wallet with 10,000 movements is worked off in order with few of them in memory."""
    works = Works(lambda item: 0.001)
    bulk = works.apply(works.count(items(10_000, wallets=1)), 4, kind=kind)
    done = 0
    async for result in bulk:
        assert result.item[1] == done
        done += 1
        assert works.pulled - done <= 16 * 4 + 4 + 4 + 1
        if done == 400:
            break
    await bulk.aclose()


def test_one_busy_wallet_does_not_pull_the_iterator_into_memory() -> None:
    """At most 16 items a slot wait behind busy wallets; without that bound all 10,000 would (twin)."""
    run(check_one_wallet(Bulk))
    with pytest.raises(AssertionError):
        run(check_one_wallet(UnboundedLanes))


def test_an_iterable_that_raises_ends_the_run_after_what_it_gave() -> None:
    """All that was given before is done and handed out, also what waits behind a busy wallet; then its error comes."""

    async def main(kind: str, later: bool, todo: list[Item]) -> None:
        works = Works()

        def source() -> Iterable[Item]:
            yield from todo
            raise LookupError("the file is broken at line 8")

        async def source_later() -> Any:
            for item in source():
                yield item

        got = []
        with pytest.raises(LookupError, match="line 8"):
            async for result in getattr(works, kind)(source_later() if later else source(), 3):
                got += [result.item]
        assert sorted(got, key=lambda item: item[1]) == todo
        assert works.finished == got

    for kind in ("scan", "apply"):
        for later in (False, True):
            for todo in (items(7), items(7, wallets=1), items(80, wallets=1), []):
                run(main(kind, later, todo))


@pytest.mark.parametrize("kind", ["scan", "apply"])
@pytest.mark.parametrize("wallets", [1, 7, 200])
def test_a_bug_comes_to_the_surface(kind: str, wallets: int) -> None:
    """An exception that is no WalletError reaches the reader as it is, and the run does not hang."""

    async def main() -> None:
        works = Works(breaks=[5])
        got = []
        with pytest.raises(ZeroDivisionError, match="a bug at item 5"):
            async for result in getattr(works, kind)(works.count(items(200, wallets)), 2):
                got += [result.item[1]]
        assert 0 < len(got) < 20
        await turns()
        assert works.under_way == []
        assert len(works.finished) == len(got)

    run(main())


def test_only_wallet_errors_become_failed() -> None:
    """A `Failed` holds a WalletError and the item as it was given."""

    async def main() -> None:
        (result,) = [result async for result in Works(fails=[0]).scan(items(1))]
        assert isinstance(result, Failed)
        assert isinstance(result.error, WalletError)
        assert result.item == ("w0", 0)

    run(main())
