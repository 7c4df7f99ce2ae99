"""The ledger's SQLite file."""

import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import AttrsInstance, asdict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS api (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS wallets (number INTEGER PRIMARY KEY, row TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (sequence INTEGER PRIMARY KEY, row TEXT NOT NULL);
"""


class SqliteState:
    """Wallets and entries as JSON text, written through at every commit.

    One exclusive connection: SQLite's WAL-reset bug needs two. `synchronous=NORMAL` outlives a killed
    process, though not a power cut; a stand-in needs no more.
    """

    def __init__(self, path: Path, *, name: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self._open(path, name)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise RuntimeError(f"state: {path.name} is open in another sandbox") from None
            raise

    def _open(self, path: Path, name: str) -> None:
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        row = self._connection.execute("SELECT name FROM api").fetchone()
        if row is None:
            self._connection.execute("INSERT INTO api VALUES (?)", (name,))
        elif row[0] != name:
            raise ValueError(f"state: {path.name} belongs to the {row[0]!r} sandbox, not to {name!r}")

    def load(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Read the fields of every wallet and of every entry, in order."""
        wallets = self._connection.execute("SELECT row FROM wallets ORDER BY number")
        entries = self._connection.execute("SELECT row FROM entries ORDER BY sequence")
        return [_read(row) for (row,) in wallets], [_read(row) for (row,) in entries]

    def add_wallet(self, wallet: AttrsInstance) -> None:
        """Write one wallet durably."""
        self._connection.execute("INSERT INTO wallets (row) VALUES (?)", (_text(wallet),))

    def add_entry(self, entry: AttrsInstance) -> None:
        """Write one entry durably."""
        self._connection.execute("INSERT INTO entries (row) VALUES (?)", (_text(entry),))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _text(row: AttrsInstance) -> str:
    fields = asdict(row, recurse=False)
    # ASCII only: SQLite takes no lone surrogate, which a description may hold.
    return json.dumps({name: _plain(name, value) for name, value in fields.items()})


def _plain(name: str, value: object) -> object:
    if name in ("amount", "balance", "opening"):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _read(text: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(text)
    for name in ("amount", "balance", "opening"):
        if name in row:
            digits = row[name]
            row[name] = int(digits) if digits.lstrip("-").isdigit() else Decimal(digits)
    for name in ("key", "wallet", "owners"):
        if isinstance(row.get(name), list):
            row[name] = tuple(row[name])
    if "created_at" in row:
        row["created_at"] = datetime.fromisoformat(row["created_at"])
    return row
