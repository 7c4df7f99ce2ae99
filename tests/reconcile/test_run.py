"""`reconcile` as a program uses it: from a ledger and a session to differences, and on from wherever it was ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from rehook_async import AuthenticationError, InvalidInputError, RehookSession
from rehook_async.provider import provider
from tests.reconcile.fewwallets import KEYS, LEDGER, fill
from wallet_async.engine.retry import RetryPolicy
from wallet_async.reconcile import CLASSES, CsvLedger, Local, Result, Rules, Work, reconcile, run, wallets
from wallet_async.reconcile.chunks import Job
from wallet_async.reconcile.running import work_of
from wallet_async.reconcile.state import State
from wallet_async.reconcile.wallets import chunks
from wallet_async.sandbox import Fault, Sandbox


@pytest.fixture
async def rehook(rehook_sandbox: Sandbox) -> AsyncIterator[RehookSession]:
    fill(rehook_sandbox)
    async with RehookSession(*KEYS, base_url=rehook_sandbox.url, retry=RetryPolicy(attempts=1)) as session:
        yield session


@pytest.fixture
def ledger(tmp_path: Path) -> CsvLedger:
    path = tmp_path / "ledger.csv"
    path.write_text(LEDGER, "utf-8")
    return CsvLedger(path)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wallets a chunk, so that a few wallets are several chunks."""
    monkeypatch.setattr("wallet_async.reconcile.wallets.cut.__defaults__", (2,))
    monkeypatch.setattr("wallet_async.reconcile.running.SIZE", 2)


NOW = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)


def found(result: Result) -> list[tuple[str, str, int | None]]:
    return [(one.kind_of, one.wallet[0], one.ledger_line) for one in result.differences()]


def shards(state: Path) -> list[Path]:
    return list((state / "history").glob("0*.parquet"))


EXPECTED = [
    ("duplicated_at_provider", "ada", None),
    ("missing_at_provider", "bob", 4),
    ("amount_differs", "cyd", 5),
]


async def test_a_ledger_and_its_differences(rehook: RehookSession, ledger: CsvLedger, tmp_path: Path) -> None:
    """Three planted differences, three found, each under its class; every number of the summary adds up."""
    result = await reconcile(rehook, ledger, state=tmp_path / "state")
    assert found(result) == EXPECTED
    assert not result.summary.clean
    assert {name: count for name, count in result.summary.differences.items() if count} == {
        "duplicated_at_provider": 1,
        "missing_at_provider": 1,
        "amount_differs": 1,
    }
    assert set(result.summary.differences) == set(CLASSES)
    assert (result.summary.wallets, result.summary.ledger.rows, result.summary.provider.rows) == (5, 6, 6)
    assert result.timing.requests == result.summary.requests
    assert result.timing.sessions == 1


async def check_it_goes_on(sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, folder: Path) -> None:
    """Assert that a run that is stopped half way ends like one that is not, and reads nothing twice that was kept."""
    whole = await reconcile(rehook, ledger, state=folder / "whole")
    sandbox.observed.reset()
    sandbox.faults.add(Fault("hang", operation="transactions", nth=4))
    task = asyncio.create_task(reconcile(rehook, ledger, state=folder / "stopped", concurrency=1))
    while not (sandbox.observed.faults["hang"] and shards(folder / "stopped")):  # noqa: ASYNC110 - others' work
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 < len(shards(folder / "stopped")) < 3
    sandbox.observed.reset()
    resumed = await reconcile(rehook, ledger, state=folder / "stopped", concurrency=1)
    assert resumed.summary == whole.summary
    assert resumed.state.differences.read_bytes() == whole.state.differences.read_bytes()
    assert resumed.timing.sessions == 2
    assert sum(sandbox.observed.requests.values()) < whole.summary.requests


async def test_a_stopped_run_goes_on(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path
) -> None:
    """The same differences, byte for byte, and fewer requests."""
    await check_it_goes_on(rehook_sandbox, rehook, ledger, tmp_path)


async def test_twin_a_run_that_forgets_its_shards(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: a run that takes a shard that is there for one that is not yet read fails the same check."""

    def forgetful(state: State, job: Job) -> Work:
        return evolve(work_of(state, job), chunks=chunks(state.wallets, state.spill))

    monkeypatch.setattr("wallet_async.reconcile.run.work_of", forgetful)
    with pytest.raises(AssertionError):
        await check_it_goes_on(rehook_sandbox, rehook, ledger, tmp_path)


async def test_unread_wallets_are_told_of_and_read_again(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path
) -> None:
    """Of a wallet that could not be read nothing is said; the next call reads its chunk only, and is whole."""
    rehook_sandbox.faults.add(Fault("status", status=500, operation="transactions", times=1))
    first = await reconcile(rehook, ledger, state=tmp_path / "state", concurrency=1)
    assert first.summary.unread_wallets == 1
    assert not first.summary.clean
    rehook_sandbox.observed.reset()
    second = await reconcile(rehook, ledger, state=tmp_path / "state")
    assert found(second) == EXPECTED
    assert second.summary.unread_wallets == 0
    assert rehook_sandbox.observed.requests["transactions"] <= 2


async def test_a_run_that_has_ended_begins_anew(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path
) -> None:
    """The provider has moved on: what was missing is there now."""
    await reconcile(rehook, ledger, state=tmp_path / "state")
    rehook_sandbox.api.ledger.append(
        ("bob", "waty_b"), "credit", 7, description=provider.mark("order-3"), created_at=NOW
    )
    again = await reconcile(rehook, ledger, state=tmp_path / "state")
    assert found(again) == [EXPECTED[0], EXPECTED[2]]


async def test_a_broken_ledger_sends_nothing(rehook_sandbox: Sandbox, rehook: RehookSession, tmp_path: Path) -> None:
    """One clear error, no request, and nothing to clean up before the next try."""
    (tmp_path / "ledger.csv").write_text("source_id,wallet_id,points\nada,waty_a,1e16\n")
    with pytest.raises(InvalidInputError, match="1e16"):
        await reconcile(rehook, CsvLedger(tmp_path / "ledger.csv"), state=tmp_path / "state")
    assert not rehook_sandbox.observed.requests
    (tmp_path / "ledger.csv").write_text(LEDGER)
    assert found(await reconcile(rehook, CsvLedger(tmp_path / "ledger.csv"), state=tmp_path / "state")) == EXPECTED


async def test_wrong_credentials_end_it_and_it_goes_on(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path
) -> None:
    """The error of the first answer; with the right ones the same call goes on."""
    async with RehookSession("wrong", "keys", base_url=rehook_sandbox.url) as wrong:
        with pytest.raises(AuthenticationError):
            await reconcile(wrong, ledger, state=tmp_path / "state")
    assert found(await reconcile(rehook, ledger, state=tmp_path / "state")) == EXPECTED


async def test_the_progress_tells_how_far_it_is(rehook: RehookSession, ledger: CsvLedger, tmp_path: Path) -> None:
    """Its last word is that all is done."""
    heard: list[Any] = []
    await reconcile(rehook, ledger, state=tmp_path / "state", on_standing=heard.append)
    assert (heard[-1].wallets, heard[-1].total, heard[-1].rows, heard[-1].failed) == (5, 5, 6, 0)


async def test_the_files_of_a_result(rehook: RehookSession, ledger: CsvLedger, tmp_path: Path) -> None:
    """Differences, a report and a plan are written where they are wanted."""
    result = await reconcile(rehook, ledger, state=tmp_path / "state", rules=Rules())
    for name in ("differences.csv", "differences.jsonl", "differences.parquet"):
        result.write(tmp_path / name)
    assert len((tmp_path / "differences.csv").read_text().splitlines()) == 1 + len(EXPECTED)
    result.report(tmp_path / "report.html")
    assert "missing" in (tmp_path / "report.html").read_text("utf-8")
    assert result.plan(tmp_path / "plan.csv").provider == 3


def test_wallets_are_cut_as_the_tests_say() -> None:
    """Guards `small_chunks`: five wallets are three chunks."""
    assert [len(chunk.wallets) for chunk in wallets.cut("abcde")] == [2, 2, 1]


async def test_a_run_that_compares_less_than_it_read_says_so(
    rehook: RehookSession, ledger: CsvLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: a comparison that leaves wallets out does not end in agreement."""
    compare = run.match

    def careless(*arguments: Any, **more: Any) -> Any:
        return evolve(compare(*arguments, **more), wallets=0, differences={})

    monkeypatch.setattr(run, "match", careless)
    with pytest.raises(RuntimeError, match="0 of 5 wallets were compared"):
        await reconcile(rehook, ledger, state=tmp_path / "state")


async def test_two_places_are_not_mixed(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path
) -> None:
    """What was read at a sandbox is not gone on with at the provider itself."""
    rehook_sandbox.faults.add(Fault("status", status=500, operation="transactions", times=1))
    await reconcile(rehook, ledger, state=tmp_path / "state", concurrency=1)
    async with RehookSession(*KEYS, base_url="http://127.0.0.1:1") as elsewhere:
        with pytest.raises(InvalidInputError, match="at another place"):
            await reconcile(elsewhere, ledger, state=tmp_path / "state", concurrency=1)


async def test_twin_a_runner_that_does_not_say_where(
    rehook_sandbox: Sandbox, rehook: RehookSession, ledger: CsvLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: the run goes on at the other place, and the same check fails."""
    monkeypatch.setattr(Local, "place", "somewhere")
    with pytest.raises(pytest.fail.Exception):
        await test_two_places_are_not_mixed(rehook_sandbox, rehook, ledger, tmp_path)
