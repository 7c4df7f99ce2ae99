"""A journal in which bits have turned over is noticed before anything is sent, wherever they are."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.journal.conformance import SERVICE, STATES, brought, sending
from tests.journal.journals import opened
from wallet_async.journal.checksum import FIELDS, Damaged
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite import SqliteStore, file, rows

FLIPS = int(os.environ.get("DAMAGE_FLIPS", "300"))
SEED = int(os.environ.get("DAMAGE_SEED", "4"))
REFERENCES = [f"order-number-{number}" for number in range(60)]

Found = Literal["refused", "harmless", "silently different"]
Patch = pytest.MonkeyPatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a journal that was closed, with entries in every state."""

    async def fill() -> None:
        async with opened(tmp_path / "journal.db") as store:
            await asyncio.gather(
                *(
                    brought(store, STATES[number % len(STATES)], reference, reason="why, in some words")
                    for number, reference in enumerate(REFERENCES)
                )
            )

    asyncio.run(fill())
    return tmp_path / "journal.db"


def asked(path: Path) -> list[Entry | Damaged | None]:
    """Give what calls and the resolver find in the file, once it is open."""
    with closing(file._connected(path)) as db:
        return [
            *(rows.load(db, SERVICE, reference) for reference in [*REFERENCES, "new"]),
            *rows.unsettled(db, SERVICE, 10**9, 1_000),
        ]


def flipped(content: bytes, bit: int) -> bytes:
    """Turn one bit over."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def bits(content: bytes, number: int) -> Iterator[int]:
    """Give so many bits, in steps from a seeded place over the whole of it."""
    step = len(content) * 8 // number
    first = random.Random(SEED).randrange(step)
    return iter(range(first, len(content) * 8, step))


def found_after(path: Path, content: bytes, expected: object) -> Found:
    with path.open("r+b") as open_file:  # to make it anew would take most of the time
        open_file.write(content)
        open_file.truncate()
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
    try:
        answers = asked(path)
    except (JournalError, sqlite3.Error, UnicodeDecodeError):  # which a store explains, and sends nothing
        return "refused"
    if any(isinstance(answer, Damaged) for answer in answers):
        return "refused"
    return "harmless" if answers == expected else "silently different"


def every_flip_is_noticed(path: Path, number: int = FLIPS) -> None:
    """Turn one bit over at a time.

    Raises:
        AssertionError: Something else was read than was written, and nothing was said.
    """
    content, expected = path.read_bytes(), asked(path)
    ends: Counter[Found] = Counter()
    for bit in bits(content, number):
        ends[found_after(path, flipped(content, bit), expected)] += 1
    print(f"seed {SEED}, {len(content)} bytes: {dict(ends)}")
    assert ends["refused"]
    assert not ends["silently different"]


def test_no_bit_turns_over_unnoticed(path: Path) -> None:
    """Over the whole file: refused, or all is read as it was written."""
    every_flip_is_noticed(path)


def unchecked(row: tuple[Any, ...]) -> Entry:
    return Entry(**dict(zip(FIELDS, row, strict=False)))


def test_twin_some_do_without_the_checksum(path: Path, monkeypatch: Patch) -> None:
    """Sabotaged twin: SQLite by itself sees what breaks its own structure only."""
    monkeypatch.setattr(rows, "damaged", lambda db: None)
    for name in ("sound", "verified"):
        monkeypatch.setattr(rows, name, unchecked)
    with pytest.raises(AssertionError):
        every_flip_is_noticed(path, 100)


def altered(path: Path, old: bytes, new: bytes, which: int = 0) -> bytes:
    """Give the file with one occurrence of *old* altered."""
    parts = path.read_bytes().split(old)
    before, after = parts[: which + 1], parts[which + 1 :]
    return old.join(before) + new + old.join(after)


CASES: dict[str, tuple[tuple[bytes, bytes, int], str, tuple[str, Any]]] = {
    "a reference": (
        (b"order-number-59", b"order-number-5z", 0),
        "the entry of 'rehook' 'order-number-5z' is not what was written",
        ("rows.damaged", lambda db: None),
    ),
    "the index of what is unsettled": (
        (b"order-number-58", b"order-number-5z", 0),
        "row .* missing from index entries_unsettled",
        ("file._CHECK", "PRAGMA quick_check(1)"),
    ),
}
"""What is altered, what is said of it, and what has to be broken for it to go unnoticed."""


def is_noticed(path: Path, case: str, expected: object) -> None:
    path.write_bytes(altered(path, *CASES[case][0]))
    assert found_after(path, path.read_bytes(), expected) == "refused"


@pytest.mark.parametrize("case", CASES)
def test_what_would_be_sent_again_or_never_settled_is_refused(case: str, path: Path) -> None:
    """What is asked for by its reference must not be missing, and nothing that the resolver looks for."""
    is_noticed(path, case, asked(path))
    with pytest.raises(JournalError, match=rf"journal.db: the file is damaged \({CASES[case][1]}\); put a backup"):
        asyncio.run(SqliteStore.open(path))


@pytest.mark.parametrize("case", CASES)
def test_twin_it_is_silently_different(case: str, path: Path, monkeypatch: Patch) -> None:
    """Sabotaged twin: with this look left out nobody notices."""
    expected = asked(path)
    name, instead = CASES[case][2]
    monkeypatch.setattr(f"wallet_async.journal.sqlite.{name}", instead)
    with pytest.raises(AssertionError, match="silently different"):
        is_noticed(path, case, expected)


def test_what_is_no_text_any_more_is_refused(path: Path) -> None:
    """Bytes that are no UTF-8 are damage like any other."""
    path.write_bytes(altered(path, b"why, in some words", b"why, in some word\xff"))
    with pytest.raises(JournalError, match=r"the file is damaged .*UTF-8"):
        asyncio.run(SqliteStore.open(path))


async def flips_in_the_log(path: Path) -> None:
    """Turn bits over in the log that a crash has left.

    Raises:
        AssertionError: Entries were missing, and nothing was said.
    """
    mark, log = (path.with_name(f"{path.name}{suffix}") for suffix in ("-mark", "-wal"))
    async with opened(path) as store:
        for number in range(10):
            await store.claim(sending(f"later-{number}"))
        left = {each: each.read_bytes() for each in (path, mark, log)}
    for bit in bits(left[log], 20):
        for each, content in left.items():
            each.write_bytes(flipped(content, bit) if each == log else content)
            each.chmod(0o600)
        async with opened(path) as store:
            missing = [number for number in range(10) if await store.load(SERVICE, f"later-{number}") is None]
            assert store.restored or not missing


async def test_what_is_lost_from_the_log_is_noticed(path: Path) -> None:
    """SQLite leaves out what follows the first damaged page of its log; the mark tells that there was more."""
    await flips_in_the_log(path)


async def test_twin_nobody_looks_at_the_mark(path: Path, monkeypatch: Patch) -> None:
    """Sabotaged twin: entries are missing, and nothing says so."""
    monkeypatch.setattr(file, "may_miss_entries", lambda found, mark, **place: False)
    with pytest.raises(AssertionError):
        await flips_in_the_log(path)
