"""Nobody starves: short histories beside long ones, single calls beside bulk runs, and a run beside single calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rehook_async import Failed, Limits, RehookSession
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.errors import QueueFullError
from wallet_async.engine.limits import Gate
from wallet_async.engine.line import BULK, Line
from wallet_async.engine.report import Reporter

from .test_ten_thousand import lean_server, observed
from .virtual import run


class StaysPut(Bulk[Any, Any]):
    """Twin: a worker is held as long as its wallet takes."""

    def step_aside(self) -> None:
        pass


async def check_short_ones(kind: type[Bulk[Any, Any]]) -> None:
    """Assert that 100 wallets of one page do not wait for the 8 of 300 pages in front of them."""
    gate = Gate(Limits(max_in_flight=8))
    most = 0

    async def read(pages: int) -> None:
        nonlocal most
        for page in range(pages):
            await gate.acquire()
            await asyncio.sleep(0.1)
            gate.release()
            most = max(most, len(bulk._busy))
            if page == 4:
                bulk.step_aside()
        bulk.deliver(pages, pages)

    reporter = Reporter("engine_tests", None)
    wallets = [300] * 8 + [1] * 100
    bulk = kind(wallets, read, concurrency=8, reporter=reporter, adopt=lambda run: None)
    done = [(result.item, asyncio.get_running_loop().time()) async for result in bulk]
    assert len(done) == 108
    assert most <= 16
    last_short = max(moment for pages, moment in done if pages == 1)
    assert last_short <= 10, f"the last short wallet came after {last_short:.0f} s"


def test_short_wallets_do_not_wait_for_long_ones() -> None:
    """Long ones let others begin beside them, at most as many again; a run that holds its workers fails (twin)."""
    run(check_short_ones(Bulk), debug=False)
    with pytest.raises(AssertionError, match="last short wallet"):
        run(check_short_ones(StaysPut), debug=False)


def test_a_run_is_never_refused_a_place_in_the_line() -> None:
    """`Limits.max_queued` is for single calls: the workers of a run wait, whatever it is."""

    async def main() -> None:
        gate = Gate(Limits(max_in_flight=1, max_queued=0))
        await gate.acquire()
        with pytest.raises(QueueFullError):
            await gate.acquire()

        async def worker() -> None:
            BULK.set(object())
            await gate.acquire()

        waiting = asyncio.create_task(worker())
        await asyncio.sleep(1)
        assert gate.queued == 1
        gate.release()
        await waiting

    run(main())


async def wallets_without_end() -> AsyncIterator[tuple[str, str]]:
    """Give wallets for ever."""
    number = 0
    while True:
        number += 1
        yield "customer", f"waty_{number}"


@asynccontextmanager
async def busy(rehook: RehookSession, workers: int) -> AsyncIterator[list[Any]]:
    """Keep a scan of *workers* going, and give its results as they come."""
    results: list[Any] = []

    async def scan() -> None:
        async for result in rehook.scan(wallets_without_end(), concurrency=workers):
            results.append(result)  # noqa: PERF401 - read while the scan goes on

    task = asyncio.create_task(scan())
    try:
        yield results
    finally:
        task.cancel()
        await asyncio.wait([task])


async def timed_call(rehook: RehookSession) -> float:
    """Read one wallet's page; give the seconds it took."""
    begun = asyncio.get_running_loop().time()
    assert len(await rehook.transactions("somebody", "waty_single").collect()) == 1
    return asyncio.get_running_loop().time() - begun


async def check_single_calls(in_flight: int, workers: int, latency: float) -> None:
    """Assert that a call made beside a busy scan takes at most three times what it takes alone.

    The latency is such that the client's event loop is not what makes a call wait.
    """
    with lean_server(latency) as url:
        limits = Limits(max_in_flight=in_flight)
        async with RehookSession("key", "secret", base_url=url, limits=limits) as rehook:
            idle = min([await timed_call(rehook) for _ in range(2)])
            async with busy(rehook, workers) as results:
                while len(results) < workers:  # noqa: ASYNC110 - every worker has had its turn
                    await asyncio.sleep(0.01)
                beside = sorted([await timed_call(rehook) for _ in range(3)])[1]
                assert rehook.statistics().in_flight <= in_flight
            assert not any(isinstance(result, Failed) for result in results)
            assert beside <= 3 * idle, f"{beside * 1000:.0f} ms beside the scan, {idle * 1000:.0f} ms alone"


@pytest.mark.parametrize(("in_flight", "latency"), [(1000, 0.3), (50, 0.05)])
@pytest.mark.usefixtures("calm")
async def test_a_single_call_is_not_starved(in_flight: int, latency: float) -> None:
    """Beside 1,000 workers: with all of them in flight, and with 950 of them in the line before it."""
    await check_single_calls(in_flight, 1000, latency)


@pytest.mark.usefixtures("calm")
async def test_one_line_for_all_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: where everybody waits in one line, a single call waits for 100 others."""
    join, leave = Line.join, Line.leave
    monkeypatch.setattr(Line, "join", lambda line, turn, worker: join(line, turn, None))
    monkeypatch.setattr(Line, "leave", lambda line, turn, worker: leave(line, turn, None))
    with pytest.raises(AssertionError, match="beside the scan"):
        await check_single_calls(20, 120, 0.05)


@pytest.mark.usefixtures("calm")
async def test_an_adaptive_bound_finds_the_rate_of_a_real_server() -> None:
    """Over sockets too: a server that takes 200 a second is used well, refuses little, and the bound is told."""
    with lean_server(0.03, 200) as url:
        async with RehookSession("key", "secret", base_url=url, limits=Limits(max_in_flight="auto")) as rehook:
            assert rehook.statistics().max_in_flight == 10
            async with busy(rehook, 50):
                await seen(url, 200)
                begun, before = asyncio.get_running_loop().time(), await observed(url)
                await seen(url, 440)
                seconds, after = asyncio.get_running_loop().time() - begun, await observed(url)
                assert 2 < rehook.statistics().max_in_flight < 10  # 6 fit
    taken, refused = ((after[name] - before[name]) for name in ("requests", "refused"))
    assert taken >= 0.75 * 200 * seconds, "a short run that holds one come-back"
    assert refused <= 0.04 * taken


async def seen(url: str, requests: int) -> None:
    """Wait until the server has taken so many requests."""
    while (await observed(url))["requests"] < requests:  # noqa: ASYNC110 - the server counts, it does not tell
        await asyncio.sleep(0.01)
