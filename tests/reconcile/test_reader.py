"""One chunk: every wallet's history and balance in one shard, whatever happens to one of them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attrs import define

import loyalty_async.provider
import rehook_async.provider
from rehook_async import RehookSession
from tests.kit import closed_port
from wallet_async.engine.errors import AuthenticationError, TransportError
from wallet_async.engine.retry import RetryPolicy
from wallet_async.provider import Provider, WalletFacts
from wallet_async.reconcile import reader
from wallet_async.reconcile.chunks import Chunk, Job
from wallet_async.reconcile.model import HISTORY_COLUMNS, wallet_text
from wallet_async.reconcile.reader import Tally, read_chunk
from wallet_async.reconcile.shard import ShardWriter
from wallet_async.sandbox import Fault, Sandbox

KEYS = ("sandbox-api-key", "sandbox-secret-key")
ONCE = RetryPolicy(attempts=1)
REHOOK = rehook_async.provider.provider
LOYALTY = loyalty_async.provider.provider


@pytest.fixture
def wallets(rehook_sandbox: Sandbox) -> tuple[str, ...]:
    """Three wallets: of 45 rows, of a full page, of none."""
    found = []
    for number, rows in enumerate((45, 20, 0)):
        key = (f"customer-{number}", f"waty_{number}")
        rehook_sandbox.api.add_wallet(*key, balance=0)
        for row in range(rows):
            rehook_sandbox.api.ledger.append(key, "credit", Decimal(row + 1) / 8)
        found.append(wallet_text(key))
    return tuple(found)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def rows_of(shard: Path, columns: str, where: str) -> list[Any]:
    with duckdb.connect() as connection:
        query = f"SELECT {columns} FROM read_parquet('{shard}') WHERE {where} ORDER BY ALL"
        return connection.execute(query).fetchall()


async def read(sandbox: Sandbox, wallets: tuple[str, ...], shard: Path, **options: Any) -> Tally:
    tally = Tally()
    job = Job(provider="rehook", **options)
    async with RehookSession(*KEYS, base_url=sandbox.url, retry=ONCE) as rehook:
        await read_chunk(rehook, REHOOK, Chunk(0, wallets), job, into=shard, tally=tally)
    return tally


async def test_a_shard_holds_every_row_exactly(
    rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path
) -> None:
    """65 rows with every digit, a line for each wallet, and nothing else in the folder."""
    shard = tmp_path / "00000.parquet"
    tally = await read(rehook_sandbox, wallets, shard)
    found = rows_of(shard, "wallet, transaction_id, amount", "transaction_id IS NOT NULL")
    ledger = rehook_sandbox.api.ledger
    assert found == sorted(
        (wallet_text(entry.wallet), entry.transaction_id, entry.amount) for entry in ledger.entries()
    )
    assert rows_of(shard, "wallet, rows, requests, known, error", "transaction_id IS NULL") == [
        (wallets[0], 45, 4, True, None),
        (wallets[1], 20, 3, True, None),
        (wallets[2], 0, 2, True, None),
    ]
    assert sum(rehook_sandbox.observed.requests.values()) == 4 + 3 + 2
    assert (tally.wallets, tally.rows, tally.failed) == (3, 65, 0)
    assert names(tmp_path) == [shard.name]
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{shard}')").fetchall()
    assert {name: kind for name, kind, *_ in described} == HISTORY_COLUMNS


async def check_a_wallet_that_fails_half_way(sandbox: Sandbox, wallets: tuple[str, ...], shard: Path) -> None:
    """Assert that a wallet whose second page fails is told of as unread, and that the others are whole."""
    sandbox.faults.add(Fault("status", status=500, operation="transactions", nth=2))
    tally = await read(sandbox, wallets, shard, concurrency=1)
    assert rows_of(shard, "DISTINCT wallet, count(*) OVER ()", "transaction_id IS NOT NULL") == [(wallets[1], 20)]
    (failed,) = rows_of(shard, "wallet, error", "error IS NOT NULL")
    assert failed[0] == wallets[0]
    assert "status 500" in failed[1] or "500" in failed[1]
    assert tally.failed == 1


async def test_a_wallet_that_cannot_be_read_harms_no_other(
    rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path
) -> None:
    """Its error is in the shard and none of its rows: half a history would look like differences."""
    await check_a_wallet_that_fails_half_way(rehook_sandbox, wallets, tmp_path / "0.parquet")


async def test_twin_a_shard_that_keeps_half_a_history(
    rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: with the error forgotten at the end, the same check fails."""
    finish = ShardWriter.finish

    def forgetful(writer: ShardWriter, statements: Any, into: Path) -> None:
        for statement in statements.values():
            statement.error = None
        finish(writer, statements, into)

    monkeypatch.setattr(ShardWriter, "finish", forgetful)
    with pytest.raises(AssertionError):
        await check_a_wallet_that_fails_half_way(rehook_sandbox, wallets, tmp_path / "0.parquet")


@pytest.mark.parametrize("balances", [True, False])
async def test_a_wallet_that_nobody_knows_is_told_of(
    rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path, balances: bool
) -> None:
    """It has no rows and no error: the provider says that there is no such wallet."""
    nobody = wallet_text(("nobody", "waty_X"))
    await read(rehook_sandbox, (*wallets, nobody), tmp_path / "0.parquet", balances=balances)
    found = rows_of(tmp_path / "0.parquet", "wallet, rows, requests, error", "known = false")
    assert found == [(nobody, 0, 1, None)]


async def test_wrong_credentials_end_it(rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path) -> None:
    """No wallet would fare better, so it raises and leaves no shard."""
    job = Job(provider="rehook")
    async with RehookSession("wrong", "keys", base_url=rehook_sandbox.url, retry=ONCE) as rehook:
        with pytest.raises(AuthenticationError):
            await read_chunk(rehook, REHOOK, Chunk(0, wallets), job, into=tmp_path / "0.parquet")
    assert not names(tmp_path)


@pytest.mark.parametrize("wallets_of_it", [10, 3])
async def test_a_provider_out_of_reach_ends_it_if_that_is_sure(tmp_path: Path, wallets_of_it: int) -> None:
    """Ten wallets that fail one and all are proof; three are not, and their errors are kept."""
    wallets = tuple(wallet_text((f"c{number}", "w")) for number in range(wallets_of_it))
    shard = tmp_path / "0.parquet"
    with closed_port() as port:
        async with RehookSession(*KEYS, base_url=f"http://127.0.0.1:{port}", retry=ONCE) as rehook:
            reading = read_chunk(rehook, REHOOK, Chunk(0, wallets), Job(provider="rehook"), into=shard)
            if wallets_of_it == 10:
                with pytest.raises(TransportError):
                    await reading
                assert not names(tmp_path)
            else:
                await reading
                assert len(rows_of(shard, "error", "error IS NOT NULL")) == 3


async def test_a_reading_that_is_stopped_leaves_nothing(
    rehook_sandbox: Sandbox, wallets: tuple[str, ...], tmp_path: Path
) -> None:
    """Cancelled half way, there is no shard, no part of one, and no folder."""
    rehook_sandbox.faults.add(Fault("hang", operation="transactions", nth=3))
    task = asyncio.create_task(read(rehook_sandbox, wallets, tmp_path / "0.parquet"))
    while not rehook_sandbox.observed.faults["hang"]:  # noqa: ASYNC110 - the server is another task
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not names(tmp_path)


@define
class Arriving:
    """A provider at which a movement is booked just after a wallet's balance has been told, the first *times*."""

    sandbox: Sandbox
    times: int
    inner: Provider = LOYALTY

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def facts(self, session: Any, wallet: Any) -> WalletFacts:
        facts = await self.inner.facts(session, wallet)
        if self.times:
            self.times -= 1
            self.sandbox.api.ledger.append(wallet, "credit", 7, reference=f"late-{self.times}")
        return facts


async def check_balance(sandbox: Sandbox, folder: Path) -> None:
    """Assert that a balance and a history that a movement came between are read again until they agree."""
    sandbox.api.add_wallet("LYT_1")
    sandbox.api.ledger.append("LYT_1", "credit", Decimal("12345678901234567.89"), reference="r")
    provider: Any = Arriving(sandbox, times=1)
    environ = LOYALTY.sandbox_environ(sandbox.url)
    async with LOYALTY.session(environ) as loyalty:
        await read_chunk(loyalty, provider, Chunk(0, ("LYT_1",)), Job(provider="loyalty"), into=folder / "0.parquet")
    found = rows_of(folder / "0.parquet", "sum(amount), any_value(balance)", "true")
    assert found == [(Decimal("12345678901234574.89"), Decimal("12345678901234574.89"))]


async def test_a_balance_that_moves_meanwhile_is_read_again(loyalty_sandbox: Sandbox, tmp_path: Path) -> None:
    """Exact to the last digit, and each row is there once although it was read twice."""
    await check_balance(loyalty_sandbox, tmp_path)


async def test_twin_a_balance_that_is_read_once(
    loyalty_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: with one reading only, the same check sees a difference that is none."""
    monkeypatch.setattr(reader, "_READINGS", 1)
    with pytest.raises(AssertionError):
        await check_balance(loyalty_sandbox, tmp_path)


async def test_a_wallet_that_fails_is_not_read_again(loyalty_sandbox: Sandbox, tmp_path: Path) -> None:
    """Half a history is no sum to hold against a balance: it would cost requests, and change nothing."""
    loyalty_sandbox.api.add_wallet("LYT_1")
    for row in range(25):
        loyalty_sandbox.api.ledger.append("LYT_1", "credit", 1, reference=f"r-{row}")
    loyalty_sandbox.faults.add(Fault("status", status=500, operation="transactions", nth=2))
    async with LOYALTY.session(LOYALTY.sandbox_environ(loyalty_sandbox.url), retry=ONCE) as loyalty:
        chunk = Chunk(0, ("LYT_1",))
        await read_chunk(loyalty, LOYALTY, chunk, Job(provider="loyalty"), into=tmp_path / "0.parquet")
    assert loyalty_sandbox.observed.requests["transactions"] == 2
    assert len(rows_of(tmp_path / "0.parquet", "error", "error IS NOT NULL")) == 1


async def test_twin_a_reading_that_forgets_what_failed(
    loyalty_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: whoever holds half a history against the balance reads it again, and the same check fails."""
    differs = reader._Reading._differs

    def forgetful(reading: Any, wallet: str) -> bool:
        errors, reading._errors = reading._errors, {}
        try:
            return differs(reading, wallet)
        finally:
            reading._errors = errors

    monkeypatch.setattr(reader._Reading, "_differs", forgetful)
    with pytest.raises(AssertionError):
        await test_a_wallet_that_fails_is_not_read_again(loyalty_sandbox, tmp_path)
