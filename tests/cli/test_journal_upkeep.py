"""``wallet-async journal prune``, what is said of a restored journal, and what all commands say of a damaged file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.journal import one_line, url_of
from tests.cli.process import Inside
from tests.journal.postgres_server import PostgresServer, installed, postgres  # noqa: F401 - a fixture
from wallet_async.journal.sqlite import rows


def test_prune(file: Path, inside: Inside) -> None:
    """Counts first, if asked to; then movement and receipt are gone, and `list`, `show` and `export` go on."""
    url = url_of(file)
    before = file.read_bytes()
    dry = inside("journal", "prune", url, "--before", "2020-01-01", "--dry-run", "--json", environ={})
    assert (dry.code, dry.rows, one_line(dry)) == (0, [{"emptied": 1, "removed": 2}], "nothing was changed\n")
    assert len(inside("journal", "export", url, environ={}).rows) == 6
    done = inside("journal", "prune", url, "--older-than", "365", "--json", environ={})
    assert (done.code, done.rows, done.err) == (0, [{"emptied": 1, "removed": 2}], "")
    assert len(file.read_bytes()) <= len(before)
    rows = inside("journal", "export", url, environ={}).rows
    assert [row["state"] for row in rows] == ["applied", "in_doubt", "prepared", "sending"]
    assert (rows[0]["movement"], rows[0]["receipt"]) == (None, None)
    assert "order-applied" in inside("journal", "show", "made-up", "order-applied", url, environ={}).out
    again = inside("journal", "prune", url, "--older-than", "365", environ={})
    assert again.out.split() == ["emptied", "0", "removed", "0"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either --before or --older-than"),
        (("--before", "2020-01-01", "--older-than", "40"), "either --before or --older-than"),
        (("--older-than", "29"), "30"),
        (("--older-than", "1e9"), "--older-than"),
        (("--before", "yesterday"), "a time such as"),
        (("--before", "2999-01-01"), "at least 30 days ago"),
    ],
)
def test_prune_wants_one_time_long_ago(words: tuple[str, ...], said: str, file: Path, inside: Inside) -> None:
    """2, and the reason; nothing was changed."""
    refused = inside("journal", "prune", url_of(file), *words, environ={})
    assert (refused.code, said in one_line(refused)) == (2, True), refused.err
    assert len(inside("journal", "export", url_of(file), environ={}).rows) == 6


def accepts_what_was_restored(file: Path, inside: Inside) -> None:
    """Copy a journal and accept the copy, which is then no longer told as one.

    Raises:
        AssertionError: It still is.
    """
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o600)
    done = inside("journal", "accept-restored", url_of(copy), environ={})
    assert (done.code, done.out) == (0, "")
    assert "are sent without a look in the history" in one_line(done)
    checked = inside("journal", "check", url_of(copy), "--json", environ={})
    assert (checked.rows[0]["restored"], checked.err) == (False, "")
    assert "nothing to do" in one_line(inside("journal", "accept-restored", url_of(copy), environ={}))


def test_what_was_restored_can_be_accepted(file: Path, inside: Inside) -> None:
    """The way out says what is given up; there is none by accident."""
    accepts_what_was_restored(file, inside)


def test_twin_a_way_out_that_is_forgotten(file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: one that the file does not keep is over with the next opening."""
    monkeypatch.setattr("wallet_async.journal.sqlite.file.set_restored", lambda db, *, restored: None)
    with pytest.raises(AssertionError):
        accepts_what_was_restored(file, inside)


def declares_and_accepts(url: str, inside: Inside) -> None:
    """Say of a journal that it was put back, and accept that.

    Raises:
        AssertionError: The next command does not know of the one or the other.
    """
    declared = inside("journal", "declare-restored", url, environ={})
    assert (declared.code, declared.out) == (0, "")
    assert "looked up in the history before it is sent" in one_line(declared)
    assert inside("journal", "check", url, "--json", environ={}).rows[0]["restored"]
    assert inside("journal", "accept-restored", url, environ={}).code == 0
    assert not inside("journal", "check", url, "--json", environ={}).rows[0]["restored"]


def test_a_file_can_be_declared_restored(file: Path, inside: Inside) -> None:
    """Where it was not noticed, as in a snapshot of the whole disk."""
    declares_and_accepts(url_of(file), inside)


def test_a_database_can_be_declared_restored(postgres: PostgresServer, inside: Inside) -> None:  # noqa: F811 - the fixture
    """Where it never is noticed."""
    declares_and_accepts(postgres.url(asyncio.run(installed(postgres))), inside)


def test_twin_a_declaration_that_is_forgotten(file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: one that the file does not keep is over with the next opening."""
    monkeypatch.setattr("wallet_async.journal.sqlite.file.set_restored", lambda db, *, restored: None)
    with pytest.raises(AssertionError):
        declares_and_accepts(url_of(file), inside)


def damaged(file: Path) -> None:
    """Alter one entry in the file, behind the journal's back."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE entries SET receipt = 'x' WHERE state = 'refused'")
        db.commit()


def test_a_damaged_file_is_refused(file: Path, inside: Inside) -> None:
    """1, and one line that says which entry and what to do."""
    damaged(file)
    for command in ("check", "list", "install"):
        ended = inside("journal", command, url_of(file), environ={})
        assert (ended.code, ended.out) == (1, "")
        assert "the entry of 'made-up' 'order-refused' is not what was written); put a backup" in one_line(ended)


def lists_the_others(file: Path, inside: Inside) -> None:
    """List entries of which one was altered since the journal was opened, or in PostgreSQL.

    Raises:
        AssertionError: The others are not shown, or nothing is said of the one.
    """
    for command in (("list", "--json"), ("export",)):
        ended = inside("journal", *command, url_of(file), environ={})
        assert ended.code == 1
        assert "the entry of 'made-up' 'order-refused' is not what was written" in one_line(ended)
        assert len(ended.rows) == 5


def test_the_others_are_listed(file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, what can be read, and one line that says which entry and what to do."""
    damaged(file)
    monkeypatch.setattr(rows, "damaged", lambda db: None)
    lists_the_others(file, inside)


def test_twin_a_list_that_ends_at_the_first(file: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: where the first damaged entry ends the reading, the others are not shown."""
    damaged(file)
    monkeypatch.setattr(rows, "damaged", lambda db: None)
    monkeypatch.setattr(rows, "verified", rows.sound)
    with pytest.raises(AssertionError):
        lists_the_others(file, inside)
