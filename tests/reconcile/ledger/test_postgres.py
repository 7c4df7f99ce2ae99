"""A ledger that is a query in PostgreSQL: exact, read only, and no password in any word about it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.journal.postgres_server import GUARDED, PASSWORD, PostgresServer
from tests.kit import closed_port
from tests.reconcile.ledger.kit import loyalty, refused, rows_of
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger import PostgresLedger, Reading, open_ledger, understand
from wallet_async.reconcile.ledger import postgres as postgres_ledger

TABLE = r"""
CREATE TABLE movements (
    wallet_number text, kind text, amount numeric, created_at timestamptz, reference text, weight float8
);
INSERT INTO movements VALUES
    ('90001', 'credit', 12345678901234567.890000000000, '2024-01-31 12:00:00.123456+03', 'order "1", \N', 1.5),
    ('90002', 'debit', 3, NULL, '', 2.5);
"""


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Keep the database that the tests here share."""
    return {}


@pytest.fixture
async def url(postgres: PostgresServer, names: dict[str, str]) -> str:
    """Give a database with a ledger in it."""
    if not names:
        names["ledger"] = await postgres.create()
        async with postgres.connection(names["ledger"]) as connection:
            await connection.execute(TABLE)
    return postgres.url(names["ledger"])


async def test_a_query_is_read_exactly(url: str) -> None:
    """Amounts to the last digit, times with their zone, texts as they are, nothing for NULL and the empty text."""
    query = "SELECT * FROM movements -- all\nORDER BY wallet_number; "
    first, second = await rows_of(PostgresLedger(url, query=query), provider=loyalty)
    assert (first["line"], first["amount"]) == (1, Decimal("12345678901234567.89"))
    assert first["created_at"] == datetime(2024, 1, 31, 9, 0, 0, 123_456)
    assert first["reference"] == 'order "1", \\N'
    assert (second["kind"], second["created_at"], second["reference"]) == ("debit", None, None)


async def test_times_do_not_depend_on_the_settings_of_the_database(url: str, postgres: PostgresServer) -> None:
    """Whatever DateStyle and TimeZone say there, times are written as ISO 8601 in UTC."""
    name = await postgres.create()
    async with postgres.connection(name) as connection:
        await connection.execute(f"ALTER DATABASE {name} SET DateStyle = 'German'")
        await connection.execute(f"ALTER DATABASE {name} SET TimeZone = 'Europe/Istanbul'")
    query = "SELECT '1' AS wallet, 1 AS amount, timestamptz '2024-01-31 12:00:00+03' AS created_at"
    (found,) = await rows_of(PostgresLedger(postgres.url(name), query=query), provider=loyalty)
    assert found["created_at"] == datetime(2024, 1, 31, 9)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM orders", 'relation "orders" does not exist (42P01)'),
        ("SELEC 1", "syntax error at or near"),
        ("SELECT 1; SELECT 2", "syntax error at or near"),
        ("SELECT 1) AS x TO '/tmp/copy.csv' --", 'syntax error at or near "TO"'),
        ("SELECT 1 AS a) AS x; DELETE FROM movements; SELECT * FROM (SELECT 1 AS a", "cannot insert multiple commands"),
        ("", "syntax error at or near"),
        ("DELETE FROM movements", "syntax error at or near"),
        ("SELECT nextval('counted')", "cannot execute nextval() in a read-only transaction (25006)"),
        ("SELECT '1' AS wallet, amount / 0 AS amount FROM movements", "division by zero (22012)"),
        ("SELECT weight AS amount, wallet_number FROM movements", "'amount' of the query holds floats (float8)"),
        ("SELECT 1 AS wallet, 2 AS amount, 3 AS amount", "the query has the header 'amount' more than once"),
        ("SELECT 1 AS wallet, 'NaN'::numeric AS amount", "the query row 1: amount 'NaN' is no plain decimal number"),
        ("SELECT 1 AS wallet, 2 AS amount, 'infinity'::timestamptz AS date", "row 1: created_at 'infinity' is no time"),
        ("SELECT 1 AS wallet, 2 AS amount, now()::timestamp AS date", "names no zone"),
        ("SELECT 1 AS wallet, repeat('x', 200000) AS amount", "the query line 1"),
    ],
)
async def test_what_postgres_refuses_is_told(query: str, expected: str, url: str, postgres: PostgresServer) -> None:
    """One line each; and whatever the query says, nothing is written."""
    async with postgres.connection(url.rpartition("/")[2].partition("?")[0]) as connection:
        await connection.execute("CREATE SEQUENCE IF NOT EXISTS counted")
        assert expected in await refused(PostgresLedger(url, query=query), provider=loyalty)
        assert await connection.fetchval("SELECT count(*) FROM movements") == 2


async def test_without_a_read_only_transaction_the_same_query_writes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: a function may write in any SELECT."""
    import asyncpg

    query = "SELECT nextval('written')::text AS wallet, 1 AS amount"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE SEQUENCE written")
    finally:
        await connection.close()
    assert "read-only transaction" in await refused(PostgresLedger(url, query=query), provider=loyalty)
    plain = asyncpg.Connection.transaction
    monkeypatch.setattr(asyncpg.Connection, "transaction", lambda self, **_: plain(self))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await refused(PostgresLedger(url, query=query), provider=loyalty)


async def test_only_the_first_rows_are_copied_to_be_looked_at(url: str, tmp_path: Path) -> None:
    """A look takes a moment, however many rows there are."""
    query = "SELECT i AS wallet, i AS amount FROM (SELECT generate_series(1, 100000000) AS i) AS t"
    found = await understand(PostgresLedger(url, query=query), Reading(), loyalty, tmp_path)
    assert found.looked_at == 1000
    assert [column.type for column in found.columns] == ["int4", "int4"]


@pytest.mark.parametrize("password", ["wrong-canary-1", None])
async def test_a_wrong_password_is_not_shown(
    password: str | None,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL says that it is wrong; which it was nobody says."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    await _make_guarded(postgres)
    url = postgres.url(GUARDED, password=password or "wrong-canary-2")
    ledger = PostgresLedger(url, query="SELECT 1")
    message = await refused(ledger, provider=loyalty)
    assert message == (
        'PostgreSQL, where the ledger is, says: password authentication failed for user "wallet" (28P01)'
    )
    assert "canary" not in repr(ledger) + ledger.fingerprint() + message


async def _make_guarded(postgres: PostgresServer) -> None:
    async with postgres.connection("postgres") as connection:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", GUARDED):
            await connection.execute(f"CREATE DATABASE {GUARDED}")


async def test_the_password_may_come_from_the_environment(postgres: PostgresServer) -> None:
    """PGPASSWORD is for a URL without one; a URL's own goes before it."""
    await _make_guarded(postgres)
    with_password = postgres.url(GUARDED)
    without = with_password.replace(f":{PASSWORD}@", "@")
    query = "SELECT 1 AS wallet, 2 AS amount"
    for url, environ in ((without, {"PGPASSWORD": PASSWORD}), (with_password, {"PGPASSWORD": "wrong"})):
        ledger = open_ledger(url, query=query, environ=environ)
        assert len(await rows_of(ledger, provider=loyalty)) == 1
        assert PASSWORD not in repr(ledger)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:canary@127.0.0.1:{port}/d", "cannot be copied from PostgreSQL: Connect call failed"),
        ("postgresql://u:canary@127.0.0.1:port/d", "the URL of the ledger cannot be read"),
        ("postgresql://u:canary@127.0.0.1/d?sslmode=canary", "the URL of the ledger cannot be read"),
    ],
)
async def test_a_server_that_is_away_is_told(url: str, expected: str) -> None:
    """Quickly, and without the URL."""
    with closed_port() as port:
        message = await refused(PostgresLedger(url.format(port=port), query="SELECT 1"), provider=loyalty)
    assert expected in message
    assert "canary" not in message


async def test_a_connection_that_breaks_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL ends it in the middle of the rows."""
    query = "SELECT 1 AS wallet, 2 AS amount, pg_terminate_backend(pg_backend_pid()) FROM generate_series(1, 1000)"
    message = await refused(PostgresLedger(url, query=query), provider=loyalty)
    assert "terminating connection due to administrator command (57P01)" in message or "broke" in message


@pytest.mark.parametrize("url", ["mysql://u:canary@h/d", "sqlite:///ledger.db", 7])
def test_another_url_is_refused(url: Any) -> None:
    """Before anything is connected to."""
    with pytest.raises(InvalidInputError) as caught:
        PostgresLedger(url, query="SELECT 1")
    assert "canary" not in str(caught.value)


async def test_a_fingerprint_tells_queries_and_databases_apart(url: str) -> None:
    """It names user, host, database and query, and no password."""
    assert PostgresLedger(url, query="SELECT 1").fingerprint() != PostgresLedger(url, query="SELECT 2").fingerprint()
    assert PASSWORD not in PostgresLedger(url, query="SELECT 1").fingerprint()
    assert postgres_ledger._without_password("postgresql://a:b@h:1,i:2/d?password=c") == "postgresql://a@h:1,i:2/d"
