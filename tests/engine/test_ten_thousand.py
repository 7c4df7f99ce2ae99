"""10,000 wallets through `scan`: at most 50 in flight at the server, memory flat, one poisoned wallet fails alone."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rehook_async import Done, Failed, Limits, RehookSession
from wallet_async.engine.errors import ServerError

WALLETS = 10_000
MANY = int(os.environ.get("SCAN_WALLETS", "0"))
"""Wallets of the long run, which takes minutes for a million; 0 leaves it out."""
POISONED = 6_321
ROOM = (8 * 1024 * 1024, 10_000)
"""Bytes and blocks of memory that the second half may need above the first; kept histories take ten blocks each."""


@contextmanager
def lean_server(*arguments: float) -> Iterator[str]:
    """Run the lean server in a child process and give its URL."""
    script = Path(__file__).with_name("lean_server.py")
    with subprocess.Popen(
        [sys.executable, script, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()  # type: ignore[union-attr]


async def observed(url: str) -> dict[str, int]:
    """Ask the server what it saw."""

    def ask() -> Any:
        with urllib.request.urlopen(f"{url}/observed") as answer:
            return json.load(answer)

    return await asyncio.to_thread(ask)  # type: ignore[no-any-return]


def held() -> tuple[int, int]:
    """Give the memory this process holds: resident bytes (where /proc tells), and live blocks of Python objects."""
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text().split()[1]) if statm.exists() else 0
    return pages * 4096, sys.getallocatedblocks()


async def wallets(count: int) -> AsyncIterator[tuple[str, str]]:
    """Give wallets one after another, as a file or a query would; each pair exists only while it is used."""
    for number in range(count):
        yield ("poison" if number == POISONED else "customer") + str(number), f"waty_{number}"


async def check_scan(url: str, *, count: int = WALLETS, limits: Limits, concurrency: int, keep: bool = False) -> None:
    """Assert the promises of a long scan; *keep* holds every result back, as a leak would."""
    kept: list[Any] = []
    done, failed = 0, []
    peaks = [(0, 0), (0, 0)]
    gc.collect()  # what other tests left must not hide what this one keeps
    async with RehookSession("key", "secret", base_url=url, limits=limits) as rehook:
        async for result in rehook.scan(wallets(count), concurrency=concurrency):
            match result:
                case Done(item=(_, wallet_id), value=(row,)):
                    assert wallet_id.startswith("waty_")
                    assert row.points == 10
                    done += 1
                case Failed():
                    failed.append(result)
            if keep:
                kept.append(result)
            seen = done + len(failed)
            if seen % 200 == 0 and seen >= count // 5:  # imports and pools come first
                half = int(seen > count // 2)
                peaks[half] = tuple(map(max, peaks[half], held()))
    assert done + len(failed) == count
    if count > POISONED:
        assert [(type(result.error), result.item[0]) for result in failed] == [(ServerError, f"poison{POISONED}")]
    assert (await observed(url))["most"] <= 50
    growth = [second - first for first, second in zip(*peaks, strict=True)]
    assert all(map(int.__le__, growth, ROOM)), f"memory grew by {growth[0]} bytes, {growth[1]} blocks"


@pytest.mark.usefixtures("calm")
async def test_ten_thousand_wallets_under_one_bound() -> None:
    """The whole run: bound kept, one `Failed`, and the second half needs no more memory than the first."""
    with lean_server() as url:
        await check_scan(url, limits=Limits(), concurrency=50)
        assert (await observed(url))["most"] == 50, "the bound was never tried"


@pytest.mark.parametrize("bound", ["session", "run"])
async def test_either_bound_is_enough(bound: str) -> None:
    """50 are not passed if the run allows 50 and the session more, nor the other way round."""
    wide = 50 if bound == "run" else 200
    with lean_server() as url:
        await check_scan(url, count=600, limits=Limits(max_in_flight=200 if bound == "run" else 50), concurrency=wide)


@pytest.mark.usefixtures("calm")
async def test_a_wider_run_is_seen_at_the_server() -> None:
    """Twin: with room for 80 the server sees more than 50."""
    with lean_server() as url, pytest.raises(AssertionError, match="<= 50"):
        await check_scan(url, count=1500, limits=Limits(max_in_flight=80), concurrency=80)


@pytest.mark.usefixtures("calm")
async def test_kept_results_are_seen_in_the_memory() -> None:
    """Twin: a run whose results are all kept grows past the bound."""
    with lean_server() as url, pytest.raises(AssertionError, match="memory grew by"):
        await check_scan(url, count=5_000, limits=Limits(), concurrency=50, keep=True)


@pytest.mark.skipif(not MANY, reason="set SCAN_WALLETS=1000000: it takes minutes")
@pytest.mark.timeout(3600)
async def test_a_million_wallets_need_no_more_memory() -> None:
    """The whole long run stays within 10 MB of what the first 10,000 wallets needed."""
    most = [0, 0]
    with lean_server(0.0) as url:
        async with RehookSession("key", "secret", base_url=url) as rehook:
            seen = 0
            async for result in rehook.scan(wallets(MANY)):
                seen += 1
                assert isinstance(result, Done) or result.item[0] == f"poison{POISONED}"
                if seen % 500 == 0:
                    most[seen > WALLETS] = max(most[seen > WALLETS], held()[0])
    print(f"{seen} wallets: {most[0] / 1e6:.1f} MB for the first {WALLETS}, {most[1] / 1e6:.1f} MB then")
    assert seen == MANY
    assert most[1] - most[0] <= 10_000_000
