"""What is opened as a journal, what is refused, and for whom."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.journal.conformance import SERVICE, prepared, sending
from tests.journal.journals import everything, filled, opened
from wallet_async.journal import migrations
from wallet_async.journal.errors import JournalError, JournalInUseError
from wallet_async.journal.sqlite import SqliteStore, file

posix = pytest.mark.skipif(os.name != "posix", reason="modes and fork are POSIX's")
Check = Callable[[Path], Awaitable[None]]

SECOND = """
import asyncio, sys
from wallet_async.journal.errors import JournalInUseError
from wallet_async.journal.sqlite import SqliteStore
try:
    asyncio.run(SqliteStore.open(sys.argv[1]))
except JournalInUseError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def pragma(store: SqliteStore, name: str) -> object:
    row = await store._put(lambda db: db.execute(f"PRAGMA {name}").fetchone())
    return row[0]


async def refused(path: Path) -> JournalInUseError:
    """Give the refusal of a second store."""
    try:
        async with opened(path):
            pass
    except JournalInUseError as error:
        return error
    raise AssertionError("a second store was let in")


async def check_settings(path: Path) -> None:
    """What makes a commit durable and the file ours alone is in force on the live connection."""
    async with opened(path) as store:
        assert await pragma(store, "synchronous") == 2, "FULL"
        assert await pragma(store, "journal_mode") == "wal"
        assert await pragma(store, "locking_mode") == "exclusive"


async def check_a_second_store_is_refused(path: Path) -> None:
    """Another store of the same process is refused, and the refusal gives no lock away."""
    async with opened(path) as store:
        await store.claim(sending())
        for _ in range(2):
            error = await refused(path)
            assert str(path) in str(error)
            assert "PostgreSQL" in str(error)
            assert error.not_applied
        assert len(await everything(store)) == 1


async def check_a_second_process_is_refused(path: Path) -> None:
    """Another process is refused, also after another store of this process was."""
    async with opened(path) as store:
        await refused(path)
        second = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", SECOND, str(path)], capture_output=True, text=True, check=False
        )
        assert second.returncode == 1, second.stderr
        assert str(path) in second.stderr
        assert "PostgreSQL" in second.stderr
        assert await store.claim(prepared()) == prepared()


async def check_nobody_else_may_read(path: Path) -> None:
    """The journal and everything beside it are for their owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        async with opened(path) as store:
            await store.claim(sending())
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-mark": 0o600}


CHECKS: dict[Check, tuple[str, str]] = {
    check_settings: ("synchronous = FULL", "synchronous = OFF"),
    check_a_second_store_is_refused: ("locking_mode = EXCLUSIVE", "locking_mode = NORMAL"),
    check_a_second_process_is_refused: ("locking_mode = EXCLUSIVE", "locking_mode = NORMAL"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_is_durable_and_ours_alone(check: Check, path: Path) -> None:
    """Each of these checks holds."""
    await check(path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_is_not_with_other_settings(check: Check, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: with the setting turned off the check fails."""
    right, wrong = CHECKS[check]
    assert any(right in setting for setting in file._SETTINGS)
    monkeypatch.setattr(file, "_SETTINGS", tuple(setting.replace(right, wrong) for setting in file._SETTINGS))
    with pytest.raises(AssertionError):
        await check(path)


@posix
async def test_nobody_else_may_read(path: Path) -> None:
    """The mode is 0600 even with an umask of 0."""
    await check_nobody_else_may_read(path)


@posix
async def test_others_may_read_what_is_made_carelessly(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: left to SQLite, the file is as open as the umask lets it be."""
    monkeypatch.setattr(file, "_check_modes", lambda path: None)
    with pytest.raises(AssertionError):
        await check_nobody_else_may_read(path)


@posix
@pytest.mark.parametrize("suffix", ["", "-wal", "-mark"])
async def test_a_file_that_others_may_read_is_refused(path: Path, suffix: str) -> None:
    """It is not made right silently: somebody has to see that it was open."""
    await filled(path, ["a"])
    careless = path.with_name(path.name + suffix)
    careless.touch()
    careless.chmod(0o640)
    with pytest.raises(JournalError, match=f"chmod 600 .*journal.db{suffix}"):
        await SqliteStore.open(path)
    assert stat.S_IMODE(careless.stat().st_mode) == 0o640


def no_folder(path: Path) -> Path:
    return path.parent / "missing" / "journal.db"


def a_directory(path: Path) -> Path:
    path.mkdir()
    return path


def no_database(path: Path) -> Path:
    path.write_bytes(b"This is a letter, and not a database at all.\n" * 100)
    return path


def anothers_database(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE customers (name TEXT)")
    return path


def a_newer_one(path: Path) -> Path:
    asyncio.run(filled(path, ["a"]))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    return path


def a_damaged_page(path: Path) -> Path:
    asyncio.run(filled(path, range(200)))
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 3 + 12] = bytes(byte ^ 0xFF for byte in content[4096 * 3 : 4096 * 3 + 12])
    path.write_bytes(content)
    return path


def a_short_file(path: Path) -> Path:
    asyncio.run(filled(path, range(200)))
    os.truncate(path, path.stat().st_size - 4096)
    return path


REFUSED: dict[Callable[[Path], Path], str] = {
    no_folder: "there is no folder",
    a_directory: "not a file",
    no_database: "file is not a database",
    anothers_database: "another program's database",
    a_newer_one: "a newer wallet-async",
    a_damaged_page: "damaged|malformed",
    a_short_file: "damaged|malformed",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_is_no_journal_is_refused_and_left_alone(make: Callable[[Path], Path], path: Path) -> None:
    """One clear error that names the file, and nothing was changed or made."""
    wrong = make(path)
    for each in path.parent.iterdir():
        each.chmod(0o600 if each.is_file() else 0o700)

    def content() -> dict[str, bytes | None]:
        return {each.name: each.read_bytes() if each.is_file() else None for each in path.parent.iterdir()}

    before = content()
    with pytest.raises(JournalError, match=REFUSED[make]) as raised:
        asyncio.run(SqliteStore.open(wrong))
    assert "journal.db" in str(raised.value)
    assert content() == before


async def test_a_closed_journal_is_one_file_and_its_mark(path: Path) -> None:
    """Closing brings the log into the file, and what was written is there when it is opened again, also by a link."""
    await filled(path, range(50))
    assert sorted(each.name for each in path.parent.iterdir()) == ["journal.db", "journal.db-mark"]
    (path.parent / "folder").mkdir()
    (path.parent / "folder" / "link.db").symlink_to(path)
    async with opened(path.parent / "folder" / "link.db") as store:
        assert len(await everything(store)) == 50
        assert not store.restored
        await refused(path)


async def test_a_long_log_is_brought_into_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log does not grow without end, and what it held stays."""
    monkeypatch.setattr(file, "LOG_BYTES", 100_000)
    async with opened(path) as store:
        for number in range(60):
            await store.claim(sending(f"order-{number}", movement="m" * 8_000))
        await store.load(SERVICE, "")
        assert path.with_name("journal.db-wal").stat().st_size < 300_000
        assert len(await everything(store)) == 60


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_migrations_count_without_a_gap(dialect: migrations.Dialect) -> None:
    """Every step has the next number and some SQL; they are found in the installed package."""
    steps = migrations.load(dialect)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert steps
    assert all(step.sql.strip() and step.name for step in steps)


async def test_a_migration_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is done whole or not at all, and the next opening does it."""
    good = migrations.load("sqlite")
    bad = migrations.Migration(len(good) + 1, "bad", "CREATE TABLE extra (a); CREATE TABLE entries (b);")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "load", lambda dialect: (*good, bad))
        with pytest.raises(JournalError, match="already exists"):
            await SqliteStore.open(path)
    better = migrations.Migration(bad.number, "better", "CREATE TABLE extra (a);")
    monkeypatch.setattr(migrations, "load", lambda dialect: (*good, better))
    async with opened(path) as store:
        assert await pragma(store, "user_version") == better.number
        assert not store.restored
